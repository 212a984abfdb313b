//! The tokens each node owns: given beforehand, so that nodes need not wait for each other.
//!
//! A node that picks its own tokens has to see the ring first, which makes a cluster start one node
//! after the other. Here every datacenter spreads its tokens evenly over the whole ring and deals
//! them to its nodes in turn; datacenters are shifted against each other, so that no two tokens
//! meet and the ranges between them are of a natural size.

use super::profile::Partitioner;

/// Tokens a node, as Cassandra 5.0 has it by default.
pub(super) const PER_NODE: usize = 16;

/// The tokens of every node, given the datacenter of every node.
pub(super) fn assign(partitioner: Partitioner, datacenters: &[&str]) -> Vec<Vec<String>> {
    let mut names: Vec<&str> = Vec::new();
    for name in datacenters {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let mut tokens = vec![Vec::with_capacity(PER_NODE); datacenters.len()];
    for (shift, name) in names.iter().enumerate() {
        let members: Vec<usize> =
            (0..datacenters.len()).filter(|&node| datacenters[node] == *name).collect();
        let total = members.len() * PER_NODE;
        for index in 0..total {
            // The middle of the datacenter's own share of the slot: in units of slot / (2 * names).
            let numerator = index * 2 * names.len() + 2 * shift + 1;
            let denominator = total * 2 * names.len();
            tokens[members[index % members.len()]].push(at(partitioner, numerator, denominator));
        }
    }
    tokens
}

/// The tokens of a node that joins `nodes` others of one datacenter: about in the middle of ranges of
/// theirs, of each node as many. Newcomers are counted from 0, and do not meet either.
pub(super) fn between(partitioner: Partitioner, nodes: usize, newcomer: usize) -> Vec<String> {
    // Each range of before is this many steps wide, and ends in the middle of its slot.
    const STEPS: usize = 64;
    let token = |turn: usize| {
        let range = turn * nodes + turn % nodes;
        at(partitioner, range * STEPS + 1 + newcomer % (STEPS / 2 - 1), nodes * PER_NODE * STEPS)
    };
    (0..PER_NODE).map(token).collect()
}

/// The token at a fraction of the ring. No ring here has so many nodes that the products overflow.
fn at(partitioner: Partitioner, numerator: usize, denominator: usize) -> String {
    let of = |bits: u32| (1u128 << bits) / (denominator as u128) * (numerator as u128);
    match partitioner {
        Partitioner::Murmur3 => match i128::try_from(of(64)) {
            Ok(offset) => (i128::from(i64::MIN) + offset).to_string(),
            Err(_) => i64::MAX.to_string(),
        },
        Partitioner::Random => of(127).to_string(),
        Partitioner::ByteOrdered => format!("{:08x}", of(32)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn three_nodes_take_turns_around_the_ring() {
        let tokens = assign(Partitioner::Murmur3, &["a", "a", "a"]);
        let mut ring: Vec<(i64, usize)> = Vec::new();
        for (node, list) in tokens.iter().enumerate() {
            assert_eq!(list.len(), PER_NODE);
            ring.extend(list.iter().map(|t| (t.parse::<i64>().unwrap(), node)));
        }
        ring.sort_unstable();
        assert!(ring[0].0 > i64::MIN);
        for (index, (_, node)) in ring.iter().enumerate() {
            assert_eq!(*node, index % 3);
        }
        let widths: BTreeSet<i64> = ring.windows(2).map(|w| w[1].0 - w[0].0).collect();
        assert_eq!(widths.len(), 1, "every range is as wide as the next");
    }

    #[test]
    fn no_two_tokens_meet_whatever_the_layout() {
        let layouts: [&[&str]; 5] = [
            &["a"],
            &["a", "b"],
            &["a", "a", "b", "b"],
            &["a", "a", "b"],
            &["a", "b", "c", "a", "a"],
        ];
        let partitioners = [Partitioner::Murmur3, Partitioner::Random, Partitioner::ByteOrdered];
        for layout in layouts {
            for partitioner in partitioners {
                let all: Vec<String> = assign(partitioner, layout).concat();
                let unique: BTreeSet<&String> = all.iter().collect();
                assert_eq!(unique.len(), layout.len() * PER_NODE, "{layout:?}");
            }
        }
    }

    #[test]
    fn newcomers_meet_nobody_and_take_from_everybody() {
        let tokens = assign(Partitioner::Murmur3, &["a", "a", "a"]);
        let parse = |token: &String| token.parse::<i64>().unwrap();
        let mut taken_from = BTreeSet::new();
        let mut all: BTreeSet<i64> = tokens.iter().flatten().map(parse).collect();
        for newcomer in 0..4 {
            for token in between(Partitioner::Murmur3, 3, newcomer).iter().map(parse) {
                let after = tokens.iter().enumerate().flat_map(|(node, list)| {
                    list.iter().map(parse).filter(|end| *end > token).map(move |end| (end, node))
                });
                taken_from.extend(after.min().map(|(_, node)| node));
                assert!(all.insert(token), "{token} is taken");
            }
        }
        assert_eq!(all.len(), 7 * PER_NODE);
        assert_eq!(taken_from.len(), 3);
    }

    #[test]
    fn the_other_partitioners_stay_within_their_rings() {
        let random = assign(Partitioner::Random, &["a", "a"]).concat();
        let end = 1u128 << 127;
        assert!(random.iter().all(|t| t.parse::<u128>().unwrap() < end));
        let ordered = assign(Partitioner::ByteOrdered, &["a"]).concat();
        assert_eq!(ordered.len(), PER_NODE);
        assert!(ordered.iter().all(|token| token.len() == 8));
    }
}
