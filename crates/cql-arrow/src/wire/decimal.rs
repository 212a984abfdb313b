//! Decimals: an unscaled integer and how many of its digits follow the point.
//!
//! Their text is that of Java's `BigDecimal.toString`, since it keeps the scale, and never writes out
//! zeros that a large scale stands for: Cassandra, and so its users, know no other.

use std::fmt;

use arrow_array::types::{Decimal128Type, Decimal256Type, DecimalType};
use arrow_buffer::i256;

use super::integer::{Integer, sign};

/// `unscaled` times ten to the power of `-scale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) unscaled: Integer,
    pub(crate) scale: i32,
}

impl Decimal {
    /// From the bytes of a `decimal`: the scale, an `[int]`, then the unscaled value, a `varint`.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let scale = super::item::int(&mut bytes)?;
        Some(Decimal { unscaled: Integer::from_bytes(bytes)?, scale })
    }

    /// From text, as `new BigDecimal(String)` reads it: `1.50`, `-1.5E+4`, `.5`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = sign(number);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let unscaled = Integer::from_digits(negative, whole, fraction)?;
        Some(Decimal { unscaled, scale: i32::try_from(scale).ok()? })
    }

    /// Its unscaled value at another scale, where it has one.
    fn at_scale(&self, scale: i8) -> Option<Integer> {
        self.unscaled.times_power_of_ten(i64::from(scale) - i64::from(self.scale))
    }

    /// The integer that it is, if it is one.
    pub(crate) fn to_integer(&self) -> Option<Integer> {
        self.at_scale(0)
    }

    /// Its unscaled value as Arrow's `Decimal128(precision, scale)` holds it, if that is exact.
    pub(crate) fn to_decimal128(&self, precision: u8, scale: i8) -> Option<i128> {
        let number = self.at_scale(scale)?.to_i128()?;
        Decimal128Type::is_valid_decimal_precision(number, precision).then_some(number)
    }

    /// The same as `Decimal256(precision, scale)`.
    pub(crate) fn to_decimal256(&self, precision: u8, scale: i8) -> Option<i256> {
        let number = self.at_scale(scale)?.to_i256()?;
        Decimal256Type::is_valid_decimal_precision(number, precision).then_some(number)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.unscaled.with_digits(|digits| {
            let digits = match digits.strip_prefix('-') {
                Some(digits) => {
                    f.write_str("-")?;
                    digits
                }
                None => digits,
            };
            let len = i64::try_from(digits.len()).unwrap_or(i64::MAX);
            let exponent = len.saturating_sub(1).saturating_sub(i64::from(self.scale));
            if self.scale < 0 || exponent < -6 {
                let (first, rest) = digits.split_at(1);
                let point = if rest.is_empty() { "" } else { "." };
                return write!(f, "{first}{point}{rest}E{exponent:+}");
            }
            let scale = usize::try_from(self.scale).unwrap_or_default();
            match digits.len().checked_sub(scale) {
                Some(whole) if whole > 0 => {
                    let (whole, fraction) = digits.split_at(whole);
                    let point = if fraction.is_empty() { "" } else { "." };
                    write!(f, "{whole}{point}{fraction}")
                }
                // At most five zeros follow the point, by what was asked above.
                _ => {
                    let zeros = "00000".get(..scale.saturating_sub(digits.len())).unwrap_or("");
                    write!(f, "0.{zeros}{digits}")
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(unscaled: i128, scale: i32) -> Decimal {
        Decimal { unscaled: Integer::Small(unscaled), scale }
    }

    #[test]
    fn decimals_are_written_as_java_does() {
        // Including all examples of the documentation of java.math.BigDecimal.toString.
        let table = [
            (123, 0, "123"),
            (-123, 0, "-123"),
            (123, -1, "1.23E+3"),
            (123, -3, "1.23E+5"),
            (123, 1, "12.3"),
            (123, 5, "0.00123"),
            (123, 10, "1.23E-8"),
            (-123, 12, "-1.23E-10"),
            (150, 2, "1.50"),
            (15, -3, "1.5E+4"),
            (1, 10, "1E-10"),
            (1, 6, "0.000001"),
            (1, 7, "1E-7"),
            (12, 7, "0.0000012"),
            (12, 8, "1.2E-7"),
            (0, 0, "0"),
            (0, 5, "0.00000"),
            (0, 7, "0E-7"),
            (0, -3, "0E+3"),
            (5, 1, "0.5"),
            (1, i32::MAX, "1E-2147483647"),
            (12, i32::MIN, "1.2E+2147483649"),
        ];
        for (unscaled, scale, text) in table {
            let decimal = decimal(unscaled, scale);
            assert_eq!(decimal.to_string(), text);
            assert_eq!(Decimal::parse(text), Some(decimal));
        }
    }

    #[test]
    fn what_is_no_decimal_is_not_read_as_one() {
        for text in ["", ".", "-", "1.", "e5", "1e", "1e+", "1.2.3", "1_0", "NaN", "1e2147483649"] {
            let parsed = Decimal::parse(text);
            let expected = (text == "1.").then(|| decimal(1, 0));
            assert_eq!(parsed, expected, "{text}");
        }
        assert_eq!(Decimal::parse("1e9223372036854775807"), None);
        assert_eq!(Decimal::parse("1e-9223372036854775808"), None);
    }

    #[test]
    fn another_scale_is_exact_or_none() {
        assert_eq!(decimal(150, 2).at_scale(4), Some(Integer::Small(15_000)));
        assert_eq!(decimal(150, 2).at_scale(1), Some(Integer::Small(15)));
        assert_eq!(decimal(150, 2).at_scale(0), None);
        assert_eq!(decimal(0, i32::MIN).at_scale(0), Some(Integer::Small(0)));
        assert_eq!(decimal(1, i32::MAX).at_scale(0), None);
        assert_eq!(decimal(1, i32::MIN).at_scale(0), None);
    }

    proptest! {
        #[test]
        fn text_keeps_digits_and_scale(
            unscaled in proptest::collection::vec(any::<u8>(), 1..40),
            scale in prop_oneof![any::<i32>(), -12..40_i32],
        ) {
            let decimal = Decimal { unscaled: Integer::from_bytes(&unscaled).unwrap(), scale };
            let parsed = Decimal::parse(&decimal.to_string()).unwrap();
            prop_assert_eq!(parsed.scale, scale);
            prop_assert_eq!(parsed.unscaled.to_string(), decimal.unscaled.to_string());
        }
    }
}
