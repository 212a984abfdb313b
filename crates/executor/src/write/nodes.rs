//! The nodes that a writer writes to: who may take which token, and how much each takes at a time.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scylla::client::session::Session;
use scylla::policies::load_balancing::{
    LoadBalancingPolicy, NodeIdentifier, SingleTargetLoadBalancingPolicy,
};
use tokenring::Token;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use topology::{Node, RingSnapshot};
use uuid::Uuid;

use super::stats::NodeLoad;
use crate::limit::{Bounds, Limit};

/// All nodes of a ring, named by their index from here on.
#[derive(Debug)]
pub(super) struct Nodes {
    ring: RingSnapshot,
    index: HashMap<Uuid, usize>,
    lanes: Vec<Arc<Lane>>,
    local: Vec<bool>,
}

/// The way to one node, shared by all writes of a writer.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) node: Node,
    /// To the driver, a batch is not bound to a node. One whose policy knows one node goes there, or
    /// fails.
    pub(super) only: Arc<dyn LoadBalancingPolicy>,
    slots: Arc<Semaphore>,
    load: Mutex<Load>,
}

#[derive(Debug)]
struct Load {
    limit: Limit,
    /// What the user allows.
    cap: Option<NonZeroUsize>,
    /// Slots there are.
    slots: usize,
    /// Slots taken.
    taken: usize,
    /// Requests on their way.
    in_flight: usize,
    /// Slots that are to vanish when they are given back, since the limit has become less.
    surplus: usize,
}

impl Nodes {
    pub(super) fn new(ring: RingSnapshot, local_datacenter: Option<&str>, most: usize) -> Self {
        let nodes = Arc::clone(ring.nodes());
        let is_local = |node: &Node| {
            local_datacenter.is_none_or(|local| node.datacenter.as_deref() == Some(local))
        };
        Nodes {
            index: nodes.iter().enumerate().map(|(index, node)| (node.host_id, index)).collect(),
            local: nodes.iter().map(is_local).collect(),
            lanes: nodes.iter().map(|node| Arc::new(Lane::new(node.clone(), most))).collect(),
            ring,
        }
    }

    /// The nodes of a ring that has changed: the way to those that stay is the same, with what is on it.
    pub(super) fn changed(
        &self,
        ring: RingSnapshot,
        local_datacenter: Option<&str>,
        most: usize,
    ) -> Self {
        let mut nodes = Nodes::new(ring, local_datacenter, most);
        for lane in &mut nodes.lanes {
            if let Some(known) = self.index.get(&lane.node.host_id) {
                *lane = Arc::clone(&self.lanes[*known]);
            }
        }
        nodes
    }

    /// Whether it is of this ring.
    pub(super) fn is_of(&self, ring: &RingSnapshot) -> bool {
        self.ring == *ring
    }

    pub(super) fn len(&self) -> usize {
        self.lanes.len()
    }

    pub(super) fn lane(&self, node: usize) -> &Arc<Lane> {
        &self.lanes[node]
    }

    /// Which nodes the session is connected to.
    pub(super) fn live(&self, session: &Session) -> Vec<bool> {
        let state = session.get_cluster_state();
        let is_live =
            |host| state.get_node_by_host_id(host).is_some_and(|node| node.is_connected());
        self.lanes.iter().map(|lane| is_live(lane.node.host_id)).collect()
    }

    /// The nodes that may take a token's batch, into `found`: its live replicas, those of the local
    /// datacenter if there are any, without the one that failed last if there is another. Where no
    /// replica lives, another node knows best what to say of it; and where none lives at all, the
    /// replicas are asked all the same.
    pub(super) fn candidates(
        &self,
        token: Token,
        failed: Option<usize>,
        live: &[bool],
        found: &mut Vec<usize>,
    ) {
        let held = self.ring.replicas(token).hosts();
        let replicas = || held.iter().filter_map(|host| self.index.get(host).copied());
        let rank = |node: usize| (!live[node], !self.local[node], Some(node) == failed);
        found.clear();
        if replicas().any(|node| live[node]) || !live.contains(&true) {
            found.extend(replicas());
        } else {
            found.extend(0..self.len());
        }
        if let Some(best) = found.iter().map(|node| rank(*node)).min() {
            found.retain(|node| rank(*node) == best);
        }
    }

