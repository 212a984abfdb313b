//! Nulls, which leave what is there, and empty text, which is something.

use anyhow::{Result, ensure};
use integration_tests::{Python, RF1, Table, exactly, import, imported, python, run};

use crate::file;

const COLUMNS: &str = "(id int PRIMARY KEY, b blob, l list<int>, n int, t text)";

/// A table with a row 1 that was written long ago.
async fn table(name: &str) -> Result<Table> {
    let table = Table::create(RF1, name, COLUMNS).await?;
    let values = "(1, 0xff, [1, 2], 3, 'old')";
    let insert =
        format!("INSERT INTO {{}} (id, b, l, n, t) VALUES {values} USING TIMESTAMP 1000000");
    table.query(&insert).await?;
    Ok(table)
}

type Row = (i32, Option<Vec<u8>>, Option<Vec<i32>>, Option<i32>, Option<String>);

async fn rows(table: &Table) -> Result<Vec<Row>> {
    table.rows("SELECT id, b, l, n, t FROM {}").await
}

#[test]
fn a_null_leaves_what_is_there_unless_it_is_to_delete() {
    run(async {
        let table = table("imports_nulls").await?;
        let old = || (1, Some(vec![0xff]), Some(vec![1, 2]), Some(3), Some("old".to_owned()));
        for (name, content) in [
            ("rows.csv", "id,b,l,n,t\n1,,,,\n"),
            ("rows.jsonl", "{\"id\": 1, \"b\": null, \"l\": null, \"n\": null, \"t\": null}\n"),
            ("rows.json", "[{\"id\": 1, \"b\": null, \"l\": null, \"n\": null, \"t\": null}]"),
        ] {
            let source = file(name, content)?;
            imported(&table, source.path(), &[]).await?.counted(1, 1, 0)?;
            exactly(rows(&table).await?, [old()])?;
        }
        let source = file("rows.csv", "id,b,l,n,t\n1,,,,\n")?;
        imported(&table, source.path(), &["--null-as-null"]).await?;
        exactly(rows(&table).await?, [(1, None, None, None, None)])
    });
}

/// A tombstone would hide what is written later with a time before it.
#[test]
fn a_null_leaves_no_tombstone() {
    run(async {
        let table = Table::create(RF1, "imports_tombstones", COLUMNS).await?;
        let source = file("rows.csv", "id,b,l,n,t\n1,,,,\n2,,,,\n")?;
        imported(&table, source.path(), &[]).await?;
        let late = "INSERT INTO {} (id, b, n, t, l) VALUES (?, 0x01, 1, 'late', [1]) \
            USING TIMESTAMP 1000000";
        table.write(late, [(1,), (2,)]).await?;
        let late = |id: i32| (id, Some(vec![1]), Some(vec![1]), Some(1), Some("late".to_owned()));
        exactly(rows(&table).await?, [late(1), late(2)])?;
        // And this is what would be seen if there were one.
        imported(&table, source.path(), &["--null-as-null", "--timestamp", "2000000"]).await?;
        exactly(rows(&table).await?, [1, 2].map(|id| (id, None, None, None, None)))
    });
}

const WRITE: &str = r#"
import sys
import pyarrow as pa, pyarrow.parquet as parquet
table = pa.table({
    "id": pa.array([1, 2, 3], pa.int32()),
    "b": pa.array([b"", None, b"\x00"], pa.binary()),
    "l": pa.array([[], None, [0]], pa.list_(pa.int32())),
    "n": pa.array([0, None, 1], pa.int32()),
    "t": pa.array(["", None, "x"], pa.string()),
})
parquet.write_table(table, sys.argv[1])
print("{}")
"#;

#[test]
fn empty_text_is_not_null() {
    run(async {
        let csv = "id,b,l,n,t\n1,0x,[],0,\"\"\n2,,,,\n3,0x00,[0],1,x\n";
        let lines = [
            r#"{"id": 1, "b": "0x", "l": [], "n": 0, "t": ""}"#,
            r#"{"id": 2, "b": null, "l": null, "n": null, "t": null}"#,
            r#"{"id": 3, "b": "0x00", "l": [0], "n": 1, "t": "x"}"#,
        ];
        let mut sources = vec![
            file("rows.csv", csv)?,
            file("rows.jsonl", &lines.join("\n"))?,
            file("rows.json", &format!("[{}]", lines.join(",\n")))?,
        ];
        if let Some(python) = python().await? {
            sources.push(parquet(&python).await?);
        }
        let table = Table::create(RF1, "imports_empty_text", COLUMNS).await?;
        for source in sources {
            imported(&table, source.path(), &[]).await?.counted(3, 3, 0)?;
            let expected: [Row; 3] = [
                // Of a collection whose elements are cells nothing is left when it is empty.
                (1, Some(Vec::new()), None, Some(0), Some(String::new())),
                (2, None, None, None, None),
                (3, Some(vec![0]), Some(vec![0]), Some(1), Some("x".to_owned())),
            ];
            exactly(rows(&table).await?, expected)?;
            table.query("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

async fn parquet(python: &Python) -> Result<crate::Source> {
    let source = file("rows.parquet", "")?;
    python.run(WRITE, &[&source.path().to_string_lossy()]).await?;
    Ok(source)
}

#[test]
fn an_empty_field_is_null_for_numbers_only_if_asked_for() {
    run(async {
        let table =
            Table::create(RF1, "imports_empty_numbers", "(id int PRIMARY KEY, n int, t text)")
                .await?;
        let source = file("rows.csv", "id,n,t\n1,\"\",\"\"\n2,5,\"\"\n")?;
        let done = import(&table, source.path(), &[]).await?;
        done.counted(2, 1, 1)?;
        ensure!(done.reasons()?[0]["column"] == "n", "{:?}", done.reasons()?);
        imported(&table, source.path(), &["--empty-as-null"]).await?.counted(2, 2, 0)?;
        let found =
            table.rows::<(i32, Option<i32>, Option<String>)>("SELECT id, n, t FROM {}").await?;
        exactly(found, [(1, None, Some(String::new())), (2, Some(5), Some(String::new()))])
    });
}

/// Null, empty and missing are three things.
#[test]
fn what_an_object_lacks_is_not_deleted_with_its_nulls() {
    run(async {
        let table = table("imports_missing").await?;
        let content = "{\"id\": 1, \"t\": null}\n{\"t\": \"\", \"n\": null, \"id\": 2}\n";
        let source = file("rows.jsonl", content)?;
        let options = ["--null-as-null", "--allow-missing-fields"];
        imported(&table, source.path(), &options).await?.counted(2, 2, 0)?;
        let expected = [
            (1, Some(vec![0xff]), Some(vec![1, 2]), Some(3), None),
            (2, None, None, None, Some(String::new())),
        ];
        exactly(rows(&table).await?, expected)
    });
}
