//! Two datacenters with racks: replicas as the server places them, and reads that stay in the local one.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, Event, Operator};
use integration_tests::{Extra, create_keyspace, ddl, load, run};
use topology::{ConnectOptions, ErrorKind};
use xtask::cluster::Profile;

use crate::is_said;
use crate::ring::agrees;

#[test]
fn replicas_racks_and_the_local_datacenter() {
    run(async {
        let extra = Extra::up(Profile::two_datacenters()).await?;
        let operator = extra.operator().await?;
        for (keyspace, replication) in [
            ("both", "{'class': 'NetworkTopologyStrategy', 'dc1': 2, 'dc2': 1}"),
            ("even", "{'class': 'NetworkTopologyStrategy', 'dc1': 1, 'dc2': 1}"),
            ("remote", "{'class': 'NetworkTopologyStrategy', 'dc2': 2}"),
            ("simple", "{'class': 'SimpleStrategy', 'replication_factor': 3}"),
        ] {
            create_keyspace(operator.session(), keyspace, replication).await?;
            agrees(&extra.cluster, operator.session(), keyspace).await.context(keyspace)?;
            let session = operator.session();
            ddl(session, &format!("CREATE TABLE {keyspace}.t (id int PRIMARY KEY)")).await?;
            let insert = format!("INSERT INTO {keyspace}.t (id) VALUES (?)");
            load(session, &insert, (0..2000).map(|id| (id,))).await?;
        }

        // Where there are replicas in the local datacenter, only they are read.
        for datacenter in ["dc1", "dc2"] {
            for keyspace in ["both", "even"] {
                stays_in(&extra, keyspace, datacenter, datacenter).await?;
            }
        }
        // Where there are none, others are.
        stays_in(&extra, "remote", "dc1", "dc2").await?;

        let options =
            ConnectOptions { local_datacenter: Some("dc3".to_owned()), ..extra.connect_options() };
        let parts = ["no datacenter 'dc3'", "dc1", "dc2"];
        is_said(topology::connect(&options).await, ErrorKind::NotFound, &parts)
    });
}

/// Counts a table, connected with a local datacenter, and looks where its splits were read.
async fn stays_in(extra: &Extra, keyspace: &str, local: &str, read: &str) -> Result<()> {
    let options =
        ConnectOptions { local_datacenter: Some(local.to_owned()), ..extra.connect_options() };
    let operator = Operator::connect(&options).await?;
    let (observer, events) = bulk::event_stream(10_000);
    let options = BulkOptions::default().observer(observer);
    let report = operator.count_by_token_ranges_with_stats(keyspace, "t", &options).await?;
    ensure!(report.rows == 2000 && report.stats.misrouted == 0, "{:?}", report.stats);
    drop(options);
    let events: Vec<_> = futures::StreamExt::collect(events).await;
    let mut asked = BTreeSet::new();
    for (event, _) in events {
        let Event::SplitStarted { node, .. } = event else { continue };
        let node = report.plan.nodes.iter().find(|known| known.address == node);
        let Some(datacenter) = node.and_then(|node| node.datacenter.clone()) else {
            bail!("a node without a datacenter");
        };
        asked.insert(datacenter);
    }
    let expected = BTreeSet::from([read.to_owned()]);
    ensure!(asked == expected, "{keyspace} from {local}: {asked:?} were read");
    Ok(())
}
