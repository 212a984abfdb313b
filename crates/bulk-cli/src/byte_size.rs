//! A number of bytes as people write it.

use std::num::NonZeroU32;
use std::str::FromStr;

/// A number of bytes: `1000`, `64MiB`, `1.5GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) u64);

impl ByteSize {
    /// As a rate; nothing is faster than the greatest.
    pub(crate) fn per_second(self) -> NonZeroU32 {
        u32::try_from(self.0).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX)
    }
}

const UNITS: [(&str, u64); 13] = [
    ("", 1),
    ("b", 1),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no size; write it as 64MiB, 1GB or 1000000");
        let lower = text.trim().to_lowercase();
        let at = lower.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(lower.len());
        let (number, unit) = lower.split_at(at);
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(bad)?.1;
        let bytes = match number.parse::<u64>() {
            Ok(whole) => whole.checked_mul(unit).ok_or_else(bad)?,
            Err(_) => {
                let bytes = number.parse::<f64>().map_err(|_| bad())? * unit as f64;
                if !bytes.is_finite() || bytes >= u64::MAX as f64 {
                    return Err(bad());
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked"
                )]
                let bytes = bytes as u64;
                bytes
            }
        };
        if bytes == 0 { Err("must be more than 0".to_owned()) } else { Ok(ByteSize(bytes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("1000", 1000),
            ("64MiB", 64 << 20),
            ("64 mib", 64 << 20),
            ("1.5GB", 1_500_000_000),
            ("2k", 2048),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "0", "x", "-1", "1.2.3", "5 parsecs", "99999999999TiB", ".", "0.1b"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
