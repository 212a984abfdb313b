//! Compressed files, decompressed as they are read. A file that was cut is an error, never shorter.

use std::io::{self, BufRead, BufReader, Read};

use lz4_flex::frame::FrameDecoder;

use crate::compression::Compression;

/// The bytes of a compressed file, decompressed as they are read.
///
/// A file that ends too early is an error, but for [`Compression::Snappy`].
pub(crate) fn decompressor(
    source: impl Read + Send + 'static,
    compression: Compression,
) -> io::Result<Box<dyn Read + Send>> {
    let mut source = BufReader::with_capacity(64 << 10, source);
    if compression == Compression::None {
        return Ok(Box::new(source));
    }
    // No compression makes nothing of nothing, and some decoders would take it.
    if source.fill_buf()?.is_empty() && compression != Compression::Snappy {
        let why = format!("it has no bytes, and so is not a {compression} file");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
    }
    Ok(match compression {
        Compression::None => Box::new(source),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(source)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(source)?),
        Compression::Lz4 => Box::new(Lz4Frames::new(source)),
        Compression::Snappy => Box::new(snap::read::FrameDecoder::new(source)),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(source)),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(source)),
    })
}

/// The frames of an LZ4 file. Its decoder takes the end of the file for the end of a frame, so it is
/// watched: between frames it never comes to the end of the file.
struct Lz4Frames<R: BufRead> {
    decoder: FrameDecoder<Watched<R>>,
    done: bool,
}

struct Watched<R> {
    source: R,
    /// The decoder has wanted more than there is.
    ended: bool,
}

impl<R: BufRead> Lz4Frames<R> {
    fn new(source: R) -> Self {
        Lz4Frames { decoder: FrameDecoder::new(Watched { source, ended: false }), done: false }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(out)?;
        self.ended |= count == 0 && !out.is_empty();
        Ok(count)
    }
}

impl<R: BufRead> Read for Lz4Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.done {
            return Ok(0);
        }
        loop {
            let count = self.decoder.read(out)?;
            if count > 0 {
                return Ok(count);
            }
            let watched = self.decoder.get_mut();
            if watched.ended {
                let why = "it ends within an LZ4 frame";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
            }
            // A frame has ended; another may follow.
            if watched.source.fill_buf()?.is_empty() {
                self.done = true;
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::compression::{ALL, Compressor};

    fn compressed(content: &[u8], compression: Compression) -> Vec<u8> {
        let mut out = Compressor::new(Vec::new(), compression, None).unwrap();
        out.write_all(content).unwrap();
        out.finish().unwrap()
    }

    fn read(content: Vec<u8>, compression: Compression) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        decompressor(io::Cursor::new(content), compression)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn every_compression_gives_the_same_bytes_back() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(|n| (n % 977).to_le_bytes()).collect();
        for (compression, ..) in ALL {
            for text in [&text[..], b"", b"a"] {
                let packed = compressed(text, compression);
                assert!(read(packed.clone(), compression).unwrap() == text, "{compression}");
                let twice = [packed.clone(), packed].concat();
                assert_eq!(
                    read(twice, compression).unwrap(),
                    [text, text].concat(),
                    "{compression}"
                );
            }
        }
    }

    #[test]
    fn a_cut_file_is_noticed() {
        let text: Vec<u8> =
            (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for (compression, ..) in ALL {
            if matches!(compression, Compression::None | Compression::Snappy) {
                continue;
            }
            let packed = compressed(&text, compression);
            let near_an_end = |end: &usize| *end < 40 || packed.len() - end < 40;
            for end in (0..packed.len()).filter(|end| end % 997 == 0 || near_an_end(end)) {
                let result = read(packed[..end].to_vec(), compression);
                assert!(result.is_err(), "{compression} at {end} of {}", packed.len());
            }
        }
    }
}
