//! Files that cannot be read, or not to their end: the others are loaded, and these are named.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Running, run};

use crate::{Report, Trial, csv, gzip, json_lines, parquet, says};

/// Loads a file that breaks off beside one that is whole.
async fn beside_a_whole_one(
    trial: &Trial,
    name: &str,
    content: impl AsRef<[u8]>,
    options: &[&str],
) -> Result<Report> {
    let whole = trial.file("whole.csv", csv(100_000..100_100))?;
    let broken = trial.file(name, content)?;
    let journal = trial.place(&format!("journal of {name}"));
    let from = ["--from", &whole, "--from", &broken, "--journal", &journal];
    let report =
        trial.report(4, &[&from, options].concat()).await.with_context(|| name.to_owned())?;
    report.says(&["could not be read to its end", name])?;
    ensure!(report.report["complete"] == false, "{}", report.report);
    let files = report.report["broken"].as_array().context("no files")?;
    ensure!(files.len() == 1, "{name}: {files:?}");
    says(&files[0].to_string(), &[name])?;
    let found = trial.table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
    let of_whole = found.iter().filter(|(id, _)| *id >= 100_000).count();
    ensure!(of_whole == 100, "{name}: only {of_whole} rows of the whole file are there");
    ensure!(found.len() as u64 == report.count("written"), "{name}: {}", report.report);
    trial.table.alter("TRUNCATE {}").await?;
    Ok(report)
}

#[test]
fn what_breaks_off_is_loaded_as_far_as_it_goes() {
    run(async {
        let trial = Trial::new("loading_truncated").await?;
        let rows = 0..50_000;
        let cut = |mut bytes: Vec<u8>| {
            bytes.truncate(bytes.len() * 2 / 3);
            bytes
        };
        for (name, content, is_text) in [
            ("a.csv.gz", gzip(csv(rows.clone()))?, true),
            ("b.jsonl.gz", gzip(json_lines(rows.clone()))?, true),
            ("c.csv.zst", zstd::encode_all(csv(rows.clone()).as_bytes(), 1)?, true),
            ("d.parquet", parquet(rows.clone())?, false),
        ] {
            let report = beside_a_whole_one(&trial, name, cut(content), &[]).await?;
            let written = report.count("written") - 100;
            ensure!(if is_text { written > 1000 } else { written == 0 }, "{name}: {written}");
            ensure!(report.count("bad") <= 1, "{name}: {}", report.report);
        }
        let mut spoilt = gzip(csv(rows.clone()))?;
        let middle = spoilt.len() / 2;
        for byte in &mut spoilt[middle..middle + 64] {
            *byte ^= 0x55;
        }
        // Where the damage shows late, lines before it may be wrong too, and are then bad or strange; so
        // nothing is asked of what is there.
        let file = trial.file("e.csv.gz", spoilt)?;
        let journal = trial.place("spoilt");
        let options = ["--from", &file, "--journal", &journal, "--max-errors", "100%"];
        trial.report(4, &options).await?.says(&["e.csv.gz", "could not be read to its end"])
    });
}

#[test]
fn what_is_not_of_its_format_is_named() {
    run(async {
        let trial = Trial::new("loading_strange").await?;
        for (name, content, said) in [
            ("a.parquet", &b"id,v\n1,a\n"[..], "a.parquet"),
            ("b.parquet", b"PAR1", "b.parquet"),
            ("c.parquet", b"", "c.parquet"),
            ("d.arrow", b"id,v\n1,a\n", "d.arrow"),
            ("e.arrow", b"ARROW1\0\0", "e.arrow"),
            ("f.csv.gz", b"\x1f\x8b\x08\x00nothing of it", "f.csv.gz"),
            ("g.csv", b"", "empty"),
            ("h.json", b"[{\"id\": 1, \"v\": \"a\"}, ", "h.json"),
            ("i.json", b"[{\"id\": 1, \"v\": \"a\"}] and more", "i.json"),
        ] {
            beside_a_whole_one(&trial, name, content, &[]).await?.says(&[said])?;
        }
        Ok(())
    });
}

#[test]
fn what_is_not_there_is_said_before_anything_is_written() {
    run(async {
        let trial = Trial::new("loading_absent").await?;
        let there = trial.file("there.csv", csv(0..10))?;
        trial.file("empty/_hidden.csv", csv(0..10))?;
        for place in ["no such file.csv", "no such folder/*.csv", "*.parquet", "empty", "[.csv"] {
            let from = trial.place(place);
            let ended = trial.import(&["--from", &there, "--from", &from]).await?;
            ensure!(matches!(ended.code, Some(2 | 5)), "{place}: {ended:?}");
            says(&ended.stderr, &[place])?;
        }
        let ended = trial.import(&["--from", &there, "--from", &there]).await?.with_code(2)?;
        says(&ended.stderr, &["there.csv", "twice"])?;
        ensure!(!trial.path("journal").exists(), "a journal was begun");
        trial.holds([]).await
    });
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    run(async {
        let trial = Trial::new("loading_forbidden").await?;
        let file = trial.file("in.csv", csv(0..10))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000))?;
        if fs::read(&file).is_ok() {
            use std::io::Write as _;
            // Past the test harness, which keeps what tests print to itself.
            let _ = writeln!(
                std::io::stderr(),
                "\nNOT TESTED: this user may read every file, so none can be forbidden\n"
            );
            return Ok(());
        }
        let ended = trial.import(&["--from", &file]).await?;
        ensure!(matches!(ended.code, Some(4 | 5)), "{ended:?}");
        says(&ended.stderr, &["in.csv"])
    });
}

#[test]
fn a_file_that_changes_meanwhile_is_said() {
    run(async {
        use std::io::Write as _;
        let trial = Trial::new("loading_growing").await?;
        let file = trial.file("in.csv", csv(0..20_000))?;
        let options =
            ["--from", &file, "--rows-per-second", "6000", "--window", "16KiB", "--output", "json"];
        let arguments = trial.arguments(&options);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut running = Running::start(&arguments)?;
        running.until(|| trial.path("journal/progress.json").exists()).await?;
        let mut appended = fs::OpenOptions::new().append(true).open(&file)?;
        appended.write_all(b"20000,row 20000\n")?;
        drop(appended);
        let (_, ended) = running.end().await?;
        let ended = ended.with_code(4)?;
        says(&ended.stderr, &["in.csv", "changed while it was read"])?;
        let report: serde_json::Value = serde_json::from_str(&ended.stdout)?;
        ensure!(report["complete"] == false, "{report}");
        let found = trial.table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
        ensure!(report["counts"]["written"] == found.len(), "{} rows: {report}", found.len());
        let ended = trial.import(&["--from", &file, "--resume"]).await?.with_code(2)?;
        says(&ended.stderr, &["cannot be resumed", "in.csv"])
    });
}
