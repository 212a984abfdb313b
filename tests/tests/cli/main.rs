//! The program `cassandra-bulk` as a user meets it: what it prints where, and how it exits.

mod count;
mod ending;
mod export;
mod plan;
mod types;

use anyhow::{Context as _, Result};
use integration_tests::{Ended, RF3, Table, program};
use serde_json::Value;

/// Rows of the table that most cases read.
const ROWS: i32 = 3000;

/// A table of a name of its own, with rows in it; `id` is the key.
async fn table(name: &str, rows: i32) -> Result<Table> {
    let table = Table::create(RF3, name, "(id int PRIMARY KEY, v text)").await?;
    let insert = "INSERT INTO {} (id, v) VALUES (?, ?)";
    let padding = "-".repeat(40);
    table.write(insert, (0..rows).map(|id| (id, format!("row {id} {padding}")))).await?;
    Ok(table)
}

/// Runs a command on the table; the words of `options` are split at spaces.
async fn on(table: &Table, command: &str, options: &str) -> Result<Ended> {
    let name = quoted(table);
    let mut arguments = vec![command, &name, "--host", "127.0.0.11,127.0.0.12"];
    arguments.extend(options.split_whitespace());
    program(&arguments).await
}

/// The table's name with all its quotes.
fn quoted(table: &Table) -> String {
    format!("{}.{}", topology::quote(table.keyspace()), topology::quote(table.table()))
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| text.to_owned())
}

/// A member that is a number.
fn number(value: &Value, member: &str) -> Result<u64> {
    value[member].as_u64().with_context(|| format!("no number {member} in {value}"))
}

/// A member that is a list.
fn list<'a>(value: &'a Value, member: &str) -> Result<&'a Vec<Value>> {
    value[member].as_array().with_context(|| format!("no list {member} in {value}"))
}
