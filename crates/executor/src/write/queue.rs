//! Which batch goes to which node next. Pure: no clock, no session.
//!
//! Batches that the same nodes may take wait in one queue. A node with room takes from its queues in
//! turn; so a slow node takes less of what others may take too, and keeps only its own waiting.

use std::collections::{HashMap, VecDeque};

/// Batches waiting for nodes, which are named by their index.
#[derive(Debug)]
pub(super) struct Queues<W> {
    queues: Vec<Queue<W>>,
    by_nodes: HashMap<Vec<usize>, usize>,
    /// For each node the queues that may hold something for it; one that has run empty leaves it when
    /// it is met.
    of_node: Vec<VecDeque<usize>>,
    len: usize,
}

/// What the same nodes may take.
#[derive(Debug)]
struct Queue<W> {
    nodes: Vec<usize>,
    work: VecDeque<W>,
}

impl<W> Queues<W> {
    /// Empty queues for so many nodes.
    pub(super) fn new(nodes: usize) -> Self {
        let of_node = (0..nodes).map(|_| VecDeque::new()).collect();
        Queues { queues: Vec::new(), by_nodes: HashMap::new(), of_node, len: 0 }
    }

    /// Queues work behind what waits already.
    pub(super) fn push_back(&mut self, nodes: &[usize], work: W) {
        self.queue(nodes).push_back(work);
    }

    /// Queues work before what waits already: it has been tried.
    pub(super) fn push_front(&mut self, nodes: &[usize], work: W) {
        self.queue(nodes).push_front(work);
    }

    fn queue(&mut self, nodes: &[usize]) -> &mut VecDeque<W> {
        let index = match self.by_nodes.get(nodes) {
            Some(index) => *index,
            None => {
                self.queues.push(Queue { nodes: nodes.to_vec(), work: VecDeque::new() });
                self.by_nodes.insert(nodes.to_vec(), self.queues.len() - 1);
                self.queues.len() - 1
            }
        };
        if self.queues[index].work.is_empty() {
            for node in nodes {
                // It may not have been met since it ran empty.
                if !self.of_node[*node].contains(&index) {
                    self.of_node[*node].push_back(index);
                }
            }
        }
        self.len += 1;
        &mut self.queues[index].work
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether something waits that this node is to take. One that is down takes only what no other
    /// may take that is not.
    pub(super) fn has(&mut self, node: usize, live: &[bool]) -> bool {
        let Queues { queues, of_node, .. } = self;
        of_node[node].retain(|queue| !queues[*queue].work.is_empty());
        let takes = |queue: &usize| live[node] || !queues[*queue].nodes.iter().any(|n| live[*n]);
        // The one found comes first, so that it is the one taken.
        match of_node[node].iter().position(takes) {
            Some(position) => {
                of_node[node].rotate_left(position);
                true
            }
            None => false,
        }
    }

    /// Takes the next for a node.
    pub(super) fn take(&mut self, node: usize, live: &[bool]) -> Option<W> {
        if !self.has(node, live) {
            return None;
        }
        let queue = *self.of_node[node].front()?;
        let work = self.queues[queue].work.pop_front()?;
        self.of_node[node].rotate_left(1);
        self.len -= 1;
        Some(work)
    }

    /// Takes all that waits.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = W> {
        self.len = 0;
        self.queues.iter_mut().flat_map(|queue| queue.work.drain(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_takes_its_queues_in_turn() {
        let mut queues = Queues::new(2);
        for work in ["a1", "a2"] {
            queues.push_back(&[0], work);
        }
        for work in ["ab1", "ab2"] {
            queues.push_back(&[0, 1], work);
        }
        let live = [true, true];
        let taken: Vec<&str> = std::iter::from_fn(|| queues.take(0, &live)).collect();
        assert_eq!(taken, ["a1", "ab1", "a2", "ab2"]);
        assert!(queues.is_empty() && !queues.has(1, &live));
    }

    #[test]
    fn what_was_tried_goes_first_and_a_queue_that_ran_empty_is_found_again() {
        let mut queues = Queues::new(1);
        queues.push_back(&[0], 1);
        assert_eq!(queues.take(0, &[true]), Some(1));
        assert_eq!(queues.take(0, &[true]), None);
        queues.push_back(&[0], 3);
        queues.push_front(&[0], 2);
        assert_eq!(queues.take(0, &[true]), Some(2));
        assert_eq!(queues.take(0, &[true]), Some(3));
    }

    #[test]
    fn a_dead_node_takes_only_what_no_living_one_may() {
        let mut queues = Queues::new(2);
        queues.push_back(&[0, 1], "both");
        queues.push_back(&[0], "its own");
        let live = [false, true];
        assert_eq!(queues.take(0, &live), Some("its own"));
        assert_eq!(queues.take(0, &live), None);
        assert_eq!(queues.take(1, &live), Some("both"));
    }

    #[test]
    fn draining_leaves_nothing() {
        let mut queues = Queues::new(2);
        queues.push_back(&[0], 1);
        queues.push_back(&[1, 0], 2);
        assert_eq!(queues.drain().collect::<Vec<_>>(), [1, 2]);
        assert!(queues.is_empty() && !queues.has(0, &[true, true]));
    }
}
