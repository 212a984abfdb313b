//! Which split runs next, and on which node. Pure: no clock, no session.
//!
//! Work is queued by the nodes that may serve it. The next to run is the work whose least busy node
//! is the least busy of all, so that load stays even while the ring's own evenness lasts, and no node
//! ever serves more than its share.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::work::Work;

/// Work that the same nodes may serve.
#[derive(Debug)]
struct Queue {
    nodes: Vec<usize>,
    work: VecDeque<Work>,
}

/// Queued work, and how busy each node is.
#[derive(Debug)]
pub(crate) struct Schedule {
    hosts: Vec<Uuid>,
    queues: Vec<Queue>,
    /// The queue of each split of the plan.
    queue_of: Vec<usize>,
    in_flight: Vec<usize>,
    served: Vec<u64>,
    per_node: usize,
    parallelism: usize,
}

impl Schedule {
    /// An empty schedule over the nodes, named by their index from here on. `served_by` tells for each
    /// split which nodes may serve it; each has at least one.
    pub(crate) fn new(
        hosts: Vec<Uuid>,
        served_by: impl IntoIterator<Item = Vec<usize>>,
        parallelism: usize,
        per_node: Option<usize>,
    ) -> Self {
        let mut queues: Vec<Queue> = Vec::new();
        let mut known = std::collections::HashMap::new();
        let mut queue_of = Vec::new();
        for nodes in served_by {
            let index = *known.entry(nodes).or_insert_with_key(|nodes| {
                queues.push(Queue { nodes: nodes.clone(), work: VecDeque::new() });
                queues.len() - 1
            });
            queue_of.push(index);
        }
        let nodes = hosts.len();
        let share = parallelism.div_ceil(nodes.max(1));
        Schedule {
            hosts,
            queues,
            queue_of,
            in_flight: vec![0; nodes],
            served: vec![0; nodes],
            per_node: per_node.unwrap_or(share).max(1),
            parallelism,
        }
    }

    /// Queues work behind what waits already.
    pub(crate) fn push(&mut self, work: Work) {
        let queue = self.queue_of[work.split];
        self.queues[queue].work.push_back(work);
    }

    /// Queues work before what waits already: it has been begun.
    pub(crate) fn push_front(&mut self, work: Work) {
        let queue = self.queue_of[work.split];
        self.queues[queue].work.push_front(work);
    }

    /// Takes the next work and the node to ask; `None` while nothing waits or all nodes are busy.
    pub(crate) fn next(&mut self, is_live: impl Fn(Uuid) -> bool) -> Option<(Work, usize)> {
        if self.in_flight.iter().sum::<usize>() >= self.parallelism {
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
            .filter(|node| rank(*node) == best && self.in_flight[*node] < self.per_node)
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
        let hosts = (0..nodes).map(host).collect();
        let served_by: Vec<Vec<usize>> = served_by.iter().map(|nodes| nodes.to_vec()).collect();
        let splits = served_by.len();
        let mut schedule = Schedule::new(hosts, served_by, parallelism, None);
        for split in 0..splits {
            schedule.push(Work::new(split, [TokenRange::FULL], 10));
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
