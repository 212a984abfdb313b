//! [`RangeSet`]: any set of tokens that ranges can make, in one form only. What was asked, what is
//! done and what remains are such sets, so a resumed run is `asked − done`, whatever the splits of
//! the run before were. The set operations are in `set_algebra.rs`, the proof of coverage in
//! `partition.rs`.

use std::{fmt, iter, slice, vec};

use crate::{Token, TokenRange};

/// A set of tokens, as the fewest plain ranges in token order.
///
/// The ranges are sorted, disjoint, and no two touch; so equal sets are equal values.
///
/// ```
/// use tokenring::{RangeSet, Token, TokenRange};
/// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
///
/// let mut done = RangeSet::new();
/// done.insert(range(20, 30)?);
/// done.insert(range(0, 10)?);
/// assert_eq!(done.to_string(), "{(0, 10], (20, 30]}");
///
/// done.insert(range(10, 20)?);
/// assert_eq!(done, RangeSet::from(range(0, 30)?));
/// # Ok::<(), tokenring::RangeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RangeSet {
    pub(crate) ranges: Vec<TokenRange>,
}

impl RangeSet {
    /// The set of no token.
    ///
    /// ```
    /// assert!(tokenring::RangeSet::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> RangeSet {
        RangeSet { ranges: Vec::new() }
    }

    /// The set of every token a key can have: [`TokenRange::FULL`].
    ///
    /// ```
    /// assert!(tokenring::RangeSet::full().is_full());
    /// ```
    #[must_use]
    pub fn full() -> RangeSet {
        RangeSet::from(TokenRange::FULL)
    }

    /// Adds the tokens of `range`. Finds its place by binary search.
    ///
    /// ```
    /// use tokenring::{RangeSet, TokenRange};
    /// let mut set = RangeSet::new();
    /// set.insert(TokenRange::FULL);
    /// assert!(set.is_full());
    /// ```
    pub fn insert(&mut self, range: TokenRange) {
        // those that overlap or touch become one with it
        let from = self.ranges.partition_point(|own| own.end() < range.start());
        let to = self.ranges.partition_point(|own| own.start() <= range.end());
        let joined = self.ranges[from..to].iter().fold(range, |joined, &own| joined.hull(own));
        self.ranges.splice(from..to, [joined]);
        self.check();
    }

    /// Takes the tokens of `range` out. Finds its place by binary search.
    ///
    /// ```
    /// use tokenring::{RangeSet, Token, TokenRange};
    /// let mut set = RangeSet::full();
    /// set.remove(TokenRange::new(Token::new(0), Token::new(9))?);
    /// assert!(set.contains(Token::new(0)) && !set.contains(Token::new(9)));
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    pub fn remove(&mut self, range: TokenRange) {
        let from = self.ranges.partition_point(|own| own.end() <= range.start());
        let to = self.ranges.partition_point(|own| own.start() < range.end());
        let cut = &self.ranges[from..to];
        let before = cut.first().and_then(|own| TokenRange::between(own.start(), range.start()));
        let after = cut.last().and_then(|own| TokenRange::between(range.end(), own.end()));
        self.ranges.splice(from..to, before.into_iter().chain(after));
        self.check();
    }

    /// Whether `token` is in the set. Binary search.
    ///
    /// ```
    /// use tokenring::{RangeSet, Token};
    /// assert!(RangeSet::full().contains(Token::new(0)));
    /// ```
    #[must_use]
    pub fn contains(&self, token: Token) -> bool {
        let at = self.ranges.partition_point(|own| own.end() < token);
        self.ranges.get(at).is_some_and(|own| own.contains(token))
    }

    /// Whether every token of `range` is in the set. Binary search.
    ///
    /// ```
    /// use tokenring::{RangeSet, TokenRange};
    /// assert!(RangeSet::full().covers(TokenRange::FULL));
    /// assert!(!RangeSet::new().covers(TokenRange::FULL));
    /// ```
    #[must_use]
    pub fn covers(&self, range: TokenRange) -> bool {
        // ranges never touch, so only one of them can hold it all
        let at = self.ranges.partition_point(|own| own.end() < range.end());
        self.ranges.get(at).is_some_and(|own| own.start() <= range.start())
    }

    /// Whether the set has no token.
    ///
    /// ```
    /// assert!(!tokenring::RangeSet::full().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the set has every token a key can have.
    ///
    /// ```
    /// assert!(!tokenring::RangeSet::new().is_full());
    /// ```
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ranges == [TokenRange::FULL]
    }

    /// The number of ranges, which is not that of tokens: see [`RangeSet::coverage`].
    ///
    /// ```
    /// assert_eq!(tokenring::RangeSet::full().len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// How many tokens the set has, exactly: 0 to 2⁶⁴ − 1.
    ///
    /// ```
    /// use tokenring::RangeSet;
    /// assert_eq!(RangeSet::full().coverage(), (1 << 64) - 1);
    /// ```
    #[must_use]
    pub fn coverage(&self) -> u128 {
        self.iter().map(|range| u128::from(range.size())).sum()
    }

    /// How much of `whole` is in this set, from 0 to 1. Rounded: to show, not to decide by. It is
    /// 1.0 only if nothing is missing (and so if `whole` is empty).
    ///
    /// ```
    /// use tokenring::{RangeSet, Token, TokenRange};
    /// let half = RangeSet::from(TokenRange::new(Token::MIN, Token::new(0))?);
    /// assert_eq!(half.fraction_of(&RangeSet::full()), 0.5);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn fraction_of(&self, whole: &RangeSet) -> f64 {
        let (part, all) = (self.intersection(whole).coverage(), whole.coverage());
        if part == all {
            return 1.0;
        }
        // rounding must not show "all" where a token is missing
        (part as f64 / all as f64).min(1.0_f64.next_down())
    }

    /// The ranges, in token order.
    ///
    /// ```
    /// use tokenring::{RangeSet, TokenRange};
    /// assert!(RangeSet::full().iter().eq([TokenRange::FULL]));
    /// ```
    pub fn iter(&self) -> iter::Copied<slice::Iter<'_, TokenRange>> {
        self.ranges.iter().copied()
    }

    /// The ranges as a slice, in token order.
    ///
    /// ```
    /// use tokenring::{RangeSet, split_by_size};
    /// assert_eq!(split_by_size(RangeSet::full().as_slice(), 4)[0].len(), 4);
    /// ```
    #[must_use]
    pub fn as_slice(&self) -> &[TokenRange] {
        &self.ranges
    }

    /// Adds a range that starts no earlier than any before it: the step of every linear merge.
    pub(crate) fn push(&mut self, range: TokenRange) {
        match self.ranges.last_mut() {
            Some(last) if range.start() <= last.end() => *last = last.hull(range),
            _ => self.ranges.push(range),
        }
    }

    /// The invariant of the type.
    pub(crate) fn check(&self) {
        debug_assert!(self.ranges.windows(2).all(|pair| pair[0].end() < pair[1].start()));
    }
}

