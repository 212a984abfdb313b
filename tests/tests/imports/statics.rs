//! Static columns, rows that have only a key, and counters.

use anyhow::{Result, ensure};
use integration_tests::{RF1, Table, exactly, exported, import, imported, run};
use scylla::value::Counter;

use crate::file;

const COLUMNS: &str = "(id int, c int, s text static, t int static, v text, PRIMARY KEY (id, c))";

type StaticRow = (i32, Option<i32>, Option<String>, Option<i32>, Option<String>);

fn row(id: i32, c: Option<i32>, s: Option<&str>, t: Option<i32>, v: Option<&str>) -> StaticRow {
    (id, c, s.map(str::to_owned), t, v.map(str::to_owned))
}

#[test]
fn static_columns_are_written_with_rows_and_alone() {
    run(async {
        let table = Table::create(RF1, "imports_statics", COLUMNS).await?;
        let csv = "id,c,s,t,v\n1,1,one,7,a\n1,2,one,7,b\n2,,alone,,\n3,1,,,\n4,5,,,no statics\n";
        let source = file("rows.csv", csv)?;
        imported(&table, source.path(), &[]).await?.counted(5, 5, 0)?;
        let expected = [
            row(1, Some(1), Some("one"), Some(7), Some("a")),
            row(1, Some(2), Some("one"), Some(7), Some("b")),
            row(2, None, Some("alone"), None, None),
            row(3, Some(1), None, None, None),
            row(4, Some(5), None, None, Some("no statics")),
        ];
        exactly(table.rows::<StaticRow>("SELECT id, c, s, t, v FROM {}").await?, expected.clone())?;

        // And once more through an export of what is there.
        let again = Table::create(RF1, "imports_statics_again", COLUMNS).await?;
        for format in ["csv", "jsonl", "parquet"] {
            let folder = exported(&table, &["--format", format]).await?;
            imported(&again, folder.path(), &[]).await?.counted(5, 5, 0)?;
            let found = again.rows::<StaticRow>("SELECT id, c, s, t, v FROM {}").await?;
            exactly(found, expected.clone())?;
            again.query("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

/// What the partition's rows repeat is one cell, and written once: fewer bytes go to the cluster.
#[test]
fn the_static_columns_of_a_partition_are_written_once() {
    run(async {
        let table = Table::create(RF1, "imports_statics_once", COLUMNS).await?;
        let long = "s".repeat(10_000);
        let lines: String = (0..200).map(|c| format!("1,{c},{long},1,v\n")).collect();
        let source = file("rows.csv", &format!("id,c,s,t,v\n{lines}"))?;
        let done = imported(&table, source.path(), &[]).await?;
        done.counted(200, 200, 0)?;
        let bytes = done.report["writes"]["bytes"].as_u64();
        ensure!(bytes.is_some_and(|bytes| (10_000..200_000).contains(&bytes)), "{:?}", done.report);
        let found = table.rows::<StaticRow>("SELECT id, c, s, t, v FROM {}").await?;
        exactly(found, (0..200).map(|c| row(1, Some(c), Some(&long), Some(1), Some("v"))))
    });
}

#[test]
fn a_record_with_neither_row_nor_static_columns_is_bad() {
    run(async {
        let table = Table::create(RF1, "imports_statics_bad", COLUMNS).await?;
        let csv = "id,c,s,t,v\n,1,x,1,v\n1,,x,1,v\n2,2,,,good\n";
        let source = file("rows.csv", csv)?;
        let done = import(&table, source.path(), &[]).await?;
        done.counted(3, 1, 2)?;
        ensure!(done.ended.code == Some(4), "{:?}", done.ended);
        let found = table.rows::<StaticRow>("SELECT id, c, s, t, v FROM {}").await?;
        exactly(found, [row(2, Some(2), None, None, Some("good"))])
    });
}

#[test]
fn rows_of_nothing_but_a_key_are_there() {
    run(async {
        for (name, columns) in [
            ("imports_keys", "(id int, c text, PRIMARY KEY (id, c))"),
            ("imports_keys_of_more", "(id int, c text, v int, PRIMARY KEY (id, c))"),
        ] {
            let table = Table::create(RF1, name, columns).await?;
            let source = file("rows.csv", "id,c\n1,a\n1,\"\"\n2,b\n")?;
            imported(&table, source.path(), &["--allow-missing-fields"]).await?;
            let expected = [(1, "a"), (1, ""), (2, "b")].map(|(id, c)| (id, c.to_owned()));
            exactly(table.rows::<(i32, String)>("SELECT id, c FROM {}").await?, expected)?;
        }
        Ok(())
    });
}

async fn counters(table: &Table) -> Result<Vec<(i32, String, Option<i64>, Option<i64>)>> {
    type Row = (i32, String, Option<Counter>, Option<Counter>);
    let rows = table.rows::<Row>("SELECT id, c, n, m FROM {}").await?;
    let number = |counter: Option<Counter>| counter.map(|counter| counter.0);
    Ok(rows.into_iter().map(|(id, c, n, m)| (id, c, number(n), number(m))).collect())
}

#[test]
fn counters_are_added_to_each_time() {
    run(async {
        let columns = "(id int, c text, n counter, m counter, PRIMARY KEY (id, c))";
        let table = Table::create(RF1, "imports_counters", columns).await?;
        let csv = "id,c,n,m\n1,a,5,\n1,b,-7,9223372036854775807\n2,a,0,1\n1,a,10,\n";
        let source = file("rows.csv", csv)?;
        let of = |id: i32, c: &str, n: Option<i64>, m: Option<i64>| (id, c.to_owned(), n, m);
        let rows = async || counters(&table).await;
        imported(&table, source.path(), &[]).await?.counted(4, 4, 0)?;
        // Null adds nothing; two records of one row add up.
        let expected = [
            of(1, "a", Some(15), None),
            of(1, "b", Some(-7), Some(i64::MAX)),
            of(2, "a", Some(0), Some(1)),
        ];
        exactly(rows().await?, expected)?;
        let folder = exported(&table, &["--format", "parquet"]).await?;
        imported(&table, source.path(), &[]).await?;
        let doubled = [
            of(1, "a", Some(30), None),
            // A counter goes round.
            of(1, "b", Some(-14), Some(-2)),
            of(2, "a", Some(0), Some(2)),
        ];
        exactly(rows().await?, doubled)?;

        let again = Table::create(RF1, "imports_counters_again", columns).await?;
        imported(&again, folder.path(), &[]).await?;
        let expected = [
            of(1, "a", Some(15), None),
            of(1, "b", Some(-7), Some(i64::MAX)),
            of(2, "a", Some(0), Some(1)),
        ];
        exactly(counters(&again).await?, expected)?;
        for options in [["--ttl", "60"], ["--set", "nope=1"]] {
            let refused = import(&table, source.path(), &options).await?;
            ensure!(refused.ended.code == Some(2), "{:?}", refused.ended);
        }
        Ok(())
    });
}
