//! The largest partitions of a skewed table, in order; with pages that end in the middle of them.

use anyhow::{Result, ensure};
use bulk::{BulkOptions, LargestPartitions};
use integration_tests::{RF1, RF3, Table, run};
use serde_json::{Value, json};

/// Partition (region, number) has `number * number` rows, up to 20 × 20; each number twice.
fn size(number: i32) -> u64 {
    u64::from(number.unsigned_abs()).pow(2)
}

async fn skewed(keyspace: &str) -> Result<Table> {
    let columns = r#"("Region" text, number int, seq int, PRIMARY KEY (("Region", number), seq))"#;
    let table = Table::create(keyspace, "largest_partitions", columns).await?;
    let mut rows = Vec::new();
    for region in ["north", "south"] {
        for number in 1..=20 {
            rows.extend((0..number * number).map(|seq| (region, number, seq)));
        }
    }
    table.write(r#"INSERT INTO {} ("Region", number, seq) VALUES (?, ?, ?)"#, rows).await?;
    Ok(table)
}

/// The largest `top`, with ties in the order of their keys.
fn expected(top: usize) -> Vec<(u64, Value)> {
    let by_size = (1..=20).rev().flat_map(|number| {
        ["north", "south"].map(|region| (size(number), json!({"Region": region, "number": number})))
    });
    by_size.take(top).collect()
}

fn found(largest: LargestPartitions) -> Result<Vec<(u64, Value)>> {
    largest
        .top
        .into_iter()
        .map(|count| Ok((count.rows, serde_json::from_str(&count.key)?)))
        .collect()
}

#[test]
fn skewed_partitions_in_order() {
    run(async {
        for keyspace in [RF1, RF3] {
            let table = skewed(keyspace).await?;
            for (top, splits, page_size) in
                [(1, 1, 5000), (5, 8, 5000), (7, 100, 1), (7, 4, 2), (40, 12, 3), (100, 3, 7)]
            {
                let options = BulkOptions::default().split_count(splits).page_size(page_size);
                let largest = table
                    .on
                    .operator
                    .largest_partitions(keyspace, table.table(), top, &options)
                    .await?;
                ensure!(largest.partitions == 40, "{} partitions", largest.partitions);
                let rows: u64 = (1..=20).map(|number| 2 * size(number)).sum();
                ensure!(largest.stats.rows == rows, "{} rows", largest.stats.rows);
                ensure!(largest.stats.complete && largest.stats.misrouted == 0);
                let (found, expected) = (found(largest)?, expected(top));
                ensure!(found == expected, "top {top}: {found:?} instead of {expected:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn an_empty_table_has_no_largest_partition() {
    run(async {
        let table = Table::create(RF1, "no_partitions", "(id int PRIMARY KEY)").await?;
        let options = BulkOptions::default();
        let largest =
            table.on.operator.largest_partitions(RF1, table.table(), 10, &options).await?;
        ensure!(largest.top.is_empty() && largest.partitions == 0, "{largest:?}");
        Ok(())
    });
}
