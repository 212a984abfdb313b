//! The planner over rings from literals: counts, replicas, coverage, datacenters.

use proptest::prelude::*;
use scylla::frame::response::result::{ColumnType, NativeType};
use tokenring::{Ring, Token};
use uuid::Uuid;

use super::*;
use crate::{Column, ColumnKind, EstimateSource};

fn host(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

fn node(number: usize, datacenter: &str) -> Node {
    let last = u8::try_from(number + 1).unwrap();
    let datacenter = Some(datacenter.to_owned());
    Node { datacenter, ..Node::new(host(number), ([127, 0, 0, last], 9042).into()) }
}

fn table() -> Arc<TableSchema> {
    let int = ColumnType::Native(NativeType::Int);
    let id = Column::new("id", ColumnKind::PartitionKey, int);
    Arc::new(TableSchema::new("ks.t".parse().unwrap(), vec![id]).unwrap())
}

/// `nodes` nodes with interleaved tokens, each range held by the `replication` nodes from its own on.
fn interleaved(nodes: usize, tokens: usize, replication: usize) -> RingSnapshot {
    let step = u64::MAX / tokens as u64;
    let entries = (0..tokens).map(|index| {
        let offset = (step * (index as u64 + 1)).cast_signed();
        let replicas = (0..replication).map(|next| host((index + next) % nodes));
        (Token::new(i64::MIN.wrapping_add(offset)), ReplicaSet::new(replicas))
    });
    let nodes = (0..nodes).map(|number| node(number, "dc1")).collect();
    RingSnapshot::new(nodes, Ring::new(entries).unwrap()).unwrap()
}

fn planned(ring: &RingSnapshot, options: &PlanOptions) -> ScanPlan {
    plan(ring, table(), &SizeEstimates::unknown(), options).unwrap()
}

fn splits(count: usize) -> PlanOptions {
    PlanOptions { splits: Some(count), ..PlanOptions::default() }
}

#[test]
fn a_split_count_below_the_number_of_vnodes_works() {
    let ring = interleaved(3, 48, 1);
    for (asked, got) in [(1, 3), (3, 3), (4, 4), (8, 8), (47, 47), (48, 48), (49, 49), (1000, 1000)]
    {
        assert_eq!(planned(&ring, &splits(asked)).splits.len(), got, "{asked} asked");
    }
}

#[test]
fn one_split_is_one_where_every_node_holds_everything() {
    let plan = planned(&interleaved(3, 48, 3), &splits(1));
    assert_eq!(plan.splits.len(), 1);
    assert_eq!(plan.splits[0].ranges, [TokenRange::FULL]);
    assert_eq!(plan.splits[0].replicas.hosts().len(), 3);
}

#[test]
fn split_count_one_keeps_every_replica() {
    let ring = interleaved(3, 48, 2);
    for split in planned(&ring, &splits(1)).splits {
        for range in split.ranges {
            assert_eq!(&split.replicas, ring.replicas(range.end()));
        }
    }
}

#[test]
fn the_default_is_four_splits_a_node_and_two_at_a_time() {
    let plan = planned(&interleaved(3, 48, 1), &PlanOptions::default());
    assert_eq!((plan.splits.len(), plan.parallelism), (12, None));
}

#[test]
fn a_large_table_has_more_splits() {
    let bytes = Some(DEFAULT_SPLIT_BYTES * 100 + 1);
    let known =
        SizeEstimates { source: EstimateSource::DiskUsage, bytes, ..SizeEstimates::unknown() };
    let ring = interleaved(3, 48, 3);
    let plan = plan(&ring, table(), &known, &PlanOptions::default()).unwrap();
    assert_eq!(plan.splits.len(), 101);
    assert_eq!(plan.splits[0].bytes.map(|bytes| bytes >> 20), Some(63));
}

#[test]
fn only_what_is_asked_for_is_planned() {
    let half = TokenRange::new(Token::new(0), Token::MAX).unwrap();
    let options = PlanOptions { asked: Some(half.into()), ..splits(20) };
    let plan = planned(&interleaved(3, 12, 1), &options);
    assert_eq!(plan.splits.len(), 20);
    assert!(
        plan.splits
            .iter()
            .all(|split| { split.ranges.iter().all(|range| range.start() >= half.start()) })
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let ring = interleaved(3, 12, 1);
    for (options, complaint) in [
        (splits(0), "split count is 0"),
        (PlanOptions { parallelism: Some(0), ..PlanOptions::default() }, "parallelism is 0"),
        (PlanOptions { asked: Some(RangeSet::new()), ..PlanOptions::default() }, "no token range"),
    ] {
        let error = plan(&ring, table(), &SizeEstimates::unknown(), &options).unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

#[test]
fn a_plan_that_misses_a_range_or_has_one_twice_is_not_proved() {
    let mut plan = planned(&interleaved(3, 12, 1), &splits(12));
    let split = plan.splits.pop().unwrap();
    assert!(plan.prove().is_err());
    plan.splits.extend([split.clone(), split]);
    assert!(plan.prove().is_err());
}

#[test]
fn local_replicas_are_read_and_remote_ones_where_there_is_none() {
    let nodes = vec![node(0, "east"), node(1, "east"), node(2, "west")];
    let east_only = ReplicaSet::new([host(0)]);
    let both = ReplicaSet::new([host(1), host(2)]);
    let ring = Ring::new([(Token::new(0), east_only), (Token::MAX, both)]).unwrap();
    let ring = RingSnapshot::new(nodes, ring).unwrap();
    let read_from = |datacenter: Option<&str>| -> Vec<Vec<usize>> {
        let local_datacenter = datacenter.map(str::to_owned);
        let plan = planned(&ring, &PlanOptions { local_datacenter, ..splits(2) });
        let index = |id| (0..3).find(|number| host(*number) == id).unwrap();
        let nodes_of = |split: &Split| {
            plan.coordinators(&split.replicas).map(|node| index(node.host_id)).collect()
        };
        plan.splits.iter().map(nodes_of).collect()
    };
    assert_eq!(read_from(Some("west")), [vec![0], vec![2]]);
    assert_eq!(read_from(Some("east")), [vec![0], vec![1]]);
    assert_eq!(read_from(None), [vec![0], vec![1, 2]]);
}

proptest! {
    #[test]
    fn every_plan_covers_the_ring_exactly_with_the_replicas_of_each_end(
        nodes in 1_usize..6,
        tokens in 1_usize..60,
        replication in 1_usize..4,
        count in 1_usize..200,
    ) {
        let ring = interleaved(nodes, tokens, replication.min(nodes));
        let plan = planned(&ring, &splits(count));
        plan.prove().unwrap();
        let distinct = plan.splits.iter().map(|split| &split.replicas);
        let sets = distinct.collect::<std::collections::BTreeSet<_>>().len();
        prop_assert_eq!(plan.splits.len(), count.max(sets));
        for split in &plan.splits {
            for range in &split.ranges {
                prop_assert_eq!(&split.replicas, ring.replicas(range.end()));
            }
        }
    }
}
