//! Integers of any size: the bytes of a `varint`, its digits, and the way between.

use std::fmt;

use arrow_buffer::i256;
use num_bigint::BigInt;

/// An integer; nothing is allocated for one of up to 128 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Integer {
    Small(i128),
    Big(BigInt),
}

impl Integer {
    /// From two's complement, big-endian; `None` for no bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let negative = *bytes.first()? >= 0x80;
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        match wide.len().checked_sub(bytes.len()) {
            Some(start) => {
                wide[start..].copy_from_slice(bytes);
                Some(Integer::Small(i128::from_be_bytes(wide)))
            }
            None => Some(Integer::of(BigInt::from_signed_bytes_be(bytes))),
        }
    }

    /// What fits is small, so that equal numbers are equal values.
    fn of(number: BigInt) -> Self {
        i128::try_from(&number).map_or_else(|_| Integer::Big(number), Integer::Small)
    }

    /// From digits, with a sign or without; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = sign(text);
        Integer::from_digits(negative, digits, "")
    }

    /// From digits in two parts, as a number with a point has them.
    pub(super) fn from_digits(negative: bool, whole: &str, fraction: &str) -> Option<Self> {
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let small = digits().try_fold(0_i128, |number, byte| {
            let (number, digit) = (number.checked_mul(10)?, i128::from(byte - b'0'));
            if negative { number.checked_sub(digit) } else { number.checked_add(digit) }
        });
        small.map(Integer::Small).or_else(|| {
            let number = BigInt::parse_bytes(&digits().collect::<Vec<u8>>(), 10)?;
            Some(Integer::of(if negative { -number } else { number }))
        })
    }

    /// The two's complement, big-endian and as short as can be, as Java's `BigInteger` has it.
    pub(crate) fn with_bytes<T>(&self, use_bytes: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Integer::Small(number) => {
                let signs =
                    if *number < 0 { number.leading_ones() } else { number.leading_zeros() };
                use_bytes(&number.to_be_bytes()[(signs as usize - 1) / 8..])
            }
            Integer::Big(number) => use_bytes(&number.to_signed_bytes_be()),
        }
    }

    /// Its digits, with a minus if it is negative.
    pub(crate) fn with_digits<T>(&self, use_digits: impl FnOnce(&str) -> T) -> T {
        match self {
            Integer::Small(number) => match i64::try_from(*number) {
                Ok(number) => use_digits(itoa::Buffer::new().format(number)),
                Err(_) => use_digits(itoa::Buffer::new().format(*number)),
            },
            Integer::Big(number) => use_digits(&number.to_string()),
        }
    }

    pub(crate) fn to_i128(&self) -> Option<i128> {
        match self {
            Integer::Small(number) => Some(*number),
            Integer::Big(number) => number.try_into().ok(),
        }
    }

    pub(crate) fn to_i256(&self) -> Option<i256> {
        self.with_bytes(|bytes| {
            let negative = *bytes.first()? >= 0x80;
            let mut wide = [if negative { 0xff } else { 0 }; 32];
            let start = wide.len().checked_sub(bytes.len())?;
            wide[start..].copy_from_slice(bytes);
            Some(i256::from_be_bytes(wide))
        })
    }

    /// Times a power of ten, where that is an integer of no more than about a hundred digits more.
    pub(super) fn times_power_of_ten(&self, power: i64) -> Option<Self> {
        if *self == Integer::Small(0) || power == 0 {
            return Some(self.clone());
        }
        let size = u32::try_from(power.unsigned_abs()).ok()?;
        match (self, 10_i128.checked_pow(size)) {
            (Integer::Small(number), Some(factor)) if power < 0 => {
                return (number % factor == 0).then(|| Integer::Small(number / factor));
            }
            (Integer::Small(number), Some(factor)) => {
                if let Some(product) = number.checked_mul(factor) {
                    return Some(Integer::Small(product));
                }
            }
            (Integer::Small(_), None) if power < 0 => return None,
            _ => {}
        }
        let number = match self {
            Integer::Small(number) => BigInt::from(*number),
            Integer::Big(number) => number.clone(),
        };
        // What would be far too long, or can't divide so short a number, is not computed at all.
        let limit = if power < 0 { number.bits() } else { 100 };
        if u64::from(size) > limit {
            return None;
        }
        let factor = BigInt::from(10).pow(size);
        if power > 0 {
            return Some(Integer::of(number * factor));
        }
        let quotient = &number / &factor;
        (&quotient * &factor == number).then(|| Integer::of(quotient))
    }
}

impl From<i256> for Integer {
    fn from(number: i256) -> Self {
        number.to_i128().map_or_else(
            || Integer::Big(BigInt::from_signed_bytes_be(&number.to_be_bytes())),
            Integer::Small,
        )
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_digits(|digits| f.write_str(digits))
    }
}

/// Takes off a sign: whether it was a minus, and what follows.
pub(super) fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_those_of_the_specification() {
        // native_protocol_v5.spec, section 6.24.
        let table: [(i128, &[u8]); 8] = [
            (0, &[0x00]),
            (1, &[0x01]),
            (127, &[0x7f]),
            (128, &[0x00, 0x80]),
            (129, &[0x00, 0x81]),
            (-1, &[0xff]),
            (-128, &[0x80]),
            (-129, &[0xff, 0x7f]),
        ];
        for (number, bytes) in table {
            assert_eq!(Integer::from_bytes(bytes), Some(Integer::Small(number)));
            Integer::Small(number).with_bytes(|written| assert_eq!(written, bytes));
        }
        assert_eq!(Integer::from_bytes(&[]), None);
    }

    #[test]
    fn only_digits_are_an_integer() {
        for text in ["", "-", "+", "1_000", "1.0", "0x1", " 1", "--1", "1e3"] {
            assert_eq!(Integer::parse(text), None, "{text}");
        }
        assert_eq!(Integer::parse("+7"), Some(Integer::Small(7)));
    }

    proptest! {
        #[test]
        fn digits_and_bytes_say_the_same(bytes in proptest::collection::vec(any::<u8>(), 1..40)) {
            let number = Integer::from_bytes(&bytes).unwrap();
            let big = BigInt::from_signed_bytes_be(&bytes);
            prop_assert_eq!(number.to_string(), big.to_string());
            number.with_bytes(|written| assert_eq!(written, big.to_signed_bytes_be()));
            prop_assert_eq!(Integer::parse(&big.to_string()), Some(number));
        }

        #[test]
        fn a_power_of_ten_there_and_back(
            bytes in proptest::collection::vec(any::<u8>(), 1..40),
            power in 0_u32..60,
        ) {
            let number = Integer::from_bytes(&bytes).unwrap();
            let product = number.times_power_of_ten(i64::from(power)).unwrap();
            let expected = BigInt::from_signed_bytes_be(&bytes) * BigInt::from(10).pow(power);
            prop_assert_eq!(product.to_string(), expected.to_string());
            prop_assert_eq!(product.times_power_of_ten(-i64::from(power)), Some(number));
        }
    }
}
