//! Who may be asked for which range, as the ring is now: it may change while a run goes.
//!
//! What is read never depends on it. A ring that has changed means that ranges are asked of nodes which
//! hold them now, and that nodes which have left are not asked at all.

use std::sync::Arc;

use scylla::client::session::Session;
use scylla::cluster::ClusterState;
use tokenring::RangeSet;
use topology::{Node, ReplicaSet, RingSnapshot, TableName};

use crate::work::Work;

/// The ring, as last seen.
#[derive(Debug)]
pub(crate) struct Territory {
    table: TableName,
    local_datacenter: Option<String>,
    seen: Arc<ClusterState>,
    /// `None` where the cluster does not show one at the moment.
    ring: Option<RingSnapshot>,
}

impl Territory {
    pub(crate) fn new(session: &Session, table: &TableName, local: Option<&str>) -> Self {
        Territory {
            table: table.clone(),
            local_datacenter: local.map(str::to_owned),
            seen: session.get_cluster_state(),
            ring: RingSnapshot::read(session, table).ok(),
        }
    }

    /// Looks again; says whether the driver has news, and whether the ring is another.
    pub(crate) fn look(&mut self, session: &Session) -> News {
        let state = session.get_cluster_state();
        if Arc::ptr_eq(&state, &self.seen) {
            return News::None;
        }
        self.seen = state;
        match RingSnapshot::read(session, &self.table) {
            Ok(ring) if self.ring.as_ref() != Some(&ring) => {
                self.ring = Some(ring);
                News::Ring
            }
            // Without a ring the old one is as good as any; whether the table is still there, others ask.
            _ => News::Other,
        }
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        self.ring.as_ref().map_or(&[], |ring| ring.nodes())
    }

    /// Work for the ring as it is now: see [`assign`]. Without a ring, the work for whoever had it.
    pub(crate) fn assign(&self, work: Work) -> Vec<(Work, Option<Vec<Node>>)> {
        match &self.ring {
            Some(ring) => assign(ring, self.local_datacenter.as_deref(), work)
                .into_iter()
                .map(|(part, nodes)| (part, Some(nodes)))
                .collect(),
            None => vec![(work, None)],
        }
    }
}

/// Work as parts that the same nodes hold each, with those nodes. A range that has been begun stays whole;
/// others are cut where the ring has a border now.
fn assign(ring: &RingSnapshot, local: Option<&str>, mut work: Work) -> Vec<(Work, Vec<Node>)> {
    let mut parts: Vec<(ReplicaSet, Work)> = Vec::new();
    let (split, page_size) = (work.split, work.page_size);
    let unbegun = work.ranges.split_off(usize::from(work.delivered).min(work.ranges.len()));
    if let Some(begun) = work.range() {
        parts.push((ring.replicas(begun.end()).clone(), work));
    }
    for range in unbegun {
        for (owned, replicas) in ring.ranges() {
            for piece in RangeSet::from(owned).intersection(&range.into()).iter() {
                match parts.iter_mut().find(|(held_by, _)| held_by == replicas) {
                    Some((_, part)) => part.ranges.push_back(piece),
                    None => {
                        let part = Work::new(split, [piece], page_size);
                        parts.push((replicas.clone(), Work { started: true, ..part }));
                    }
                }
            }
        }
    }
    let with_nodes = parts.into_iter().map(|(replicas, part)| {
        let nodes = replicas.coordinators(ring.nodes(), local).into_iter().cloned().collect();
        (part, nodes)
    });
    with_nodes.collect()
}

/// What a look at the cluster has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    None,
    /// The schema, or a node's state, may have changed.
    Other,
    /// Nodes or their ranges have changed.
    Ring,
}

#[cfg(test)]
mod tests {
    use tokenring::{Ring, Token, TokenRange};
    use uuid::Uuid;

    use super::*;

    fn host(number: u8) -> Uuid {
        Uuid::from_u128(u128::from(number))
    }

    fn ring(tokens: &[(i64, u8)]) -> RingSnapshot {
        let nodes = (1..=4).map(|n| Node::new(host(n), ([127, 0, 0, n], 9042).into())).collect();
        let owned = tokens.iter().map(|(end, n)| (Token::new(*end), ReplicaSet::new([host(*n)])));
        RingSnapshot::new(nodes, Ring::new(owned).unwrap()).unwrap()
    }

    fn range(start: i64, end: i64) -> TokenRange {
        TokenRange::new(Token::new(start), Token::new(end)).unwrap()
    }

    fn assigned(ring: RingSnapshot, work: Work) -> Vec<(Vec<TokenRange>, Vec<Uuid>)> {
        let parts = assign(&ring, None, work);
        let plain = |(work, nodes): (Work, Vec<Node>)| {
            (work.ranges.into(), nodes.iter().map(|node| node.host_id).collect())
        };
        parts.into_iter().map(plain).collect()
    }

    #[test]
    fn what_has_not_begun_is_cut_where_a_new_node_begins() {
        let work = Work::new(0, [range(0, 100), range(200, 300)], 10);
        let with_a_new_node = ring(&[(40, 1), (60, 4), (500, 1)]);
        assert_eq!(
            assigned(with_a_new_node, work),
            [
                (vec![range(0, 40), range(60, 100), range(200, 300)], vec![host(1)]),
                (vec![range(40, 60)], vec![host(4)]),
            ]
        );
    }

    #[test]
    fn what_has_begun_stays_whole_and_goes_to_who_holds_its_end() {
        let mut work = Work::new(0, [range(0, 100), range(200, 300)], 10);
        work.delivered = true;
        work.rows = 7;
        assert_eq!(
            assigned(ring(&[(50, 1), (250, 2), (500, 3)]), work),
            [
                (vec![range(0, 100), range(200, 250)], vec![host(2)]),
                (vec![range(250, 300)], vec![host(3)]),
            ]
        );
    }
}
