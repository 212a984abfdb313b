//! [`Token`]: a place on the ring. A newtype, because a bare `i64` invites 0 or -1 as "unset", and
//! both are tokens that keys do have.

use std::fmt;
use std::str::FromStr;

use crate::murmur3;

/// A token of `org.apache.cassandra.dht.Murmur3Partitioner`: where a partition lies on the ring.
///
/// Any `i64` is a token. [`Token::MIN`] alone belongs to no partition.
///
/// ```
/// use tokenring::Token;
///
/// let token: Token = "-6017608668500074083".parse()?;
/// assert_eq!(token, Token::of_partition_key(&[b"test"])?);
/// assert_eq!(token.to_string(), "-6017608668500074083");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(i64);

impl Token {
    /// Before every key (`Murmur3Partitioner.MINIMUM`). As a range's start it is the ring's
    /// beginning; no partition has it.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// assert!(!TokenRange::FULL.contains(Token::MIN));
    /// ```
    pub const MIN: Token = Token(i64::MIN);

    /// The last token, which partitions can have.
    ///
    /// ```
    /// use tokenring::{Token, TokenRange};
    /// assert!(TokenRange::FULL.contains(Token::MAX));
    /// ```
    pub const MAX: Token = Token(i64::MAX);

    /// The token with this number, as it is: `i64::MIN` stays [`Token::MIN`], since ring and range
    /// boundaries may be that. (Only a key's hash is normalised.)
    ///
    /// ```
    /// use tokenring::Token;
    /// assert_eq!(Token::new(i64::MIN), Token::MIN);
    /// ```
    #[must_use]
    pub const fn new(value: i64) -> Token {
        Token(value)
    }

    /// The number, as CQL's `token()` gives it.
    ///
    /// ```
    /// use tokenring::Token;
    /// assert_eq!(Token::new(7).value(), 7);
    /// ```
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }

    /// The token of a partition key in its stored form, as `Murmur3Partitioner.getToken` is given
    /// it: the value's bytes for a key of one column; for several see [`Token::of_partition_key`].
    /// As there, an empty key has [`Token::MIN`] and a hash of `i64::MIN` becomes [`Token::MAX`].
    /// Does not allocate.
    ///
    /// ```
    /// use tokenring::Token;
    /// assert_eq!(Token::of_serialized_key(b"xd"), Token::new(4507812186440344727));
    /// ```
    #[must_use]
    #[inline]
    pub fn of_serialized_key(key: &[u8]) -> Token {
        if key.is_empty() {
            return Token::MIN;
        }
        Token::of_hash(murmur3::hash(key))
    }

    /// `Murmur3Partitioner.normalize`: keeps [`Token::MIN`] free of keys.
    #[inline]
    pub(crate) const fn of_hash(hash: i64) -> Token {
        if hash == i64::MIN { Token::MAX } else { Token(hash) }
    }
}

impl From<i64> for Token {
    /// The same as [`Token::new`].
    fn from(value: i64) -> Token {
        Token(value)
    }
}

impl From<Token> for i64 {
    fn from(token: Token) -> i64 {
        token.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for Token {
    type Err = TokenParseError;

    fn from_str(text: &str) -> Result<Token, TokenParseError> {
        text.parse().map(Token).map_err(|_| TokenParseError { text: text.to_owned() })
    }
}

/// A text that is no token.
///
/// ```
/// use tokenring::Token;
/// let error = "0x10".parse::<Token>().unwrap_err();
/// assert!(error.to_string().starts_with("token \"0x10\" is not a 64-bit integer"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenParseError {
    text: String,
}

impl fmt::Display for TokenParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "token {:?} is not a 64-bit integer; give a number from {} to {}, as a cluster with \
             Murmur3Partitioner shows them",
            self.text,
            i64::MIN,
            i64::MAX
        )
    }
}

impl std::error::Error for TokenParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_is_normalised() {
        assert_eq!(Token::of_hash(i64::MIN), Token::MAX);
        assert_eq!(Token::of_hash(i64::MIN + 1), Token::new(i64::MIN + 1));
        assert_eq!(Token::from(i64::MIN), Token::MIN);
    }

    #[test]
    fn text_round_trips() {
        for token in [Token::MIN, Token::new(-1), Token::new(0), Token::MAX] {
            assert_eq!(token.to_string().parse(), Ok(token));
            assert_eq!(format!("{token:?}"), format!("{token}"));
        }
        assert!("9223372036854775808".parse::<Token>().is_err());
        assert!("".parse::<Token>().is_err());
    }

    #[test]
    fn an_empty_key_has_the_minimum() {
        assert_eq!(Token::of_serialized_key(b""), Token::MIN);
    }
}