impl From<TokenRange> for RangeSet {
    fn from(range: TokenRange) -> RangeSet {
        RangeSet { ranges: vec![range] }
    }
}

impl FromIterator<TokenRange> for RangeSet {
    /// In any order; overlaps count once. O(n log n).
    fn from_iter<I: IntoIterator<Item = TokenRange>>(ranges: I) -> RangeSet {
        let mut sorted: Vec<TokenRange> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut set = RangeSet::new();
        sorted.into_iter().for_each(|range| set.push(range));
        set.check();
        set
    }
}

impl Extend<TokenRange> for RangeSet {
    /// Sorts what is added, then merges once.
    fn extend<I: IntoIterator<Item = TokenRange>>(&mut self, ranges: I) {
        *self = self.union(&ranges.into_iter().collect());
    }
}

impl<'a> IntoIterator for &'a RangeSet {
    type Item = TokenRange;
    type IntoIter = iter::Copied<slice::Iter<'a, TokenRange>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for RangeSet {
    type Item = TokenRange;
    type IntoIter = vec::IntoIter<TokenRange>;

    fn into_iter(self) -> Self::IntoIter {
        self.ranges.into_iter()
    }
}

impl fmt::Display for RangeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, range) in self.iter().enumerate() {
            write!(f, "{}{range}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: i64, end: i64) -> TokenRange {
        TokenRange::new(Token::new(start), Token::new(end)).unwrap()
    }

    fn set(ranges: &[(i64, i64)]) -> RangeSet {
        ranges.iter().map(|&(start, end)| range(start, end)).collect()
    }

    #[test]
    fn what_touches_becomes_one() {
        let mut grown = set(&[(0, 2), (4, 6), (8, 10)]);
        grown.insert(range(2, 4));
        assert_eq!(grown, set(&[(0, 6), (8, 10)]));
        grown.insert(range(-1, 9));
        assert_eq!(grown, set(&[(-1, 10)]));
        grown.insert(range(3, 4));
        assert_eq!(grown, set(&[(-1, 10)]));
        grown.extend([range(20, 21), range(10, 11)]);
        assert_eq!(grown, set(&[(-1, 11), (20, 21)]));
    }

    #[test]
    fn removal_cuts() {
        let mut shrunk = set(&[(0, 10), (20, 30)]);
        shrunk.remove(range(10, 20));
        assert_eq!(shrunk, set(&[(0, 10), (20, 30)]));
        shrunk.remove(range(4, 5));
        assert_eq!(shrunk, set(&[(0, 4), (5, 10), (20, 30)]));
        shrunk.remove(range(3, 25));
        assert_eq!(shrunk, set(&[(0, 3), (25, 30)]));
        shrunk.remove(TokenRange::FULL);
        assert!(shrunk.is_empty());
    }

    #[test]
    fn one_token_short_is_never_shown_as_all() {
        let mut done = RangeSet::full();
        assert_eq!(done.fraction_of(&RangeSet::full()).to_string(), "1");
        done.remove(range(0, 1));
        assert!(done.fraction_of(&RangeSet::full()) < 1.0);
        assert_eq!(done.fraction_of(&RangeSet::new()).to_string(), "1");
    }

    #[test]
    fn text() {
        assert_eq!(RangeSet::new().to_string(), "{}");
        assert_eq!(set(&[(0, 1), (2, 3)]).to_string(), "{(0, 1], (2, 3]}");
    }
}
