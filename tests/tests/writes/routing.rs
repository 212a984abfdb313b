//! Batches are of one partition each, and go to a replica of it.

use std::sync::Arc;

use anyhow::ensure;
use executor::{ErrorKind, WriteOptions, Writer};
use futures::future::try_join_all;
use integration_tests::{RF1, RF3, Table, exactly, run};
use topology::{RingSnapshot, TableSchema};

use crate::{all_written, write, writer};

const INSERT: &str = "INSERT INTO {} (p, c, v) VALUES (?, ?, ?)";

#[test]
fn every_batch_goes_to_a_replica_and_every_row_has_the_runs_timestamp() {
    run(async {
        let columns = "(p int, c int, v text, PRIMARY KEY (p, c))";
        let table = Table::create(RF1, "writes_routing", columns).await?;
        let options = WriteOptions { timestamp: 1_234_567, ..WriteOptions::default() };
        let (writer, insert) = writer(&table.on.session, &table, INSERT, options).await?;
        // Partition after partition, and then all mixed.
        let grouped = (0..30).flat_map(|p| (0..100).map(move |c| (p, c, "grouped")));
        all_written(&write(&writer, insert, grouped).await?)?;
        let stats = writer.stats();
        // 100 rows are one batch of 64 and one of 36.
        ensure!(stats.batches == 60 && stats.statements == 3000, "{stats:?}");
        let mixed = (0..100).flat_map(|c| (30..60).map(move |p| (p, c, "mixed")));
        all_written(&write(&writer, insert, mixed).await?)?;
        let stats = writer.stats();
        ensure!(stats.batches == 120 && stats.records == 6000, "{stats:?}");
        ensure!(stats.misrouted == 0 && stats.retries == 0 && stats.replays == 0, "{stats:?}");

        let expected = (0..60).flat_map(|p| (0..100).map(move |c| (p, c, 1_234_567)));
        exactly(table.rows::<(i32, i32, i64)>("SELECT p, c, writetime(v) FROM {}").await?, expected)
    });
}

#[test]
fn a_composite_key_and_markers_in_another_order_are_routed() {
    run(async {
        let columns = "(a int, b text, v int, PRIMARY KEY ((a, b)))";
        let table = Table::create(RF1, "writes_composite", columns).await?;
        let cql = "UPDATE {} SET v = ? WHERE b = ? AND a = ?";
        let options = WriteOptions::default();
        let (writer, update) = writer(&table.on.session, &table, cql, options).await?;
        let markers = writer.markers(update).iter().map(|marker| marker.name().to_owned());
        exactly(markers, ["v", "b", "a"].map(str::to_owned))?;
        let row = |i: i32| (i, format!("b{i}"), -i);
        all_written(&write(&writer, update, (0..500).map(row)).await?)?;
        ensure!(writer.stats().misrouted == 0, "{:?}", writer.stats());
        let expected = (0..500).map(|i| (-i, format!("b{i}"), i));
        exactly(table.rows::<(i32, String, i32)>("SELECT a, b, v FROM {}").await?, expected)
    });
}

#[test]
fn the_statements_of_a_record_are_written_in_one_batch() {
    run(async {
        let columns = "(p int, s text STATIC, c int, PRIMARY KEY (p, c))";
        let table = Table::create(RF3, "writes_static", columns).await?;
        let cql = "INSERT INTO {} (p, s) VALUES (?, ?)";
        let session = &table.on.session;
        let (mut writer, of_partition) =
            writer(session, &table, cql, WriteOptions::default()).await?;
        let of_row = format!("INSERT INTO {} (p, c) VALUES (?, ?)", table.name);
        let of_row = writer.prepare(&of_row).await?;
        let mut mutations = writer.mutations();
        for record in 0..100 {
            let p = i32::try_from(record)?;
            mutations.push(record, of_partition, &(p, format!("static {p}")))?;
            mutations.push(record, of_row, &(p, 1))?;
        }
        all_written(&writer.write(mutations).await?)?;
        let stats = writer.stats();
        ensure!(
            stats.batches == 100 && stats.statements == 200 && stats.records == 100,
            "{stats:?}"
        );
        let expected = (0..100).map(|p| (p, format!("static {p}"), 1));
        exactly(table.rows::<(i32, String, i32)>("SELECT p, s, c FROM {}").await?, expected)
    });
}

#[test]
fn several_writes_at_once_share_the_room() {
    run(async {
        let table = Table::create(RF3, "writes_at_once", "(id int PRIMARY KEY, v text)").await?;
        let cql = "INSERT INTO {} (id, v) VALUES (?, ?)";
        let options = WriteOptions { in_flight: 8, ..WriteOptions::default() };
        let (writer, insert) = writer(&table.on.session, &table, cql, options).await?;
        let writes = (0..5).map(|of| {
            let writer = &writer;
            let ids = (0..1000).map(move |id| (of * 1000 + id, "v"));
            async move { all_written(&write(writer, insert, ids).await?) }
        });
        try_join_all(writes).await?;
        let stats = writer.stats();
        ensure!(stats.records == 5000 && stats.nodes.len() == 3, "{stats:?}");
        for load in &stats.nodes {
            ensure!(load.limit <= 8 && load.in_flight == 0, "{load:?}");
        }
        exactly(table.rows::<(i32,)>("SELECT id FROM {}").await?, (0..5000).map(|id| (id,)))
    });
}

#[test]
fn statements_that_cannot_be_written_with_are_refused_with_the_reason() {
    run(async {
        let columns = "(a int, b int, v int, PRIMARY KEY ((a, b)))";
        let table = Table::create(RF1, "writes_refused", columns).await?;
        let session = &table.on.session;
        let schema = Arc::new(TableSchema::read(session, &table.name).await?);
        let ring = RingSnapshot::read(session, &table.name)?;
        let writer =
            |options| Writer::new(Arc::clone(session), ring.clone(), Arc::clone(&schema), options);
        let mut good = writer(WriteOptions::default())?;

        let half = format!("INSERT INTO {} (a, b) VALUES (1, ?)", table.name);
        let Err(error) = good.prepare(&half).await else { anyhow::bail!("half a key was bound") };
        ensure!(error.kind() == ErrorKind::Invalid, "{error}");
        ensure!(error.to_string().contains(r#""a", "b""#), "{error}");

        let stranger = format!("INSERT INTO {} (a, b, nope) VALUES (?, ?, ?)", table.name);
        let Err(error) = good.prepare(&stranger).await else { anyhow::bail!("it was prepared") };
        ensure!(error.kind() == ErrorKind::Refused && !error.retryable(), "{error}");
        ensure!(format!("{:#}", anyhow::anyhow!(error)).contains("nope"));

        let local_datacenter = Some("atlantis".to_owned());
        let Err(error) = writer(WriteOptions { local_datacenter, ..WriteOptions::default() })
        else {
            anyhow::bail!("a datacenter that is not there")
        };
        ensure!(error.kind() == ErrorKind::Invalid && error.to_string().contains("atlantis"));
        Ok(())
    });
}
