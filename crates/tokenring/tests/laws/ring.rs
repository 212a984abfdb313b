//! The laws of ranges that wrap and of the ring.

use super::{range, ring_up_to, token};
use proptest::prelude::*;
use tokenring::{RangeSet, Token, TokenRange, group_equal, merge_neighbours};

proptest! {
    #[test]
    fn unwrapped_holds_what_the_wrapping_range_does(
        start in token(),
        end in token(),
        t in token(),
    ) {
        // org.apache.cassandra.dht.Range.contains
        let in_wrapping = if start >= end { t > start || t <= end } else { start < t && t <= end };
        let plain = TokenRange::unwrapped(start, end);
        // the ring's lower edge is in a wrapping range, but is no key's token
        prop_assert_eq!(plain.contains(t), in_wrapping && t != Token::MIN);
        prop_assert!(plain.len() <= 2);
    }

    #[test]
    fn ranges_cover_the_ring_exactly(ring in ring_up_to(30)) {
        let ranges: Vec<TokenRange> = ring.ranges().map(|(range, _)| range).collect();
        prop_assert!(ranges.is_sorted());
        prop_assert_eq!(RangeSet::full().is_exact_partition(ranges), Ok(()));
    }

    #[test]
    fn the_owner_is_that_of_the_range_around(ring in ring_up_to(30), t in token()) {
        let around = ring.ranges().find(|(range, _)| range.contains(t));
        match around {
            Some((_, owner)) => prop_assert_eq!(ring.owner(t), owner),
            None => prop_assert_eq!(t, Token::MIN),
        }
    }

    #[test]
    fn a_walk_meets_every_token_once_from_the_owner(ring in ring_up_to(30), t in token()) {
        let mut walk: Vec<(Token, &usize)> = ring.walk_from(t).collect();
        prop_assert_eq!(walk[0].1, ring.owner(t));
        walk.sort_unstable();
        prop_assert!(walk.into_iter().eq(ring.iter()));
    }

    #[test]
    fn a_map_keeps_the_tokens(ring in ring_up_to(30)) {
        let mapped = ring.map(|token, index| (token, *index));
        prop_assert!(mapped.iter().all(|(token, payload)| token == payload.0));
        prop_assert_eq!(mapped.map(|_, payload| payload.1), ring);
    }

    #[test]
    fn merging_and_grouping_keep_each_tokens_payload(ring in ring_up_to(30), t in token()) {
        let payload_at = |pieces: &[(TokenRange, usize)]| {
            pieces.iter().find(|(range, _)| range.contains(t)).map(|(_, payload)| *payload)
        };
        // few payloads, so that neighbours are often equal
        let pieces: Vec<(TokenRange, usize)> =
            ring.ranges().map(|(range, index)| (range, index % 3 / 2)).collect();
        let merged = merge_neighbours(pieces.iter().copied());
        let mut grouped: Vec<(TokenRange, usize)> = Vec::new();
        for (payload, ranges) in group_equal(pieces.iter().copied()) {
            prop_assert!(ranges.is_sorted());
            grouped.extend(ranges.into_iter().map(|range| (range, payload)));
        }

        prop_assert_eq!(payload_at(&merged), payload_at(&pieces));
        prop_assert!(merged.windows(2).all(|pair| pair[0].1 != pair[1].1));
        prop_assert_eq!(
            RangeSet::full().is_exact_partition(merged.iter().map(|piece| piece.0)),
            Ok(())
        );
        grouped.sort_unstable();
        prop_assert_eq!(grouped, pieces);
    }

    #[test]
    fn an_intersection_holds_what_both_do(a in range(), b in range(), t in token()) {
        let both = a.intersection(b);
        prop_assert_eq!(both.is_some_and(|both| both.contains(t)), a.contains(t) && b.contains(t));
        prop_assert_eq!(both, b.intersection(a));
        prop_assert_eq!(both.is_some(), a.intersects(b));
    }
}
