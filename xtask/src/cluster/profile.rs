//! What a cluster is to be like: how many nodes, where in the ring's geography, how secured.
//!
//! A profile is plain data and is compared, through the settings rendered from it, with what a
//! running cluster was started with. Every profile has a loopback subnet of its own, so that
//! several can run at the same time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::settings::quoted;
use super::tokens;

/// Where CQL is served on every node.
pub(super) const CQL_PORT: u16 = 9042;
/// Where nodes talk to each other.
pub(super) const STORAGE_PORT: u16 = 7000;

/// A node's place: what a snitch tells about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The datacenter.
    pub datacenter: String,
    /// The rack within it.
    pub rack: String,
}

impl Place {
    /// A place by its two names.
    pub fn new(datacenter: &str, rack: &str) -> Self {
        Self { datacenter: datacenter.to_owned(), rack: rack.to_owned() }
    }
}

/// How keys become tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// The default of every Cassandra since 1.2.
    Murmur3,
    /// MD5, tokens from 0 to 2^127.
    Random,
    /// Keys in their own order.
    ByteOrdered,
}

impl Partitioner {
    /// Cassandra's class name.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Murmur3 => "org.apache.cassandra.dht.Murmur3Partitioner",
            Self::Random => "org.apache.cassandra.dht.RandomPartitioner",
            Self::ByteOrdered => "org.apache.cassandra.dht.ByteOrderedPartitioner",
        }
    }
}

/// What a cluster is to be like. Start from one of the named ones and change what differs.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its folder under `target/cassandra`, and the cluster's name.
    pub name: String,
    /// The third octet of its addresses, `127.0.<subnet>.11` onwards: one per profile.
    pub subnet: u8,
    /// One entry per node, in the order of their addresses.
    pub places: Vec<Place>,
    /// Whether clients must log in (`cassandra`/`cassandra` at first) and need permissions.
    pub authenticator: bool,
    /// How keys become tokens.
    pub partitioner: Partitioner,
    /// Each node's heap.
    pub heap_mb: u32,
    /// How often `system.size_estimates` is filled, in seconds; Cassandra's own default is 300.
    pub size_recorder_interval: u32,
    /// Further lines of `cassandra.yaml`; `{address}` in them stands for each node's own.
    pub extra_yaml: String,
}

impl Profile {
    /// A profile of `nodes` nodes, each in its own rack-less default place.
    pub fn named(name: &str, subnet: u8, nodes: usize) -> Self {
        Self {
            name: name.to_owned(),
            subnet,
            places: vec![Place::new("datacenter1", "rack1"); nodes],
            authenticator: false,
            partitioner: Partitioner::Murmur3,
            heap_mb: 640,
            size_recorder_interval: 5,
            extra_yaml: String::new(),
        }
    }

    /// The cluster for development, tests and benchmarks: 127.0.0.11 onwards, a gigabyte of heap.
    pub fn main(nodes: usize) -> Self {
        Self::named("main", 0, nodes).heap_mb(1024)
    }

    /// Two datacenters of two nodes each, each node in its own rack: 127.0.1.11 onwards.
    pub fn two_datacenters() -> Self {
        Self::named("two-datacenters", 1, 0).places(vec![
            Place::new("dc1", "rack1"),
            Place::new("dc1", "rack2"),
            Place::new("dc2", "rack1"),
            Place::new("dc2", "rack2"),
        ])
    }

    /// One node that wants a login: 127.0.2.11.
    pub fn secured_single() -> Self {
        Self::named("secured", 2, 1).authenticator(true)
    }

    /// Two nodes that want a login and a client's certificate, and speak nothing but TLS: 127.0.7.11
    /// and 12. The folder holds PEM files: `<address>.pem`, a node's key and certificate, and
    /// `ca.pem`, whom they trust.
    pub fn encrypted(folder: &Path) -> Self {
        let yaml = format!(
            "client_encryption_options:\n\
             \x20 enabled: true\n\
             \x20 optional: false\n\
             \x20 require_client_auth: true\n\
             \x20 ssl_context_factory:\n\
             \x20   class_name: org.apache.cassandra.security.PEMBasedSslContextFactory\n\
             \x20 keystore: {identity}\n\
             \x20 truststore: {authorities}\n",
            identity = quoted(&folder.join("{address}.pem")),
            authorities = quoted(&folder.join("ca.pem")),
        );
        Self::named("encrypted", 7, 2).authenticator(true).extra_yaml(&yaml)
    }

