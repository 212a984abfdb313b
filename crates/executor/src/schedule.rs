//! Which split runs next, and on which node. Pure: no clock, no session.
//!
//! Work is queued by the nodes that may serve it. The next to run is the work whose least busy node
//! is the least busy of all, so that load stays even while the ring's own evenness lasts, and no node
//! ever serves more than it has room for.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use crate::work::Work;

/// Work that the same nodes may serve.
#[derive(Debug)]
struct Queue {
    nodes: Arc<[usize]>,
    work: VecDeque<Work>,
}

/// Queued work, and how busy each node is. A new one has no nodes, and room for nothing.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    hosts: Vec<Uuid>,
    queues: Vec<Queue>,
    queue_of: HashMap<Arc<[usize]>, usize>,
    in_flight: Vec<usize>,
    served: Vec<u64>,
    room: Vec<usize>,
    /// Work in flight on all nodes together, at the most.
    most: usize,
}

impl Schedule {
    /// The index of a node, from here on; a new one is added.
    pub(crate) fn node(&mut self, host: Uuid) -> usize {
        if let Some(known) = self.hosts.iter().position(|known| *known == host) {
            return known;
        }
        self.hosts.push(host);
        self.in_flight.push(0);
        self.served.push(0);
        self.room.push(1);
        self.hosts.len() - 1
    }

    /// How much each node may serve at a time from now on, and all of them together.
    pub(crate) fn set_room(&mut self, rooms: &[usize], most: usize) {
        self.room.copy_from_slice(rooms);
        self.most = most.max(1);
    }

    pub(crate) fn in_flight(&self, node: usize) -> usize {
        self.in_flight[node]
    }

    /// Work in flight on all nodes together.
    pub(crate) fn all_in_flight(&self) -> usize {
        self.in_flight.iter().sum()
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queues.iter().all(|queue| queue.work.is_empty())
    }

    /// Places that no work waits for.
    pub(crate) fn idle(&self) -> usize {
        if !self.is_empty() {
            return 0;
        }
        let free = |node: usize| self.room[node].saturating_sub(self.in_flight[node]);
        let free: usize = (0..self.hosts.len()).map(free).fold(0, usize::saturating_add);
        free.min(self.most.saturating_sub(self.all_in_flight()))
    }

    /// All that waits, taken out.
    pub(crate) fn drain(&mut self) -> Vec<Work> {
        self.queues.iter_mut().flat_map(|queue| queue.work.drain(..)).collect()
    }

    /// Queues work behind what waits already.
    pub(crate) fn push(&mut self, work: Work) {
        let queue = self.queue(&work);
        self.queues[queue].work.push_back(work);
    }

    /// Queues work before what waits already: it has been begun.
    pub(crate) fn push_front(&mut self, work: Work) {
        let queue = self.queue(&work);
        self.queues[queue].work.push_front(work);
    }

    fn queue(&mut self, work: &Work) -> usize {
        *self.queue_of.entry(Arc::clone(&work.nodes)).or_insert_with_key(|nodes| {
            self.queues.push(Queue { nodes: Arc::clone(nodes), work: VecDeque::new() });
            self.queues.len() - 1
        })
    }

    /// Takes the next work and the node to ask; `None` while nothing waits or all nodes are busy.
    pub(crate) fn next(&mut self, is_live: impl Fn(Uuid) -> bool) -> Option<(Work, usize)> {
        if self.all_in_flight() >= self.most {
            return None;
        }
        let live: Vec<bool> = self.hosts.iter().map(|host| is_live(*host)).collect();
        let (_, queue, node) = (0..self.queues.len())
            .filter_map(|queue| {
                let node = self.node_for(&self.queues[queue], &live)?;
                let waiting = self.queues[queue].work.len();
                Some(((self.load(node), std::cmp::Reverse(waiting)), queue, node))
            })
            .min()?;
        let work = self.queues[queue].work.pop_front()?;
        self.in_flight[node] += 1;
        self.served[node] += 1;
        Some((work, node))
    }

    /// A node has finished with its work.
    pub(crate) fn release(&mut self, node: usize) {
        self.in_flight[node] -= 1;
    }

