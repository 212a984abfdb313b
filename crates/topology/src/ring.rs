//! Who holds which tokens, as plain data.
//!
//! The placement rules of SimpleStrategy and NetworkTopologyStrategy (racks included) are the
//! driver's: it keeps them with every release of Cassandra and ScyllaDB. What is kept here is their
//! outcome: for each token of the ring, the replicas of the range that ends at it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use scylla::client::session::Session;
use scylla::cluster::metadata::Strategy;
use scylla::frame::response::result::TableSpec;
use tokenring::{Ring, Token, TokenRange};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::name::TableName;

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The host id: the name that stays when the address changes.
    pub host_id: Uuid,
    /// Where it is reached.
    pub address: SocketAddr,
    /// Its datacenter, where it tells one.
    pub datacenter: Option<String>,
    /// Its rack, where it tells one.
    pub rack: Option<String>,
}

impl Node {
    /// A node that tells neither datacenter nor rack.
    pub fn new(host_id: Uuid, address: SocketAddr) -> Self {
        Node { host_id, address, datacenter: None, rack: None }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

/// A set of nodes that hold the same data. Equal sets are equal whatever the order they were met in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplicaSet(Arc<[Uuid]>);

impl ReplicaSet {
    /// The set of these host ids.
    pub fn new(hosts: impl IntoIterator<Item = Uuid>) -> Self {
        let mut hosts: Vec<Uuid> = hosts.into_iter().collect();
        hosts.sort_unstable();
        hosts.dedup();
        ReplicaSet(hosts.into())
    }

    /// The host ids, sorted.
    pub fn hosts(&self) -> &[Uuid] {
        &self.0
    }

    /// Whether the node is one of the set.
    pub fn contains(&self, host: Uuid) -> bool {
        self.0.binary_search(&host).is_ok()
    }

    /// Those of the nodes that are in it and in the local datacenter; where it has none there, those
    /// that are in it.
    pub fn coordinators<'n>(&self, nodes: &'n [Node], local: Option<&str>) -> Vec<&'n Node> {
        let is_local =
            |node: &&Node| local.is_none_or(|local| node.datacenter.as_deref() == Some(local));
        let held: Vec<&Node> = nodes.iter().filter(|node| self.contains(node.host_id)).collect();
        if held.iter().any(is_local) { held.into_iter().filter(is_local).collect() } else { held }
    }

    /// Whether there is no node in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The ring of one keyspace at one moment.
///
/// **Invariant**: every replica of every range is one of the nodes, and no range is without replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct RingSnapshot {
    nodes: Arc<[Node]>,
    ring: Ring<ReplicaSet>,
    replicas_known: bool,
}

