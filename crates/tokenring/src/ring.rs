//! [`Ring`]: who owns which tokens. Generic over who: nodes, replica sets, sizes and counters are
//! all looked up by the same binary search and cut at the same edges.

use std::fmt;

use crate::{Token, TokenRange};

/// The tokens of a ring, each with a payload that owns the range from the token before it,
/// exclusive, to itself, inclusive (`org.apache.cassandra.locator.TokenMetadata`).
///
/// Never empty; the tokens are sorted and unique.
///
/// ```
/// use tokenring::{Ring, Token};
///
/// let ring = Ring::new([(Token::new(100), "b"), (Token::new(0), "a")])?;
/// assert_eq!(*ring.owner(Token::new(0)), "a");
/// assert_eq!(*ring.owner(Token::new(1)), "b");
/// assert_eq!(*ring.owner(Token::new(101)), "a"); // round the end
/// # Ok::<(), tokenring::RingError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring<T> {
    entries: Vec<(Token, T)>,
}

impl<T> Ring<T> {
    /// The ring with these tokens, given in any order.
    ///
    /// # Errors
    ///
    /// [`RingError`] if there is no token or one is given twice.
    ///
    /// ```
    /// use tokenring::{Ring, RingError, Token};
    /// assert_eq!(Ring::<()>::new([]), Err(RingError::Empty));
    /// ```
    pub fn new(entries: impl IntoIterator<Item = (Token, T)>) -> Result<Ring<T>, RingError> {
        let mut entries: Vec<(Token, T)> = entries.into_iter().collect();
        entries.sort_unstable_by_key(|&(token, _)| token);
        if entries.is_empty() {
            return Err(RingError::Empty);
        }
        match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(twice) => Err(RingError::DuplicateToken(twice[0].0)),
            None => Ok(Ring { entries }),
        }
    }

    /// The number of tokens: of vnodes, not of nodes. At least 1.
    ///
    /// ```
    /// use tokenring::{Ring, Token};
    /// assert_eq!(Ring::new([(Token::new(0), ())])?.len(), 1);
    /// # Ok::<(), tokenring::RingError>(())
    /// ```
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a ring is never empty")]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The payload of the first ring token at or after `token`, or of the first of all if there is
    /// none. Binary search.
    ///
    /// ```
    /// use tokenring::{Ring, Token};
    /// let ring = Ring::new([(Token::new(0), "a"), (Token::new(9), "b")])?;
    /// assert_eq!(*ring.owner(Token::new(5)), "b");
    /// # Ok::<(), tokenring::RingError>(())
    /// ```
    #[must_use]
    pub fn owner(&self, token: Token) -> &T {
        &self.entries[self.index_of_owner(token)].1
    }

    /// The tokens and payloads, in token order.
    ///
    /// ```
    /// use tokenring::{Ring, Token};
    /// let ring = Ring::new([(Token::new(9), "b"), (Token::new(0), "a")])?;
    /// assert!(ring.iter().eq([(Token::new(0), &"a"), (Token::new(9), &"b")]));
    /// # Ok::<(), tokenring::RingError>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Token, &T)> + DoubleEndedIterator + Clone {
        self.entries.iter().map(|(token, payload)| (*token, payload))
    }

    /// The plain ranges of the ring with their owners, in token order. They make up
    /// [`TokenRange::FULL`] exactly.
    ///
    /// The range that wraps comes as two, first and last, with the same payload; or as one, if a
    /// ring token at [`Token::MIN`] or [`Token::MAX`] leaves nothing of the other.
    ///
    /// ```
    /// use tokenring::{Ring, Token};
    ///
    /// let ring = Ring::new([(Token::new(0), "a"), (Token::new(9), "b")])?;
    /// let text = ring.ranges().map(|(range, owner)| format!("{range} {owner}"));
    /// assert_eq!(text.collect::<Vec<_>>(), [
    ///     "(-9223372036854775808, 0] a",
    ///     "(0, 9] b",
    ///     "(9, 9223372036854775807] a",
    /// ]);
    /// # Ok::<(), tokenring::RingError>(())
    /// ```
    pub fn ranges(&self) -> impl Iterator<Item = (TokenRange, &T)> + Clone {
        let starts = std::iter::once(Token::MIN).chain(self.iter().map(|(token, _)| token));
        // beyond the last token the first one owns: the second piece of the range that wraps
        let ends = self.iter().chain(self.iter().take(1).map(|(_, payload)| (Token::MAX, payload)));
        starts.zip(ends).filter_map(|(start, (end, payload))| {
            TokenRange::between(start, end).map(|range| (range, payload))
        })
    }

    /// Once round the ring, clockwise, from the owner of `token`: the order in which a replication
    /// strategy looks for replicas.
    ///
    /// ```
    /// use tokenring::{Ring, Token};
    /// let ring = Ring::new([(Token::new(0), "a"), (Token::new(5), "b"), (Token::new(9), "c")])?;
    /// let nodes: Vec<&str> = ring.walk_from(Token::new(4)).map(|(_, node)| *node).collect();
    /// assert_eq!(nodes, ["b", "c", "a"]);
    /// # Ok::<(), tokenring::RingError>(())
    /// ```
    pub fn walk_from(&self, token: Token) -> impl Iterator<Item = (Token, &T)> + Clone {
        let (before, from) = self.entries.split_at(self.index_of_owner(token));
        from.iter().chain(before).map(|(token, payload)| (*token, payload))
    }

    /// The ring with the same tokens and other payloads, made from each token and its payload.
    ///
    /// ```
    /// use tokenring::{Ring, Token};
    ///
    /// // replicas as SimpleStrategy places them: the next two nodes clockwise
    /// let nodes = Ring::new([(Token::new(0), 'a'), (Token::new(5), 'b'), (Token::new(9), 'c')])?;
    /// let replicas = nodes.map(|token, _| {
    ///     nodes.walk_from(token).take(2).map(|(_, node)| *node).collect::<String>()
    /// });
    /// assert_eq!(replicas.owner(Token::new(7)), "ca");
    /// # Ok::<(), tokenring::RingError>(())
    /// ```
    #[must_use]
    pub fn map<U>(&self, mut f: impl FnMut(Token, &T) -> U) -> Ring<U> {
        let entries = self.iter().map(|(token, payload)| (token, f(token, payload))).collect();
        Ring { entries }
    }

    /// The place of the first ring token at or after `token`, wrapping to 0.
    fn index_of_owner(&self, token: Token) -> usize {
        let at = self.entries.partition_point(|&(own, _)| own < token);
        if at == self.entries.len() { 0 } else { at }
    }
}

