//! Encoded bytes, cut into pieces as they come.
//!
//! A row group of Parquet comes all at once, tens of MiB. One buffer for it would be grown, and so
//! copied and doubled, and could be freed only as a whole; pieces are freed one by one as they go out.

use std::collections::VecDeque;
use std::io;

use bytes::{Bytes, BytesMut};

/// Bytes that wait to be taken in pieces.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    piece_bytes: usize,
    full: VecDeque<Bytes>,
    /// What is not a whole piece yet.
    last: BytesMut,
    len: usize,
}

impl Pieces {
    /// Nothing yet, to be taken in pieces of this size.
    pub(crate) fn new(piece_bytes: usize) -> Self {
        Pieces { piece_bytes: piece_bytes.max(1), ..Pieces::default() }
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The next piece of exactly this size, if there is so much; later ones are cut to it as well.
    pub(crate) fn take(&mut self, bytes: usize) -> Option<Bytes> {
        if self.len < bytes || bytes == 0 {
            return None;
        }
        self.piece_bytes = bytes;
        if self.full.front().is_some_and(|first| first.len() == bytes) {
            self.len -= bytes;
            return self.full.pop_front();
        }
        // Cut to another size before: once in a file that has become very large.
        let mut rest = self.take_all();
        let piece = rest.split_to(bytes);
        let _ = io::Write::write_all(self, &rest);
        Some(piece)
    }

    /// All that waits, in one piece.
    pub(crate) fn take_all(&mut self) -> Bytes {
        self.len = 0;
        let last = std::mem::take(&mut self.last).freeze();
        if self.full.is_empty() {
            return last;
        }
        let all: Vec<Bytes> = self.full.drain(..).chain([last]).collect();
        Bytes::from(all.concat())
    }
}

impl io::Write for Pieces {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let room = self.piece_bytes - self.last.len();
        let taken = &content[..content.len().min(room)];
        self.last.extend_from_slice(taken);
        self.len += taken.len();
        if self.last.len() == self.piece_bytes {
            self.full.push_back(std::mem::take(&mut self.last).freeze());
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn pieces_are_what_was_written() {
        let content: Vec<u8> = (0..100).collect();
        let mut pieces = Pieces::new(7);
        let mut taken = Vec::new();
        for part in content.chunks(9) {
            pieces.write_all(part).unwrap();
            while let Some(piece) = pieces.take(7) {
                assert_eq!(piece.len(), 7);
                taken.extend_from_slice(&piece);
            }
        }
        assert_eq!(pieces.len(), 100 - taken.len());
        taken.extend_from_slice(&pieces.take_all());
        assert_eq!(taken, content);
        assert_eq!(pieces.len(), 0);
    }

    #[test]
    fn the_size_may_change() {
        let content: Vec<u8> = (0..50).collect();
        let mut pieces = Pieces::new(4);
        pieces.write_all(&content).unwrap();
        let mut taken = Vec::new();
        for size in [4, 10, 10, 4, 10] {
            taken.extend_from_slice(&pieces.take(size).unwrap());
        }
        assert!(pieces.take(13).is_none());
        taken.extend_from_slice(&pieces.take_all());
        assert_eq!(taken, content);
    }
}
