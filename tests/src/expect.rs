//! Comparing what came with what was loaded: as multisets, since rows come in no order and must come
//! once, and with a short message, since there may be hundreds of thousands of them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use anyhow::{Result, ensure};

/// How many rows a message shows.
const SHOWN: usize = 5;

/// Compares two multisets of rows.
///
/// # Errors
///
/// Where a row is missing, or is there too often; the message names the first few.
pub fn exactly<R: Ord + Debug>(
    found: impl IntoIterator<Item = R>,
    expected: impl IntoIterator<Item = R>,
) -> Result<()> {
    let mut balance: BTreeMap<R, i64> = BTreeMap::new();
    for row in found {
        *balance.entry(row).or_default() += 1;
    }
    for row in expected {
        *balance.entry(row).or_default() -= 1;
    }
    let some = |wanted: fn(i64) -> bool| {
        let of_kind = balance.iter().filter(|(_, count)| wanted(**count));
        (of_kind.clone().count(), of_kind.take(SHOWN).map(|(row, _)| row).collect::<Vec<_>>())
    };
    let (missing, surplus) = (some(|count| count < 0), some(|count| count > 0));
    ensure!(
        missing.0 == 0 && surplus.0 == 0,
        "{} rows are missing, such as {:?}; {} are too many, such as {:?}",
        missing.0,
        missing.1,
        surplus.0,
        surplus.1
    );
    Ok(())
}

/// The items in order.
pub fn sorted<R: Ord>(items: impl IntoIterator<Item = R>) -> Vec<R> {
    let mut items: Vec<R> = items.into_iter().collect();
    items.sort_unstable();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_number_does() {
        assert!(exactly([2, 1, 1], [1, 2, 1]).is_ok());
        let error = exactly([1, 1, 3], [1, 2]).unwrap_err().to_string();
        assert_eq!(error, "1 rows are missing, such as [2]; 2 are too many, such as [1, 3]");
    }
}
