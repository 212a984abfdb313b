//! What is refused, before anything is written.

use anyhow::{Context as _, ensure};
use integration_tests::{program, run};

use crate::{export, export_arguments, says, text, texts, tree};

#[test]
fn what_does_not_go_together_is_refused_before_anything_is_written() {
    run(async {
        let table = texts("files_refused", 10).await?;
        let folder = tempfile::tempdir()?;
        let to = folder.path().join("out");
        for (options, parts) in [
            (&["--columns", "vv"][..], &["no column", "vv"][..]),
            (&["--format", "orc"], &["orc", "parquet"]),
            (&["--compression", "zip", "--format", "csv"], &["zip", "gzip"]),
            (&["--compression", "xz"], &["xz"]),
            (&["--compression", "gzip", "--format", "arrow"], &["lz4", "gzip"]),
            (&["--compression", "zstd", "--compression-level", "99"], &["99"]),
            (&["--delimiter", ";"], &["--delimiter", "csv"]),
            (&["--delimiter", ";;", "--format", "csv"], &["--delimiter"]),
            (&["--delimiter", "\"", "--format", "csv"], &["quote"]),
            (&["--encoding", "klingon", "--format", "csv"], &["klingon"]),
            (&["--encoding", "utf-16", "--format", "csv"], &["UTF-16"]),
            (&["--bloom-filter", "id", "--format", "csv"], &["--bloom-filter", "parquet"]),
            (&["--bloom-filter", "nope"], &["nope"]),
            (&["--partition-by", "nope"], &["nope"]),
            (&["--partition-by", "id,v"], &["no column is left"]),
            (&["--file-name", "plain"], &["{number}"]),
            (&["--file-name", "../{number}"], &["/"]),
            (&["--resume", "--overwrite"], &["--overwrite"]),
            (&["--limit", "x"], &["--limit"]),
            (&["--files", "0"], &["--files"]),
            (&["--max-file-rows", "0"], &["--max-file-rows"]),
            (&["--max-file-size", "lots"], &["--max-file-size"]),
            (&["--written-after", "yesterday"], &["--written-after"]),
        ] {
            let ended = export(&table, text(&to)?, options).await?;
            let ended = ended.with_code(2).with_context(|| format!("{options:?}"))?;
            says(&ended.stderr, parts)?;
            ensure!(ended.stdout.is_empty() && !to.exists(), "{options:?}: {ended:?}");
        }
        Ok(())
    });
}

#[test]
fn destinations_that_cannot_be_are_refused() {
    run(async {
        let table = texts("files_no_destination", 10).await?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("file");
        std::fs::write(&file, "mine")?;
        let csv = folder.path().join("orders.csv");
        for (to, parts) in [
            ("ftp://host/orders", &["ftp", "s3"][..]),
            ("http://host/orders", &["http"]),
            ("s3://", &["s3"]),
            ("s3://key:hunter2@bucket/orders", &["environment"]),
            (text(&csv)?, &["folder", "orders.csv"]),
            (text(&file)?, &["is a file"]),
            ("", &["is empty"]),
        ] {
            let ended = export(&table, to, &[]).await?.with_code(2)?;
            says(&ended.stderr, parts)?;
            ensure!(!ended.stderr.contains("hunter2"), "{ended:?}");
        }
        std::fs::create_dir(folder.path().join("strange"))?;
        std::fs::write(folder.path().join("strange/photo.jpg"), "mine")?;
        let strange = folder.path().join("strange");
        for option in [&[][..], &["--resume"], &["--overwrite"]] {
            let ended = export(&table, text(&strange)?, option).await?.with_code(2)?;
            says(&ended.stderr, &["photo.jpg"])?;
        }
        ensure!(tree(folder.path())? == ["file", "strange/photo.jpg"]);
        Ok(())
    });
}

#[test]
fn names_that_are_not_there_are_refused() {
    run(async {
        let folder = tempfile::tempdir()?;
        let to = folder.path().join("out");
        for (name, part) in [
            ("bulk_rf1.files_nowhere", "no table"),
            ("bulk_rf9.files_nowhere", "no keyspace"),
            ("files_nowhere", "keyspace.table"),
            ("system_views.clients", "virtual"),
        ] {
            let ended = program(&export_arguments(name, text(&to)?, &[])).await?.with_code(2)?;
            says(&ended.stderr, &[part])?;
            ensure!(!to.exists());
        }
        Ok(())
    });
}

/// A superuser may write everywhere, but not below a file, and not where nothing can be.
#[test]
fn a_folder_that_cannot_be_written_is_said() {
    run(async {
        let table = texts("files_unwritable", 10).await?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("file"), "mine")?;
        let below = folder.path().join("file/below");
        for to in [text(&below)?, "/proc/files_unwritable"] {
            let ended = export(&table, to, &[]).await?.with_code(5)?;
            says(&ended.stderr, &[to])?;
            ensure!(ended.stdout.is_empty(), "{ended:?}");
        }
        ensure!(std::fs::read(folder.path().join("file"))? == b"mine");
        Ok(())
    });
}

#[test]
fn what_goes_with_files_does_not_go_with_a_stream() {
    run(async {
        let table = texts("files_stream_refused", 10).await?;
        for options in [
            &["--resume"][..],
            &["--overwrite"],
            &["--dry-run"],
            &["--files", "2"],
            &["--max-file-rows", "5"],
            &["--partition-by", "v"],
        ] {
            let ended = export(&table, "-", options).await?.with_code(2)?;
            says(&ended.stderr, &[options[0], "folder"])?;
            ensure!(ended.stdout.is_empty(), "{ended:?}");
        }
        Ok(())
    });
}
