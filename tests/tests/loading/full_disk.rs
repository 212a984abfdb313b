//! A disk that is full, so that nothing more can be written down.

use std::time::Duration;

use anyhow::ensure;
use integration_tests::{Disk, run};

use crate::{Trial, says};

const BAD: usize = 4000;

#[test]
fn a_full_disk_is_said_and_the_rest_comes_with_room() {
    run(async {
        let trial = Trial::new("loading_full_disk").await?;
        let Some(disk) = Disk::mount("256K")? else { return Ok(()) };
        // Bad records fill it.
        let content: String = (0..8000)
            .map(|id| match id % 2 {
                0 => format!("{id},row {id}\n"),
                _ => format!("bad{id},row {id} and some more that is kept\n"),
            })
            .collect();
        let file = trial.file("in.csv", format!("id,v\n{content}"))?;
        let journal = disk.path().join("journal").display().to_string();
        let options = ["--from", &file, "--journal", &journal, "--max-errors", "100%", "--resume"];
        let slowly = ["--rows-per-second", "2000", "--window", "16KiB"];
        let ended = trial.import(&[&options[..], &slowly].concat()).await?.with_code(5)?;
        says(&ended.stderr, &["No space left", "go on with"])?;

        // Still full: nothing gets worse.
        let again = trial.import(&options).await?.with_code(5)?;
        says(&again.stderr, &["No space left"])?;

        disk.grow("64M")?;
        let report = trial.report(4, &options).await?;
        report.counts(4000, BAD as u64)?;
        ensure!(report.report["complete"] == true, "{}", report.report);
        trial.holds_rows((0..8000).step_by(2)).await?;
        let reasons =
            std::fs::read_to_string(disk.path().join("journal/bad/_0001-in.csv.reasons.jsonl"))?;
        let mut lines: Vec<u64> = Vec::new();
        for line in reasons.lines() {
            let reason: serde_json::Value = serde_json::from_str(line)?;
            lines.extend(reason["record"].as_u64());
        }
        lines.sort_unstable();
        ensure!(lines.iter().copied().eq((1..=4000).map(|n| 2 * n)), "{} are kept", lines.len());
        let kept = std::fs::read_to_string(disk.path().join("journal/bad/0001-in.csv"))?;
        ensure!(kept.lines().count() == BAD + 1, "{} lines", kept.lines().count());
        Ok(())
    });
}

/// Not even the beginning can be written.
#[test]
fn a_disk_that_is_full_from_the_start_ends_it_before_a_row_is_written() {
    run(async {
        let trial = Trial::new("loading_no_disk").await?;
        let Some(disk) = Disk::mount("64K")? else { return Ok(()) };
        let fill = vec![b'x'; 1 << 20];
        // It is full then.
        ensure!(std::fs::write(disk.path().join("filler"), fill).is_err(), "the disk is not full");
        let file = trial.file("in.csv", crate::csv(0..100))?;
        let journal = disk.path().join("journal").display().to_string();
        let ended = trial.import(&["--from", &file, "--journal", &journal]).await?.with_code(5)?;
        says(&ended.stderr, &["No space left"])?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        trial.holds([]).await
    });
}
