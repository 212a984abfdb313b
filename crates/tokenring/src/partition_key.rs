//! From the columns of a partition key to its token, in the encoding Cassandra hashes.
//!
//! Apart from [`Token`] itself, since this is the one place that can be given a bad key.

use std::fmt;

use crate::{Token, murmur3};

impl Token {
    /// The token of a partition key, from its columns' serialized CQL values in the order of the
    /// table's `PRIMARY KEY`.
    ///
    /// One column is hashed as it is. Several are hashed as
    /// `org.apache.cassandra.db.marshal.CompositeType` writes them: for each a length in two
    /// big-endian bytes, the value, and a zero byte. Does not allocate.
    ///
    /// # Errors
    ///
    /// [`PartitionKeyError`]: no column, an empty value as the only one (Cassandra stores no such
    /// key), or a value of more than 65,535 bytes among several.
    ///
    /// ```
    /// use tokenring::Token;
    ///
    /// // PRIMARY KEY ((country, id)) with country text, id int
    /// let token = Token::of_partition_key(&[&b"NL"[..], &42_i32.to_be_bytes()])?;
    /// assert_eq!(token, Token::of_serialized_key(b"\0\x02NL\0\0\x04\0\0\0\x2a\0"));
    /// # Ok::<(), tokenring::PartitionKeyError>(())
    /// ```
    pub fn of_partition_key<C: AsRef<[u8]>>(components: &[C]) -> Result<Token, PartitionKeyError> {
        match components {
            [] => Err(PartitionKeyError::NoComponent),
            [only] if only.as_ref().is_empty() => Err(PartitionKeyError::EmptyKey),
            [only] => Ok(Token::of_serialized_key(only.as_ref())),
            several => of_composite_key(several),
        }
    }
}

fn of_composite_key<C: AsRef<[u8]>>(components: &[C]) -> Result<Token, PartitionKeyError> {
    let mut hasher = murmur3::Hasher::new();
    for (index, component) in components.iter().enumerate() {
        let value = component.as_ref();
        let len = u16::try_from(value.len())
            .map_err(|_| PartitionKeyError::ComponentTooLong { index, len: value.len() })?;
        hasher.write(&len.to_be_bytes());
        hasher.write(value);
        hasher.write(&[0]);
    }
    Ok(Token::of_hash(hasher.finish()))
}

/// Why a partition key has no token.
///
/// ```
/// use tokenring::{PartitionKeyError, Token};
///
/// assert_eq!(Token::of_partition_key(&[b""]), Err(PartitionKeyError::EmptyKey));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionKeyError {
    /// There was no column at all.
    NoComponent,
    /// The only column is empty: Cassandra refuses such a key, and gives it no place on the ring.
    EmptyKey,
    /// A column of a composite key does not fit the two bytes of its length.
    ComponentTooLong {
        /// Which column of the partition key, from 0.
        index: usize,
        /// Its length in bytes.
        len: usize,
    },
}

impl fmt::Display for PartitionKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoComponent => f.write_str(
                "partition key has no column; give the value of every partition key column",
            ),
            Self::EmptyKey => f.write_str(
                "partition key is empty, which Cassandra does not store; give a value of at least \
                 one byte",
            ),
            Self::ComponentTooLong { index, len } => write!(
                f,
                "partition key column {index} has {len} bytes; shorten it to at most {}, the most \
                 a composite partition key can hold",
                u16::MAX
            ),
        }
    }
}

impl std::error::Error for PartitionKeyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_keys_are_named() {
        assert_eq!(Token::of_partition_key::<&[u8]>(&[]), Err(PartitionKeyError::NoComponent));
        assert_eq!(Token::of_partition_key(&[b""]), Err(PartitionKeyError::EmptyKey));
        let long = vec![0; 65_536];
        assert_eq!(
            Token::of_partition_key(&[&[1][..], &long]),
            Err(PartitionKeyError::ComponentTooLong { index: 1, len: 65_536 })
        );
        assert!(Token::of_partition_key(&[&[1][..], &long[1..]]).is_ok());
    }

    #[test]
    fn an_empty_column_of_several_is_a_value() {
        assert_eq!(
            Token::of_partition_key(&[&b""[..], b""]),
            Ok(Token::of_serialized_key(&[0, 0, 0, 0, 0, 0]))
        );
    }

    proptest! {
        #[test]
        fn a_composite_hashes_as_its_stored_form(
            components in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 2..6)
        ) {
            let mut stored = Vec::new();
            for component in &components {
                stored.extend(u16::try_from(component.len()).unwrap().to_be_bytes());
                stored.extend(component);
                stored.push(0);
            }
            prop_assert_eq!(
                Token::of_partition_key(&components),
                Ok(Token::of_serialized_key(&stored))
            );
        }
    }
}
