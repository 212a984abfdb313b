//! Limits of rates, batches and requests: they change how long it takes, and nothing else.

use anyhow::{Context as _, ensure};
use integration_tests::{RF3, Table, exactly, run};

use crate::{Trial, csv, row};

#[test]
fn every_limit_writes_everything() {
    run(async {
        let trial = Trial::new("loading_limits").await?;
        let file = trial.file("in.csv", csv(0..3000))?;
        for options in [
            &["--rows-per-second", "2000"][..],
            &["--bytes-per-second", "200KiB"],
            &["--rows-per-second", "3000", "--bytes-per-second", "1MiB"],
            &["--in-flight", "1"],
            &["--in-flight", "1", "--batch-rows", "1", "--window", "1KiB"],
            &["--batch-size", "1"],
            &["--batch-size", "1MiB", "--batch-rows", "1000", "--window", "64MiB"],
            &["--files", "8"],
            &["--window", "1"],
        ] {
            let case = options.join(" ");
            let journal = trial.place(&case);
            let all = [&["--from", &file, "--journal", &journal], options].concat();
            let report = trial.report(0, &all).await.with_context(|| case.clone())?;
            report.counts(3000, 0).with_context(|| case.clone())?;
            ensure!(report.report["writes"]["records"] == 3000, "{case}: {}", report.report);
            trial.holds_rows(0..3000).await.context(case)?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

/// A row that is wider than what may pass in a second passes all the same.
#[test]
fn a_row_wider_than_the_rate_passes() {
    run(async {
        let trial = Trial::new("loading_wide_rate").await?;
        let wide = "x".repeat(100_000);
        let content = format!("id,v\n1,{wide}\n2,{wide}\n3,c\n");
        let report = trial.load(0, "in.csv", content, &["--bytes-per-second", "60KiB"]).await?;
        report.counts(3, 0)?;
        trial.holds([(1, wide.as_str()), (2, &wide), (3, "c")]).await
    });
}

#[test]
fn every_consistency_and_frame_compression_writes_everything() {
    run(async {
        let columns = "(id int PRIMARY KEY, v text)";
        let folder = tempfile::tempdir()?;
        let table = Table::create(RF3, "loading_consistency", columns).await?;
        let trial = Trial { table, folder };
        let file = trial.file("in.csv", csv(0..500))?;
        for level in ["ONE", "QUORUM", "ALL", "LOCAL_QUORUM"] {
            let journal = trial.place(level);
            let options = ["--from", &file, "--journal", &journal, "--consistency", level];
            let options = [&options[..], &["--compress-frames"]].concat();
            trial.report(0, &options).await.context(level)?.counts(500, 0)?;
            let found = trial.table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
            exactly(found, (0..500).map(row)).context(level)?;
        }
        Ok(())
    });
}
