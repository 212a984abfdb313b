//! Imports of a table as it was at some time, also where it changes meanwhile.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Lake, RF1, Running, Table, exactly, run};

use crate::{Trial, borrowed, says, text, text_ids, write_texts};

const COLUMNS: &str = "(id int PRIMARY KEY, v text)";

#[test]
fn a_snapshot_is_chosen_by_its_number_or_by_time() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_pins", 10).await?;
        trial.exported(&[]).await?;
        write_texts(&trial.table, 10..20).await?;
        trial.exported(&["--mode", "replace"]).await?;
        write_texts(&trial.table, 20..30).await?;
        trial.exported(&["--mode", "replace"]).await?;
        let snapshots = trial.lake.snapshots(&trial.name).await?;
        let again = Table::create(RF1, "lake_pins_again", COLUMNS).await?;
        let micros = |at: usize| -> Result<String> {
            let millis = snapshots[at]["timestamp-ms"].as_i64().context("no time")?;
            Ok((millis * 1000).to_string())
        };
        let id = |at: usize| snapshots[at]["snapshot-id"].to_string();
        for (option, value, rows) in [
            ("--snapshot-id", id(0), 10),
            ("--snapshot-id", id(1), 20),
            ("--snapshot-id", id(2), 30),
            ("--as-of", micros(0)?, 10),
            ("--as-of", micros(1)?, 20),
            ("--as-of", "2999-01-01".to_owned(), 30),
        ] {
            again.query("TRUNCATE {}").await?;
            trial.imported(&again, &[option, &value]).await?;
            exactly(text_ids(&again).await?, 0..rows)
                .with_context(|| format!("{option} {value}"))?;
        }
        for (option, parts) in [
            ("--snapshot-id=12345", &["12345", "snapshot"][..]),
            ("--snapshot-id=-1", &["snapshot"]),
            ("--as-of=2001-01-01", &["2001-01-01"]),
            ("--as-of=yesterday", &["yesterday"]),
        ] {
            let (ended, _) = trial.import(&again, &[option]).await?;
            says(&ended.with_code(2)?.stderr, parts).with_context(|| option.to_owned())?;
        }
        Ok(())
    });
}

/// What is written down of an import.
fn progress(journal: &Path) -> Option<String> {
    std::fs::read_to_string(journal.join("progress.json")).ok()
}

#[test]
fn an_import_that_was_killed_goes_on_with_the_snapshot_it_began_with() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_pins_killed", 6000).await?;
        trial.exported(&["--max-file-rows=500", "--splits=12"]).await?;
        let snapshot = trial.lake.snapshots(&trial.name).await?[0]["snapshot-id"].to_string();
        let again = Table::create(RF1, "lake_pins_killed_again", COLUMNS).await?;
        let journal = trial.lake.folder().join("import");
        let journal = text(&journal)?;
        let options = ["--journal", journal, "--window=16KiB"];
        let slowly = [&options[..], &["--rows-per-second", "1500"]].concat();
        let mut kills = 0;
        for round in 0..3 {
            let resume: &[&str] = if round == 0 { &[] } else { &["--resume"] };
            let arguments = trial.import_arguments(&again, &[&slowly[..], resume].concat());
            let mut running = Running::start(&borrowed(&arguments))?;
            let before = progress(Path::new(journal));
            running.until(|| progress(Path::new(journal)) != before).await?;
            match running.kill().await? {
                None => kills += 1,
                Some(ended) => drop(ended.with_code(0)?),
            }
            // The table is another one now, and its first rows are gone from it.
            write_texts(&trial.table, [10_000 + round]).await?;
            trial.exported(&["--mode", "replace"]).await?;
        }
        ensure!(kills > 1, "it was not killed");
        let report = trial.imported(&again, &[&options[..], &["--resume"]].concat()).await?;
        ensure!(report["counts"]["read"] == 6000, "{report}");
        exactly(text_ids(&again).await?, 0..6000)?;

        // Another one of the same journal is another import.
        let (ended, _) = trial.import(&again, &options).await?;
        says(&ended.with_code(2)?.stderr, &["--resume"])?;
        let other = [&options[..], &["--resume", "--as-of", "2999-01-01"]].concat();
        let (ended, _) = trial.import(&again, &other).await?;
        ensure!(ended.code == Some(2) || ended.code == Some(0), "{ended:?}");
        exactly(text_ids(&again).await?, 0..6000)?;
        let other = [&options[..], &["--resume", "--snapshot-id", &snapshot]].concat();
        let (ended, _) = trial.import(&again, &other).await?;
        ensure!(ended.code == Some(2) || ended.code == Some(0), "{ended:?}");
        exactly(text_ids(&again).await?, 0..6000)
    });
}

/// Its files are there no more: that is said, and nothing is taken for whole.
#[test]
fn a_snapshot_whose_files_are_gone_is_said() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_pins_gone", 100).await?;
        trial.exported(&["--run-id", "first"]).await?;
        let described = trial.lake.described(&trial.name).await?;
        let files = crate::files_below(&crate::run_folder(&described, "first")?)?;
        let file = files.first().context("no file")?;
        std::fs::remove_file(file)?;
        let again = Table::create(RF1, "lake_pins_gone_again", COLUMNS).await?;
        let journal = trial.lake.folder().join("import");
        let options = ["--journal", text(&journal)?];
        let (ended, _) = trial.import(&again, &options).await?;
        ensure!(matches!(ended.code, Some(4 | 5)), "{ended:?}");
        says(&ended.stderr, &[text(file.file_name().map(Path::new).context("no name")?)?])?;

        let metadata = described["metadata_location"].as_str().context("no metadata")?;
        let metadata = metadata.trim_start_matches("file://");
        for content in ["", "{", "{}", "{\"format-version\": 9}"] {
            std::fs::write(metadata, content)?;
            let journal = trial.lake.folder().join(format!("import-{}", content.len()));
            let (ended, _) = trial.import(&again, &["--journal", text(&journal)?]).await?;
            ensure!(matches!(ended.code, Some(2 | 5)), "{content:?}: {ended:?}");
            says(&ended.stderr, &["metadata.json"])?;
        }
        ensure!(text_ids(&again).await?.len() < 100);
        Ok(())
    });
}
