//! The proof that parts make up a whole: nothing twice, nothing missing, nothing more. It stands
//! before a run (are the splits what was asked for?) and after it (is what was read?), and so it
//! compares sets of integers and never sizes, since two mistakes of one size would cancel out.

use std::fmt;

use crate::{RangeSet, TokenRange};

impl RangeSet {
    /// Proves that `parts`, in any order, are pairwise disjoint and together exactly this set.
    /// O(n log n).
    ///
    /// # Errors
    ///
    /// [`PartitionError`]: the first overlap in token order; else what is missing; else what is
    /// too much.
    ///
    /// ```
    /// use tokenring::{PartitionError, RangeSet, TokenRange};
    ///
    /// let asked = RangeSet::full();
    /// assert_eq!(asked.is_exact_partition(TokenRange::FULL.split(7)), Ok(()));
    ///
    /// let gap: RangeSet = TokenRange::FULL.split(7).take(1).collect();
    /// assert_eq!(
    ///     asked.is_exact_partition(TokenRange::FULL.split(7).skip(1)),
    ///     Err(PartitionError::Missing(gap))
    /// );
    /// ```
    pub fn is_exact_partition<I: IntoIterator<Item = TokenRange>>(
        &self,
        parts: I,
    ) -> Result<(), PartitionError> {
        let mut sorted: Vec<TokenRange> = parts.into_iter().collect();
        sorted.sort_unstable();
        // sorted by start, the first overlap there is must be between neighbours
        for pair in sorted.windows(2) {
            if pair[0].intersects(pair[1]) {
                return Err(PartitionError::Overlap { first: pair[0], second: pair[1] });
            }
        }
        let union: RangeSet = sorted.into_iter().collect();
        let missing = self.difference(&union);
        if !missing.is_empty() {
            return Err(PartitionError::Missing(missing));
        }
        let surplus = union.difference(self);
        if !surplus.is_empty() {
            return Err(PartitionError::Surplus(surplus));
        }
        Ok(())
    }
}

/// How parts fail to make up a whole.
///
/// ```
/// use tokenring::{RangeSet, TokenRange};
///
/// let error = RangeSet::full().is_exact_partition([TokenRange::FULL; 2]).unwrap_err();
/// assert!(error.to_string().contains("overlap"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionError {
    /// Two parts share tokens, which would be read twice.
    Overlap {
        /// The one that starts first.
        first: TokenRange,
        /// The other.
        second: TokenRange,
    },
    /// These tokens of the whole are in no part and would be lost.
    Missing(RangeSet),
    /// These tokens of the parts were not asked for.
    Surplus(RangeSet),
}

impl fmt::Display for PartitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap { first, second } => {
                write!(f, "token ranges {first} and {second} overlap; remove one or cut it")
            }
            Self::Missing(gap) => {
                write!(f, "token ranges do not cover {}; add what is missing", Abridged(gap))
            }
            Self::Surplus(extra) => {
                write!(f, "token ranges cover {} too much; remove that", Abridged(extra))
            }
        }
    }
}

impl std::error::Error for PartitionError {}

/// A set as its first few ranges and the number of the others: a gap can be thousands of ranges.
struct Abridged<'a>(&'a RangeSet);

impl fmt::Display for Abridged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        let shown: RangeSet = self.0.iter().take(SHOWN).collect();
        write!(f, "{shown}")?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Token;

    fn range(start: i64, end: i64) -> TokenRange {
        TokenRange::new(Token::new(start), Token::new(end)).unwrap()
    }

    #[test]
    fn each_failure_is_named() {
        let whole: RangeSet = [range(0, 10), range(20, 30)].into_iter().collect();
        let check = |parts: &[TokenRange]| whole.is_exact_partition(parts.iter().copied());

        assert_eq!(check(&[range(20, 30), range(4, 10), range(0, 4)]), Ok(()));
        assert_eq!(
            check(&[range(20, 30), range(4, 10), range(0, 5)]),
            Err(PartitionError::Overlap { first: range(0, 5), second: range(4, 10) })
        );
        assert_eq!(
            check(&[range(0, 10), range(0, 10), range(20, 30)]),
            Err(PartitionError::Overlap { first: range(0, 10), second: range(0, 10) })
        );
        assert_eq!(
            check(&[range(0, 9), range(20, 30)]),
            Err(PartitionError::Missing(range(9, 10).into()))
        );
        assert_eq!(
            check(&[range(0, 11), range(20, 30)]),
            Err(PartitionError::Surplus(range(10, 11).into()))
        );
        assert_eq!(check(&[]), Err(PartitionError::Missing(whole.clone())));
        assert_eq!(RangeSet::new().is_exact_partition([]), Ok(()));
    }

    #[test]
    fn a_gap_and_a_surplus_of_one_size_do_not_cancel_out() {
        let whole = RangeSet::from(range(0, 10));
        assert_eq!(
            whole.is_exact_partition([range(0, 9), range(10, 11)]),
            Err(PartitionError::Missing(range(9, 10).into()))
        );
    }

    #[test]
    fn a_long_gap_is_abridged() {
        let gap: RangeSet = (0..9).map(|i| range(10 * i, 10 * i + 1)).collect();
        assert_eq!(
            PartitionError::Missing(gap).to_string(),
            "token ranges do not cover {(0, 1], (10, 11], (20, 21]} and 6 more; add what is missing"
        );
    }
}
