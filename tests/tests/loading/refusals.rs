//! What cannot be gone on with is refused, with what is different.

use std::fs;
use std::time::Duration;

use anyhow::ensure;
use integration_tests::{Running, run};

use crate::{Trial, csv, says};

#[test]
fn a_finished_import_has_nothing_left_to_do() {
    run(async {
        let trial = Trial::new("loading_finished").await?;
        trial.load(0, "in.csv", csv(0..100), &[]).await?.counts(100, 0)?;
        trial.table.alter("TRUNCATE {}").await?;
        let file = trial.place("in.csv");
        let report = trial.report(0, &["--from", &file, "--resume"]).await?;
        report.counts(100, 0)?;
        ensure!(report.report["writes"]["records"] == 0, "{}", report.report);
        trial.holds([]).await?;
        let again = trial.import(&["--from", &file]).await?.with_code(2)?;
        says(&again.stderr, &["is the journal of an import", "--resume"])
    });
}

#[test]
fn a_resume_that_differs_is_refused() {
    run(async {
        let trial = Trial::new("loading_differs").await?;
        let file = trial.file("in.csv", csv(0..100))?;
        trial.report(0, &["--from", &file]).await?;
        let other = trial.file("other.csv", csv(0..100))?;
        for (options, named) in [
            (&["--from", &file, "--null-as-null"][..], "null_as_null"),
            (&["--from", &file, "--skip-rows", "5"], "skip_rows"),
            (&["--from", &file, "--max-rows", "5"], "max_rows"),
            (&["--from", &file, "--set", "v=x", "--skip", "v"], "set"),
            (&["--from", &file, "--map", "v=v"], "map"),
            (&["--from", &file, "--ttl", "100"], "ttl"),
            (&["--from", &file, "--timestamp", "100"], "timestamp"),
            (&["--from", &file, "--allow-extra-fields"], "allow_extra"),
            (&["--from", &file, "--epoch", "s"], "epoch"),
            (&["--from", &file, "--delimiter", ";"], "files"),
            (&["--from", &file, "--from", &other], "files"),
            (&["--from", &other], "files"),
        ] {
            let ended = trial.import(&[options, &["--resume"]].concat()).await?.with_code(2)?;
            says(&ended.stderr, &["cannot be resumed", named, "another journal"])?;
        }
        // How it is done may be different.
        let ways = ["--files", "3", "--window", "1MiB", "--max-errors", "7", "--in-flight", "1"];
        trial.report(0, &[&["--from", &file, "--resume"], &ways[..]].concat()).await?;
        Ok(())
    });
}

#[test]
fn a_file_or_a_table_that_has_changed_is_refused() {
    run(async {
        let trial = Trial::new("loading_changed").await?;
        let (a, b) = (trial.file("a.csv", csv(0..100))?, trial.file("b.csv", csv(100..200))?);
        let options = ["--from", &a, "--from", &b, "--resume"];
        trial.report(0, &options).await?;
        // As long as it was.
        fs::write(&b, csv(100..200).replace("row 150", "row 051"))?;
        let ended = trial.import(&options).await?.with_code(2)?;
        says(&ended.stderr, &["cannot be resumed", "files", "b.csv"])?;
        fs::remove_file(&b)?;
        let ended = trial.import(&options).await?;
        ensure!(ended.code != Some(0), "{ended:?}");
        says(&ended.stderr, &["b.csv"])?;

        trial.table.alter("ALTER TABLE {} ADD more int").await?;
        let other = trial.place("other");
        let options = ["--from", &a, "--resume", "--journal", &other, "--allow-missing-fields"];
        trial.report(0, &options).await?;
        trial.table.alter("ALTER TABLE {} ADD yet_more int").await?;
        let ended = trial.import(&options).await?.with_code(2)?;
        says(&ended.stderr, &["cannot be resumed", "yet_more"])
    });
}

#[test]
fn two_runs_do_not_share_a_journal() {
    run(async {
        let trial = Trial::new("loading_rivals").await?;
        let file = trial.file("in.csv", csv(0..10_000))?;
        let options = ["--from", &file, "--rows-per-second", "3000", "--resume"];
        let arguments = trial.arguments(&options);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut first = Running::start(&arguments)?;
        first.until(|| trial.path("journal/import.json").exists()).await?;
        for options in [&options[..4], &options] {
            let second = trial.import(options).await?.with_code(2)?;
            says(&second.stderr, &["another run is importing with the journal"])?;
        }
        first.end().await?.1.with_code(0)?;
        trial.holds_rows(0..10_000).await
    });
}

#[test]
fn a_folder_of_strangers_is_no_journal() {
    run(async {
        let trial = Trial::new("loading_strangers").await?;
        let file = trial.file("in.csv", csv(0..10))?;
        trial.file("journal/thesis.tex", "all of it")?;
        for options in [&["--from", &file][..], &["--from", &file, "--resume"]] {
            let ended = trial.import(options).await?.with_code(2)?;
            says(&ended.stderr, &["thesis.tex", "empty folder"])?;
        }
        ensure!(fs::read_to_string(trial.path("journal/thesis.tex"))? == "all of it");
        let not_a_folder = trial.file("file", "text")?;
        let ended = trial.import(&["--from", &file, "--journal", &not_a_folder]).await?;
        ensure!(matches!(ended.code, Some(2 | 5)), "{ended:?}");
        says(&ended.stderr, &["journal", "file"])?;
        trial.holds([]).await
    });
}

#[test]
fn a_journal_that_cannot_be_read_is_said() {
    run(async {
        let trial = Trial::new("loading_torn").await?;
        let file = trial.file("in.csv", csv(0..10))?;
        trial.report(0, &["--from", &file]).await?;
        for (name, text) in [
            ("progress.json", "{"),
            ("progress.json", r#"{"version": 99}"#),
            ("import.json", ""),
            ("import.json", r#"{"version": 99}"#),
        ] {
            let path = trial.path("journal").join(name);
            let before = fs::read(&path)?;
            fs::write(&path, text)?;
            let ended = trial.import(&["--from", &file, "--resume"]).await?;
            ensure!(matches!(ended.code, Some(1..=5)), "{name}: {ended:?}");
            says(&ended.stderr, &[name])?;
            fs::write(&path, before)?;
        }
        Ok(())
    });
}

/// A run that is refused has changed nothing.
#[test]
fn a_dry_run_writes_nothing_anywhere() {
    run(async {
        let trial = Trial::new("loading_dry").await?;
        let text = csv(0..1000).replace("\n7,", "\nseven,");
        let file = trial.file("in/in.csv", text)?;
        let before = crate::tree(trial.folder.path())?;
        let report = trial.report(4, &["--from", &file, "--dry-run"]).await?;
        report.counts(999, 1)?;
        ensure!(report.report["dry_run"] == true && report.report["journal"].is_null());
        ensure!(report.report["examples"][0].as_str().is_some_and(|text| text.contains("seven")));
        ensure!(crate::tree(trial.folder.path())? == before, "files have changed");
        trial.holds([]).await?;
        fs::write(&file, csv(0..1000))?;
        let report = trial.report(0, &["--from", &file, "--dry-run"]).await?;
        report.counts(1000, 0)?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        trial.holds([]).await
    });
}