/// Why tokens make no ring.
///
/// ```
/// use tokenring::{Ring, Token};
///
/// let error = Ring::new([(Token::new(1), 'a'), (Token::new(1), 'b')]).unwrap_err();
/// assert!(error.to_string().starts_with("token 1 is in the ring twice"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// No token was given.
    Empty,
    /// This token was given more than once; it can have one owner only.
    DuplicateToken(Token),
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str(
                "ring has no token; give the tokens of at least one node that owns some",
            ),
            Self::DuplicateToken(token) => write!(
                f,
                "token {token} is in the ring twice; give each token once, with its present owner"
            ),
        }
    }
}

impl std::error::Error for RingError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges_of(tokens: &[i64]) -> Vec<(TokenRange, usize)> {
        let ring = Ring::new(tokens.iter().enumerate().map(|(i, &t)| (Token::new(t), i))).unwrap();
        ring.ranges().map(|(range, i)| (range, *i)).collect()
    }

    fn range(start: i64, end: i64) -> TokenRange {
        TokenRange::new(Token::new(start), Token::new(end)).unwrap()
    }

    #[test]
    fn edges_of_the_ring_give_no_empty_range() {
        const MIN: i64 = i64::MIN;
        const MAX: i64 = i64::MAX;
        assert_eq!(ranges_of(&[MIN]), [(TokenRange::FULL, 0)]);
        assert_eq!(ranges_of(&[MAX]), [(TokenRange::FULL, 0)]);
        assert_eq!(ranges_of(&[0]), [(range(MIN, 0), 0), (range(0, MAX), 0)]);
        assert_eq!(ranges_of(&[MIN, 0]), [(range(MIN, 0), 1), (range(0, MAX), 0)]);
        assert_eq!(ranges_of(&[MIN, MAX]), [(TokenRange::FULL, 1)]);
        assert_eq!(ranges_of(&[0, MAX]), [(range(MIN, 0), 0), (range(0, MAX), 1)]);
    }

    #[test]
    fn a_token_given_twice_is_named() {
        let twice = [3, 1, 2, 1].map(|t| (Token::new(t), ()));
        assert_eq!(Ring::new(twice), Err(RingError::DuplicateToken(Token::new(1))));
    }
}
