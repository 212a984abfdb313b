//! One partition with most of the rows of a table.

use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use bulk::{BulkOptions, Event, ScanOptions, TokenRange};
use futures::TryStreamExt;
use integration_tests::{RF1, Table, exactly, run};
use tokenring::Token;

/// Rows of the giant, whose key is 0; the others have one each.
const GIANT: i32 = 300_000;
const OTHERS: i32 = 3_000;

async fn table() -> Result<Table> {
    let columns = "(id int, seq int, PRIMARY KEY (id, seq))";
    let table = Table::create(RF1, "slow_giant", columns).await?;
    let insert = "INSERT INTO {} (id, seq) VALUES (?, ?)";
    table.write(insert, (0..GIANT).map(|seq| (0, seq))).await?;
    table.write(insert, (1..=OTHERS).map(|id| (id, 0))).await?;
    Ok(table)
}

/// While one split is busy with the giant, another goes through all that is left.
#[test]
fn the_rest_is_done_long_before_a_giant_partition() {
    run(async {
        let table = table().await?;
        let done: Arc<Mutex<Vec<TokenRange>>> = Arc::default();
        let seen = Arc::clone(&done);
        let scan = ScanOptions { page_size: 100, ..ScanOptions::default() };
        let options = BulkOptions::default().scan(scan).split_count(60).parallelism(4).progress(
            move |e, _| {
                if let (Event::RangeDone { range, .. }, Ok(mut seen)) = (e, seen.lock()) {
                    seen.push(*range);
                }
            },
        );
        let operator = &table.on.operator;
        let rows = operator
            .export_by_token_ranges::<(i32, i32)>(table.keyspace(), table.table(), &options)
            .await?
            .try_collect::<Vec<_>>()
            .await?;
        exactly(rows, (0..GIANT).map(|seq| (0, seq)).chain((1..=OTHERS).map(|id| (id, 0))))?;
        let giant = Token::of_partition_key(&[0_i32.to_be_bytes()])?;
        let done = done.lock().map(|done| done.clone()).unwrap_or_default();
        let place = done.iter().position(|range| range.contains(giant));
        let place = place.context("the giant's range was never done")?;
        // The other ranges of its own split come after it, since a split is read in order.
        ensure!(place * 10 >= done.len() * 9, "it was range {place} of {}", done.len());
        Ok(())
    });
}
