//! Cutting ranges into more: one evenly ([`Splits`]), many in proportion to their sizes or to
//! weights. Each boundary is computed from the whole range (multiply, then divide, in `u128`), so
//! that no rounding adds up and the parts are equal to within one token.

use std::iter::FusedIterator;

use crate::TokenRange;
use crate::apportion::apportion_capped;

/// The even parts of a range, in token order: what [`TokenRange::split`] gives.
///
/// ```
/// use tokenring::TokenRange;
/// let splits = TokenRange::FULL.split(1_000_000); // computes nothing yet
/// assert_eq!(splits.len(), 1_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct Splits {
    range: TokenRange,
    /// At least 1 and at most the range's size.
    parts: usize,
    next: usize,
    next_back: usize,
}

impl Splits {
    pub(crate) fn new(range: TokenRange, parts: usize) -> Splits {
        let most = usize::try_from(range.size()).unwrap_or(usize::MAX);
        let parts = parts.clamp(1, most);
        Splits { range, parts, next: 0, next_back: parts }
    }

    /// The part with this index.
    fn part(&self, index: usize) -> Option<TokenRange> {
        let boundary = |i: usize| self.range.token_at(self.offset(i));
        TokenRange::between(boundary(index), boundary(index + 1))
    }

    /// How many tokens lie in the first `parts_before` parts.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "parts_before <= parts, so the quotient is at most the size, a u64"
    )]
    fn offset(&self, parts_before: usize) -> u64 {
        debug_assert!(parts_before <= self.parts);
        let product = u128::from(self.range.size()) * parts_before as u128;
        (product / self.parts as u128) as u64
    }
}

impl Iterator for Splits {
    type Item = TokenRange;

    fn next(&mut self) -> Option<TokenRange> {
        if self.next == self.next_back {
            return None;
        }
        let part = self.part(self.next);
        self.next += 1;
        part
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.next_back - self.next;
        (left, Some(left))
    }
}

impl DoubleEndedIterator for Splits {
    fn next_back(&mut self) -> Option<TokenRange> {
        if self.next == self.next_back {
            return None;
        }
        self.next_back -= 1;
        self.part(self.next_back)
    }
}

impl ExactSizeIterator for Splits {}
impl FusedIterator for Splits {}

/// Cuts `ranges` into `total` parts of nearly one size. The result is aligned with `ranges`: for
/// each its parts, at least one, in token order.
///
/// `total` is met exactly from one part a range up to one part a token; outside of that the nearest
/// of the two is meant. For fewer parts than ranges see [`pack`](crate::pack).
///
/// ```
/// use tokenring::{Token, TokenRange, split_by_size};
/// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
///
/// let parts = split_by_size(&[range(0, 30)?, range(30, 40)?], 4);
/// assert_eq!(parts[0], [range(0, 10)?, range(10, 20)?, range(20, 30)?]);
/// assert_eq!(parts[1], [range(30, 40)?]);
/// # Ok::<(), tokenring::RangeError>(())
/// ```
#[must_use]
pub fn split_by_size(ranges: &[TokenRange], total: usize) -> Vec<Vec<TokenRange>> {
    let weights: Vec<u128> = ranges.iter().map(|range| u128::from(range.size())).collect();
    split_weighed(ranges, &weights, total)
}

/// As [`split_by_size`], in proportion to a weight for each range, in any unit: bytes, rows,
/// partitions. If all weights are 0, nothing is known, and sizes are used.
///
/// A range is not cut into more parts than it has tokens; what it cannot take goes to the others.
///
/// ```
/// use tokenring::{Token, TokenRange, split_by_weight};
/// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
///
/// let parts = split_by_weight(&[(range(0, 30)?, 10), (range(30, 40)?, 30)], 4);
/// assert_eq!((parts[0].len(), parts[1].len()), (1, 3));
/// # Ok::<(), tokenring::RangeError>(())
/// ```
#[must_use]
pub fn split_by_weight(ranges: &[(TokenRange, u64)], total: usize) -> Vec<Vec<TokenRange>> {
    let (ranges, weights): (Vec<TokenRange>, Vec<u128>) =
        ranges.iter().map(|&(range, weight)| (range, u128::from(weight))).unzip();
    if weights.iter().all(|&weight| weight == 0) {
        return split_by_size(&ranges, total);
    }
    split_weighed(&ranges, &weights, total)
}

fn split_weighed(ranges: &[TokenRange], weights: &[u128], total: usize) -> Vec<Vec<TokenRange>> {
    let sizes: Vec<u64> = ranges.iter().map(|range| range.size()).collect();
    let counts = apportion_capped(weights, &sizes, total);
    ranges.iter().zip(counts).map(|(range, count)| range.split(count).collect()).collect()
}