    /// The least busy node for a queue's first work. One that is down, or has just failed, is asked
    /// only where there is no other: a busy replica is waited for.
    fn node_for(&self, queue: &Queue, live: &[bool]) -> Option<usize> {
        let avoid = queue.work.front()?.avoid;
        let rank = |node: usize| (!live[node], Some(self.hosts[node]) == avoid);
        let best = queue.nodes.iter().map(|node| rank(*node)).min()?;
        queue
            .nodes
            .iter()
            .copied()
            .filter(|node| rank(*node) == best && self.in_flight[*node] < self.room[*node])
            .min_by_key(|node| self.load(*node))
    }

    fn load(&self, node: usize) -> (usize, u64) {
        (self.in_flight[node], self.served[node])
    }
}

#[cfg(test)]
mod tests {
    use tokenring::TokenRange;

    use super::*;

    fn host(node: usize) -> Uuid {
        Uuid::from_u128(node as u128 + 1)
    }

    fn schedule(nodes: usize, served_by: &[&[usize]], parallelism: usize) -> Schedule {
        let mut schedule = Schedule::default();
        for node in 0..nodes {
            assert_eq!(schedule.node(host(node)), node);
        }
        schedule.set_room(&vec![parallelism.div_ceil(nodes); nodes], parallelism);
        for (split, nodes) in served_by.iter().enumerate() {
            let work = Work::new(split, [TokenRange::FULL], 10);
            schedule.push(Work { nodes: Arc::from(*nodes), ..work });
        }
        schedule
    }

    fn drain(schedule: &mut Schedule, live: impl Fn(Uuid) -> bool) -> Vec<(usize, usize)> {
        std::iter::from_fn(|| schedule.next(&live)).map(|(work, node)| (work.split, node)).collect()
    }

    #[test]
    fn no_node_serves_more_than_its_share() {
        let mut one_node_only = schedule(3, &[&[0], &[0], &[0], &[0]], 6);
        assert_eq!(drain(&mut one_node_only, |_| true), [(0, 0), (1, 0)]);
        one_node_only.release(0);
        assert_eq!(drain(&mut one_node_only, |_| true), [(2, 0)]);
    }

    #[test]
    fn idle_places_are_those_that_nothing_waits_for() {
        let mut shared = schedule(3, &[&[0, 1, 2], &[0]], 6);
        assert_eq!(shared.idle(), 0);
        assert_eq!(drain(&mut shared, |_| true).len(), 2);
        assert_eq!(shared.idle(), 4);
        shared.set_room(&[1, 2, 2], 3);
        assert_eq!(shared.idle(), 1);
    }

    #[test]
    fn replicas_are_used_evenly() {
        let all: &[usize] = &[0, 1, 2];
        let mut shared = schedule(3, &[all; 9], 6);
        let mut nodes: Vec<usize> = drain(&mut shared, |_| true).iter().map(|run| run.1).collect();
        nodes.sort_unstable();
        assert_eq!(nodes, [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn one_at_a_time_goes_round_the_replicas() {
        let mut shared = {
            let all: &[usize] = &[0, 1, 2];
            schedule(3, &[all; 3], 1)
        };
        let mut nodes = Vec::new();
        while let Some((_, node)) = shared.next(|_| true) {
            shared.release(node);
            nodes.push(node);
        }
        assert_eq!(nodes, [0, 1, 2]);
    }

    #[test]
    fn a_dead_node_is_asked_only_where_there_is_no_other() {
        let mut mixed = schedule(2, &[&[0, 1], &[0, 1], &[0]], 4);
        let runs = drain(&mut mixed, |node| node != host(0));
        assert!(runs.contains(&(0, 1)) && runs.contains(&(1, 1)), "{runs:?}");
        assert!(runs.contains(&(2, 0)), "the only replica is asked all the same: {runs:?}");
    }

    #[test]
    fn the_node_that_failed_last_is_not_asked_next() {
        let mut shared = schedule(2, &[&[0, 1]], 2);
        let (mut work, first) = shared.next(|_| true).unwrap();
        shared.release(first);
        work.avoid = Some(host(first));
        shared.push_front(work);
        let (_, second) = shared.next(|_| true).unwrap();
        assert_ne!(first, second);
    }
}
