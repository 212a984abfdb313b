//! Streams of rows, held by not taking them.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, RowStream, ScanOptions};
use futures::TryStreamExt;
use integration_tests::{Table, run};

use crate::{CHANGES, Change, ROWS, table};

type Row = (i32, Option<String>);

/// A stream of which some rows have been taken, and of which little is read ahead.
async fn held(table: &Table) -> Result<(RowStream<Row>, Vec<Row>)> {
    let scan = ScanOptions { page_size: 20, budget_bytes: 1 << 10, ..ScanOptions::default() };
    let options =
        BulkOptions::default().scan(scan).split_count(24).parallelism(3).columns(["id", "v"]);
    let operator = &table.on.operator;
    let mut rows =
        operator.export_by_token_ranges::<Row>(table.keyspace(), table.table(), &options).await?;
    let mut taken = Vec::new();
    while taken.len() < usize::try_from(ROWS / 10)? {
        taken.push(rows.try_next().await?.context("the rows ended early")?);
    }
    Ok((rows, taken))
}

async fn is_refused(change: &Change) -> Result<()> {
    let table = table("stream", change.case).await?;
    let (mut rows, _) = held(&table).await?;
    change.happens(&table).await?;
    loop {
        match rows.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => bail!("it ended well"),
            Err(error) => return change.is_told(&table, &error),
        }
    }
}

#[test]
fn a_stream_ends_with_what_changed() {
    run(async {
        for change in &CHANGES {
            is_refused(change).await.context(change.case)?;
        }
        Ok(())
    });
}

#[test]
fn a_truncated_table_is_the_same_table_with_fewer_rows() {
    run(async {
        let table = table("stream", "truncated").await?;
        let (mut rows, mut taken) = held(&table).await?;
        table.alter("TRUNCATE {}").await?;
        while let Some(row) = rows.try_next().await? {
            taken.push(row);
        }
        ensure!(rows.stats().complete, "{:?}", rows.stats());
        let number = taken.len();
        ensure!(number < usize::try_from(ROWS)?, "nothing was truncated in time");
        let distinct: BTreeSet<Row> = taken.into_iter().collect();
        ensure!(distinct.len() == number, "{} rows came twice", number - distinct.len());
        let real = |(id, v): &Row| (0..ROWS).contains(id) && *v == Some(id.to_string());
        ensure!(distinct.iter().all(real), "a row was never there");
        Ok(())
    });
}
