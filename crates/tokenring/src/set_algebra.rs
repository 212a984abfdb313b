//! The set operations of [`RangeSet`]. Each is one walk along both sets, so linear in their number
//! of ranges, however many a plan or a journal has.

use crate::{RangeSet, Token, TokenRange};

impl RangeSet {
    /// The tokens in either set.
    ///
    /// ```
    /// use tokenring::{RangeSet, Token, TokenRange};
    /// let set = |a, b| TokenRange::new(Token::new(a), Token::new(b)).map(RangeSet::from);
    /// assert_eq!(set(0, 5)?.union(&set(5, 9)?), set(0, 9)?);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn union(&self, other: &RangeSet) -> RangeSet {
        let mut union = RangeSet { ranges: Vec::with_capacity(self.len().max(other.len())) };
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let Some(range) = match (ours.peek(), theirs.peek()) {
            (Some(own), Some(their)) if their < own => theirs.next(),
            (None, _) => theirs.next(),
            _ => ours.next(),
        } {
            union.push(range);
        }
        union.check();
        union
    }

    /// The tokens in both sets.
    ///
    /// ```
    /// use tokenring::{RangeSet, Token, TokenRange};
    /// let set = |a, b| TokenRange::new(Token::new(a), Token::new(b)).map(RangeSet::from);
    /// assert_eq!(set(0, 5)?.intersection(&set(3, 9)?), set(3, 5)?);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn intersection(&self, other: &RangeSet) -> RangeSet {
        let mut both = RangeSet::new();
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        while let (Some(own), Some(their)) = (ours.peek(), theirs.peek()) {
            both.ranges.extend(own.intersection(*their));
            // whichever ends first meets nothing more
            if own.end() <= their.end() {
                ours.next();
            } else {
                theirs.next();
            }
        }
        both.check();
        both
    }

    /// The tokens in this set and not in `other`: `asked.difference(&done)` is what remains.
    ///
    /// ```
    /// use tokenring::{RangeSet, Token, TokenRange};
    /// let set = |a, b| TokenRange::new(Token::new(a), Token::new(b)).map(RangeSet::from);
    /// assert_eq!(set(0, 9)?.difference(&set(5, 9)?), set(0, 5)?);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn difference(&self, other: &RangeSet) -> RangeSet {
        self.intersection(&other.complement())
    }

    /// The tokens of the ring that are not in this set.
    ///
    /// ```
    /// use tokenring::RangeSet;
    /// assert_eq!(RangeSet::new().complement(), RangeSet::full());
    /// ```
    #[must_use]
    pub fn complement(&self) -> RangeSet {
        let mut gaps = Vec::with_capacity(self.len() + 1);
        let mut covered_to = Token::MIN;
        for range in self {
            gaps.extend(TokenRange::between(covered_to, range.start()));
            covered_to = range.end();
        }
        gaps.extend(TokenRange::between(covered_to, Token::MAX));
        let complement = RangeSet { ranges: gaps };
        complement.check();
        complement
    }
}
