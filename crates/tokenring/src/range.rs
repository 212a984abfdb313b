//! [`TokenRange`]: a plain `(start, end]`. That it is never empty and never wraps is settled when
//! it is made, so that nothing after has to ask.

use std::fmt;

use crate::{RangeSet, Splits, Token};

/// The tokens above `start` up to and including `end`, as in `org.apache.cassandra.dht.Range`.
///
/// Holds at least one token and does not wrap: `start < end` always. Ordered by start, then end.
///
/// ```
/// use tokenring::{Token, TokenRange};
///
/// let range = TokenRange::new(Token::new(10), Token::new(20))?;
/// assert!(!range.contains(Token::new(10)));
/// assert!(range.contains(Token::new(20)));
/// assert_eq!(range.size(), 10);
/// assert_eq!(range.to_string(), "(10, 20]");
/// # Ok::<(), tokenring::RangeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenRange {
    start: Token,
    end: Token,
}

impl TokenRange {
    /// `(MIN, MAX]`: every key there can be.
    ///
    /// ```
    /// use tokenring::TokenRange;
    /// assert_eq!(TokenRange::FULL.size(), u64::MAX);
    /// ```
    pub const FULL: TokenRange = TokenRange { start: Token::MIN, end: Token::MAX };

    /// The range `(start, end]`.
    ///
    /// # Errors
    ///
    /// [`RangeError`] unless `start < end`. For ranges that may wrap there is
    /// [`TokenRange::unwrapped`].
    ///
    /// ```
    /// use tokenring::{RangeError, Token, TokenRange};
    ///
    /// let (low, high) = (Token::new(1), Token::new(2));
    /// assert!(TokenRange::new(low, high).is_ok());
    /// assert_eq!(
    ///     TokenRange::new(high, low),
    ///     Err(RangeError::Wrapping { start: high, end: low })
    /// );
    /// ```
    pub fn new(start: Token, end: Token) -> Result<TokenRange, RangeError> {
        TokenRange::between(start, end).ok_or(if start == end {
            RangeError::Empty { at: start }
        } else {
            RangeError::Wrapping { start, end }
        })
    }

    /// `(start, end]`, or nothing if it would hold no token.
    pub(crate) fn between(start: Token, end: Token) -> Option<TokenRange> {
        (start < end).then_some(TokenRange { start, end })
    }

    /// The plain ranges of Cassandra's `(start, end]`, which wraps when `start >= end`
    /// (`Range.unwrap`).
    ///
    /// `start == end` is the whole ring. An `end` of [`Token::MIN`] is the end of the ring. At most
    /// two ranges; none for `(MAX, MIN]`, which no key can be in.
    ///
    /// ```
    /// use tokenring::{RangeSet, Token, TokenRange};
    ///
    /// let wrapped = TokenRange::unwrapped(Token::new(5), Token::new(-5));
    /// assert_eq!(wrapped.len(), 2);
    /// assert!(wrapped.contains(Token::MAX) && wrapped.contains(Token::new(-5)));
    /// assert!(!wrapped.contains(Token::new(0)) && !wrapped.contains(Token::new(5)));
    ///
    /// assert_eq!(TokenRange::unwrapped(Token::new(5), Token::new(5)), RangeSet::full());
    /// ```
    #[must_use]
    pub fn unwrapped(start: Token, end: Token) -> RangeSet {
        if start == end {
            return RangeSet::full();
        }
        if let Some(plain) = TokenRange::between(start, end) {
            return RangeSet::from(plain);
        }
        let head = TokenRange::between(Token::MIN, end);
        let tail = TokenRange::between(start, Token::MAX);
        head.into_iter().chain(tail).collect()
    }

    /// The token just before the range; not in it.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// assert_eq!(TokenRange::FULL.start(), Token::MIN);
    /// ```
    #[must_use]
    pub const fn start(self) -> Token {
        self.start
    }

    /// The last token of the range; in it. The replicas of the range are the replicas of this.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// assert_eq!(TokenRange::FULL.end(), Token::MAX);
    /// ```
    #[must_use]
    pub const fn end(self) -> Token {
        self.end
    }

