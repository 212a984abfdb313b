//! The formats of files, and what can be chosen about them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::compression::Compression;
use crate::csv::CsvOptions;
use crate::error::{Error, Result};
use crate::parquet::ParquetOptions;

/// The format of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Comma-separated values.
    #[serde(rename = "csv")]
    Csv(CsvOptions),
    /// One JSON object a line.
    #[serde(rename = "jsonl")]
    JsonLines,
    /// A JSON array of objects.
    #[serde(rename = "json")]
    JsonArray,
    /// Apache Parquet.
    #[serde(rename = "parquet")]
    Parquet(ParquetOptions),
    /// Apache Arrow's IPC: the file format for files, the stream format for streams.
    #[serde(rename = "arrow")]
    Arrow,
}

impl Default for Format {
    fn default() -> Self {
        Format::Parquet(ParquetOptions::default())
    }
}

impl Format {
    /// Its name, which [`FromStr`] takes.
    pub fn name(&self) -> &'static str {
        self.extension()
    }

    /// What the names of its files end with, without the point.
    pub fn extension(&self) -> &'static str {
        match self {
            Format::Csv(_) => "csv",
            Format::JsonLines => "jsonl",
            Format::JsonArray => "json",
            Format::Parquet(_) => "parquet",
            Format::Arrow => "arrow",
        }
    }

    /// Whether it is text, which is compressed as a whole.
    pub fn compressible_text(&self) -> bool {
        matches!(self, Format::Csv(_) | Format::JsonLines | Format::JsonArray)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// A format by its name, with the usual options.
    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "csv" => Format::Csv(CsvOptions::default()),
            "jsonl" => Format::JsonLines,
            "json" => Format::JsonArray,
            "parquet" => Format::Parquet(ParquetOptions::default()),
            "arrow" => Format::Arrow,
            _ => {
                return Err(Error::request(format!(
                    "there is no format {text:?}; there are csv, jsonl, json, parquet, arrow"
                )));
            }
        })
    }
}

/// All that is chosen about a file.
///
/// ```
/// use formats::{Compression, FileOptions, Format};
/// let options =
///     FileOptions { format: Format::JsonLines, compression: Compression::Gzip, level: None };
/// options.check()?;
/// assert_eq!(options.suffix(), "jsonl.gz");
/// # Ok::<(), formats::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileOptions {
    /// The format.
    pub format: Format,
    /// Text formats: how the whole file is compressed. Arrow: how its buffers are, by LZ4 or
    /// Zstandard. Parquet has its own in [`ParquetOptions`].
    pub compression: Compression,
    /// The level of the compression, where it has levels; `None` is a good one.
    pub level: Option<i32>,
}

impl FileOptions {
    /// Checks that the choices go together.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request), saying what does not go with what.
    pub fn check(&self) -> Result<()> {
        match &self.format {
            Format::Csv(options) => options.check()?,
            Format::JsonLines | Format::JsonArray => {}
            Format::Parquet(options) => {
                if self.compression != Compression::None || self.level.is_some() {
                    return Err(Error::request(format!(
                        "a Parquet file can't be compressed by {} as a whole; its pages are \
                         compressed: choose that in the options of Parquet",
                        self.compression
                    )));
                }
                options.check()?;
            }
            Format::Arrow => match self.compression {
                Compression::None | Compression::Lz4 | Compression::Zstd
                    if self.level.is_none() => {}
                Compression::None | Compression::Lz4 | Compression::Zstd => {
                    return Err(Error::request("the compression within Arrow files has no levels"));
                }
                other => {
                    return Err(Error::request(format!(
                        "Arrow files are compressed by lz4 or zstd, not by {other}"
                    )));
                }
            },
        }
        self.compression.level(self.level).map(drop)
    }

    /// What the names of such files end with, without the first point: `csv.gz`.
    pub fn suffix(&self) -> String {
        let format = self.format.extension();
        match self.compression.extension() {
            compression if !compression.is_empty() && self.format.compressible_text() => {
                format!("{format}.{compression}")
            }
            _ => format.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_go_together_is_refused() {
        let options = |format: &str, compression, level| FileOptions {
            format: format.parse().unwrap(),
            compression,
            level,
        };
        FileOptions::default().check().unwrap();
        options("arrow", Compression::Zstd, None).check().unwrap();
        options("csv", Compression::Xz, Some(9)).check().unwrap();
        assert_eq!(options("arrow", Compression::Zstd, None).suffix(), "arrow");
        assert_eq!(options("csv", Compression::Bzip2, None).suffix(), "csv.bz2");
        for bad in [
            options("parquet", Compression::Zstd, None),
            options("parquet", Compression::None, Some(1)),
            options("arrow", Compression::Gzip, None),
            options("arrow", Compression::Zstd, Some(3)),
            options("json", Compression::None, Some(3)),
            options("json", Compression::Gzip, Some(10)),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        assert!("orc".parse::<Format>().is_err());
    }

    #[test]
    fn options_survive_a_manifest() {
        for format in ["csv", "jsonl", "json", "parquet", "arrow"] {
            let options = FileOptions { format: format.parse().unwrap(), ..FileOptions::default() };
            let json = serde_json::to_string(&options).unwrap();
            assert_eq!(serde_json::from_str::<FileOptions>(&json).unwrap(), options, "{json}");
        }
    }
}
