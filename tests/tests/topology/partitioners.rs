//! Clusters whose tokens are not 64-bit numbers are refused by name, before anything is read.

use anyhow::ensure;
use bulk::BulkOptions;
use integration_tests::{Extra, create_keyspace, ddl, run};
use topology::{ErrorKind, TableName, TableSchema};
use xtask::cluster::{Partitioner, Profile};

use crate::is_said;

#[test]
fn other_partitioners_are_named() {
    run(async {
        for (partitioner, class) in [
            (Partitioner::Random, "RandomPartitioner"),
            (Partitioner::ByteOrdered, "ByteOrderedPartitioner"),
        ] {
            let extra = Extra::up(Profile::single_with(partitioner)).await?;
            let operator = extra.operator().await?;
            let session = operator.session();
            let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
            create_keyspace(session, "ks", replication).await?;
            ddl(session, "CREATE TABLE ks.t (id int PRIMARY KEY)").await?;
            let schema = TableSchema::read(session, &TableName::new("ks", "t")).await;
            is_said(schema, ErrorKind::Unsupported, &[class, "Murmur3Partitioner"])?;
            let count = operator.count_by_token_ranges("ks", "t", &BulkOptions::default()).await;
            let refused = matches!(&count, Err(e) if e.kind() == bulk::ErrorKind::Request);
            ensure!(refused, "{count:?}");
        }
        Ok(())
    });
}
