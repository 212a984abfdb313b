//! Folders that an export has written: what their manifest lists is loaded, all of it and nothing else.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, Running, Table, exactly, program, run};

use crate::{Trial, csv, row, says};

const ROWS: i32 = 600;

/// A trial with another table of [`ROWS`] rows.
async fn trial(name: &str) -> Result<(Trial, Table)> {
    let trial = Trial::new(name).await?;
    let columns = "(id int PRIMARY KEY, v text)";
    let source = Table::create(trial.table.keyspace(), &format!("{name}_source"), columns).await?;
    source.write("INSERT INTO {} (id, v) VALUES (?, ?)", (0..ROWS).map(row)).await?;
    Ok((trial, source))
}

async fn export(source: &Table, to: &str, options: &[&str]) -> Result<Ended> {
    let name = source.name.cql();
    let first = ["export", &name, to, "--host", "127.0.0.11", "--max-file-rows", "100", "--quiet"];
    program(&[&first, options].concat()).await
}

/// A file of the export in the folder `out`.
fn data_file(trial: &Trial) -> Result<std::path::PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(trial.path("out"))?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files.into_iter().next().context("no file")
}

#[test]
fn the_manifest_is_followed() {
    run(async {
        let (trial, source) = trial("loading_exports").await?;
        for (number, options) in [
            &["--format", "csv", "--delimiter", ";", "--null", "NULL", "--no-header"][..],
            &["--format", "csv", "--compression", "zstd"],
            &["--format", "jsonl", "--compression", "gzip"],
            &["--format", "json"],
            &["--format", "parquet"],
            &["--format", "arrow"],
        ]
        .into_iter()
        .enumerate()
        {
            let out = trial.place(&format!("out {number}"));
            export(&source, &out, options).await?.with_code(0)?;
            // Of no export: it would be rows too many.
            trial.file(&format!("out {number}/stray.csv"), csv(5000..5010))?;
            let journal = trial.place(&format!("journal {number}"));
            let options_of_import = ["--from", &out, "--journal", &journal];
            let report =
                trial.report(0, &options_of_import).await.with_context(|| options.join(" "))?;
            report.counts(ROWS as u64, 0)?;
            trial.holds_rows(0..ROWS).await.with_context(|| options.join(" "))?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        // A pattern asks for files, whatever wrote them.
        let pattern = trial.place("out 3/stray*");
        trial.report(0, &["--from", &pattern]).await?.counts(10, 0)?;
        trial.holds_rows(5000..5010).await
    });
}

#[test]
fn what_is_not_as_the_manifest_says_is_refused() {
    run(async {
        let (trial, source) = trial("loading_exports_damaged").await?;
        let out = trial.place("out");
        export(&source, &out, &["--format", "csv"]).await?.with_code(0)?;
        let file = data_file(&trial)?;
        let name = file.file_name().context("no name")?.to_string_lossy().into_owned();
        let content = fs::read(&file)?;

        fs::write(&file, &content[..content.len() - 5])?;
        let ended = trial.import(&["--from", &out]).await?.with_code(2)?;
        says(&ended.stderr, &[&name, "bytes", "verify"])?;
        fs::remove_file(&file)?;
        let ended = trial.import(&["--from", &out]).await?.with_code(2)?;
        says(&ended.stderr, &[&name, "is not there"])?;
        fs::write(&file, &content)?;
        let ended = trial.import(&["--from", &out, "--delimiter", ";"]).await?.with_code(2)?;
        says(&ended.stderr, &["manifest"])?;
        trial.holds([]).await?;
        ensure!(!trial.path("journal").exists(), "a journal was begun");
        trial.report(0, &["--from", &out]).await?.counts(ROWS as u64, 0)
    });
}

#[test]
fn an_export_that_has_not_ended_is_refused() {
    run(async {
        let (trial, source) = trial("loading_exports_unfinished").await?;
        let (name, out) = (source.name.cql(), trial.place("out"));
        let slowly =
            ["--page-size", "5", "--parallelism", "1", "--splits", "60", "--max-file-rows", "50"];
        let first = ["export", &name, &out, "--host", "127.0.0.11", "--format", "csv", "--quiet"];
        let mut running = Running::start(&[&first[..], &slowly].concat())?;
        let is_begun = || {
            let units = fs::read_dir(trial.path("out/_bulk/journal"));
            units.is_ok_and(|units| units.count() > 1)
        };
        running.until(is_begun).await?;
        ensure!(running.kill().await?.is_none(), "it has ended before it was killed");
        let ended = trial.import(&["--from", &out]).await?.with_code(2)?;
        says(&ended.stderr, &["has not ended", "--resume"])?;
        trial.holds([]).await?;
        program(&[&first[..], &["--max-file-rows", "50", "--resume"]].concat())
            .await?
            .with_code(0)?;
        trial.report(0, &["--from", &out]).await?.counts(ROWS as u64, 0)?;
        trial.holds_rows(0..ROWS).await
    });
}

#[test]
fn an_export_of_nothing_is_nothing() {
    run(async {
        let (trial, source) = trial("loading_exports_empty").await?;
        source.alter("TRUNCATE {}").await?;
        let out = trial.place("out");
        export(&source, &out, &["--format", "csv"]).await?.with_code(0)?;
        let report = trial.report(0, &["--from", &out]).await?;
        report.counts(0, 0)?;
        trial.holds([]).await
    });
}

#[test]
fn an_export_into_folders_comes_back_whole() {
    run(async {
        let columns = "(id int PRIMARY KEY, kind text, v text)";
        let trial = Trial::of("loading_exports_hive", columns).await?;
        let source =
            Table::create(trial.table.keyspace(), "loading_exports_hive_source", columns).await?;
        type Row = (i32, Option<String>, String);
        let kind = |id: i32| {
            [None, Some("a/b"), Some("ü =1"), Some("")][usize::try_from(id % 4).unwrap_or(0)]
        };
        let rows: Vec<Row> =
            (0..200).map(|id| (id, kind(id).map(str::to_owned), format!("row {id}"))).collect();
        source.write("INSERT INTO {} (id, kind, v) VALUES (?, ?, ?)", rows.clone()).await?;
        for format in ["csv", "parquet"] {
            let out = trial.place(format);
            export(&source, &out, &["--format", format, "--partition-by", "kind"])
                .await?
                .with_code(0)?;
            let journal = trial.place(&format!("journal of {format}"));
            trial.report(0, &["--from", &out, "--journal", &journal]).await?.counts(200, 0)?;
            let found = trial.table.rows::<Row>("SELECT id, kind, v FROM {}").await?;
            // An empty text and a null have the same folder.
            let same = |(id, kind, v): Row| (id, kind.filter(|kind| !kind.is_empty()), v);
            exactly(found.into_iter().map(same), rows.iter().cloned().map(same)).context(format)?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}
