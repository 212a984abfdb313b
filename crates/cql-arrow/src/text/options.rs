//! How text is read where tools differ.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{FixedOffset, Offset, Utc};
use serde::{Deserialize, Serialize};

use super::scalar::parse_hex;
use crate::error::{Error, ErrorKind, Result};

/// How text is read where tools differ. The default reads what [`TextColumn`](crate::TextColumn) writes.
///
/// ```
/// use cql_arrow::{EpochUnit, MappingOptions, TextBuilder, TextOptions, field};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let at = ColumnType::Native(NativeType::Timestamp);
/// let at = field("at", &at, &MappingOptions::default())?;
/// let options = TextOptions { epoch: EpochUnit::Seconds, ..TextOptions::default() };
/// let (mut seconds, mut millis) = (TextBuilder::with_options(&at, &options)?, TextBuilder::new(&at)?);
/// seconds.append_plain("1709210096")?;
/// millis.append_plain("2024-02-29T12:34:56Z")?;
/// assert_eq!(&seconds.finish()?, &millis.finish()?);
/// # Ok::<(), cql_arrow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextOptions {
    /// What a bare number is for a `timestamp`.
    pub epoch: EpochUnit,
    /// The form of a `blob`.
    pub blob: BlobText,
    /// Words for true besides `true`, in upper or lower case: `yes`, `1`, `t`.
    pub true_words: Vec<String>,
    /// Words for false besides `false`.
    pub false_words: Vec<String>,
    /// The offset of moments that name none; as text, `+01:00` or `Z`.
    #[serde(with = "super::zone")]
    pub zone: FixedOffset,
    /// Whether an empty text is null, rather than an error, for all types but `text`, `ascii` and `blob`: as
    /// plain text for all others, and as a JSON string for those that are not made of others.
    pub empty_as_null: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        TextOptions {
            epoch: EpochUnit::default(),
            blob: BlobText::default(),
            true_words: Vec::new(),
            false_words: Vec::new(),
            zone: Utc.fix(),
            empty_as_null: false,
        }
    }
}

impl TextOptions {
    /// Refuses a word that is both true and false.
    pub(crate) fn check(&self) -> Result<()> {
        let both = |word: &&String| {
            is_one_of(word, "false", &self.false_words) || word.eq_ignore_ascii_case("false")
        };
        let word = self.true_words.iter().find(both);
        let word =
            word.or_else(|| self.false_words.iter().find(|word| word.eq_ignore_ascii_case("true")));
        match word {
            None => Ok(()),
            Some(word) => Err(Error::new(
                ErrorKind::Unsupported,
                format!("{word:?} is a word for both true and false; leave it to one of them"),
            )),
        }
    }

    pub(super) fn boolean(&self, text: &str) -> Option<bool> {
        if is_one_of(text, "true", &self.true_words) {
            Some(true)
        } else if is_one_of(text, "false", &self.false_words) {
            Some(false)
        } else {
            None
        }
    }

    /// The bytes of a `blob`.
    pub(super) fn bytes(&self, text: &str) -> Option<Vec<u8>> {
        match self.blob {
            BlobText::Hex => parse_hex(text),
            BlobText::Base64 => BASE64.decode(text).ok(),
        }
    }
}

fn is_one_of(text: &str, usual: &str, words: &[String]) -> bool {
    text.eq_ignore_ascii_case(usual) || words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// What a bare number is for a `timestamp`, counted from 1970. What is no whole number of milliseconds, which
/// is all that CQL keeps, is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EpochUnit {
    /// Also with a fraction: `1709210096.789`.
    Seconds,
    /// As CQL has it.
    #[default]
    Milliseconds,
    /// A thousand of them are a millisecond.
    Microseconds,
    /// A million of them are a millisecond.
    Nanoseconds,
}

impl EpochUnit {
    /// Its part of a second, as a power of ten.
    pub(super) fn digits(self) -> i32 {
        match self {
            EpochUnit::Seconds => 0,
            EpochUnit::Milliseconds => 3,
            EpochUnit::Microseconds => 6,
            EpochUnit::Nanoseconds => 9,
        }
    }
}

/// The form of a `blob` in text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobText {
    /// `0x00ff`, as CQL has it, or `00ff`; in upper or lower case. No bytes are `0x`.
    #[default]
    Hex,
    /// The standard alphabet of RFC 4648, with or without padding. No bytes are the empty text.
    Base64,
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_have_words_of_their_own() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (true_words, false_words) = (words(&["yes", "1"]), words(&["no", "0"]));
        let options = TextOptions { true_words, false_words, ..TextOptions::default() };
        options.check().unwrap();
        for (text, expected) in [
            ("YES", Some(true)),
            ("1", Some(true)),
            ("True", Some(true)),
            ("no", Some(false)),
            ("FALSE", Some(false)),
            ("y", None),
            ("", None),
        ] {
            assert_eq!(options.boolean(text), expected, "{text}");
        }
        assert_eq!(TextOptions::default().boolean("yes"), None);
    }

    #[test]
    fn a_word_cannot_be_true_and_false() {
        for (truth, falsehood) in [("x", "X"), ("FALSE", "no"), ("yes", "True")] {
            let (true_words, false_words) = (vec![truth.to_owned()], vec![falsehood.to_owned()]);
            let options = TextOptions { true_words, false_words, ..TextOptions::default() };
            let error = options.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("is a word for both true and false"), "{error}");
        }
    }

    #[test]
    fn base64_is_read_with_and_without_padding() {
        let options = TextOptions { blob: BlobText::Base64, ..TextOptions::default() };
        for (text, bytes) in [
            ("", &b""[..]),
            ("/+8=", b"\xff\xef"),
            ("/+8", b"\xff\xef"),
            ("AA==", b"\0"),
            ("AAAA", b"\0\0\0"),
        ] {
            assert_eq!(options.bytes(text).as_deref(), Some(bytes), "{text}");
        }
        // The alphabet for URLs, white space, bits that would be lost, and no whole byte.
        for text in ["_-8=", "AA ==", "AB==", "A", "0x00f", "AA=A"] {
            assert_eq!(options.bytes(text), None, "{text}");
        }
    }

    #[test]
    fn options_are_kept_as_text() {
        let json = r#"{"epoch":"seconds","blob":"base64","true_words":["y"],"zone":"-03:30"}"#;
        let options: TextOptions = serde_json::from_str(json).unwrap();
        let zone = FixedOffset::west_opt(3 * 3600 + 1800).unwrap();
        let expected = TextOptions {
            epoch: EpochUnit::Seconds,
            blob: BlobText::Base64,
            true_words: vec!["y".to_owned()],
            zone,
            ..TextOptions::default()
        };
        assert_eq!(options, expected);
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<TextOptions>(&json).unwrap(), options);
        assert_eq!(serde_json::from_str::<TextOptions>("{}").unwrap(), TextOptions::default());
        assert!(serde_json::from_str::<TextOptions>(r#"{"zones":"Z"}"#).is_err());
        let error = serde_json::from_str::<TextOptions>(r#"{"zone":"CET"}"#).unwrap_err();
        assert!(error.to_string().starts_with(r#""CET" is no offset"#), "{error}");
    }
}
