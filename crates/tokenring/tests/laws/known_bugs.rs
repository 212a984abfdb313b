//! Bugs that tools of this kind are known to have, each held off by a test with its name.

use super::plain;
use tokenring::{
    PartitionError, RangeSet, Ring, Token, TokenRange, group_equal, merge_neighbours, pack,
    split_by_size,
};

/// Where 0 stands for "no token given", a range that starts or ends there is read as unbounded.
#[test]
fn token_zero_is_a_token_not_unset() {
    let zero = Token::new(0);
    assert_eq!(TokenRange::unwrapped(zero, Token::new(5)), plain(0, 5).into());
    assert_eq!(TokenRange::unwrapped(Token::new(-5), zero), plain(-5, 0).into());
    assert!(plain(-1, 0).contains(zero) && !plain(0, 1).contains(zero));
    assert_eq!(plain(-1, 0).size(), 1);

    let ring = Ring::new([(Token::new(-9), 'a'), (zero, 'b'), (Token::new(9), 'c')]).unwrap();
    assert_eq!(*ring.owner(zero), 'b');
    assert!(ring.ranges().any(|(own, node)| own == plain(-9, 0) && *node == 'b'));
    assert!(ring.ranges().any(|(own, node)| own == plain(0, 9) && *node == 'c'));
}

/// Tokens as `f64` are multiples of 1,024 up here, and 600 of 1,000 tokens measure as all of them.
#[test]
fn coverage_is_exact_where_f64_would_let_sixty_percent_pass() {
    let from = 1 << 62;
    let asked = RangeSet::from(plain(from, from + 1_000));
    let done = RangeSet::from(plain(from, from + 600));

    let in_floats = |set: &RangeSet| -> f64 {
        set.iter().map(|r| r.end().value() as f64 - r.start().value() as f64).sum()
    };
    assert!((in_floats(&done) / in_floats(&asked) - 1.0).abs() < f64::EPSILON);

    assert_eq!((done.coverage(), asked.coverage()), (600, 1_000));
    assert_eq!(
        asked.is_exact_partition(&done),
        Err(PartitionError::Missing(plain(from + 600, from + 1_000).into()))
    );
    assert!((done.fraction_of(&asked) - 0.6).abs() < 1e-12);
}

/// Asked for those of the start, every range is read from nodes that do not hold it.
#[test]
fn replicas_come_from_the_end_of_the_range_not_its_start() {
    let ring = Ring::new([(Token::new(10), "of 10"), (Token::new(20), "of 20")]).unwrap();
    let replicas: Vec<(TokenRange, &str)> = ring.ranges().map(|(own, of)| (own, *of)).collect();
    let expected = [
        (plain(i64::MIN, 10), "of 10"),
        (plain(10, 20), "of 20"),
        (plain(20, i64::MAX), "of 10"), // ends, round the edge, at 10
    ];
    assert_eq!(replicas, expected);
    for (own, of) in expected {
        assert_eq!(*ring.owner(own.end()), of);
    }
}

/// One split for the whole ring must not mean one replica set for all of it.
#[test]
fn split_count_one_keeps_every_replica() {
    let tokens = (0..12).map(|i| (Token::new(i * 1_000), i % 3));
    let ring = Ring::new(tokens).unwrap();
    let merged = merge_neighbours(ring.ranges().map(|(own, node)| (own, *node)));
    let ranges: Vec<TokenRange> = merged.iter().map(|&(own, _)| own).collect();

    // cut into "one": every range stays, with its own replicas
    for (parts, (own, _)) in split_by_size(&ranges, 1).iter().zip(&merged) {
        assert_eq!(parts, &[*own]);
    }
    // packed into one: every range stays whole
    assert_eq!(pack(&ranges, 1), std::slice::from_ref(&ranges));
    // packed into one a replica set: all three are there, and each token is still with its owner
    let groups = group_equal(merged);
    assert_eq!(groups.iter().map(|(node, _)| *node).collect::<Vec<_>>(), [0, 1, 2]);
    for (node, own) in &groups {
        assert_eq!(pack(own, 1).len(), 1);
        assert!(own.iter().all(|range| ring.owner(range.end()) == node));
    }
    let all = groups.into_iter().flat_map(|(_, own)| own);
    assert_eq!(RangeSet::full().is_exact_partition(all), Ok(()));
}

/// `end - start` in `i64` overflows for any range of more than half the ring.
#[test]
fn wrapping_range_does_not_overflow() {
    assert_eq!(TokenRange::FULL.size(), u64::MAX);
    assert_eq!(plain(-2, i64::MAX).size(), (1 << 63) + 1);

    let wrapped = TokenRange::unwrapped(Token::new(i64::MAX - 1), Token::new(i64::MIN + 1));
    assert_eq!(
        wrapped,
        [plain(i64::MAX - 1, i64::MAX), plain(i64::MIN, i64::MIN + 1)].into_iter().collect()
    );
    assert_eq!(wrapped.coverage(), 2);

    let most = TokenRange::unwrapped(Token::new(1), Token::new(0));
    assert_eq!(most.coverage(), RangeSet::full().coverage() - 1);
    let parts = split_by_size(most.as_slice(), 7).concat();
    assert_eq!(parts.len(), 7);
    assert_eq!(most.is_exact_partition(parts), Ok(()));
}
