//! Text that is not what it should be: what is good in it is loaded, and what is not is told.

use anyhow::{Result, ensure};
use integration_tests::run;

use crate::{Report, Trial, csv, says};

/// Loads a file; gives the report, and the lines of what is bad with its reasons.
async fn loaded(
    trial: &Trial,
    code: i32,
    content: impl AsRef<[u8]>,
    options: &[&str],
) -> Result<(Report, Vec<(Option<u64>, String)>)> {
    let report = trial.load(code, "in.csv", content, options).await?;
    let reason = |reason: serde_json::Value| {
        (reason["line"].as_u64(), reason["reason"].as_str().unwrap_or_default().to_owned())
    };
    let mut reasons: Vec<_> = trial.reasons("bad")?.into_iter().map(reason).collect();
    reasons.sort();
    Ok((report, reasons))
}

#[test]
fn a_quote_that_is_not_closed_is_one_bad_record() {
    run(async {
        let trial = Trial::new("loading_unclosed").await?;
        let content = "id,v\n1,a\n2,\"b\n3,c\n4,d\n";
        let (report, reasons) = loaded(&trial, 4, content, &[]).await?;
        report.counts(1, 1)?;
        ensure!(reasons[0].0 == Some(3), "{reasons:?}");
        says(&reasons[0].1, &["quote", "not closed"])?;
        ensure!(trial.kept("bad")?[0].1 == "id,v\n2,\"b\n3,c\n4,d\n\n", "{:?}", trial.kept("bad")?);
        trial.holds([(1, "a")]).await
    });
}

#[test]
fn values_of_another_type_are_bad() {
    run(async {
        let columns = "(id int PRIMARY KEY, t tinyint, b boolean, d date, u uuid, f float, \
            s timestamp, l list<int>, i inet)";
        let trial = Trial::of("loading_types", columns).await?;
        let bad = [
            ("t", "128"),
            ("t", "-129"),
            ("t", "1.5"),
            ("b", "maybe"),
            ("d", "2023-02-29"),
            ("d", "20230101x"),
            ("u", "123e4567-e89b-12d3-a456-42661417400"),
            ("f", "one"),
            ("s", "yesterday"),
            ("l", "[1, x]"),
            ("l", "[1"),
            ("i", "300.1.1.1"),
        ];
        let names = ["t", "b", "d", "u", "f", "s", "l", "i"];
        let mut content = format!("id,{}\n", names.join(","));
        for (id, (column, value)) in bad.iter().enumerate() {
            let cells = names
                .map(|name| if name == *column { format!("\"{value}\"") } else { String::new() });
            content.push_str(&format!("{id},{}\n", cells.join(",")));
        }
        content.push_str(
            "2147483648,,,,,,,,\n99,127,true,2024-02-29,,1.5,2024-01-01T00:00:00Z,\"[1, 2]\",::1\n",
        );
        let report = trial.load(4, "in.csv", content, &[]).await?;
        report.counts(1, 13)?;
        let reasons = trial.reasons("bad")?;
        for ((column, value), reason) in bad.iter().zip(&reasons) {
            ensure!(reason["column"] == *column, "{value}: {reason}");
            says(&reason["reason"].to_string(), &[value])?;
        }
        ensure!(reasons[12]["column"] == "id", "{}", reasons[12]);
        let ids = trial.table.rows::<(i32,)>("SELECT id FROM {}").await?;
        ensure!(ids == [(99,)], "{ids:?}");
        Ok(())
    });
}

#[test]
fn bytes_that_are_no_text_are_bad_alone() {
    run(async {
        let trial = Trial::new("loading_utf8").await?;
        let content = b"id,v\n1,a\n2,b\xff\xfe\n3,\xc3\xa4\n4,\xed\xa0\x80\n5,e\n";
        let (report, reasons) = loaded(&trial, 4, content, &[]).await?;
        report.counts(3, 2)?;
        ensure!(reasons.iter().map(|(line, _)| *line).eq([Some(3), Some(5)]), "{reasons:?}");
        says(&reasons[0].1, &["UTF-8"])?;
        let kept = std::fs::read(&trial.kept("bad")?[0].0)?;
        ensure!(kept == b"id,v\n2,b\xff\xfe\n4,\xed\xa0\x80\n", "{kept:?}");
        trial.holds([(1, "a"), (3, "ä"), (5, "e")]).await?;
        // Told its encoding, it is all good.
        let latin = trial.place("latin");
        let options = ["--encoding", "latin1", "--journal", &latin];
        let content = b"id,v\n1,\xe4\n2,b\xff\n";
        trial.load(0, "latin.csv", content, &options).await?.counts(2, 0)?;
        let found = trial.table.rows::<(String,)>("SELECT v FROM {} WHERE id = 2").await?;
        ensure!(found == [("bÿ".to_owned(),)], "{found:?}");
        Ok(())
    });
}

#[test]
fn zero_bytes_are_characters_as_others() {
    run(async {
        let trial = Trial::new("loading_nul").await?;
        let (report, reasons) = loaded(&trial, 4, "id,v\n1,a\0b\n2\0,b\n\0\0\n3,c\n", &[]).await?;
        report.counts(2, 2)?;
        ensure!(reasons.iter().map(|(line, _)| *line).eq([Some(3), Some(4)]), "{reasons:?}");
        trial.holds([(1, "a\0b"), (3, "c")]).await
    });
}

