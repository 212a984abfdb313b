//! Variable length integers: `[unsigned vint]` and `[vint]`, section 3 of the protocol.
//!
//! The first byte has as many leading ones as bytes follow; a signed number is zig-zag coded first.

/// The longest there is.
pub(crate) const MAX_LEN: usize = 9;

/// Reads a signed number.
pub(crate) fn read(input: &mut &[u8]) -> Option<i64> {
    read_unsigned(input).map(|coded| (coded >> 1).cast_signed() ^ -(coded & 1).cast_signed())
}

/// Reads an unsigned number.
pub(crate) fn read_unsigned(input: &mut &[u8]) -> Option<u64> {
    let (first, rest) = input.split_first()?;
    let more = first.leading_ones();
    let bits = u64::from(first.checked_shl(more).unwrap_or(0)) >> more;
    let mut rest = rest;
    let taken = super::item::take(&mut rest, usize::try_from(more).ok()?)?;
    *input = rest;
    Some(taken.iter().fold(bits, |number, byte| number << 8 | u64::from(*byte)))
}

/// Writes a signed number; gives the bytes used.
pub(crate) fn write(number: i64, out: &mut [u8; MAX_LEN]) -> &[u8] {
    write_unsigned((number << 1 ^ number >> 63).cast_unsigned(), out)
}

/// Writes an unsigned number in as few bytes as it takes; gives them.
pub(crate) fn write_unsigned(number: u64, out: &mut [u8; MAX_LEN]) -> &[u8] {
    // Each byte holds seven bits of the number, but for the ninth, which holds eight.
    let bits = 64 - number.leading_zeros();
    let more = (bits.saturating_sub(1) / 7).min(8);
    out[0] = 0;
    out[1..].copy_from_slice(&number.to_be_bytes());
    let written = &mut out[MAX_LEN - 1 - more as usize..];
    written[0] |= !(0xff_u8.checked_shr(more).unwrap_or(0));
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_as_the_specification_has_them() {
        let mut out = [0; MAX_LEN];
        // From the tables of Cassandra's VIntCodingTest and the driver's own tests.
        assert_eq!(write_unsigned(0, &mut out), [0]);
        assert_eq!(write_unsigned(127, &mut out), [127]);
        assert_eq!(write_unsigned(128, &mut out), [128, 128]);
        assert_eq!(write_unsigned(256_000, &mut out), [0xc3, 0xe8, 0x00]);
        assert_eq!(write_unsigned(1 << 56, &mut out), [255, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            write_unsigned((1 << 56) - 1, &mut out),
            [254, 255, 255, 255, 255, 255, 255, 255]
        );
        assert_eq!(write_unsigned(u64::MAX, &mut out), [255; 9]);
        assert_eq!(write(-1, &mut out), [1]);
        assert_eq!(write(1, &mut out), [2]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: i64, shift in 0..64) {
            let (number, mut out) = (number >> shift, [0; MAX_LEN]);
            let mut written = write(number, &mut out);
            prop_assert_eq!(read(&mut written), Some(number));
            prop_assert!(written.is_empty());
        }

        #[test]
        fn a_number_cut_short_is_none(number: u64, shift in 0..64) {
            let mut out = [0; MAX_LEN];
            let written = write_unsigned(number >> shift, &mut out);
            let mut short = &written[..written.len() - 1];
            prop_assert_eq!(read_unsigned(&mut short), None);
        }
    }
}
