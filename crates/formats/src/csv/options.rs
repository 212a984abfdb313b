//! The dialects of CSV.

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A dialect of CSV.
///
/// Lines end with a line feed; both `\n` and `\r\n` are read. A field is quoted where it must be.
///
/// **Null and empty text differ**, as in PostgreSQL's `COPY`: null is the [null string](Self::null)
/// without quotes, and a text that looks like it is quoted. So by default `a,,""` is a text, a null,
/// and an empty text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    /// What is between fields: an ASCII character. By default a comma.
    #[serde(with = "character")]
    pub delimiter: u8,
    /// What is around quoted fields: an ASCII character. By default `"`.
    #[serde(with = "character")]
    pub quote: u8,
    /// How a quote within a quoted field is written. By default doubled.
    pub escape: Escape,
    /// Whether the first line has the names of the columns. By default it has.
    pub header: bool,
    /// What null is, unquoted. By default nothing.
    ///
    /// If there is only one column, a null that is nothing makes an empty line. It is read back as a
    /// null here; other readers may skip it.
    pub null: String,
    /// How characters become bytes. By default UTF-8. UTF-16 is only read, never written.
    pub encoding: &'static Encoding,
}

/// How a quote within a quoted field is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Escape {
    /// Twice.
    #[default]
    Doubled,
    /// After this ASCII character, as also this character itself.
    Byte(#[serde(with = "character")] u8),
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            delimiter: b',',
            quote: b'"',
            escape: Escape::Doubled,
            header: true,
            null: String::new(),
            encoding: encoding_rs::UTF_8,
        }
    }
}

impl CsvOptions {
    /// Checks that what is written can be read back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) where two of the characters are the same, one is
    /// no printable ASCII character or tab, or the null string has one of them.
    ///
    /// ```
    /// let odd = formats::CsvOptions { delimiter: b'"', ..Default::default() };
    /// assert!(odd.check().is_err());
    /// ```
    pub fn check(&self) -> Result<()> {
        let mut special = vec![("delimiter", self.delimiter), ("quote", self.quote)];
        if let Escape::Byte(escape) = self.escape {
            special.push(("escape", escape));
        }
        for (index, (name, byte)) in special.iter().enumerate() {
            if !(matches!(byte, b' '..=b'~' | b'\t')
                || (*name == "delimiter" && is_separator(*byte)))
            {
                return Err(Error::request(format!(
                    "the CSV {name} must be a printable ASCII character, not {:?}",
                    char::from(*byte)
                )));
            }
            if let Some((other, _)) = special[..index].iter().find(|(_, other)| other == byte) {
                return Err(Error::request(format!(
                    "the CSV {name} is the same as the {other}: {:?}; choose another",
                    char::from(*byte)
                )));
            }
            if self.null.bytes().any(|in_null| in_null == *byte) {
                return Err(Error::request(format!(
                    "the CSV null string {:?} must not have the {name} in it",
                    self.null
                )));
            }
        }
        if self.null.chars().any(|c| c.is_control() || c == '\u{feff}') {
            return Err(Error::request(format!(
                "the CSV null string {:?} must not have control characters in it",
                self.null
            )));
        }
        Ok(())
    }

    /// Checks that files can be written in the encoding.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.encoding.output_encoding() != self.encoding {
            return Err(Error::request(format!(
                "CSV can't be written in {}; write UTF-8, and convert it where it is needed",
                self.encoding.name()
            )));
        }
        if !super::encoding::represents(self.encoding, &self.null) {
            return Err(Error::request(format!(
                "the CSV null string {:?} does not exist in {}",
                self.null,
                self.encoding.name()
            )));
        }
        Ok(())
    }
}

/// ASCII's own separators, which Hive and others use.
fn is_separator(byte: u8) -> bool {
    matches!(byte, 0x01..=0x08 | 0x1c..=0x1f)
}

/// A byte as the character it is, so that people can read it in a manifest.
mod character {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(byte: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(char::from(*byte))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        let character = char::deserialize(deserializer)?;
        u8::try_from(character)
            .map_err(|_| D::Error::custom(format!("{character:?} is not an ASCII character")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused() {
        let good = CsvOptions::default();
        good.check().unwrap();
        CsvOptions { delimiter: b'\x01', null: "\\N".into(), ..good.clone() }.check().unwrap();
        for bad in [
            CsvOptions { delimiter: b'\n', ..good.clone() },
            CsvOptions { delimiter: 0xe4, ..good.clone() },
            CsvOptions { quote: b',', ..good.clone() },
            CsvOptions { escape: Escape::Byte(b'"'), ..good.clone() },
            CsvOptions { escape: Escape::Byte(b'\\'), null: "\\N".into(), ..good.clone() },
            CsvOptions { null: "a,b".into(), ..good.clone() },
            CsvOptions { null: "a\nb".into(), ..good.clone() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        let wide = CsvOptions { encoding: encoding_rs::UTF_16LE, ..good.clone() };
        assert!(wide.check().is_ok() && wide.check_writable().is_err());
        let latin = CsvOptions { encoding: encoding_rs::WINDOWS_1252, null: "∅".into(), ..good };
        assert!(latin.check_writable().is_err());
    }

    #[test]
    fn a_manifest_reads_well() {
        let options = CsvOptions { escape: Escape::Byte(b'\\'), ..CsvOptions::default() };
        let json = serde_json::to_string(&options).unwrap();
        let expected = "{\"delimiter\":\",\",\"quote\":\"\\\"\",\"escape\":{\"byte\":\"\\\\\"},\
                        \"header\":true,\"null\":\"\",\"encoding\":\"UTF-8\"}";
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<CsvOptions>(&json).unwrap(), options);
        assert_eq!(serde_json::from_str::<CsvOptions>("{}").unwrap(), CsvOptions::default());
    }
}
