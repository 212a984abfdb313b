//! A proxy in front of each node of the main cluster, which does to frames what networks and
//! overloaded nodes do to them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use bulk::Operator;
use scylla_proxy::{
    Condition, Node, Proxy, RequestOpcode, RequestRule, ResponseOpcode, ResponseRule, RunningProxy,
    ShardAwareness,
};
use topology::ConnectOptions;

use crate::cluster::main_cluster;

/// The main cluster, as seen through proxies.
pub struct Proxied {
    /// The jobs over a session that goes through the proxies.
    pub operator: Operator,
    proxy: RunningProxy,
}

impl Proxied {
    /// Starts a proxy for each node, on addresses of the test's own: 127.1.`subnet`.11 onwards.
    ///
    /// # Errors
    ///
    /// Where the addresses are taken, or the cluster cannot be reached through them.
    pub async fn start(subnet: u8) -> Result<Proxied> {
        let nodes = main_cluster().await?.cluster.contact_points();
        let pairs: Vec<(SocketAddr, SocketAddr)> = nodes
            .into_iter()
            .zip(11..)
            .map(|(real, last)| (real, (Ipv4Addr::new(127, 1, subnet, last), real.port()).into()))
            .collect();
        let proxy = Proxy::new(pairs.iter().map(|(real, proxied)| {
            Node::new(*real, *proxied, ShardAwareness::Unaware, None, None)
        }));
        let translator = Arc::new(proxy.translation_map());
        let proxy = proxy.run().await.map_err(|error| anyhow!("no proxy: {error}"))?;
        let options = ConnectOptions {
            contact_points: pairs.iter().map(|(_, proxied)| proxied.to_string()).collect(),
            connect_timeout: Duration::from_secs(20),
            address_translator: Some(translator),
            ..ConnectOptions::default()
        };
        let operator = Operator::connect(&options).await?;
        Ok(Proxied { operator, proxy })
    }

    /// What every node's proxy does to requests from now on.
    pub fn on_requests(&mut self, rules: &[RequestRule]) {
        for node in &mut self.proxy.running_nodes {
            node.change_request_rules(Some(rules.to_vec()));
        }
    }

    /// What one node's proxy does to requests from now on.
    pub fn on_requests_of(&mut self, node: usize, rules: &[RequestRule]) {
        if let Some(node) = self.proxy.running_nodes.get_mut(node) {
            node.change_request_rules(Some(rules.to_vec()));
        }
    }

    /// What every node's proxy does to answers from now on.
    pub fn on_responses(&mut self, rules: &[ResponseRule]) {
        for node in &mut self.proxy.running_nodes {
            node.change_response_rules(Some(rules.to_vec()));
        }
    }

    /// A run's own requests: prepared statements, not on the driver's control connection.
    pub fn is_execute() -> Condition {
        Condition::not(Condition::ConnectionRegisteredAnyEvent)
            .and(Condition::RequestOpcode(RequestOpcode::Execute))
    }

    /// A writer's own requests: batches, not on the driver's control connection.
    pub fn is_batch() -> Condition {
        Condition::not(Condition::ConnectionRegisteredAnyEvent)
            .and(Condition::RequestOpcode(RequestOpcode::Batch))
    }

    /// Answers that are no errors, not on the driver's control connection. The first ones are about the
    /// table, and about preparing.
    pub fn is_result() -> Condition {
        Condition::not(Condition::ConnectionRegisteredAnyEvent)
            .and(Condition::ResponseOpcode(ResponseOpcode::Result))
    }

    /// Answers with rows in which this text is, not on the driver's control connection.
    pub fn is_result_with(text: &str) -> Condition {
        Proxied::is_result().and(Condition::BodyContainsCaseSensitive(text.as_bytes().into()))
    }

    /// Some of the frames: the first `times` of a node, each with even chances.
    pub fn some(condition: Condition, times: usize) -> Condition {
        let half = Condition::RandomWithProbability(0.5);
        condition.and(half).and(Condition::TrueForLimitedTimes(times))
    }
}
