//! The bytes of a text file as a reader sees them: those of the records of the chunk under way, and what
//! has been read ahead.
//!
//! The text of a record is a place in it, never a copy; and when a chunk is full, the chunk takes the
//! bytes over as they are. So it costs next to nothing that every record's text is at hand.

use std::io::{self, Read};

/// What is read at once.
const STEP: usize = 64 << 10;
/// As much of the text of a record is kept that is too long.
pub(crate) const HEAD: usize = 1 << 10;

/// A file's text, of which a part is in memory.
pub(crate) struct Window {
    source: Box<dyn Read + Send>,
    /// The first `filled` are the file's.
    bytes: Vec<u8>,
    filled: usize,
    /// So many have been passed.
    at: usize,
    ended: bool,
}

impl Window {
    pub(crate) fn new(source: Box<dyn Read + Send>) -> Self {
        Window { source, bytes: Vec::new(), filled: 0, at: 0, ended: false }
    }

    /// The bytes read ahead.
    #[inline]
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..self.filled]
    }

    /// The place of the next byte.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Bytes that have been passed.
    pub(crate) fn passed(&self, from: usize) -> &[u8] {
        &self.bytes[from..self.at]
    }

    /// Passes bytes that are in [`Window::rest`].
    #[inline]
    pub(crate) fn pass(&mut self, count: usize) {
        self.at = (self.at + count).min(self.filled);
    }

    /// Goes back over the last bytes.
    pub(crate) fn back(&mut self, count: usize) {
        self.at = self.at.saturating_sub(count);
    }

    /// Reads on; `false` at the end of the file.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.bytes.len() < self.filled + STEP {
            self.bytes.resize(self.filled + STEP, 0);
        }
        let read = loop {
            match self.source.read(&mut self.bytes[self.filled..][..STEP]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.filled += read;
        self.ended = read == 0;
        Ok(!self.ended)
    }

    /// Reads on until so many bytes are ahead, or all that there are.
    pub(crate) fn fill_to(&mut self, count: usize) -> io::Result<()> {
        while self.rest().len() < count && self.fill()? {}
        Ok(())
    }

    /// Whether nothing is left.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.rest().is_empty() && !self.fill()?)
    }

    /// Whether nothing follows what is ahead.
    pub(crate) fn rest_is_last(&mut self) -> io::Result<bool> {
        Ok(!self.fill()?)
    }

    /// Gives away what has been passed. The next byte has the place 0 then.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut rest = Vec::with_capacity(self.rest().len() + STEP);
        rest.extend_from_slice(self.rest());
        self.filled = rest.len();
        let mut taken = std::mem::replace(&mut self.bytes, rest);
        taken.truncate(std::mem::take(&mut self.at));
        taken
    }

    /// Drops what has been passed since a place, which is the next byte's then.
    pub(crate) fn forget(&mut self, from: usize) {
        self.bytes.drain(from..self.at);
        self.filled -= self.at - from;
        self.at = from;
        if self.bytes.len() > 2 * self.filled + 4 * STEP {
            self.bytes.truncate(self.filled + STEP);
            self.bytes.shrink_to_fit();
        }
    }

    /// Passes a byte order mark of UTF-8, if it is next.
    pub(crate) fn pass_byte_order_mark(&mut self) -> io::Result<()> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        self.fill_to(MARK.len())?;
        if self.rest().starts_with(MARK) {
            self.pass(MARK.len());
        }
        Ok(())
    }

    /// Goes to the end of the line; what of it is there, without its `\n`, for lines that are not longer
    /// than `most`.
    pub(crate) fn line(&mut self, most: usize) -> io::Result<Option<Line>> {
        if self.is_at_end()? {
            return Ok(None);
        }
        let (start, mut head) = (self.at, None);
        loop {
            let end = memchr::memchr(b'\n', self.rest());
            let ahead = self.rest().len();
            self.pass(end.map_or(ahead, |end| end + 1));
            let long = self.at - start > most.saturating_add(1);
            if long {
                head.get_or_insert_with(|| cut(self.passed(start)));
            }
            if head.is_some() {
                self.forget(start);
            }
            if end.is_some() || !self.fill()? {
                let end = self.at - usize::from(end.is_some() && head.is_none());
                return Ok(Some(Line { start, end, head }));
            }
        }
    }

    /// All bytes that have not been passed, as a reader.
    pub(crate) fn into_source(self) -> Box<dyn Read + Send> {
        let Window { source, mut bytes, filled, at, ended } = self;
        bytes.truncate(filled);
        let mut ahead = io::Cursor::new(bytes);
        ahead.set_position(at as u64);
        if ended { Box::new(ahead) } else { Box::new(ahead.chain(source)) }
    }
}

/// A line, by its place.
pub(crate) struct Line {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Of a line that is too long: how it begins. The rest of it has been dropped.
    pub(crate) head: Option<Vec<u8>>,
}

/// How a text begins that is too long.
pub(crate) fn cut(text: &[u8]) -> Vec<u8> {
    text[..text.len().min(HEAD)].to_vec()
}

/// The ends of lines within a text.
pub(crate) fn line_ends(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}
