//! Records that cannot be written: told by line, column and reason, kept as they were, and loaded once
//! they are mended.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{exactly, run};
use serde_json::{Value, json};

use crate::{Trial, csv, row, says};

const BAD: &str = "id,v\n1,row 1\nx2,row 2\n3,row 3\n,row 4\n5,\"row\n5\"\n6,row 6,6\n2147483648,row 7\n8,row 8\n";

#[test]
fn each_has_its_line_its_column_and_its_reason() {
    run(async {
        let trial = Trial::new("loading_reasons").await?;
        let report = trial.load(4, "in.csv", BAD, &[]).await?;
        report.counts(4, 4)?;
        trial.holds([(1, "row 1"), (3, "row 3"), (5, "row\n5"), (8, "row 8")]).await?;
        let reasons = trial.reasons("bad")?;
        let place = |reason: &Value| {
            ensure!(reason["source"] == trial.place("in.csv"), "{reason}");
            ensure!(reason["reason"].as_str().is_some_and(|why| !why.is_empty()), "{reason}");
            Ok(json!([reason["line"], reason["record"], reason["column"], reason["text"]]))
        };
        let places: Vec<Value> = reasons.iter().map(place).collect::<Result<_>>()?;
        ensure!(
            json!(places)
                == json!([
                    [3, 2, "id", "x2,row 2"],
                    [5, 4, "id", ",row 4"],
                    [8, 6, null, "6,row 6,6"],
                    [9, 7, "id", "2147483648,row 7"],
                ]),
            "{places:?}"
        );
        let kept = trial.kept("bad")?;
        let [(path, text)] = &kept[..] else { anyhow::bail!("{kept:?}") };
        ensure!(*text == "id,v\nx2,row 2\n,row 4\n6,row 6,6\n2147483648,row 7\n", "{text}");
        ensure!(report.report["kept"].as_array().is_some_and(|kept| kept.len() == 2));
        let shown = report.report["examples"].as_array().context("no examples")?;
        ensure!(shown.len() == 4 && shown[0].to_string().contains("line 3"), "{shown:?}");
        ensure!(path.starts_with(trial.path("journal")), "{path:?}");
        Ok(())
    });
}

#[test]
fn what_is_mended_is_loaded_from_its_own_file() {
    run(async {
        let trial = Trial::new("loading_mended").await?;
        let content = csv(0..200).replace("\n7,", "\nseven,").replace("\n107,", "\n107 ,");
        let ended = trial.load(4, "in.csv", content, &[]).await?;
        ended.counts(198, 2)?;
        let kept = trial.kept("bad")?;
        let (path, _) = kept.first().context("nothing is kept")?;
        let mended = Command::new("sed")
            .args(["-i", "-e", "s/^seven,/7,/", "-e", "s/^107 ,/107,/"])
            .arg(path)
            .status()?;
        ensure!(mended.success());
        // The folder as a whole: the reasons beside the records are no records.
        let bad = trial.path("journal").join("bad").display().to_string();
        let again = trial.place("again");
        let options = ["--from", &bad, "--journal", &again];
        trial.report(0, &options).await?.counts(2, 0)?;
        trial.holds_rows(0..200).await
    });
}

/// Records as other formats have them are kept in a form that can be loaded.
#[test]
fn records_of_every_format_are_kept_in_a_form_that_loads() {
    run(async {
        let columns = "(id int PRIMARY KEY, v text)";
        for (name, content) in [
            (
                "a.jsonl",
                b"{\"id\": 1, \"v\": \"a\"}\n{\"id\": \"x\", \"v\": \"b\"}\n{\"v\": \"c\"}\n"
                    .to_vec(),
            ),
            (
                "a.json",
                b"[{\"id\": 1, \"v\": \"a\"},\n {\"id\": \"x\", \"v\": \"b\"}, {\"v\": \"c\"}]"
                    .to_vec(),
            ),
            ("a.parquet", texts_as_parquet(&[Some("1"), Some("x"), None])?),
        ] {
            let table = format!("loading_kept_{}", name.replace('.', "_"));
            let trial = Trial::of(&table, columns).await?;
            let options = ["--allow-missing-fields"];
            trial.load(4, name, content, &options).await.context(name)?.counts(1, 2)?;
            let kept = trial.kept("bad")?;
            let [(path, text)] = &kept[..] else { anyhow::bail!("{name}: {kept:?}") };
            ensure!(text.lines().count() == 2, "{name}: {text}");
            let first: Value = serde_json::from_str(text.lines().next().unwrap_or_default())?;
            ensure!(first == json!({"id": "x", "v": "b"}), "{name}: {text}");
            std::fs::write(path, text.replace("\"x\"", "2"))?;
            let again = trial.place("again");
            let bad = path.display().to_string();
            let options = ["--from", &bad, "--journal", &again, "--allow-missing-fields"];
            trial.report(4, &options).await?.counts(1, 1)?;
            trial.holds([(1, "a"), (2, "b")]).await.context(name)?;
        }
        Ok(())
    });
}