#[test]
fn keys_that_are_missing_are_bad() {
    run(async {
        let columns = "(p int, c int, v text, PRIMARY KEY (p, c))";
        let trial = Trial::of("loading_keys", columns).await?;
        let content = "p,c,v\n1,1,a\n,2,b\n3,,c\n,,\n\"\",5,e\n6,6,\n";
        let (report, reasons) = loaded(&trial, 4, content, &[]).await?;
        report.counts(2, 4)?;
        ensure!(reasons.iter().filter_map(|(line, _)| *line).eq([3, 4, 5, 6]), "{reasons:?}");
        let found = trial.table.rows::<(i32, i32)>("SELECT p, c FROM {}").await?;
        integration_tests::exactly(found, [(1, 1), (6, 6)])
    });
}

#[test]
fn marks_ends_of_lines_and_encodings_are_no_content() {
    run(async {
        let trial = Trial::new("loading_dialects").await?;
        let utf16 = |text: &str| -> Vec<u8> {
            let text = format!("\u{feff}{text}");
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        };
        for (case, content, options) in [
            ("a byte order mark", b"\xef\xbb\xbfid,v\n1,a\n2,\xc3\xa4\n".to_vec(), &[][..]),
            ("carriage returns", b"id,v\r\n1,a\r\n2,\xc3\xa4\r\n".to_vec(), &[]),
            ("no last line feed", b"id,v\n1,a\n2,\xc3\xa4".to_vec(), &[]),
            ("blank lines", b"id,v\n\n1,a\n\r\n\n2,\xc3\xa4\n\n".to_vec(), &[]),
            ("UTF-16", utf16("id,v\r\n1,a\r\n2,ä\r\n"), &["--encoding", "utf-16le"]),
            ("tabs", b"id\tv\n1\ta\n2\t\xc3\xa4\n".to_vec(), &["--delimiter", "\\t"]),
            ("other quotes", b"id,v\n1,'a'\n'2',\xc3\xa4\n".to_vec(), &["--quote", "'"]),
        ] {
            let journal = trial.place(case);
            let options = [&["--journal", &journal], options].concat();
            trial.load(0, "in.csv", content, &options).await?.counts(2, 0)?;
            trial.holds([(1, "a"), (2, "ä")]).await?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

#[test]
fn a_file_without_records_is_loaded_and_one_without_a_header_is_not() {
    run(async {
        let trial = Trial::new("loading_empty").await?;
        for (name, content) in
            [("a.csv", "id,v\n"), ("b.csv", "id,v"), ("c.jsonl", ""), ("d.json", "[]")]
        {
            let journal = trial.place(&format!("journal of {name}"));
            let options = ["--journal", &journal, "--allow-missing-fields"];
            let report = trial.load(0, name, content, &options).await?;
            report.counts(0, 0)?;
            ensure!(report.report["complete"] == true, "{name}: {}", report.report);
        }
        let report = trial.load(4, "e.csv", "", &[]).await?;
        report.says(&["e.csv", "empty"])?;
        report.counts(0, 0)?;
        let journal = trial.place("positional");
        let options = ["--no-header", "--journal", &journal];
        trial.load(0, "f.csv", "", &options).await?.counts(0, 0)?;
        // Header and records are there, but not what they say.
        let journal = trial.place("header");
        let file = trial.file("g.csv", "\n\nid,v\n1,a\n")?;
        let options = ["--from", &file, "--journal", &journal];
        let ended = trial.import(&options).await?.with_code(4)?;
        says(&ended.stderr, &["g.csv", "header", "is empty"])
    });
}

/// A file whose one line is longer than what is kept of a record: only its beginning is.
#[test]
fn a_line_without_end_is_bad_and_takes_no_memory() {
    run(async {
        use std::io::Write as _;
        use wait4::Wait4 as _;
        const LINE: usize = 100 << 20;
        let trial = Trial::new("loading_long_line").await?;
        let mut file = std::fs::File::create(trial.path("in.csv"))?;
        file.write_all(csv(0..100).as_bytes())?;
        file.write_all(b"100,")?;
        for _ in 0..LINE >> 20 {
            file.write_all(&vec![b'x'; 1 << 20])?;
        }
        file.write_all(b"\n101,row 101\n")?;
        drop(file);
        let place = trial.place("in.csv");
        let arguments = trial.arguments(&["--from", &place, "--quiet"]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let child = integration_tests::command(&arguments)?
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()?;
        let used = tokio::task::spawn_blocking(move || child.wait4()).await??;
        ensure!(used.status.code() == Some(4), "{:?}", used.status);
        trial.holds_rows((0..100).chain([101])).await?;
        let reasons = trial.reasons("bad")?;
        ensure!(reasons.len() == 1 && reasons[0]["line"] == 102, "{} are bad", reasons.len());
        ensure!(reasons[0]["truncated"] == true, "all of it is kept");
        says(&reasons[0]["reason"].to_string(), &["longer than 32 MiB", "is a quote not closed"])?;
        let text = reasons[0]["text"].as_str().map_or(0, str::len);
        ensure!((100..1 << 20).contains(&text), "{text} bytes are kept");
        ensure!(trial.kept("bad")?.is_empty(), "a part of a record is no record");
        let peak = used.rusage.maxrss;
        ensure!(peak < 256 << 20, "{peak} bytes were used");
        Ok(())
    });
}
