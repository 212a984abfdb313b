//! The laws of `RangeSet`, by a model: over the few tokens of a small universe, a set is the bits
//! of the gaps between them, and every operation on sets is one on bits.

use super::{plain, range, token};
use proptest::prelude::*;
use tokenring::{RangeSet, Token, TokenRange};

/// Boundaries such that every gap between two is a range; the first and last make it the ring.
const EDGES: [i64; 9] = [i64::MIN, i64::MIN + 1, -5, -1, 0, 1, 7, i64::MAX - 1, i64::MAX];
const GAPS: usize = EDGES.len() - 1;

fn gap(i: usize) -> TokenRange {
    plain(EDGES[i], EDGES[i + 1])
}

fn has(bits: u8, i: usize) -> bool {
    bits & (1 << i) != 0
}

fn set_of(bits: u8) -> RangeSet {
    (0..GAPS).filter(|&i| has(bits, i)).map(gap).collect()
}

/// The sets of the model are all the sets there are, so it is checked in full.
#[test]
fn every_pair_of_sets_agrees_with_the_model() {
    for a in 0..=u8::MAX {
        let set = set_of(a);
        assert_eq!(set.complement(), set_of(!a));
        assert_eq!(set.is_empty(), a == 0);
        assert_eq!(set.is_full(), a == u8::MAX);
        assert!(set.as_slice().windows(2).all(|pair| pair[0].end() < pair[1].start()));
        let tokens: u128 =
            (0..GAPS).filter(|&i| has(a, i)).map(|i| u128::from(gap(i).size())).sum();
        assert_eq!(set.coverage(), tokens);
        for i in 0..GAPS {
            assert_eq!(set.contains(gap(i).end()), has(a, i));
            assert_eq!(set.covers(gap(i)), has(a, i));
            let mut changed = set.clone();
            changed.insert(gap(i));
            assert_eq!(changed, set_of(a | (1 << i)));
            changed.remove(gap(i));
            assert_eq!(changed, set_of(a & !(1 << i)));
        }
        assert!(!set.contains(Token::MIN));
        for b in 0..=u8::MAX {
            let other = set_of(b);
            assert_eq!(set.union(&other), set_of(a | b));
            assert_eq!(set.intersection(&other), set_of(a & b));
            assert_eq!(set.difference(&other), set_of(a & !b));
            assert_eq!(set == other, a == b);
        }
    }
}

fn set() -> impl Strategy<Value = RangeSet> {
    prop::collection::vec(range(), 0..12).prop_map(|ranges| ranges.into_iter().collect())
}

proptest! {
    #[test]
    fn difference_and_intersection_make_up_the_set(a in set(), b in set()) {
        let (rest, both) = (a.difference(&b), a.intersection(&b));
        prop_assert_eq!(rest.union(&both), a.clone());
        prop_assert!(rest.intersection(&both).is_empty());
        prop_assert_eq!(rest.coverage() + both.coverage(), a.coverage());
    }

    #[test]
    fn complement_twice_is_the_set(a in set()) {
        prop_assert_eq!(a.complement().complement(), a.clone());
        prop_assert!(a.union(&a.complement()).is_full());
        prop_assert!(a.intersection(&a.complement()).is_empty());
    }

    #[test]
    fn de_morgan(a in set(), b in set()) {
        prop_assert_eq!(
            a.union(&b).complement(),
            a.complement().intersection(&b.complement())
        );
        prop_assert_eq!(
            a.intersection(&b).complement(),
            a.complement().union(&b.complement())
        );
    }

    #[test]
    fn insert_and_remove_are_union_and_difference(a in set(), range in range()) {
        let mut changed = a.clone();
        changed.insert(range);
        prop_assert_eq!(&changed, &a.union(&range.into()));
        prop_assert!(changed.covers(range));
        let mut changed = a.clone();
        changed.remove(range);
        prop_assert_eq!(&changed, &a.difference(&range.into()));
        prop_assert_eq!(a.covers(range), RangeSet::from(range).difference(&a).is_empty());
    }

    #[test]
    fn extend_is_union(a in set(), ranges in prop::collection::vec(range(), 0..12)) {
        let mut extended = a.clone();
        extended.extend(ranges.iter().copied());
        prop_assert_eq!(extended, a.union(&ranges.into_iter().collect()));
    }

    #[test]
    fn a_token_is_in_the_set_if_in_one_of_its_ranges(
        ranges in prop::collection::vec(range(), 0..12),
        token in token(),
    ) {
        let set: RangeSet = ranges.iter().copied().collect();
        prop_assert_eq!(set.contains(token), ranges.iter().any(|range| range.contains(token)));
    }

    #[test]
    fn a_set_is_partitioned_by_its_ranges_and_by_no_fewer(a in set()) {
        prop_assert_eq!(a.is_exact_partition(&a), Ok(()));
        if !a.is_empty() {
            prop_assert!(a.is_exact_partition(a.iter().skip(1)).is_err());
            prop_assert!(a.is_exact_partition(a.iter().chain(a.iter().take(1))).is_err());
        }
    }
}