    /// How many tokens the range holds, exactly: 1 to 2⁶⁴ − 1.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// assert_eq!(TokenRange::new(Token::new(-1), Token::MAX)?.size(), 1 << 63);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub const fn size(self) -> u64 {
        self.end.value().abs_diff(self.start.value())
    }

    /// The range's share of the ring, from 0 to 1. Rounded: to show, not to decide by.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// assert_eq!(TokenRange::new(Token::MIN, Token::new(0))?.fraction(), 0.5);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn fraction(self) -> f64 {
        self.size() as f64 / TokenRange::FULL.size() as f64
    }

    /// Whether `token` is in `(start, end]`.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// assert!(TokenRange::FULL.contains(Token::new(0)));
    /// ```
    #[must_use]
    pub fn contains(self, token: Token) -> bool {
        self.start < token && token <= self.end
    }

    /// Whether the two ranges have a token in common.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
    /// assert!(range(0, 5)?.intersects(range(4, 9)?));
    /// assert!(!range(0, 5)?.intersects(range(5, 9)?));
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn intersects(self, other: TokenRange) -> bool {
        self.intersection(other).is_some()
    }

    /// The tokens both ranges have, if any.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
    /// assert_eq!(range(0, 5)?.intersection(range(3, 9)?), Some(range(3, 5)?));
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn intersection(self, other: TokenRange) -> Option<TokenRange> {
        TokenRange::between(self.start.max(other.start), self.end.min(other.end))
    }

    /// The two halves, in token order; their sizes differ by at most one. `None` if the range holds
    /// a single token, which cannot be cut.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
    /// assert_eq!(range(0, 10)?.bisect(), Some((range(0, 5)?, range(5, 10)?)));
    /// assert_eq!(range(0, 1)?.bisect(), None);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn bisect(self) -> Option<(TokenRange, TokenRange)> {
        let middle = self.token_at(self.size() / 2);
        TokenRange::between(self.start, middle).zip(TokenRange::between(middle, self.end))
    }

    /// Cuts the range into `parts` even parts, lazily and in token order. Their sizes differ by at
    /// most one.
    ///
    /// Never more parts than the range has tokens, and never none: 0 is taken as 1.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    ///
    /// let range = TokenRange::new(Token::new(0), Token::new(10))?;
    /// let ends: Vec<i64> = range.split(3).map(|part| part.end().value()).collect();
    /// assert_eq!(ends, [3, 6, 10]);
    /// assert_eq!(range.split(1_000).len(), 10);
    /// # Ok::<(), tokenring::RangeError>(())
    /// ```
    #[must_use]
    pub fn split(self, parts: usize) -> Splits {
        Splits::new(self, parts)
    }

    /// The smallest range that holds both.
    pub(crate) fn hull(self, other: TokenRange) -> TokenRange {
        TokenRange { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The token `offset` above the start; `offset` is at most the size, so it is in the ring.
    pub(crate) const fn token_at(self, offset: u64) -> Token {
        debug_assert!(offset <= self.size());
        Token::new(self.start.value().strict_add_unsigned(offset))
    }
}

impl fmt::Display for TokenRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {}]", self.start, self.end)
    }
}

impl fmt::Debug for TokenRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why two tokens make no plain range.
///
/// ```
/// use tokenring::{Token, TokenRange};
///
/// let error = TokenRange::new(Token::new(2), Token::new(1)).unwrap_err();
/// assert!(error.to_string().starts_with("token range (2, 1] wraps"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RangeError {
    /// Start and end are the same token: no token, or, to Cassandra, all of them.
    Empty {
        /// The token that is both.
        at: Token,
    },
    /// The start lies after the end.
    Wrapping {
        /// The start as given.
        start: Token,
        /// The end as given.
        end: Token,
    },
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { at } => write!(
                f,
                "token range ({at}, {at}] is empty; give a start below the end, or use \
                 TokenRange::unwrapped if the whole ring is meant"
            ),
            Self::Wrapping { start, end } => write!(
                f,
                "token range ({start}, {end}] wraps around the ring; give a start below the end, \
                 or use TokenRange::unwrapped to cut it in two"
            ),
        }
    }
}

impl std::error::Error for RangeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_start_below_end_is_a_range() {
        let (low, high) = (Token::MIN, Token::MAX);
        assert_eq!(TokenRange::new(low, high), Ok(TokenRange::FULL));
        assert_eq!(TokenRange::new(low, low), Err(RangeError::Empty { at: low }));
        let wrapping = RangeError::Wrapping { start: high, end: low };
        assert_eq!(TokenRange::new(high, low), Err(wrapping));
    }

    #[test]
    fn unwrapping_leaves_no_empty_piece() {
        let text =
            |start, end| TokenRange::unwrapped(Token::new(start), Token::new(end)).to_string();
        let (min, max) = (i64::MIN, i64::MAX);
        assert_eq!(text(1, 2), "{(1, 2]}");
        assert_eq!(text(5, min), format!("{{(5, {max}]}}"));
        assert_eq!(text(max, 5), format!("{{({min}, 5]}}"));
        assert_eq!(text(max, min), "{}");
        assert_eq!(text(min, min), format!("{{({min}, {max}]}}"));
        assert_eq!(text(max, max), format!("{{({min}, {max}]}}"));
    }
}