    /// One node of another partitioner: 127.0.3.11 for `Random`, 127.0.4.11 for `ByteOrdered`.
    pub fn single_with(partitioner: Partitioner) -> Self {
        let (name, subnet) = match partitioner {
            Partitioner::Murmur3 => ("murmur3", 5),
            Partitioner::Random => ("random", 3),
            Partitioner::ByteOrdered => ("byte-ordered", 4),
        };
        Self::named(name, subnet, 1).partitioner(partitioner)
    }

    /// The same, with these places (and as many nodes).
    #[must_use]
    pub fn places(mut self, places: Vec<Place>) -> Self {
        self.places = places;
        self
    }

    /// The same, with or without logins.
    #[must_use]
    pub fn authenticator(mut self, authenticator: bool) -> Self {
        self.authenticator = authenticator;
        self
    }

    /// The same, with this partitioner.
    #[must_use]
    pub fn partitioner(mut self, partitioner: Partitioner) -> Self {
        self.partitioner = partitioner;
        self
    }

    /// The same, with this heap per node.
    #[must_use]
    pub fn heap_mb(mut self, heap_mb: u32) -> Self {
        self.heap_mb = heap_mb;
        self
    }

    /// The same, with further lines of `cassandra.yaml`.
    #[must_use]
    pub fn extra_yaml(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.extra_yaml);
        self
    }

    /// How many nodes.
    pub fn nodes(&self) -> usize {
        self.places.len()
    }

    /// A node's place. One that joins beyond the profile's own is put beside the first.
    pub(super) fn place(&self, node: usize) -> Option<&Place> {
        self.places.get(node).or(self.places.first())
    }

    /// A node's address, for every protocol.
    pub fn address(&self, node: usize) -> Ipv4Addr {
        let host = u8::try_from(node).map_or(u8::MAX, |node| node.saturating_add(11));
        Ipv4Addr::new(127, 0, self.subnet, host)
    }

    /// Where a driver connects.
    pub fn contact_points(&self) -> Vec<SocketAddr> {
        (0..self.nodes()).map(|node| SocketAddr::from((self.address(node), CQL_PORT))).collect()
    }

    /// A node's JMX port. It is always on 127.0.0.1, hence one per node of any profile; all of them
    /// lie below the ports that the system hands to outgoing connections.
    pub(super) fn jmx_port(&self, node: usize) -> u16 {
        let node = u16::try_from(node).unwrap_or(31).min(31);
        20_000 + u16::from(self.subnet) * 32 + node
    }

    /// A node's tokens, also those of one that joins beyond the profile's own.
    pub(super) fn tokens(&self, node: usize) -> Vec<String> {
        let datacenters: Vec<&str> = self.places.iter().map(|p| p.datacenter.as_str()).collect();
        match node.checked_sub(self.nodes()) {
            None => tokens::assign(self.partitioner, &datacenters).swap_remove(node),
            Some(newcomer) => tokens::between(self.partitioner, self.nodes(), newcomer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_profiles_share_no_address_and_no_jmx_port() {
        let profiles = [
            Profile::main(3),
            Profile::two_datacenters(),
            Profile::secured_single(),
            Profile::encrypted(Path::new("/t")),
            Profile::single_with(Partitioner::Random),
            Profile::single_with(Partitioner::ByteOrdered),
            Profile::single_with(Partitioner::Murmur3),
        ];
        let nodes: usize = profiles.iter().map(Profile::nodes).sum();
        let mut addresses = HashSet::new();
        let mut ports = HashSet::new();
        for profile in &profiles {
            for node in 0..profile.nodes() {
                addresses.insert(profile.address(node));
                ports.insert(profile.jmx_port(node));
            }
        }
        assert_eq!((addresses.len(), ports.len()), (nodes, nodes));
    }

    #[test]
    fn the_main_profile_starts_at_eleven() {
        let points: Vec<String> =
            Profile::main(3).contact_points().iter().map(ToString::to_string).collect();
        assert_eq!(points, ["127.0.0.11:9042", "127.0.0.12:9042", "127.0.0.13:9042"]);
    }
}
