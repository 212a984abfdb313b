//! [`pack`]: fewer, larger units out of many ranges. A ring of 3,000 vnodes has 3,001 ranges; who
//! asks for 40 splits gets 40 runs of whole ranges rather than an error or 3,001 splits.

use crate::TokenRange;

/// Packs `ranges`, in the order given, into `bins` consecutive runs of nearly equal total size.
///
/// Every range stays whole. There are exactly `bins` runs, or one a range if that is fewer, and
/// none is empty; 0 bins are taken as 1, since nothing may be lost. Each run ends at the range end
/// nearest to where it ideally would.
///
/// ```
/// use tokenring::{Token, TokenRange, pack};
///
/// let ranges: Vec<TokenRange> = TokenRange::FULL.split(100).collect();
/// let bins = pack(&ranges, 8);
/// assert_eq!(bins.len(), 8);
/// assert!(bins.iter().all(|bin| bin.len() == 12 || bin.len() == 13));
/// assert_eq!(bins.concat(), ranges);
/// ```
#[must_use]
pub fn pack(ranges: &[TokenRange], bins: usize) -> Vec<Vec<TokenRange>> {
    let bins = bins.max(1).min(ranges.len());
    let total: u128 = ranges.iter().map(|range| u128::from(range.size())).sum();
    let mut packed = Vec::with_capacity(bins);
    let mut rest = ranges;
    let mut taken_size = 0;
    for bin in 1..=bins {
        let target = share_of(total, bin, bins);
        // the bins to come need a range each
        let most = rest.len() - (bins - bin);
        let mut count = 0;
        while count < most {
            let with_next = taken_size + u128::from(rest[count].size());
            let nearer_without = taken_size.abs_diff(target) < with_next.abs_diff(target);
            if count > 0 && bin < bins && nearer_without {
                break;
            }
            taken_size = with_next;
            count += 1;
        }
        let (run, after) = rest.split_at(count);
        packed.push(run.to_vec());
        rest = after;
    }
    debug_assert!(rest.is_empty());
    packed
}

/// `total` × `bin` / `bins`, rounded down, with no product above `u128`.
fn share_of(total: u128, bin: usize, bins: usize) -> u128 {
    let (bin, bins) = (bin as u128, bins as u128);
    total / bins * bin + total % bins * bin / bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Token;

    fn sizes(bins: &[Vec<TokenRange>]) -> Vec<Vec<u64>> {
        bins.iter().map(|bin| bin.iter().map(|range| range.size()).collect()).collect()
    }

    fn ranges(sizes: &[i64]) -> Vec<TokenRange> {
        let ends = sizes.iter().scan(0, |end, size| {
            *end += size;
            Some((*end - size, *end))
        });
        ends.map(|(a, b)| TokenRange::new(Token::new(a), Token::new(b)).unwrap()).collect()
    }

    #[test]
    fn runs_are_as_even_as_whole_ranges_allow() {
        let check = |given: &[i64], bins, expected: &[&[u64]]| {
            assert_eq!(sizes(&pack(&ranges(given), bins)), expected, "{given:?} in {bins}");
        };
        check(&[5, 5, 5, 5], 2, &[&[5, 5], &[5, 5]]);
        check(&[9, 1, 1, 9], 2, &[&[9, 1], &[1, 9]]);
        check(&[100, 1, 1], 3, &[&[100], &[1], &[1]]);
        check(&[1, 1, 100], 2, &[&[1, 1], &[100]]);
        check(&[1, 2, 3], 9, &[&[1], &[2], &[3]]);
        check(&[1, 2, 3], 0, &[&[1, 2, 3]]);
        check(&[], 3, &[]);
    }
}
