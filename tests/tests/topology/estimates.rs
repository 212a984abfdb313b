//! How large a table is, roughly: within a factor of two of the truth, from whichever source knows it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use integration_tests::{RF1, RF3, Table, run};
use topology::{EstimateSource, RingSnapshot, SizeEstimates, TableSchema};

/// Cassandra makes its own estimates from time to time: in these clusters every five seconds.
const PATIENCE: Duration = Duration::from_secs(60);

fn is_near(found: Option<u64>, truth: u64) -> bool {
    found.is_some_and(|found| (truth / 2..=truth * 2).contains(&found))
}

/// Reads estimates until they are of the source, and near the truth: the nodes make theirs one after
/// another.
async fn come_near(
    table: &Table,
    source: EstimateSource,
    partitions: u64,
    rows: u64,
) -> Result<SizeEstimates> {
    let session = &table.on.session;
    let schema = TableSchema::read(session, &table.name).await?;
    let ring = RingSnapshot::read(session, &table.name)?;
    let began = Instant::now();
    loop {
        let found = SizeEstimates::read_with_rows(session, &schema, &ring).await;
        let near = is_near(found.partitions, partitions) && is_near(found.rows, rows);
        if found.source == source && near {
            return Ok(found);
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "{found:?}, where {partitions} partitions and {rows} rows from {source:?} are there"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn flush(table: &Table) -> Result<()> {
    let (on, name) = (table.on, table.name.clone());
    let flush = move || -> Result<()> {
        for node in 0..3 {
            on.cluster.nodetool(node, &["flush", name.keyspace(), name.table()])?;
        }
        Ok(())
    };
    tokio::task::spawn_blocking(flush).await?
}

#[test]
fn a_flushed_table_is_known_to_its_nodes() {
    run(async {
        for keyspace in [RF1, RF3] {
            let table =
                Table::create(keyspace, "estimated", "(id int PRIMARY KEY, v text)").await?;
            let rows = (0..30_000).map(|id| (id, format!("some text in row {id}")));
            table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows).await?;
            flush(&table).await?;
            let found = come_near(&table, EstimateSource::SizeEstimates, 30_000, 30_000).await?;
            ensure!(found.bytes.is_some_and(|bytes| bytes > 100_000), "{found:?}");
        }
        Ok(())
    });
}

#[test]
fn a_fresh_table_is_sampled() {
    run(async {
        for keyspace in [RF1, RF3] {
            let table = Table::create(keyspace, "sampled", "(id int PRIMARY KEY, v text)").await?;
            let rows = (0..20_000).map(|id| (id, format!("text {id}")));
            table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows).await?;
            come_near(&table, EstimateSource::Sample, 20_000, 20_000).await?;
        }
        Ok(())
    });
}

#[test]
fn a_fresh_table_of_wide_partitions_is_sampled() {
    run(async {
        let columns = "(id int, seq int, PRIMARY KEY (id, seq))";
        let table = Table::create(RF1, "sampled_wide", columns).await?;
        let rows = (0..2000).flat_map(|id| (0..10).map(move |seq| (id, seq)));
        table.write("INSERT INTO {} (id, seq) VALUES (?, ?)", rows).await?;
        come_near(&table, EstimateSource::Sample, 2000, 20_000).await?;
        Ok(())
    });
}

#[test]
fn an_empty_table_is_known_to_be_empty() {
    run(async {
        let table = Table::create(RF3, "sampled_empty", "(id int PRIMARY KEY)").await?;
        come_near(&table, EstimateSource::Sample, 0, 0).await?;
        Ok(())
    });
}