/// Parquet with ids as texts, which need not be numbers.
fn texts_as_parquet(ids: &[Option<&str>]) -> Result<Vec<u8>> {
    use arrow_array::{ArrayRef, RecordBatch, StringArray};
    let texts = ["a", "b", "c"];
    let columns: [(&str, ArrayRef); 2] = [
        ("id", std::sync::Arc::new(StringArray::from(ids.to_vec()))),
        ("v", std::sync::Arc::new(StringArray::from(texts[..ids.len()].to_vec()))),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut out = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(out)
}

#[test]
fn what_the_cluster_would_refuse_is_bad_alone() {
    run(async {
        let columns = "(p text, c text, v text, PRIMARY KEY (p, c))";
        let trial = Trial::of("loading_refused", columns).await?;
        let long = "k".repeat(70_000);
        let mut content = "p,c,v\n".to_owned();
        for i in 0..50 {
            content.push_str(&format!("p,c{i},v{i}\n"));
        }
        content.push_str(&format!("\"\",c,empty\n{long},c,long\np,{long},long\n"));
        for i in 50..100 {
            content.push_str(&format!("p,c{i},v{i}\n"));
        }
        let report = trial.load(4, "in.csv", content, &[]).await?;
        report.counts(100, 3)?;
        let found = trial.table.rows::<(String, String)>("SELECT c, v FROM {}").await?;
        exactly(found, (0..100).map(|i| (format!("c{i}"), format!("v{i}"))))?;
        let mut reasons = trial.reasons("bad")?;
        reasons.sort_by_key(|reason| reason["line"].as_u64());
        let lines: Vec<&Value> = reasons.iter().map(|reason| &reason["line"]).collect();
        ensure!(lines == [52, 53, 54], "{reasons:?}");
        for (reason, expected) in reasons.iter().zip(["empty", "65535", "65535"]) {
            says(&reason["reason"].to_string(), &[expected])?;
        }
        Ok(())
    });
}

#[test]
fn too_many_bad_records_stop_it_and_what_was_written_is_said() {
    run(async {
        let trial = Trial::new("loading_max_errors").await?;
        // Every second record is bad.
        let content: String = (0..60_000)
            .map(|id| if id % 2 == 0 { format!("{id},row {id}\n") } else { format!("x{id},\n") })
            .collect();
        let file = trial.file("in.csv", format!("id,v\n{content}"))?;
        let options = ["--from", &file, "--window", "16KiB", "--rows-per-second", "4000"];
        let report = trial.report(4, &[&options[..], &["--max-errors", "50"]].concat()).await?;
        report.says(&["more than 50 records are bad", "were written"])?;
        ensure!(report.report["complete"] == false, "{}", report.report);
        let (read, written, bad) =
            (report.count("read"), report.count("written"), report.count("bad"));
        ensure!(bad > 50 && written > 0 && read < 60_000, "{}", report.report);
        ensure!(read == written + bad, "{}", report.report);
        let found = trial.table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
        ensure!(found.len() as u64 == written, "{} rows: {}", found.len(), report.report);
        ensure!(found.iter().all(|(id, v)| row(*id) == (*id, v.clone())), "another row");
        ensure!(trial.reasons("bad")?.len() as u64 == bad);

        // Allowed more, it goes on to the end.
        let more = ["--from", &file, "--max-errors", "50%", "--resume"];
        let report = trial.report(4, &more).await?;
        report.counts(30_000, 30_000)?;
        ensure!(report.report["complete"] == true, "{}", report.report);
        ensure!(trial.reasons("bad")?.len() == 30_000);
        trial.holds_rows((0..60_000).step_by(2)).await
    });
}

#[test]
fn a_percentage_is_judged_at_the_end_too() {
    run(async {
        let trial = Trial::new("loading_percent").await?;
        let content = "id,v\n1,a\n2,b\n3,c\nx,d\n";
        let file = trial.file("in.csv", content)?;
        let options = ["--from", &file, "--max-errors", "24%"];
        let report = trial.report(4, &options).await?;
        report.says(&["more than 24 % records are bad"])?;
        report.counts(3, 1)?;
        let other = trial.place("other");
        let options = ["--from", &file, "--max-errors", "25%", "--journal", &other];
        let report = trial.report(4, &options).await?;
        report.says(&["1 record was not written"])?;
        report.counts(3, 1)?;
        let none = trial.place("none");
        let options = ["--from", &file, "--max-errors", "0", "--journal", &none];
        trial.report(4, &options).await?.says(&["more than 0 records are bad"])
    });
}
