//! Text in other encodings than UTF-8: never a character that stands for another.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// Whether a text is the same after it was written in an encoding and read back.
///
/// Encoders of the web write a few characters as others (Shift_JIS has `¥` as `\`), so reading back is
/// the only proof.
pub(super) fn represents(encoding: &'static Encoding, text: &str) -> bool {
    let (bytes, _, unmappable) = encoding.encode(text);
    !unmappable
        && encoding
            .decode_without_bom_handling_and_without_replacement(&bytes)
            .is_some_and(|back| back == text)
}

/// What stands for bytes that are not of the encoding. It is in no UTF-8, so what has it is refused: the
/// record, and not the file.
const MALFORMED: u8 = 0xff;

/// A file in any encoding, read as UTF-8, but for [`MALFORMED`]. A byte order mark at its start is left
/// out.
pub(super) struct Transcoded<R> {
    source: R,
    decoder: Decoder,
    /// Bytes of the source from `start` to `end` that have not been decoded.
    raw: Box<[u8]>,
    start: usize,
    end: usize,
    /// The source has ended, and the decoder knows.
    ended: bool,
    /// Decoded text that was too much for the one who asked.
    text: Vec<u8>,
    taken: usize,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(source: R, encoding: &'static Encoding) -> Self {
        Transcoded {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 16 << 10].into(),
            start: 0,
            end: 0,
            ended: false,
            text: Vec::new(),
            taken: 0,
        }
    }

    fn decode(&mut self) -> io::Result<()> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.source.read(&mut self.raw)?;
        }
        let last = self.start == self.end;
        let raw = &self.raw[self.start..self.end];
        let most = self.decoder.max_utf8_buffer_length_without_replacement(raw.len());
        self.text.resize(most.unwrap_or(3 * raw.len()).max(16), 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, last);
        self.start += read;
        self.text.truncate(written);
        self.taken = 0;
        match result {
            DecoderResult::InputEmpty => self.ended = last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => self.text.push(MALFORMED),
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.text.len() && !self.ended {
            self.decode()?;
        }
        let rest = &self.text[self.taken..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(content: &'static [u8], encoding: &'static Encoding) -> Vec<u8> {
        let mut text = Vec::new();
        Transcoded::new(content, encoding).read_to_end(&mut text).unwrap();
        text
    }

    fn read(content: &'static [u8], encoding: &'static Encoding) -> String {
        String::from_utf8(bytes(content, encoding)).unwrap()
    }

    #[test]
    fn text_in_other_encodings_is_read() {
        assert_eq!(read(b"\xff\xfea\0\xe4\0", encoding_rs::UTF_16LE), "aä");
        assert_eq!(read(b"a\xe4\x80", encoding_rs::WINDOWS_1252), "aä€");
        assert_eq!(read(b"", encoding_rs::GBK), "");
        let long: &'static [u8] = vec![0xe4; 100_000].leak();
        assert_eq!(read(long, encoding_rs::WINDOWS_1252), "ä".repeat(100_000));
    }

    #[test]
    fn bytes_that_are_not_of_the_encoding_are_never_text() {
        assert_eq!(bytes(b"a\x82", encoding_rs::SHIFT_JIS), b"a\xff");
        assert_eq!(bytes(b"a\0b", encoding_rs::UTF_16LE), b"a\xff");
        // Half of a pair, then a letter.
        assert_eq!(bytes(b"a\0\x00\xd8b\0", encoding_rs::UTF_16LE), b"a\xffb");
    }

    #[test]
    fn a_character_that_would_become_another_is_found() {
        assert!(represents(encoding_rs::SHIFT_JIS, "漢字 ab"));
        assert!(!represents(encoding_rs::SHIFT_JIS, "¥"));
        assert!(!represents(encoding_rs::WINDOWS_1252, "漢"));
        assert!(represents(encoding_rs::GB18030, "😀"));
    }
}
