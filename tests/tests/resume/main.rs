//! Exports that end before their time, and what comes of them when they are resumed: whatever happened,
//! the files in the folder hold each row of the table exactly once.
//!
//! The folder is read as its users read it, all its files by their names' ending and without the
//! manifest; so a file that no manifest lists shows as rows that are there twice.

mod destination;
mod faults;
mod kills;
mod library;
mod program;
mod refusals;
mod replacing;
mod rivals;
mod signals;
mod windows;

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt, TryStreamExt};
use integration_tests::{Python, RF1, Table};
use serde_json::Value;

use crate::destination::Destination;

/// Sums the rows of an exported folder up. Arguments: the folder, the ending of the
/// files, how many rows, and how wide they are.
const SUM: &str = r#"
import json, sys, duckdb
folder, ending = sys.argv[1:3]
rows, width = map(int, sys.argv[3:])
glob = "'" + (folder + "/**/*." + ending).replace("'", "''") + "'"
if ending == "parquet":
    source = f"read_parquet({glob})"
else:
    source = f"read_csv({glob}, header = true, all_varchar = true, auto_detect = true)"
database = duckdb.connect(config={"threads": 1})
found = database.sql(f"CREATE TABLE found AS SELECT id::INT AS id, v, filename FROM "
    + source[:-1] + ", filename = true)")
total, distinct, wrong = database.sql(f"""SELECT count(*), count(DISTINCT id),
    count(*) FILTER (v IS DISTINCT FROM 'row ' || id || repeat('-', {width}) OR id NOT BETWEEN 0 AND {rows - 1})
    FROM found""").fetchall()[0]
twice = database.sql("""SELECT id, list(filename) FROM found GROUP BY id HAVING count(*) > 1
    ORDER BY id LIMIT 3""").fetchall()
print(json.dumps({"total": total, "distinct": distinct, "wrong": wrong, "twice": twice}))
"#;

/// Rows of a table.
#[derive(Clone, Copy, Debug)]
struct Rows {
    /// How many.
    number: i32,
    /// How many bytes each has besides its number. Files are ended after a MiB of rows at the earliest, so
    /// wide rows make more of them.
    width: usize,
}

/// A dozen MiB, which takes little to write.
const WIDE: Rows = Rows { number: 1500, width: 8000 };

/// The server refuses batches of wider rows.
const BATCHED: usize = 400;
/// Rows written at the same time.
const WRITERS: usize = 64;

/// A table with these rows, each of one replica; `v` follows from `id`.
async fn table(name: &str, rows: Rows) -> Result<Table> {
    let table = Table::create(RF1, name, "(id int PRIMARY KEY, v text)").await?;
    let padding = "-".repeat(rows.width);
    let all = (0..rows.number).map(|id| (id, format!("row {id}{padding}")));
    if rows.width < BATCHED {
        table.write("INSERT INTO {} (id, v) VALUES (?, ?)", all).await?;
        return Ok(table);
    }
    let session = &table.on.session;
    let insert = format!("INSERT INTO {} (id, v) VALUES (?, ?)", table.name);
    let insert = session.prepare(insert).await?;
    futures::stream::iter(all)
        .map(|row| session.execute_unpaged(&insert, row))
        .buffer_unordered(WRITERS)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    Ok(table)
}

/// Whether the files of the folder hold the rows of [`table`], each once.
async fn holds_exactly(python: &Python, to: &Destination, ending: &str, rows: Rows) -> Result<()> {
    let (number, width) = (rows.number.to_string(), rows.width.to_string());
    let found = python.run(SUM, &[to.text(), ending, &number, &width]).await?;
    let number = |member: &str| found[member].as_i64().context("no number");
    let expected = i64::from(rows.number);
    ensure!(
        number("total")? == expected
            && number("distinct")? == expected
            && number("wrong")? == 0
            && found["twice"] == Value::Array(Vec::new()),
        "{} rows, each once, were expected: {found}",
        rows.number
    );
    Ok(())
}

/// Whether the export is what it should be: exact, verified, and alone in its folder.
async fn is_whole(python: &Python, to: &Destination, ending: &str, rows: Rows) -> Result<()> {
    holds_exactly(python, to, ending, rows).await?;
    program::verify(to).await?.with_code(0)?;
    to.has_nothing_but_the_export()
}
