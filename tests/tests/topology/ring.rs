//! The ring and its replicas, compared with `nodetool describering`: the server's own computation.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{create_keyspace, main_cluster, run};
use scylla::client::session::Session;
use tokenring::{RangeSet, Token, TokenRange};
use topology::{RingSnapshot, TableName};
use xtask::cluster::Cluster;

type Replicas = BTreeMap<TokenRange, BTreeSet<IpAddr>>;

/// The text between two marks, and what follows.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<(&'a str, &'a str)> {
    text.split_once(before)?.1.split_once(after)
}

/// What `describering` prints: one `TokenRange(start_token:…, end_token:…, endpoints:[…], …)` a line.
fn parse(text: &str) -> Result<Replicas> {
    let mut found = Replicas::new();
    for line in text.lines().filter(|line| line.contains("start_token:")) {
        let parts = between(line, "start_token:", ",").and_then(|(start, rest)| {
            let (end, rest) = between(rest, "end_token:", ",")?;
            Some((start, end, between(rest, "endpoints:[", "]")?.0))
        });
        let (start, end, endpoints) = parts.with_context(|| format!("what is this: {line}"))?;
        let (start, end): (Token, Token) = (start.trim().parse()?, end.trim().parse()?);
        let endpoints: BTreeSet<IpAddr> =
            endpoints.split(',').map(|host| host.trim().parse()).collect::<Result<_, _>>()?;
        for range in TokenRange::unwrapped(start, end).iter() {
            found.insert(range, endpoints.clone());
        }
    }
    RangeSet::full().is_exact_partition(found.keys().copied())?;
    Ok(found)
}

/// Compares the ring of a keyspace with what each of some nodes says of it.
pub(crate) async fn agrees(cluster: &Cluster, session: &Session, keyspace: &str) -> Result<()> {
    session.refresh_metadata().await?;
    let ring = RingSnapshot::read(session, &TableName::new(keyspace, "any"))?;
    let address = |host| {
        let node = ring.nodes().iter().find(|node| node.host_id == host);
        node.map(|node| node.address.ip()).context("a replica that is no node")
    };
    let mut ours = Replicas::new();
    for (range, replicas) in ring.ranges() {
        let hosts = replicas.hosts().iter().map(|host| address(*host));
        ours.insert(range, hosts.collect::<Result<_>>()?);
    }
    let (asked, name) = (Arc::new(cluster.clone()), keyspace.to_owned());
    let text =
        tokio::task::spawn_blocking(move || asked.nodetool(0, &["describering", &name])).await??;
    let theirs = parse(&text)?;
    ensure!(ours.len() == theirs.len(), "{} ranges instead of {}", ours.len(), theirs.len());
    for (range, endpoints) in &theirs {
        let found = ours.get(range).with_context(|| format!("{range} is not in the ring read"))?;
        ensure!(found == endpoints, "{keyspace}, {range}: {found:?} instead of {endpoints:?}");
    }
    ensure!(ring.replicas_known(), "replicas are said to be unknown");
    Ok(())
}

#[test]
fn replicas_are_those_of_the_server() {
    run(async {
        let main = main_cluster().await?;
        for (keyspace, replication) in [
            ("ring_simple_1", "{'class': 'SimpleStrategy', 'replication_factor': 1}"),
            ("ring_simple_2", "{'class': 'SimpleStrategy', 'replication_factor': 2}"),
            ("ring_simple_3", "{'class': 'SimpleStrategy', 'replication_factor': 3}"),
            ("ring_network_1", "{'class': 'NetworkTopologyStrategy', 'datacenter1': 1}"),
            ("Ring_Network_2", "{'class': 'NetworkTopologyStrategy', 'datacenter1': 2}"),
        ] {
            create_keyspace(&main.session, keyspace, replication).await?;
            agrees(&main.cluster, &main.session, keyspace).await.context(keyspace)?;
        }
        Ok(())
    });
}

#[test]
fn nodes_are_those_of_the_cluster() {
    run(async {
        let main = main_cluster().await?;
        let name = TableName::new("system_distributed", "any");
        let ring = RingSnapshot::read(&main.session, &name)?;
        let found: BTreeSet<_> = ring.nodes().iter().map(|node| node.address).collect();
        ensure!(found == main.cluster.contact_points().into_iter().collect(), "{found:?}");
        for node in ring.nodes().iter() {
            ensure!(node.datacenter.as_deref() == Some("datacenter1"), "{node:?}");
            ensure!(node.rack.as_deref() == Some("rack1"), "{node:?}");
        }
        Ok(())
    });
}
