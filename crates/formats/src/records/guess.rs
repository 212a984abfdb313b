//! What kind of file a file is: as far as the user says it, and else by its name and its first bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::compression::Compression;
use crate::csv::CsvOptions;
use crate::error::{Error, Result};
use crate::format::{FileOptions, Format};

/// What is known of a file that is to be read. The rest is told from its name and its content.
///
/// A compression is told by the first bytes, whatever the name says. A format is told by the end of the
/// name: `csv`, `txt`, `tsv` and `tab` (with tabs), `json`, `jsonl`, `ndjson`, `parquet`, `pq`, `arrow`,
/// `feather`, `ipc`, each also with the end of a compression after it; and by the first bytes where the
/// name says nothing: `PAR1` and `ARROW1`, the mark of an Arrow stream, `[` or `{` for JSON, and anything
/// else is CSV. Whether JSON is an array or has an object a line is always told by the first character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guess {
    /// The format.
    pub format: Option<FormatName>,
    /// The dialect, if it is CSV. A file that is CSV with tabs by its name has tabs, unless the format or
    /// another delimiter than a comma is given.
    pub csv: CsvOptions,
    /// How the whole file is compressed.
    pub compression: Option<Compression>,
}

impl From<&FileOptions> for Guess {
    /// What is known of a file that was written by these.
    fn from(options: &FileOptions) -> Self {
        let (format, csv) = match &options.format {
            Format::Csv(csv) => (FormatName::Csv, csv.clone()),
            Format::JsonLines => (FormatName::JsonL, CsvOptions::default()),
            Format::JsonArray => (FormatName::Json, CsvOptions::default()),
            Format::Parquet(_) => (FormatName::Parquet, CsvOptions::default()),
            Format::Arrow => (FormatName::Arrow, CsvOptions::default()),
        };
        // Others are compressed inside.
        let compression = options.format.compressible_text().then_some(options.compression);
        Guess { format: Some(format), csv, compression }
    }
}

/// A format, without what can be chosen about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FormatName {
    /// Comma-separated values, or with another delimiter.
    Csv,
    /// JSON, one object a line or an array.
    Json,
    /// One JSON object a line, and never an array.
    JsonL,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow's IPC, a file or a stream.
    Arrow,
}

const NAMES: [(FormatName, &str); 5] = [
    (FormatName::Csv, "csv"),
    (FormatName::Json, "json"),
    (FormatName::JsonL, "jsonl"),
    (FormatName::Parquet, "parquet"),
    (FormatName::Arrow, "arrow"),
];

impl FormatName {
    /// Its name, which [`FromStr`] takes.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(each, _)| *each == self).map_or("csv", |(_, name)| name)
    }
}

impl fmt::Display for FormatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FormatName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        NAMES.iter().find(|(_, name)| *name == text).map(|(each, _)| *each).ok_or_else(|| {
            let known = NAMES.map(|(_, name)| name).join(", ");
            Error::request(format!("there is no format {text:?}; there are {known}"))
        })
    }
}

/// What a name says of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) format: Option<FormatName>,
    pub(super) tabs: bool,
    pub(super) compression: Option<Compression>,
}

impl Named {
    pub(super) fn new(name: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let ends = |name: &str| {
            name.rsplit_once('.').map(|(start, end)| (start.to_owned(), end.to_owned()))
        };
        let Some((start, end)) = ends(&name) else { return Named::default() };
        let compression = match end.as_str() {
            "gz" | "gzip" => Some(Compression::Gzip),
            "zst" | "zstd" => Some(Compression::Zstd),
            "lz4" => Some(Compression::Lz4),
            "sz" | "snappy" => Some(Compression::Snappy),
            "bz2" => Some(Compression::Bzip2),
            "xz" => Some(Compression::Xz),
            _ => None,
        };
        let end = match compression {
            Some(_) => ends(&start).map(|(_, end)| end).unwrap_or_default(),
            None => end,
        };
        let format = match end.as_str() {
            "csv" | "txt" | "tsv" | "tab" => Some(FormatName::Csv),
            "json" | "jsonl" | "ndjson" => Some(FormatName::Json),
            "parquet" | "pq" => Some(FormatName::Parquet),
            "arrow" | "feather" | "ipc" => Some(FormatName::Arrow),
            _ => None,
        };
        Named { format, tabs: matches!(end.as_str(), "tsv" | "tab"), compression }
    }
}

