//! The text form of one value that is not made of others.
//!
//! There is one form for each value. A CSV field holds it as it is; JSON holds it as a number, as
//! `true` or `false`, or in quotes.

use std::fmt;
use std::io::Write;

use serde::{Serialize, Serializer};

use super::short::Short;

/// A value that is not made of others, on its way to text.
pub(super) enum Scalar<'a> {
    Boolean(bool),
    Integer(i64),
    Float(f32),
    Double(f64),
    /// What the cell holds already.
    Text(&'a str),
    Short(Short),
    Long(String),
    Blob(&'a [u8]),
}

impl Scalar<'_> {
    /// Appends the text, without quotes.
    pub(super) fn write_plain(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        match self {
            Scalar::Boolean(truth) => {
                out.extend_from_slice(if *truth { b"true" } else { b"false" })
            }
            Scalar::Integer(number) => return serde_json::to_writer(out, number),
            Scalar::Float(number) => match special(f64::from(*number)) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => return serde_json::to_writer(out, number),
            },
            Scalar::Double(number) => match special(*number) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => return serde_json::to_writer(out, number),
            },
            Scalar::Text(text) => out.extend_from_slice(text.as_bytes()),
            Scalar::Short(text) => out.extend_from_slice(text.as_bytes()),
            Scalar::Long(text) => out.extend_from_slice(text.as_bytes()),
            Scalar::Blob(bytes) => write!(out, "{}", Hex(bytes)).map_err(serde_json::Error::io)?,
        }
        Ok(())
    }
}

impl Serialize for Scalar<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scalar::Boolean(truth) => serializer.serialize_bool(*truth),
            Scalar::Integer(number) => serializer.serialize_i64(*number),
            Scalar::Float(number) => match special(f64::from(*number)) {
                Some(text) => serializer.serialize_str(text),
                None => serializer.serialize_f32(*number),
            },
            Scalar::Double(number) => match special(*number) {
                Some(text) => serializer.serialize_str(text),
                None => serializer.serialize_f64(*number),
            },
            Scalar::Text(text) => serializer.serialize_str(text),
            Scalar::Short(text) => serializer.serialize_str(text.as_str()),
            Scalar::Long(text) => serializer.serialize_str(text),
            Scalar::Blob(bytes) => serializer.collect_str(&Hex(bytes)),
        }
    }
}

/// The name of a number that JSON has no digits for.
fn special(number: f64) -> Option<&'static str> {
    match number {
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        number if number.is_nan() => Some("NaN"),
        _ => None,
    }
}

/// Bytes as `0x00ff`.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        f.write_str("0x")?;
        for chunk in self.0.chunks(64) {
            let mut digits = [0; 128];
            let digits = &mut digits[..2 * chunk.len()];
            for (pair, byte) in digits.chunks_exact_mut(2).zip(chunk) {
                pair[0] = DIGITS[usize::from(byte >> 4)];
                pair[1] = DIGITS[usize::from(byte & 15)];
            }
            // All of them are ASCII.
            f.write_str(std::str::from_utf8(digits).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// The bytes of `0x00ff` or `00ff`, in upper or lower case. An empty text is more likely to be no value than
/// one of no bytes.
pub(super) fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    if !odd.is_empty() || text.is_empty() {
        return None;
    }
    let digit =
        |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_as_hex() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = Hex(&bytes).to_string();
        assert!(text.starts_with("0x0001") && text.ends_with("feff"));
        assert_eq!(parse_hex(&text), Some(bytes.clone()));
        assert_eq!(parse_hex(&text.to_uppercase()), Some(bytes));
        assert_eq!(parse_hex("0x"), Some(Vec::new()));
        assert_eq!(parse_hex("00fF"), Some(vec![0, 255]));
        for text in ["", "0", "x0", "0x0", "0xg0", "0x+1", "0x\u{e9}", "0x0x00"] {
            assert_eq!(parse_hex(text), None, "{text}");
        }
    }
}
