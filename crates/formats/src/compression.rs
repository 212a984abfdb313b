//! Compression of text files, as a whole.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a text file is compressed, from its first byte to its last.
///
/// Files are written as one frame (member, stream), and read also where they are several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, levels 0 to 9, by default 6.
    Gzip,
    /// Zstandard, levels 1 to 22, by default 1: nearly as small as the higher ones, and much faster.
    Zstd,
    /// LZ4 in its frame format, with checksums; no levels.
    Lz4,
    /// Snappy in its framing format; no levels. Its end is not marked, so a file that was cut between
    /// two chunks is not noticed by reading it.
    Snappy,
    /// bzip2, levels 1 to 9, by default 6.
    Bzip2,
    /// xz, levels 0 to 9, by default 6.
    Xz,
}

/// All compressions with their names and the ends of file names.
pub(crate) const ALL: [(Compression, &str, &str); 7] = [
    (Compression::None, "none", ""),
    (Compression::Gzip, "gzip", "gz"),
    (Compression::Zstd, "zstd", "zst"),
    (Compression::Lz4, "lz4", "lz4"),
    (Compression::Snappy, "snappy", "sz"),
    (Compression::Bzip2, "bzip2", "bz2"),
    (Compression::Xz, "xz", "xz"),
];

impl Compression {
    /// Its name, which [`FromStr`] takes.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(each, ..)| *each == self).map_or("none", |(_, name, _)| name)
    }

    /// What the names of such files end with, without the point; empty for none.
    pub fn extension(self) -> &'static str {
        ALL.iter().find(|(each, ..)| *each == self).map_or("", |(.., extension)| extension)
    }

    /// The level that is used where `given` is the one asked for.
    pub(crate) fn level(self, given: Option<i32>) -> Result<u32> {
        let (levels, usual) = match self {
            Compression::Gzip | Compression::Xz => (0..=9, 6),
            Compression::Zstd => (1..=22, 1),
            Compression::Bzip2 => (1..=9, 6),
            Compression::None | Compression::Lz4 | Compression::Snappy => match given {
                None => return Ok(0),
                Some(_) => {
                    return Err(Error::request(format!(
                        "compression {self} has no levels; leave the level out"
                    )));
                }
            },
        };
        match u32::try_from(given.unwrap_or(usual)) {
            Ok(level) if levels.contains(&level) => Ok(level),
            _ => Err(Error::request(format!(
                "compression {self} has levels {} to {}, not {}",
                levels.start(),
                levels.end(),
                given.unwrap_or(usual),
            ))),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        ALL.iter().find(|(_, name, _)| *name == text).map(|(each, ..)| *each).ok_or_else(|| {
            let known = ALL.map(|(_, name, _)| name).join(", ");
            Error::request(format!("there is no compression {text:?}; there are {known}"))
        })
    }
}

/// Compresses what is written, and writes it on.
pub(crate) enum Compressor<W: Write> {
    None(W),
    Gzip(flate2::write::GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
    Lz4(Box<lz4_flex::frame::FrameEncoder<W>>),
    Snappy(Box<snap::write::FrameEncoder<W>>),
    Bzip2(bzip2::write::BzEncoder<W>),
    Xz(liblzma::write::XzEncoder<W>),
}

impl<W: Write> Compressor<W> {
    pub(crate) fn new(out: W, compression: Compression, level: Option<i32>) -> Result<Self> {
        let level = compression.level(level)?;
        let unusable = |source: io::Error| Error::of("the compression could not be set up", source);
        Ok(match compression {
            Compression::None => Compressor::None(out),
            Compression::Gzip => Compressor::Gzip(flate2::write::GzEncoder::new(
                out,
                flate2::Compression::new(level),
            )),
            Compression::Zstd => {
                let level = i32::try_from(level).unwrap_or(1);
                let mut out = zstd::stream::write::Encoder::new(out, level).map_err(unusable)?;
                out.include_checksum(true).map_err(unusable)?;
                Compressor::Zstd(out)
            }
            Compression::Lz4 => {
                let mut info = lz4_flex::frame::FrameInfo::new();
                info.content_checksum = true;
                let out = lz4_flex::frame::FrameEncoder::with_frame_info(info, out);
                Compressor::Lz4(Box::new(out))
            }
            Compression::Snappy => {
                Compressor::Snappy(Box::new(snap::write::FrameEncoder::new(out)))
            }
            Compression::Bzip2 => {
                let level = bzip2::Compression::new(level);
                Compressor::Bzip2(bzip2::write::BzEncoder::new(out, level))
            }
            Compression::Xz => Compressor::Xz(liblzma::write::XzEncoder::new(out, level)),
        })
    }

    /// Where the compressed bytes go.
    pub(crate) fn get_mut(&mut self) -> &mut W {
        match self {
            Compressor::None(out) => out,
            Compressor::Gzip(out) => out.get_mut(),
            Compressor::Zstd(out) => out.get_mut(),
            Compressor::Lz4(out) => out.get_mut(),
            Compressor::Snappy(out) => out.get_mut(),
            Compressor::Bzip2(out) => out.get_mut(),
            Compressor::Xz(out) => out.get_mut(),
        }
    }

    /// Writes what is left, and the end.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Compressor::None(out) => Ok(out),
            Compressor::Gzip(out) => out.finish(),
            Compressor::Zstd(out) => out.finish(),
            Compressor::Lz4(out) => out.finish().map_err(io::Error::from),
            Compressor::Snappy(mut out) => {
                // Unlike the others it has no end of its own, and is empty if nothing was written.
                out.flush()?;
                out.into_inner().map_err(snap::write::IntoInnerError::into_error)
            }
            Compressor::Bzip2(out) => out.finish(),
            Compressor::Xz(out) => out.finish(),
        }
    }

    fn inner(&mut self) -> &mut dyn Write {
        match self {
            Compressor::None(out) => out,
            Compressor::Gzip(out) => out,
            Compressor::Zstd(out) => out,
            Compressor::Lz4(out) => out,
            Compressor::Snappy(out) => out,
            Compressor::Bzip2(out) => out,
            Compressor::Xz(out) => out,
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.inner().write(content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_levels_are_checked() {
        for (compression, name, _) in ALL {
            assert_eq!(name.parse::<Compression>().unwrap(), compression);
            let json = serde_json::to_string(&compression).unwrap();
            assert_eq!(json, format!("{name:?}"));
        }
        assert!("lzma".parse::<Compression>().unwrap_err().to_string().contains("bzip2"));
        assert!(Compression::Zstd.level(Some(23)).is_err());
        assert!(Compression::Lz4.level(Some(1)).is_err());
        assert_eq!(Compression::Gzip.level(Some(0)).unwrap(), 0);
    }
}
