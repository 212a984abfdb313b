//! Ranges with the same owner: next to each other ([`merge_neighbours`]) or wherever they lie
//! ([`group_equal`]). With vnodes the same replicas own many ranges; a plan with fewer splits than
//! the ring has ranges must bring those together, and never two with different replicas.

use std::collections::HashMap;
use std::hash::Hash;

use crate::TokenRange;

/// Joins each range to the one before it if they touch and have equal payloads. The ranges come in
/// token order; the tokens covered are the same, and so is each token's payload.
///
/// ```
/// use tokenring::{Token, TokenRange, merge_neighbours};
/// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
///
/// let merged = merge_neighbours([(range(0, 5)?, 'x'), (range(5, 7)?, 'x'), (range(7, 9)?, 'y')]);
/// assert_eq!(merged, [(range(0, 7)?, 'x'), (range(7, 9)?, 'y')]);
/// # Ok::<(), tokenring::RangeError>(())
/// ```
#[must_use]
pub fn merge_neighbours<T, I>(ranges: I) -> Vec<(TokenRange, T)>
where
    T: PartialEq,
    I: IntoIterator<Item = (TokenRange, T)>,
{
    let mut merged: Vec<(TokenRange, T)> = Vec::new();
    for (range, payload) in ranges {
        if let Some((last, same)) = merged.last_mut()
            && last.end() == range.start()
            && *same == payload
            && let Some(joined) = TokenRange::between(last.start(), range.end())
        {
            *last = joined;
        } else {
            merged.push((range, payload));
        }
    }
    merged
}

/// Groups ranges by equal payload. Groups are in the order of their first ranges' tokens, ranges
/// within a group in token order. The ranges themselves stay as they are.
///
/// ```
/// use tokenring::{Token, TokenRange, group_equal};
/// let range = |a, b| TokenRange::new(Token::new(a), Token::new(b));
///
/// let groups = group_equal([(range(0, 5)?, 'x'), (range(5, 7)?, 'y'), (range(7, 9)?, 'x')]);
/// assert_eq!(groups, [('x', vec![range(0, 5)?, range(7, 9)?]), ('y', vec![range(5, 7)?])]);
/// # Ok::<(), tokenring::RangeError>(())
/// ```
#[must_use]
pub fn group_equal<T, I>(ranges: I) -> Vec<(T, Vec<TokenRange>)>
where
    T: Eq + Hash + Clone,
    I: IntoIterator<Item = (TokenRange, T)>,
{
    let mut groups: Vec<(T, Vec<TokenRange>)> = Vec::new();
    let mut index_of: HashMap<T, usize> = HashMap::new();
    for (range, payload) in ranges {
        if let Some(&index) = index_of.get(&payload) {
            groups[index].1.push(range);
        } else {
            index_of.insert(payload.clone(), groups.len());
            groups.push((payload, vec![range]));
        }
    }
    for (_, ranges) in &mut groups {
        ranges.sort_unstable();
    }
    groups.sort_by_key(|(_, ranges)| ranges.first().copied());
    groups
}
