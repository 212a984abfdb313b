//! A node that is killed in the middle of a write.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use executor::{Outcome, RetryPolicy, StatementId, WriteOptions, Writer};
use futures::TryStreamExt;
use integration_tests::{Extra, create_keyspace, ddl, exactly, run};
use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;
use tokenring::Token;
use topology::{RingSnapshot, TableName, TableSchema};
use xtask::cluster::Profile;

use crate::{all_written, hasty, write};

const VICTIM: usize = 1;
const ROWS: i32 = 30_000;

async fn table(session: &Session, keyspace: &str, replicas: u8) -> Result<TableName> {
    let replication = format!("{{'class': 'SimpleStrategy', 'replication_factor': {replicas}}}");
    create_keyspace(session, keyspace, &replication).await?;
    ddl(session, &format!("CREATE TABLE {keyspace}.t (id int PRIMARY KEY)")).await?;
    Ok(TableName::new(keyspace, "t"))
}

async fn writer(
    session: &Arc<Session>,
    name: &TableName,
    options: WriteOptions,
) -> Result<(Writer, RingSnapshot, StatementId)> {
    let schema = Arc::new(TableSchema::read(session, name).await?);
    let ring = RingSnapshot::read(session, name)?;
    let mut writer = Writer::new(Arc::clone(session), ring.clone(), schema, options)?;
    let insert = writer.prepare(&format!("INSERT INTO {name} (id) VALUES (?)")).await?;
    Ok((writer, ring, insert))
}

fn ids(range: std::ops::Range<i32>) -> impl Iterator<Item = (i32,)> {
    range.map(|id| (id,))
}

#[test]
fn with_other_replicas_nothing_is_lost_and_without_only_its_own() {
    run(async {
        let extra = Extra::up(Profile::named("writes-node-dies", 9, 3)).await?;
        let operator = extra.operator().await?;
        let session = operator.session();
        let three = table(session, "rf3", 3).await?;
        let one = table(session, "rf1", 1).await?;

        let consistency = Some(Consistency::Quorum);
        let (to_three, _, insert) =
            writer(session, &three, WriteOptions { consistency, ..hasty() }).await?;
        // Half of it without any batch taken tells a run that has stalled, also on a busy machine.
        let retry = RetryPolicy { max_elapsed: Duration::from_secs(20), ..hasty().retry };
        let (to_one, ring, insert_one) =
            writer(session, &one, WriteOptions { retry, ..hasty() }).await?;

        let writing = write(&to_three, insert, ids(0..ROWS));
        let killing = async {
            while to_three.stats().records < 2000 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let cluster = Arc::clone(&extra.cluster);
            tokio::task::spawn_blocking(move || cluster.kill(VICTIM)).await?
        };
        let (report, ()) = tokio::try_join!(writing, killing)?;
        all_written(&report)?;
        let stats = to_three.stats();
        ensure!(stats.retries > 0, "the node was killed too late: {stats:?}");
        let mut select = Statement::new(format!("SELECT id FROM {three}"));
        select.set_consistency(Consistency::Quorum);
        let read = async || -> Result<Vec<(i32,)>> {
            let found = session.query_iter(select.clone(), &[]).await?;
            Ok(found.rows_stream::<(i32,)>()?.try_collect().await?)
        };
        // The other nodes may ask the dead one for a while, before they know.
        let mut found = read().await;
        for _ in 0..20 {
            if found.is_err() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                found = read().await;
            }
        }
        exactly(found?, ids(0..ROWS))?;

        // And a run that begins in that state, where the node has the only replica of some.
        let victim = extra.cluster.contact_points()[VICTIM];
        let dead = ring.nodes().iter().find(|node| node.address == victim);
        let dead = dead.context("the node is not in the ring")?.host_id;
        let report = write(&to_one, insert_one, ids(0..1000)).await?;
        // Nothing else moves any more: that is the cluster's fault, and not theirs.
        let why = report.stalled.as_deref().unwrap_or_default();
        ensure!(why.contains("ONE"), "{why:?}");
        let mut unsent = 0;
        for (record, outcome) in &report.outcomes {
            let token = Token::of_partition_key(&[i32::try_from(*record)?.to_be_bytes()])?;
            match (ring.replicas(token).contains(dead), outcome) {
                (false, Outcome::Written) => {}
                (true, Outcome::NotSent) => unsent += 1,
                (_, other) => bail!("record {record}: {other:?}"),
            }
        }
        ensure!(unsent > 0, "the node had nothing");
        Ok(())
    });
}