    /// Whether a node that has coordinated a batch holds the partition; `true` where nobody knows.
    pub(super) fn holds(&self, host: Uuid, token: Token) -> bool {
        !self.ring.replicas_known() || self.ring.replicas(token).contains(host)
    }

    /// How much each node may have in flight from now on, whatever its answers show.
    pub(super) fn cap(&self, cap: Option<NonZeroUsize>) {
        for lane in &self.lanes {
            lane.cap(cap);
        }
    }

    pub(super) fn loads(&self) -> Vec<NodeLoad> {
        self.lanes.iter().map(|lane| lane.load()).collect()
    }
}

impl Lane {
    fn new(node: Node, most: usize) -> Self {
        // The semaphore takes no more; nor does a connection.
        let limit = Limit::new(Bounds::writes(most.min(Semaphore::MAX_PERMITS)));
        let slots = limit.slots();
        Lane {
            only: SingleTargetLoadBalancingPolicy::new(NodeIdentifier::HostId(node.host_id), None),
            node,
            slots: Arc::new(Semaphore::new(slots)),
            load: Mutex::new(Load { limit, cap: None, slots, taken: 0, in_flight: 0, surplus: 0 }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part of its slots that is taken, in thousandths.
    pub(super) fn fullness(&self) -> usize {
        let load = self.lock();
        load.taken.saturating_mul(1000) / load.slots
    }

    fn load(&self) -> NodeLoad {
        let load = self.lock();
        NodeLoad { node: self.node.clone(), limit: load.slots, in_flight: load.in_flight }
    }

    /// What the user allows from now on.
    pub(super) fn cap(&self, cap: Option<NonZeroUsize>) {
        let mut load = self.lock();
        if load.cap != cap {
            load.cap = cap;
            self.adapt(&mut load, |_| {});
        }
    }

    /// Takes a slot if one is free.
    pub(super) fn try_slot(self: &Arc<Self>) -> Option<Slot> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        Some(Slot::new(Arc::clone(self), permit))
    }

    /// Waits for a slot, in the order of asking.
    pub(super) async fn slot(self: Arc<Self>) -> Option<Slot> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.slots).acquire_owned().await.ok()?;
        Some(Slot::new(self, permit))
    }

    /// Changes the limit, and the slots with it.
    fn adapt(&self, load: &mut Load, change: impl FnOnce(&mut Limit)) {
        let before = load.slots;
        change(&mut load.limit);
        let after = load.limit.slots().min(load.cap.map_or(usize::MAX, NonZeroUsize::get));
        load.slots = after;
        let less = before.saturating_sub(after);
        load.surplus += less - self.slots.forget_permits(less);
        let more = after.saturating_sub(before);
        let kept = more.min(load.surplus);
        load.surplus -= kept;
        self.slots.add_permits(more - kept);
    }
}

/// A place for one request of a node, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    lane: Arc<Lane>,
    permit: Option<OwnedSemaphorePermit>,
    in_flight: bool,
}

impl Slot {
    fn new(lane: Arc<Lane>, permit: OwnedSemaphorePermit) -> Self {
        lane.lock().taken += 1;
        Slot { lane, permit: Some(permit), in_flight: false }
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.lane
    }

    /// The request goes out now.
    pub(super) fn sent(&mut self) {
        self.in_flight = true;
        self.lane.lock().in_flight += 1;
    }

    /// The request was answered, by whatever does not mean that the node has too much to do.
    pub(super) fn answered(&self, took: Duration) {
        let mut load = self.lane.lock();
        let in_flight = load.in_flight;
        self.lane.adapt(&mut load, |limit| limit.answered(took, in_flight));
    }

