//! Which field is for which column: by name, by place, as it is mapped; and what is refused.

use anyhow::{Context as _, ensure};
use integration_tests::{exactly, run};

use crate::{Trial, says};

type Row = (i32, Option<String>, Option<i32>);

const COLUMNS: &str = "(id int PRIMARY KEY, name text, n int)";
const ALL: &str = "SELECT id, name, n FROM {}";

fn cells(id: i32, name: &str, n: i32) -> Row {
    (id, Some(name.to_owned()), Some(n))
}

#[test]
fn fields_are_mapped_skipped_and_set() {
    run(async {
        let trial = Trial::of("loading_mapped", COLUMNS).await?;
        for (case, content, options, expected) in [
            ("by name, in any order", "n,id,name\n3,1,a\n", &[][..], cells(1, "a", 3)),
            (
                "mapped",
                "no,id,name\n1,3,a\n",
                &["--map", "no=id", "--map", "id=n"],
                cells(1, "a", 3),
            ),
            ("skipped", "id,x,name,n,y\n1,?,a,3,?\n", &["--skip", "x,y"], cells(1, "a", 3)),
            ("set", "id,n\n1,3\n", &["--set", "name=it's = a"], cells(1, "it's = a", 3)),
            ("set to nothing", "id,n\n1,3\n", &["--set", "name="], cells(1, "", 3)),
            (
                "set over a field",
                "id,name,n\n1,b,3\n",
                &["--set", "name=a", "--skip", "name"],
                cells(1, "a", 3),
            ),
            ("key set", "name,n\na,3\n", &["--set", "id=1"], cells(1, "a", 3)),
            ("extra", "id,x,name,n\n1,?,a,3\n", &["--allow-extra-fields"], cells(1, "a", 3)),
            (
                "missing",
                "id,name\n1,a\n",
                &["--allow-missing-fields"],
                (1, Some("a".to_owned()), None),
            ),
            ("places", "1,a,3\n", &["--no-header", "--columns", "id,name,n"], cells(1, "a", 3)),
            (
                "other places",
                "3,1,a\n",
                &["--no-header", "--columns", "n,id,name"],
                cells(1, "a", 3),
            ),
            // SELECT * has the key first, and then the rest by name.
            ("the table's places", "1,3,a\n", &["--no-header"], cells(1, "a", 3)),
            (
                "mapped places",
                "x,3,a,1\n",
                &["--no-header", "--map", "3=id", "--map", "2=name", "--map", "1=n", "--skip", "0"],
                cells(1, "a", 3),
            ),
        ] {
            let journal = trial.place(&format!("journal of {case}"));
            let options = [&["--journal", &journal], options].concat();
            trial.load(0, "in.csv", content, &options).await.context(case)?.counts(1, 0)?;
            exactly(trial.table.rows::<Row>(ALL).await?, [expected]).context(case)?;
            trial.table.alter("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_is_written() {
    run(async {
        let trial = Trial::of("loading_refused_fields", COLUMNS).await?;
        for (number, (content, options, said)) in [
            ("id,name,n,x\n1,a,3,?\n", &[][..], &["\"x\"", "allow extra"][..]),
            ("id,naem,n\n1,a,3\n", &[], &["\"naem\"", "name"]),
            ("id,name\n1,a\n", &[], &["\"n\"", "missing"]),
            ("name,n\na,3\n", &["--allow-missing-fields"], &["\"id\"", "primary key"]),
            ("id,name,n\n1,a,3\n", &["--map", "x=n"], &["\"x\"", "mapped"]),
            ("id,name,n\n1,a,3\n", &["--map", "n=m"], &["no column m"]),
            ("id,name,n\n1,a,3\n", &["--map", "name=n", "--map", "n=n"], &["two fields", "\"n\""]),
            ("id,name,n\n1,a,3\n", &["--map", "n=n", "--map", "n=name"], &["\"n\"", "twice"]),
            ("id,name,n\n1,a,3\n", &["--set", "n=7"], &["\"n\"", "constant"]),
            ("id,name\n1,a\n", &["--set", "n=seven"], &["seven", "int"]),
            ("id,name\n1,a\n", &["--set", "m=7"], &["no column m"]),
            ("id,name,n,n\n1,a,3,3\n", &[], &["\"n\""]),
            ("1,a,3\n", &["--no-header", "--columns", "id,id,n"], &["\"id\"", "twice"]),
            ("1,a,3\n", &["--no-header", "--columns", "id,x,n"], &["no column x"]),
            ("1,a,3\n", &["--no-header", "--map", "first=id"], &["first", "places"]),
            ("id,name,n,writetime(id)\n1,a,3,4\n", &[], &["writetime(id)", "primary key"]),
            ("id,name,n\n1,a,3\n", &["--format", "json", "--delimiter", ";"], &["--delimiter"]),
            ("id,name,n\n1,a,3\n", &["--compression", "rar"], &["rar"]),
        ]
        .into_iter()
        .enumerate()
        {
            let file = trial.file("in.csv", content)?;
            let journal = trial.place(&format!("journal {number}"));
            let from = ["--from", &file, "--journal", &journal];
            let ended = trial.import(&[&from, options].concat()).await?;
            let about = || format!("{content:?} {options:?}: {ended:?}");
            ensure!(ended.code == Some(2), "{}", about());
            says(&ended.stderr, said).with_context(about)?;
        }
        ensure!(trial.table.rows::<Row>(ALL).await?.is_empty(), "something was written");
        Ok(())
    });
}

/// A file that does not go with the table ends the import; one line does not.
#[test]
fn a_ragged_line_is_bad_alone() {
    run(async {
        let trial = Trial::of("loading_ragged", COLUMNS).await?;
        let content = "id,name,n\n1,a,3\n2,b\n3,c,3,4\n\n5,e,3\n,,\n7\n";
        let options = ["--allow-extra-fields", "--allow-missing-fields"];
        let report = trial.load(4, "in.csv", content, &options).await?;
        report.counts(2, 4)?;
        let reasons = trial.reasons("bad")?;
        let lines: Vec<u64> = reasons.iter().filter_map(|reason| reason["line"].as_u64()).collect();
        ensure!(lines == [3, 4, 7, 8], "{reasons:?}");
        says(&reasons[0].to_string(), &["2 fields", "3 columns"])?;
        exactly(trial.table.rows::<Row>(ALL).await?, [cells(1, "a", 3), cells(5, "e", 3)])
    });
}

#[test]
fn write_times_and_times_to_live_are_fields() {
    run(async {
        let trial = Trial::of("loading_times", COLUMNS).await?;
        let content =
            "id,name,n,writetime(name),ttl(name)\n1,a,3,1000,\n2,b,4,2000,100000\n3,c,5,,\n";
        let options = ["--timestamp", "7000"];
        trial.load(0, "in.csv", content, &options).await?.counts(3, 0)?;
        type Times = (i32, i64, i64, Option<i32>);
        let cql = "SELECT id, writetime(name), writetime(n), ttl(name) FROM {}";
        let found = trial.table.rows::<Times>(cql).await?;
        for (id, of_name, of_n, ttl) in found {
            let expected = [1000, 2000, 7000][usize::try_from(id - 1)?];
            ensure!(of_name == expected && of_n == 7000, "{id}: {of_name}, {of_n}");
            ensure!(ttl.is_some() == (id == 2), "{id}: {ttl:?}");
        }
        let content = "id,name,n,writetime(name)\n9,a,3,soon\n";
        let journal = trial.place("bad times");
        let report = trial.load(4, "bad.csv", content, &["--journal", &journal]).await?;
        report.counts(0, 1)
    });
}
