//! `verify`: an export is what its manifest says, or what differs is told.

use std::path::Path;

use anyhow::{Result, ensure};
use integration_tests::{Ended, program, run};

use crate::{MANIFEST, export, exported, says, text, texts, whole};

async fn verify(folder: &Path, options: &[&str]) -> Result<Ended> {
    let mut arguments = vec!["verify", text(folder)?];
    arguments.extend(options);
    program(&arguments).await
}

#[test]
fn what_was_done_to_the_files_is_told() {
    run(async {
        let table = texts("files_verified", 500).await?;
        let folder = exported(&table, &["--format", "csv", "--max-file-rows", "100"]).await?;
        let path = folder.path();
        let ended = verify(path, &[]).await?.with_code(0)?;
        says(&ended.stdout, &["500 rows", "as the manifest says"])?;

        let files = whole(path)?.files;
        let first = path.join(&files[0].name);
        let good = std::fs::read(&first)?;

        let mut tampered = good.clone();
        let middle = tampered.len() / 2;
        tampered[middle] ^= 1;
        std::fs::write(&first, &tampered)?;
        let ended = verify(path, &[]).await?.with_code(4)?;
        says(&ended.stdout, &[&files[0].name, "another content"])?;
        says(&ended.stderr, &["1 difference"])?;

        std::fs::write(&first, &good[..good.len() - 1])?;
        let ended = verify(path, &[]).await?.with_code(4)?;
        let sizes = (format!("{} bytes", good.len() - 1), format!("{}", good.len()));
        says(&ended.stdout, &[&files[0].name, &sizes.0, &sizes.1])?;

        std::fs::remove_file(&first)?;
        std::fs::write(path.join("more.csv"), "id,v\n")?;
        let ended = verify(path, &["--output", "json"]).await?.with_code(4)?;
        let report: serde_json::Value = serde_json::from_str(&ended.stdout)?;
        let differences = report["differences"].to_string();
        says(&differences, &[&files[0].name, "missing", "more.csv", "not in the manifest"])?;
        ensure!(report["differences"].as_array().is_some_and(|all| all.len() == 2), "{report}");

        std::fs::remove_file(path.join("more.csv"))?;
        std::fs::write(&first, &good)?;
        verify(path, &[]).await?.with_code(0)?;

        std::fs::remove_file(path.join(MANIFEST))?;
        let ended = verify(path, &[]).await?.with_code(2)?;
        says(&ended.stderr, &["manifest.json", "--resume"])?;
        Ok(())
    });
}

#[test]
fn the_table_is_counted_again_if_that_is_asked_for() {
    run(async {
        let table = texts("files_verified_live", 300).await?;
        let folder = exported(&table, &[]).await?;
        let live = ["--live", "--host", "127.0.0.11", "--quiet"];
        let ended = verify(folder.path(), &live).await?.with_code(0)?;
        says(&ended.stdout, &["300 rows", "so has the table"])?;
        let part = tempfile::tempdir()?;
        let options = ["--token-range", "0:-1", "--where", "id > 10", "--allow-filtering"];
        export(&table, text(part.path())?, &options).await?.with_code(0)?;
        verify(part.path(), &live).await?.with_code(0)?;

        table.write("DELETE FROM {} WHERE id = ?", [(7,)]).await?;
        let ended = verify(folder.path(), &live).await?.with_code(4)?;
        says(&ended.stdout, &["299 rows", "300"])?;
        verify(folder.path(), &[]).await?.with_code(0)?;
        // The deleted row is none of these.
        verify(part.path(), &live).await?.with_code(0)?;

        let limited = exported(&table, &["--limit", "5"]).await?;
        let ended = verify(limited.path(), &live).await?.with_code(2)?;
        says(&ended.stderr, &["limit", "--live"])?;
        verify(limited.path(), &[]).await?.with_code(0)?;
        Ok(())
    });
}

#[test]
fn a_manifest_that_is_damaged_is_told() {
    run(async {
        let table = texts("files_damaged", 10).await?;
        let folder = exported(&table, &[]).await?;
        for content in ["", "{}", "{\"version\": 99}", "{\"version\": 1}", "no json", "\u{0}"] {
            std::fs::write(folder.path().join(MANIFEST), content)?;
            let ended = verify(folder.path(), &[]).await?.with_code(2)?;
            says(&ended.stderr, &["manifest.json"])?;
            let to = text(folder.path())?;
            export(&table, to, &["--resume"]).await?.with_code(2)?;
        }
        export(&table, text(folder.path())?, &["--overwrite"]).await?.with_code(0)?;
        verify(folder.path(), &[]).await?.with_code(0)?;
        Ok(())
    });
}