impl RingSnapshot {
    /// A snapshot from its parts; each payload is the replica set of the range that *ends* at its token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] where a range has no replicas, or one that is not among the nodes.
    pub fn new(nodes: Vec<Node>, ring: Ring<ReplicaSet>) -> Result<Self> {
        for (token, replicas) in ring.iter() {
            if replicas.is_empty() {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!("the range that ends at token {token} has no replicas"),
                ));
            }
            let known = |host: &Uuid| nodes.iter().any(|node| node.host_id == *host);
            if let Some(stranger) = replicas.hosts().iter().find(|host| !known(host)) {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!("replica {stranger} of token {token} is not a node of the ring"),
                ));
            }
        }
        Ok(RingSnapshot { nodes: nodes.into(), ring, replicas_known: true })
    }

    /// Reads the ring of a table's keyspace.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown keyspace, [`ErrorKind::Unsupported`] for one that is not
    /// spread over the ring, [`ErrorKind::Invalid`] where its replication names no node of the cluster.
    pub fn read(session: &Session, table: &TableName) -> Result<Self> {
        let state = session.get_cluster_state();
        let name = table.keyspace();
        let keyspace = state.get_keyspace(name).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("no keyspace '{name}' in this cluster"))
        })?;
        let locator = state.replica_locator();
        let nodes: Vec<Node> = locator
            .unique_nodes_in_global_ring()
            .iter()
            .map(|node| Node {
                host_id: node.host_id,
                address: SocketAddr::new(node.address.ip(), node.address.port()),
                datacenter: node.datacenter.clone(),
                rack: node.rack.clone(),
            })
            .collect();
        let everywhere = match &keyspace.strategy {
            Strategy::LocalStrategy => return Err(not_spread(name, "LocalStrategy")),
            Strategy::Other { name: class, .. } if class.ends_with("EverywhereStrategy") => true,
            Strategy::Other { name: class, .. } => return Err(not_spread(name, class)),
            _ => false,
        };
        let all = ReplicaSet::new(nodes.iter().map(|node| node.host_id));
        let spec = TableSpec::borrowed(name, table.table());
        let mut replicas_known = true;
        let mut tokens = Vec::with_capacity(locator.ring().len());
        for (token, _) in locator.ring().iter() {
            let replicas = if everywhere {
                all.clone()
            } else {
                let found = locator.replicas_for_token(*token, &keyspace.strategy, None, &spec);
                ReplicaSet::new(found.into_iter().map(|(node, _shard)| node.host_id))
            };
            // Tablets are learned only as they are read: an unknown one has no replicas to show.
            let replicas = if replicas.is_empty() && keyspace.tablet_based {
                replicas_known = false;
                all.clone()
            } else {
                replicas
            };
            if replicas.is_empty() {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!(
                        "keyspace '{name}' has no replica for token {}: its replication names no \
                         datacenter of this cluster ({}); alter the keyspace",
                        token.value(),
                        locator.datacenter_names().join(", ")
                    ),
                ));
            }
            tokens.push((Token::new(token.value()), replicas));
        }
        let ring = Ring::new(tokens).map_err(|error| {
            Error::new(ErrorKind::Query, "the cluster shows no usable ring").with_source(error)
        })?;
        Ok(RingSnapshot { replicas_known, ..RingSnapshot::new(nodes, ring)? })
    }

    /// All nodes.
    pub fn nodes(&self) -> &Arc<[Node]> {
        &self.nodes
    }

    /// The ranges in token order with their replicas; together they are the whole ring.
    pub fn ranges(&self) -> impl Iterator<Item = (TokenRange, &ReplicaSet)> {
        self.ring.ranges()
    }

    /// The replicas of a token.
    pub fn replicas(&self, token: Token) -> &ReplicaSet {
        self.ring.owner(token)
    }

    /// `false` where tablets are not shown by the driver, so that any node may be asked for them.
    pub fn replicas_known(&self) -> bool {
        self.replicas_known
    }

    /// Replicas per range, averaged over the ring's ranges.
    pub(crate) fn mean_replicas(&self) -> f64 {
        let total: usize = self.ring.iter().map(|(_, replicas)| replicas.hosts().len()).sum();
        total as f64 / self.ring.len() as f64
    }
}

fn not_spread(keyspace: &str, strategy: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "keyspace '{keyspace}' has {strategy}, which does not spread data over the token ring; \
             read its tables on each node with cqlsh"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn a_ring_without_a_replica_is_refused() {
        let ring = Ring::new([(Token::new(7), ReplicaSet::new([]))]).unwrap();
        let error = RingSnapshot::new(Vec::new(), ring).unwrap_err();
        assert!(error.to_string().contains("token 7 has no replicas"), "{error}");
    }

    #[test]
    fn a_ring_with_a_stranger_is_refused() {
        let ring = Ring::new([(Token::new(7), ReplicaSet::new([host(9)]))]).unwrap();
        let nodes = vec![Node::new(host(1), ([127, 0, 0, 1], 9042).into())];
        assert_eq!(RingSnapshot::new(nodes, ring).unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn replica_sets_are_sets() {
        let set = ReplicaSet::new([host(2), host(1), host(2)]);
        assert_eq!(set, ReplicaSet::new([host(1), host(2)]));
        assert!(set.contains(host(2)) && !set.contains(host(3)));
    }
}
