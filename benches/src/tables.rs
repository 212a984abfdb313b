//! The tables that are measured: of one replica, named by their number of rows, loaded once.

use anyhow::Result;
use bulk::{BulkOptions, ConnectOptions, Consistency, Operator, TableName};

use crate::dataset::{create_keyspace, create_table, load};

/// Where they are.
pub const KEYSPACE: &str = "bench_rf1";

/// The table of so many rows.
pub fn table(rows: u64) -> TableName {
    TableName::new(KEYSPACE, format!("readings_{rows}"))
}

/// The jobs over a session that reads from one replica.
pub async fn connect(hosts: &[String]) -> Result<Operator> {
    let options = ConnectOptions {
        contact_points: hosts.to_vec(),
        consistency: Consistency::LocalOne,
        ..ConnectOptions::default()
    };
    Ok(Operator::connect(&options).await?)
}

/// Loads the tables that are not there whole; says which.
pub async fn prepare(hosts: &[String], sizes: &[u64], mut say: impl FnMut(&str)) -> Result<()> {
    let operator = connect(hosts).await?;
    create_keyspace(operator.session(), KEYSPACE, 1).await?;
    for &rows in sizes {
        let table = table(rows);
        let options = BulkOptions::default();
        let there = operator.count_by_token_ranges(KEYSPACE, table.table(), &options).await;
        if there.ok() != Some(rows) {
            say(&format!("loading {rows} rows into {table}"));
            create_table(operator.session(), &table).await?;
            load(operator.session(), &table, rows).await?;
        }
    }
    Ok(())
}