    /// The node has too much to do.
    pub(super) fn pushed_back(&self) {
        let mut load = self.lane.lock();
        self.lane.adapt(&mut load, Limit::pushed_back);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut load = self.lane.lock();
        load.taken -= 1;
        load.in_flight -= usize::from(self.in_flight);
        let Some(permit) = self.permit.take() else { return };
        if load.surplus > 0 {
            load.surplus -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokenring::Ring;
    use topology::ReplicaSet;

    use super::*;

    /// Nodes 0 and 1 in the datacenter `here`, 2 and 3 in `there`; tokens up to 0 belong to 0, 1 and 2.
    fn nodes(local: Option<&str>) -> Nodes {
        let host = |node: u8| Uuid::from_u128(u128::from(node));
        let node = |index: u8| Node {
            datacenter: Some(if index < 2 { "here" } else { "there" }.to_owned()),
            ..Node::new(host(index), ([127, 0, 0, index], 9042).into())
        };
        let replicas = ReplicaSet::new([0, 1, 2].map(host));
        let ring = Ring::new([(Token::new(0), replicas), (Token::MAX, ReplicaSet::new([host(3)]))]);
        let ring = RingSnapshot::new((0..4).map(node).collect(), ring.unwrap()).unwrap();
        Nodes::new(ring, local, 256)
    }

    fn candidates(local: Option<&str>, failed: Option<usize>, live: [bool; 4]) -> Vec<usize> {
        let mut found = vec![99];
        nodes(local).candidates(Token::new(-5), failed, &live, &mut found);
        found
    }

    #[test]
    fn live_replicas_are_asked_and_local_ones_before_others() {
        let all = [true; 4];
        assert_eq!(candidates(None, None, all), [0, 1, 2]);
        assert_eq!(candidates(Some("here"), None, all), [0, 1]);
        assert_eq!(candidates(Some("here"), None, [false, false, true, true]), [2]);
        assert_eq!(candidates(None, None, [true, false, true, true]), [0, 2]);
    }

    #[test]
    fn the_one_that_failed_is_asked_again_only_where_there_is_no_other() {
        assert_eq!(candidates(Some("here"), Some(0), [true; 4]), [1]);
        assert_eq!(candidates(Some("here"), Some(0), [true, false, true, true]), [0]);
        assert_eq!(candidates(None, Some(2), [false, false, true, true]), [2]);
    }

    #[test]
    fn without_a_live_replica_any_live_node_is_asked_and_without_that_the_replicas() {
        assert_eq!(candidates(None, None, [false, false, false, true]), [3]);
        assert_eq!(candidates(None, None, [false; 4]), [0, 1, 2]);
    }

    #[test]
    fn slots_vanish_with_the_limit_and_come_back_with_it() {
        let nodes = nodes(None);
        let lane = nodes.lane(0);
        let mut slots: Vec<Slot> = std::iter::from_fn(|| lane.try_slot()).collect();
        assert_eq!((slots.len(), lane.fullness()), (16, 1000));
        for slot in &mut slots {
            slot.sent();
        }
        slots[0].pushed_back();
        assert_eq!((lane.load().limit, lane.load().in_flight), (8, 16));
        // The first eight given back are no more.
        slots.truncate(8);
        assert!(lane.try_slot().is_none());
        slots.truncate(7);
        assert!(lane.try_slot().is_some());
        drop(slots);
        // Three windows, each full.
        for _ in 0..3 {
            let mut slots: Vec<Slot> = std::iter::from_fn(|| lane.try_slot()).collect();
            slots.iter_mut().for_each(Slot::sent);
            slots.iter().for_each(|slot| slot.answered(Duration::from_millis(1)));
        }
        let limit = lane.load().limit;
        assert!(limit > 8, "{limit}");
        assert_eq!(std::iter::from_fn(|| lane.try_slot()).collect::<Vec<_>>().len(), limit);
        assert_eq!((lane.load().in_flight, lane.fullness()), (0, 0));
    }

    #[test]
    fn slots_go_to_those_who_wait_in_their_order() {
        let nodes = nodes(None);
        let lane = nodes.lane(0);
        let mut slots: Vec<Slot> = std::iter::from_fn(|| lane.try_slot()).collect();
        let mut first = Box::pin(Arc::clone(lane).slot());
        let mut second = Box::pin(Arc::clone(lane).slot());
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        slots.pop();
        assert!(lane.try_slot().is_none(), "someone was waiting");
        assert!((&mut second).now_or_never().is_none());
        assert!(first.now_or_never().flatten().is_some());
    }
}
