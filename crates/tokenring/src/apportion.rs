//! [`apportion`]: shares of a whole number. Rounding each share by itself gives a sum that is not
//! what was asked for; here it always is, as in an election by largest remainder.

/// How many of `total` parts each of `weights` gets: at least one each, the rest in proportion, by
/// largest remainder. The result is aligned with `weights`.
///
/// The sum is exactly `total` if that is at least the number of weights; else each gets 1. Of equal
/// remainders the earlier wins, so the result is the same every time. If all weights are 0 they
/// count as equal. The arithmetic is exact in `u128`; only where the sum of the weights times
/// `total` exceeds that are the weights' lowest bits dropped, which can shift single parts but not
/// the sum.
///
/// ```
/// use tokenring::apportion;
///
/// assert_eq!(apportion(&[700, 200, 100], 10), [7, 2, 1]);
/// assert_eq!(apportion(&[1, 1, 1], 10), [4, 3, 3]);
/// assert_eq!(apportion(&[1_000, 0], 3), [2, 1]);
/// assert_eq!(apportion(&[5, 5, 5], 1), [1, 1, 1]);
/// ```
#[must_use]
pub fn apportion(weights: &[u128], total: usize) -> Vec<usize> {
    let mut shares = vec![1; weights.len()];
    if total <= weights.len() {
        return shares;
    }
    let (weights, mut sum) = scaled(weights, total);
    let mut left = total;
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| weights[i]);

    // whoever is due less than one part keeps its one, and no longer weighs on the others
    let mut small = 0;
    for &i in &order {
        if weights[i] * left as u128 >= sum {
            break;
        }
        small += 1;
        left -= 1;
        sum -= weights[i];
    }

    let due = &order[small..];
    let mut given = 0;
    let mut remainders: Vec<(u128, usize)> = Vec::with_capacity(due.len());
    for &i in due {
        let product = weights[i] * left as u128;
        shares[i] = share(product / sum, left);
        given += shares[i];
        remainders.push((product % sum, i));
    }
    remainders.sort_unstable_by(|(a, i), (b, j)| b.cmp(a).then(i.cmp(j)));
    for &(_, i) in remainders.iter().take(left - given) {
        shares[i] += 1;
    }
    shares
}

/// [`apportion`], but nobody gets more than its cap (which is at least 1): what is cut off goes to
/// the others. The sum is `total`, or that of the caps if that is less.
pub(crate) fn apportion_capped(weights: &[u128], caps: &[u64], total: usize) -> Vec<usize> {
    debug_assert_eq!(weights.len(), caps.len());
    let room: u128 = caps.iter().map(|&cap| u128::from(cap)).sum();
    let mut left = usize::try_from(room).map_or(total, |room| total.min(room));
    let mut shares = vec![0; weights.len()];
    let mut open: Vec<usize> = (0..weights.len()).collect();
    loop {
        let open_weights: Vec<u128> = open.iter().map(|&i| weights[i]).collect();
        for (&i, got) in open.iter().zip(apportion(&open_weights, left)) {
            shares[i] = got;
        }
        // who is over its cap stays over when the others' surplus is dealt out again, so is settled
        let over: Vec<usize> =
            open.iter().copied().filter(|&i| shares[i] as u64 > caps[i]).collect();
        if over.is_empty() {
            return shares;
        }
        for &i in &over {
            shares[i] = share(u128::from(caps[i]), left);
            left -= shares[i];
        }
        open.retain(|i| over.binary_search(i).is_err());
    }
}

/// A share as a count. It is at most `most`, so it fits.
fn share(exact: u128, most: usize) -> usize {
    debug_assert!(exact <= most as u128);
    usize::try_from(exact).unwrap_or(most)
}

/// The weights and their sum, with sum × total within `u128`; all zero becomes all one.
fn scaled(weights: &[u128], total: usize) -> (Vec<u128>, u128) {
    let mut weights = weights.to_vec();
    loop {
        let sum = weights.iter().try_fold(0_u128, |sum, &weight| sum.checked_add(weight));
        match sum.filter(|sum| sum.checked_mul(total as u128).is_some()) {
            Some(0) => {
                weights.fill(1);
                let sum = weights.len() as u128;
                return (weights, sum);
            }
            Some(sum) => return (weights, sum),
            None => weights.iter_mut().for_each(|weight| *weight /= 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_largest_remainder() {
        // the quotas 14 and 2 are whole, so nothing is left to round
        assert_eq!(apportion(&[7, 1], 16), [14, 2]);
        // 1.5 each: the earlier wins
        assert_eq!(apportion(&[1, 1], 3), [2, 1]);
        // due less than one, they get one; the others share what is left
        assert_eq!(apportion(&[1, 50, 0, 50], 12), [1, 5, 1, 5]);
        assert_eq!(apportion(&[0, 0, 0], 4), [2, 1, 1]);
        assert_eq!(apportion(&[], 4), []);
        assert_eq!(apportion(&[3, 4], 0), [1, 1]);
    }

    #[test]
    fn weights_beyond_the_arithmetic_are_scaled() {
        assert_eq!(apportion(&[u128::MAX, u128::MAX], 10), [5, 5]);
        assert_eq!(apportion(&[u128::MAX, 1], 10), [9, 1]);
        let many = apportion(&vec![1 << 58; 1 << 12], usize::MAX);
        assert_eq!(many.iter().map(|&n| n as u128).sum::<u128>(), usize::MAX as u128);
    }

    #[test]
    fn what_is_over_a_cap_goes_to_the_others() {
        assert_eq!(apportion_capped(&[100, 1, 1], &[3, 50, 50], 11), [3, 4, 4]);
        assert_eq!(apportion_capped(&[100, 10, 1], &[3, 3, 9], 9), [3, 3, 3]);
        assert_eq!(apportion_capped(&[1, 1], &[2, 3], 99), [2, 3]);
        assert_eq!(apportion_capped(&[], &[], 5), []);
    }
}