pub(super) const PARQUET: &[u8] = b"PAR1";
pub(super) const ARROW_FILE: &[u8] = b"ARROW1";
/// Before the length of each message, which is less than 2³¹.
const ARROW_STREAM: &[u8] = &[0xff; 4];

/// The compression that a file begins with.
pub(super) fn compression_of(bytes: &[u8]) -> Compression {
    let known: [(&[u8], Compression); 5] = [
        (&[0x1f, 0x8b], Compression::Gzip),
        (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
        (&[0x04, 0x22, 0x4d, 0x18], Compression::Lz4),
        (b"\xff\x06\x00\x00sNaPpY", Compression::Snappy),
        (b"\xfd7zXZ\x00", Compression::Xz),
    ];
    if let Some((_, compression)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return *compression;
    }
    // A text may begin with BZh. A block begins with the digits of pi, an empty file ends with the root's.
    let block: [&[u8]; 2] = [b"1AY&SY", b"\x17rE8P\x90"];
    let bzip2 = bytes.starts_with(b"BZh")
        && bytes.get(3).is_some_and(u8::is_ascii_digit)
        && block.iter().any(|block| bytes[4..].starts_with(block));
    if bzip2 { Compression::Bzip2 } else { Compression::None }
}

/// The format that a decompressed file begins with.
pub(super) fn format_of(bytes: &[u8], first: Option<u8>) -> FormatName {
    if bytes.starts_with(PARQUET) {
        FormatName::Parquet
    } else if bytes.starts_with(ARROW_FILE) || is_arrow_stream(bytes) {
        FormatName::Arrow
    } else if matches!(first, Some(b'[' | b'{')) {
        FormatName::Json
    } else {
        FormatName::Csv
    }
}

fn is_arrow_stream(bytes: &[u8]) -> bool {
    bytes.starts_with(ARROW_STREAM) && bytes.get(7).is_some_and(|high| *high < 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_format_and_compression() {
        let named = |name: &str| {
            let Named { format, tabs, compression } = Named::new(name);
            (format, tabs, compression)
        };
        assert_eq!(named("a/b.csv"), (Some(FormatName::Csv), false, None));
        assert_eq!(named("b.TSV.GZ"), (Some(FormatName::Csv), true, Some(Compression::Gzip)));
        assert_eq!(named("x.ndjson.zst"), (Some(FormatName::Json), false, Some(Compression::Zstd)));
        assert_eq!(named("part-0.snappy.parquet"), (Some(FormatName::Parquet), false, None));
        assert_eq!(named("a.csv/data"), (None, false, None));
        assert_eq!(named("data.xz"), (None, false, Some(Compression::Xz)));
        assert_eq!(named(""), (None, false, None));
    }

    #[test]
    fn every_compression_is_told_by_its_bytes() {
        use std::io::Write as _;
        for (compression, ..) in crate::compression::ALL {
            for text in ["", "a,b\n", &"1,2\n".repeat(100_000)] {
                let mut out =
                    crate::compression::Compressor::new(Vec::new(), compression, None).unwrap();
                out.write_all(text.as_bytes()).unwrap();
                let bytes = out.finish().unwrap();
                // Nothing, in Snappy, is nothing.
                let told = if bytes.is_empty() { Compression::None } else { compression };
                assert_eq!(compression_of(&bytes), told, "{compression}");
            }
        }
        assert_eq!(compression_of(b"BZh1,name\n"), Compression::None);
        assert_eq!(compression_of(b"BZh"), Compression::None);
    }

    #[test]
    fn formats_have_names() {
        for (format, name) in NAMES {
            assert_eq!(name.parse::<FormatName>().unwrap(), format);
            assert_eq!(serde_json::to_string(&format).unwrap(), format!("{name:?}"));
        }
        assert!("xlsx".parse::<FormatName>().unwrap_err().to_string().contains("jsonl"));
    }
}
