//! Cutting files into ranges of bytes, each for one task.

use std::ops::Range;

/// Ranges that follow each other from 0 to the end of all files, of about `split` bytes each, that begin at
/// the offsets of row groups where these are known. A row group is in the range in which it begins, so each is
/// in exactly one, wherever the cuts are.
pub(super) fn ranges(bytes: u64, offsets: Option<&[i64]>, split: u64) -> Vec<Range<u64>> {
    let split = split.max(1);
    let mut cuts = vec![0];
    match offsets.and_then(|offsets| in_order(offsets, bytes)) {
        _ if bytes <= split => {}
        Some(offsets) => {
            let mut start = 0;
            for (place, offset) in offsets.iter().enumerate().skip(1) {
                let end = offsets.get(place + 1).copied().unwrap_or(bytes);
                // The row group at this offset would make the range too large.
                if end - start > split {
                    cuts.push(*offset);
                    start = *offset;
                }
            }
        }
        None => {
            let parts = bytes.div_ceil(split);
            let each = bytes.div_ceil(parts);
            cuts.extend((1..parts).map(|part| part * each).filter(|cut| *cut < bytes));
        }
    }
    let ends = cuts.iter().skip(1).copied().chain([u64::MAX]);
    cuts.iter().zip(ends).map(|(start, end)| *start..end).collect()
}

/// Offsets that can be those of row groups; else they are not trusted.
fn in_order(offsets: &[i64], bytes: u64) -> Option<Vec<u64>> {
    let offsets: Vec<u64> =
        offsets.iter().map(|offset| u64::try_from(*offset)).collect::<Result<_, _>>().ok()?;
    let ascends = offsets.windows(2).all(|pair| pair[0] < pair[1]);
    let is_inside = offsets.last().is_some_and(|last| *last < bytes);
    (ascends && is_inside).then_some(offsets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole() -> Vec<Range<u64>> {
        std::iter::once(0..u64::MAX).collect()
    }

    #[test]
    fn cuts_are_at_row_groups() {
        assert_eq!(ranges(100, Some(&[4, 30, 60, 90]), 60), [0..60, 60..u64::MAX]);
        assert_eq!(ranges(100, Some(&[4, 30, 60, 90]), 1), [0..30, 30..60, 60..90, 90..u64::MAX]);
        assert_eq!(ranges(100, Some(&[4]), 10), whole());
    }

    #[test]
    fn a_small_file_is_not_cut() {
        assert_eq!(ranges(100, Some(&[4, 50]), 100), whole());
        assert_eq!(ranges(0, None, 0), whole());
    }

    #[test]
    fn offsets_that_are_none_are_not_used() {
        let even = vec![0..50, 50..u64::MAX];
        for odd in [&[50, 4][..], &[4, 4], &[-1, 30], &[4, 100], &[]] {
            assert_eq!(ranges(100, Some(odd), 60), even);
        }
    }

    proptest! {
        #[test]
        fn ranges_follow_each_other(
            bytes: u64,
            offsets in proptest::option::of(proptest::collection::vec(any::<i64>(), 0..20)),
            parts in 1..200_u64,
        ) {
            let ranges = ranges(bytes, offsets.as_deref(), bytes / parts);
            prop_assert_eq!(ranges[0].start, 0);
            prop_assert_eq!(ranges[ranges.len() - 1].end, u64::MAX);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert!(ranges.iter().all(|range| range.start < range.end));
        }
    }
}
