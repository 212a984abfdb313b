//! The laws of cutting and packing: whatever is cut, the parts are the whole again.

use super::{range, ring_up_to};
use proptest::prelude::*;
use tokenring::{RangeSet, TokenRange, apportion, pack, split_by_size, split_by_weight};

/// Small counts, round ones, and those no plan has.
fn count() -> impl Strategy<Value = usize> {
    prop_oneof![0_usize..50, 900_usize..1_100]
}

/// Ranges of a ring, some of them of a few tokens only.
fn ranges() -> impl Strategy<Value = Vec<TokenRange>> {
    ring_up_to(30).prop_map(|ring| ring.ranges().map(|(range, _)| range).collect())
}

fn tokens(ranges: &[TokenRange]) -> u128 {
    ranges.iter().map(|range| u128::from(range.size())).sum()
}

proptest! {
    #[test]
    fn parts_of_a_range_make_it_up_and_are_even(range in range(), parts in count()) {
        let split: Vec<TokenRange> = range.split(parts).collect();
        prop_assert_eq!(RangeSet::from(range).is_exact_partition(split.iter().copied()), Ok(()));
        prop_assert_eq!(split.len() as u128, (parts.max(1) as u128).min(range.size().into()));
        prop_assert_eq!(split.len(), range.split(parts).len());
        prop_assert!(split.is_sorted());
        let sizes = || split.iter().map(|part| part.size());
        prop_assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
        let mut backwards: Vec<TokenRange> = range.split(parts).rev().collect();
        backwards.reverse();
        prop_assert_eq!(backwards, split);
    }

    #[test]
    fn any_number_of_parts_is_cut_where_it_should_be(range in range(), parts in any::<usize>()) {
        let mut split = range.split(parts);
        let (first, last) = (split.next().unwrap(), split.next_back());
        prop_assert_eq!(first.start(), range.start());
        prop_assert_eq!(last.unwrap_or(first).end(), range.end());
    }

    #[test]
    fn halves_make_up_the_range(range in range()) {
        match range.bisect() {
            Some((left, right)) => {
                prop_assert_eq!(RangeSet::from(range).is_exact_partition([left, right]), Ok(()));
                prop_assert!(left.size().abs_diff(right.size()) <= 1);
                prop_assert!(left < right);
            }
            None => prop_assert_eq!(range.size(), 1),
        }
    }

    #[test]
    fn a_ring_is_split_exactly(ranges in ranges(), total in count()) {
        let parts = split_by_size(&ranges, total);
        prop_assert_eq!(parts.len(), ranges.len());
        for (range, parts) in ranges.iter().zip(&parts) {
            let whole = RangeSet::from(*range);
            prop_assert_eq!(whole.is_exact_partition(parts.iter().copied()), Ok(()));
        }
        let most = tokens(&ranges).max(ranges.len() as u128);
        let expected = (total as u128).clamp(ranges.len() as u128, most);
        prop_assert_eq!(parts.concat().len() as u128, expected);
    }

    #[test]
    fn weights_change_the_parts_but_not_the_whole(
        weighed in prop::collection::vec((range(), prop_oneof![0_u64..9, any::<u64>()]), 0..20),
        total in count(),
    ) {
        let parts = split_by_weight(&weighed, total);
        prop_assert_eq!(parts.len(), weighed.len());
        for ((range, _), parts) in weighed.iter().zip(&parts) {
            let whole = RangeSet::from(*range);
            prop_assert_eq!(whole.is_exact_partition(parts.iter().copied()), Ok(()));
        }
        let most = weighed.iter().map(|(range, _)| u128::from(range.size())).sum();
        let expected = (total as u128).clamp(weighed.len() as u128, most);
        prop_assert_eq!(parts.concat().len() as u128, expected);
    }

    #[test]
    fn shares_sum_to_the_total(
        weights in prop::collection::vec(prop_oneof![0_u128..9, any::<u128>()], 1..40),
        total in prop_oneof![0_usize..100, any::<usize>()],
    ) {
        let shares = apportion(&weights, total);
        let sum: u128 = shares.iter().map(|&share| share as u128).sum();
        prop_assert_eq!(sum, total.max(weights.len()) as u128);
        prop_assert!(shares.iter().all(|&share| share >= 1));
        // who weighs more gets no less
        for (i, j) in (0..weights.len()).zip(1..weights.len()) {
            prop_assert!((weights[i] <= weights[j]) || shares[i] >= shares[j]);
        }
    }

    #[test]
    fn shares_are_the_quota_rounded(
        weights in prop::collection::vec(1_u128..1_000, 1..20),
        times in 1_000_usize..2_000,
    ) {
        // every quota is at least 1 here, so the floor of one part each plays no role
        let (sum, total) = (weights.iter().sum::<u128>(), times * weights.len());
        for (weight, share) in weights.iter().zip(apportion(&weights, total)) {
            let (share, exact) = (share as u128, weight * total as u128);
            prop_assert!(share * sum < exact + sum && exact < (share + 1) * sum);
        }
    }

    #[test]
    fn packing_keeps_every_range_whole_and_in_order(ranges in ranges(), bins in count()) {
        let packed = pack(&ranges, bins);
        prop_assert_eq!(packed.concat(), ranges.clone());
        prop_assert_eq!(packed.len(), bins.max(1).min(ranges.len()));
        prop_assert!(packed.iter().all(|bin| !bin.is_empty()));
    }

    #[test]
    fn packing_even_ranges_is_even(count in 1_usize..300, bins in 1_usize..50) {
        let ranges: Vec<TokenRange> = TokenRange::FULL.split(count).collect();
        let lens: Vec<usize> = pack(&ranges, bins).iter().map(Vec::len).collect();
        prop_assert!(lens.iter().max().unwrap() - lens.iter().min().unwrap() <= 1, "{:?}", lens);
    }
}
