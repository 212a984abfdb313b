//! Which records are read, in which form, and what is said about it.

use anyhow::{Context as _, ensure};
use integration_tests::{exactly, run};
use serde_json::json;

use crate::{Trial, csv, json_lines, says};

#[test]
fn records_are_left_out_over_all_files() {
    run(async {
        let trial = Trial::new("loading_skip_rows").await?;
        let (a, b) = (trial.file("a.csv", csv(0..30))?, trial.file("b.jsonl", json_lines(30..60))?);
        for (journal, window, counts, written) in [
            ("one", &["--skip-rows", "10"][..], [60, 50, 0, 10], 10..60),
            ("two", &["--max-rows", "40"], [40, 40, 0, 0], 0..40),
            ("three", &["--skip-rows", "35", "--max-rows", "45"], [45, 10, 0, 35], 35..45),
            ("four", &["--skip-rows", "100"], [60, 0, 0, 60], 0..0),
            ("five", &["--max-rows", "0"], [0, 0, 0, 0], 0..0),
        ] {
            let journal = trial.place(journal);
            let from = ["--from", &a, "--from", &b, "--files", "4", "--journal", &journal];
            let report = trial.report(0, &[&from, window].concat()).await?;
            report.all_counts(counts).with_context(|| format!("{window:?}"))?;
            trial.holds_rows(written).await.with_context(|| format!("{window:?}"))?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

/// A bad record that is left out is not bad.
#[test]
fn what_is_left_out_is_not_judged() {
    run(async {
        let trial = Trial::new("loading_left_out").await?;
        let content = "id,v\nx,a\n2,b\ny,c\n4,d\n5\n";
        let options = ["--skip-rows", "1", "--max-rows", "4"];
        let report = trial.load(4, "in.csv", content, &options).await?;
        report.all_counts([4, 2, 1, 1])?;
        let reasons = trial.reasons("bad")?;
        ensure!(
            reasons.len() == 1 && reasons[0]["record"] == 3 && reasons[0]["line"] == 4,
            "{reasons:?}"
        );
        trial.holds([(2, "b"), (4, "d")]).await
    });
}

#[test]
fn objects_have_what_they_have() {
    run(async {
        let trial = Trial::of("loading_objects", "(id int PRIMARY KEY, a text, b text)").await?;
        let content = "{\"id\": 1, \"a\": \"x\", \"b\": \"y\"}\n\
            {\"b\": \"z\", \"id\": 2}\n\
            {\"id\": 3, \"a\": null, \"b\": null}\n\
            {\"id\": 4, \"a\": \"x\", \"b\": \"y\", \"c\": 1}\n\
            {\"a\": \"x\", \"b\": \"y\"}\n\
            {\"id\": 6, \"a\": \"x\", \"a\": \"y\", \"b\": \"\"}\n\
            [1, 2]\n\
            {\"id\": 8, \"a\": \"x\"\n\
            {\"id\": 9, \"a\": \"x\", \"b\": \"y\"}\n";
        let file = trial.file("in.jsonl", content)?;
        type Row = (i32, Option<String>, Option<String>);
        let text = |text: &str| Some(text.to_owned());
        let strict = trial.report(4, &["--from", &file]).await?;
        strict.counts(3, 6)?;
        let lines: Vec<u64> =
            trial.reasons("bad")?.iter().filter_map(|reason| reason["line"].as_u64()).collect();
        ensure!(lines == [2, 4, 5, 6, 7, 8], "{lines:?}");
        let expected: [Row; 3] =
            [(1, text("x"), text("y")), (3, None, None), (9, text("x"), text("y"))];
        let all = "SELECT id, a, b FROM {}";
        exactly(trial.table.rows::<Row>(all).await?, expected.clone())?;

        let journal = trial.place("lax");
        let lax = [
            "--from",
            &file,
            "--journal",
            &journal,
            "--allow-extra-fields",
            "--allow-missing-fields",
        ];
        let report = trial.report(4, &lax).await?;
        report.counts(5, 4)?;
        let more: [Row; 2] = [(2, None, text("z")), (4, text("x"), text("y"))];
        exactly(trial.table.rows::<Row>(all).await?, expected.into_iter().chain(more))
    });
}

#[test]
fn the_report_for_programs_has_all_figures() {
    run(async {
        let trial = Trial::new("loading_report").await?;
        let content = csv(0..50).replace("\n7,", "\nseven,");
        let report = trial.load(4, "in.csv", content, &["--timestamp", "1700000000000000"]).await?;
        let said = &report.report;
        let expected = json!({
            "complete": true,
            "dry_run": false,
            "timestamp": 1_700_000_000_000_000_i64,
            "attempts": 1,
            "counts": { "read": 50, "written": 49, "bad": 1, "filtered": 0, "unknown": 0 },
            "before": { "read": 0, "written": 0, "bad": 0, "filtered": 0, "unknown": 0 },
            "files": 1,
            "broken": [],
            "journal": trial.place("journal"),
        });
        for (name, value) in expected.as_object().context("no object")? {
            ensure!(said[name] == *value, "{name} is to be {value}: {said}");
        }
        ensure!(said["import_id"].as_str().is_some_and(|id| id.len() == 36), "{said}");
        ensure!(said["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{said}");
        let writes = &said["writes"];
        ensure!(writes["records"] == 49 && writes["statements"] == 49, "{said}");
        ensure!(writes["retries"] == 0 && writes["replays"] == 0, "{said}");
        let positive = |name: &str| writes[name].as_u64().is_some_and(|figure| figure > 0);
        ensure!(positive("batches") && positive("bytes"), "{said}");
        for path in said["kept"].as_array().context("no files")? {
            let path = path.as_str().context("no path")?;
            ensure!(std::fs::metadata(path).is_ok(), "{path} is not there");
        }
        let times = trial.table.rows::<(i64,)>("SELECT writetime(v) FROM {}").await?;
        ensure!(times.iter().all(|(time,)| *time == 1_700_000_000_000_000), "{times:?}");
        Ok(())
    });
}

#[test]
fn people_are_told_and_may_want_quiet() {
    run(async {
        let trial = Trial::new("loading_quiet").await?;
        let file = trial.file("in.csv", csv(0..1234))?;
        let loud = trial.import(&["--from", &file]).await?.with_code(0)?;
        ensure!(loud.stdout.is_empty(), "{loud:?}");
        says(&loud.stderr, &["1,234 records read: 1,234 written, 0 bad"])?;
        let (one, two) = (trial.place("one"), trial.place("two"));
        let quiet = ["--from", &file, "--quiet", "--journal", &one];
        let quiet = trial.import(&quiet).await?.with_code(0)?;
        ensure!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{quiet:?}");
        // What is kept is told all the same.
        let bad = trial.file("bad.csv", "id,v\n1,a\nx,b\n")?;
        let ended = trial.import(&["--from", &bad, "-q", "--journal", &two]).await?.with_code(4)?;
        says(&ended.stderr, &["1 written, 1 bad", "line 3", "bad/0001-bad.csv", "1 record was not"])
    });
}
