//! Where records come from: files, folders, patterns, several of them; what a file is, whatever its name
//! says.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{exactly, run};

use crate::{Trial, csv, gzip, json_lines, parquet, says};

#[test]
fn files_folders_and_patterns_are_read() {
    run(async {
        let trial = Trial::new("loading_places").await?;
        trial.file("in/a.csv", csv(0..10))?;
        trial.file("in/deep/er/b.csv", csv(10..20))?;
        trial.file("in/c.txt", csv(20..30))?;
        trial.file("in/_SUCCESS", "")?;
        trial.file("in/.hidden.csv", csv(90..99))?;
        trial.file("in/_temporary/d.csv", csv(90..99))?;
        trial.file("in/odd [1].csv", csv(30..40))?;
        let place = |name: &str| trial.place(name);
        for (case, from, ids) in [
            ("a file", &[place("in/a.csv")][..], Vec::from_iter(0..10)),
            ("a URL", &[format!("file://{}", place("in/a.csv"))], Vec::from_iter(0..10)),
            ("a folder", &[place("in")], Vec::from_iter(0..40)),
            ("a folder with a slash", &[format!("{}/", place("in"))], Vec::from_iter(0..40)),
            ("a pattern", &[place("in/*.csv")], Vec::from_iter((0..10).chain(30..40))),
            ("a deep pattern", &[place("in/**/*.csv")], Vec::from_iter((0..20).chain(30..40))),
            (
                "one or the other",
                &[place("in/{a.csv,c.txt}")],
                Vec::from_iter((0..10).chain(20..30)),
            ),
            (
                "a file that looks like a pattern",
                &[place("in/odd [1].csv")],
                Vec::from_iter(30..40),
            ),
            (
                "several",
                &[place("in/a.csv"), place("in/deep"), place("in/c.*")],
                Vec::from_iter(0..30),
            ),
        ] {
            let journal = trial.place(&format!("journal of {case}"));
            let mut options = vec!["--journal", &journal];
            options.extend(from.iter().flat_map(|from| ["--from", from]));
            let report = trial.report(0, &options).await.context(case)?;
            report.counts(ids.len() as u64, 0).context(case)?;
            trial.holds_rows(ids).await.context(case)?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

#[test]
fn formats_are_told_file_by_file() {
    run(async {
        let trial = Trial::new("loading_mixed").await?;
        let array = format!("[{}]", json_lines(30..40).trim().replace('\n', ","));
        let columns = ["in/a.csv", "in/b.jsonl", "in/c.json", "in/d.parquet", "in/e.csv.gz"];
        trial.file(columns[0], csv(0..10))?;
        trial.file(columns[1], json_lines(10..20))?;
        trial.file(columns[2], array)?;
        trial.file(columns[3], parquet(40..50)?)?;
        trial.file(columns[4], gzip(csv(20..30))?)?;
        trial.file("in/f.tsv", csv(50..60).replace(',', "\t"))?;
        trial.file("in/g.ndjson.zst", zstd::encode_all(json_lines(60..70).as_bytes(), 1)?)?;
        // Compressed, and not named so; named so, and not compressed; no name at all.
        trial.file("in/h.csv", gzip(csv(70..80))?)?;
        trial.file("in/i.csv.gz", csv(80..90))?;
        trial.file("in/j", json_lines(90..100))?;
        trial.file("in/k.data", parquet(100..110)?)?;
        trial.file("in/l", gzip(csv(110..120))?)?;
        let report = trial.report(0, &["--from", &trial.place("in")]).await?;
        report.counts(120, 0)?;
        ensure!(report.report["files"] == 12, "{}", report.report);
        trial.holds_rows(0..120).await
    });
}

#[test]
fn what_is_said_of_a_file_is_believed() {
    run(async {
        let trial = Trial::new("loading_said").await?;
        let json = trial.file("a.csv", json_lines(0..10))?;
        trial.report(0, &["--from", &json, "--format", "jsonl"]).await?.counts(10, 0)?;
        trial.holds_rows(0..10).await?;
        let (one, two) = (trial.place("one"), trial.place("two"));
        let text = trial.file("b.jsonl", csv(10..20))?;
        let options = ["--from", &text, "--format", "csv", "--journal", &one];
        trial.report(0, &options).await?.counts(10, 0)?;
        trial.holds_rows(0..20).await?;
        let plain = trial.file("c.csv", csv(20..30))?;
        let options = ["--from", &plain, "--compression", "gzip", "--journal", &two];
        trial.report(4, &options).await?.says(&["c.csv", "invalid gzip header"])?;
        trial.holds_rows(0..20).await
    });
}

type Sale = (i32, Option<String>, Option<String>, Option<i32>);

#[test]
fn folders_of_columns_are_columns() {
    run(async {
        let columns = "(id int PRIMARY KEY, day text, country text, n int)";
        let trial = Trial::of("loading_hive", columns).await?;
        trial.file("in/day=2024-01-01/country=DE/a.csv", "id,n\n1,10\n")?;
        trial.file("in/day=2024-01-01/country=a%2Fb%20c/a.csv", "id,n\n2,20\n")?;
        trial.file("in/day=2024-01-02/country=__HIVE_DEFAULT_PARTITION__/a.csv", "id,n\n3,30\n")?;
        let from = trial.place("in");
        trial.report(0, &["--from", &from]).await?.counts(3, 0)?;
        let text = |text: &str| Some(text.to_owned());
        let all = "SELECT id, day, country, n FROM {}";
        exactly(
            trial.table.rows::<Sale>(all).await?,
            [
                (1, text("2024-01-01"), text("DE"), Some(10)),
                (2, text("2024-01-01"), text("a/b c"), Some(20)),
                (3, text("2024-01-02"), None, Some(30)),
            ],
        )?;
        // A folder that is no column, and a column that is a folder and a field.
        trial.file("other/year=2024/a.csv", "id,n,day,country\n4,40,,\n")?;
        let (other, journal) = (trial.place("other"), trial.place("one"));
        let options = ["--from", &other, "--journal", &journal];
        let ended = trial.import(&options).await?.with_code(2)?;
        says(&ended.stderr, &["year"])?;
        let journal = trial.place("two");
        let options = ["--from", &other, "--journal", &journal, "--skip", "year"];
        trial.report(0, &options).await?.counts(1, 0)?;
        trial.file("both/country=DE/a.csv", "id,n,day,country\n5,50,,FR\n")?;
        let (both, journal) = (trial.place("both"), trial.place("three"));
        let ended = trial.import(&["--from", &both, "--journal", &journal]).await?.with_code(2)?;
        says(&ended.stderr, &["country", "both"])?;
        // A value that is none of the column's type.
        trial.file("bad/n=many/a.csv", "id,day,country\n6,,\n")?;
        let (bad, journal) = (trial.place("bad"), trial.place("four"));
        let ended = trial.import(&["--from", &bad, "--journal", &journal]).await?;
        ensure!(ended.code == Some(2), "{ended:?}");
        says(&ended.stderr, &["many"])
    });
}

/// A journal in the folder that is read is no input, also when it is gone on with.
#[test]
fn a_name_with_everything_in_it_is_a_name() {
    run(async {
        let trial = Trial::new("loading_names").await?;
        let names = ["it's.csv", "a b.csv", "ü 日本.csv", "100%.csv", "a=b.csv"];
        for (number, name) in (0..).zip(names) {
            trial.file(&format!("in/{name}"), csv(number * 10..number * 10 + 10))?;
        }
        let from = trial.place("in");
        trial.report(0, &["--from", &from]).await?.counts(50, 0)?;
        trial.holds_rows(0..50).await?;
        for (number, name) in (0..).zip(names) {
            let journal = trial.place(&format!("journal {number}"));
            let file = trial.place(&format!("in/{name}"));
            let options = ["--from", &file, "--journal", &journal];
            let report: Result<_> = trial.report(0, &options).await;
            report.with_context(|| name.to_owned())?.counts(10, 0)?;
        }
        fs::remove_dir_all(trial.path("in"))?;
        Ok(())
    });
}
