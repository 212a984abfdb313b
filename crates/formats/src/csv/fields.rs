//! The fields of a CSV file, with what `csv-core` does not say: whether a field was quoted, blank
//! lines, and quotes that are never closed.

use std::io::{self, Read};

use csv_core::ReadFieldResult;

use super::options::{CsvOptions, Escape};

/// A longer field is a quote that is not closed: the cluster takes no such value.
const LONGEST_FIELD: usize = 256 << 20;
const BUFFER: usize = 64 << 10;

/// Splits a file into fields, in constant memory but for the longest field.
pub(super) struct Fields<R> {
    source: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    core: csv_core::Reader,
    quote: u8,
    /// The byte before `start` is a carriage return that ended a line.
    after_return: bool,
    begun: bool,
    /// The field's text is its first `length` bytes.
    text: Vec<u8>,
    length: usize,
    line: u64,
}

/// What stands where a record may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Record,
    BlankLine,
    End,
}

/// A field, besides its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldEnd {
    pub(super) quoted: bool,
    /// It ends the record.
    pub(super) last: bool,
}

impl<R: Read> Fields<R> {
    pub(super) fn new(source: R, options: &CsvOptions) -> Self {
        let mut core = csv_core::ReaderBuilder::new();
        core.delimiter(options.delimiter).quote(options.quote);
        if let Escape::Byte(escape) = options.escape {
            core.double_quote(false).escape(Some(escape));
        }
        Fields {
            source,
            buffer: vec![0; BUFFER].into(),
            start: 0,
            end: 0,
            core: core.build(),
            quote: options.quote,
            after_return: false,
            begun: false,
            text: vec![0; 1 << 10],
            length: 0,
            line: 1,
        }
    }

    /// The line where the record begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Goes to where the next record begins. A blank line is passed, and its text is empty.
    pub(super) fn begin(&mut self) -> io::Result<Start> {
        if !self.begun {
            self.begun = true;
            self.pass_byte_order_mark()?;
        }
        loop {
            if !self.fill()? {
                return Ok(Start::End);
            }
            let byte = self.buffer[self.start];
            if byte != b'\n' && byte != b'\r' {
                self.line = self.core.line();
                return Ok(Start::Record);
            }
            let ends_line_before = byte == b'\n' && self.after_return;
            self.line = self.core.line();
            self.core.read_field(&self.buffer[self.start..=self.start], &mut [0]);
            self.start += 1;
            self.after_return = byte == b'\r';
            if !ends_line_before {
                self.length = 0;
                return Ok(Start::BlankLine);
            }
        }
    }

    /// Reads the next field of the record.
    pub(super) fn next(&mut self) -> io::Result<FieldEnd> {
        self.length = 0;
        let quoted = self.fill()? && self.buffer[self.start] == self.quote;
        loop {
            let ended = !self.fill()?;
            // A file may end without the end of a line, but not within quotes.
            let input = if ended { &b"\n"[..] } else { &self.buffer[self.start..self.end] };
            let (result, read, written) =
                self.core.read_field(input, &mut self.text[self.length..]);
            self.length += written;
            if !ended {
                self.start += read;
            }
            match result {
                ReadFieldResult::Field { record_end } => {
                    self.after_return = record_end && read > 0 && input[read - 1] == b'\r';
                    return Ok(FieldEnd { quoted, last: record_end });
                }
                ReadFieldResult::End => return Ok(FieldEnd { quoted, last: true }),
                ReadFieldResult::InputEmpty if ended => {
                    let why = "the file ends within a quoted field";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
                }
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::OutputFull if self.length >= LONGEST_FIELD => {
                    let why = "a field is longer than 256 MiB; is a quote not closed?";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
                ReadFieldResult::OutputFull => self.text.resize(2 * self.text.len().max(512), 0),
            }
        }
    }

    /// The field's text.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }

    /// Reads on where nothing is left; `false` at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        if self.start < self.end {
            return Ok(true);
        }
        self.start = 0;
        self.end = loop {
            match self.source.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        Ok(self.end > 0)
    }

    fn pass_byte_order_mark(&mut self) -> io::Result<()> {
        while self.end < 3 {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.buffer[..self.end].starts_with("\u{feff}".as_bytes()) {
            self.start = 3;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Records = Vec<Vec<(String, bool)>>;

    fn records(text: &str, options: &CsvOptions) -> io::Result<Records> {
        // One byte at a time, so that every place is an end of a buffer.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let count = self.0.len().min(out.len()).min(1);
                out[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let mut fields = Fields::new(Slow(text.as_bytes()), options);
        let mut records = Vec::new();
        loop {
            match fields.begin()? {
                Start::End => return Ok(records),
                Start::BlankLine => records.push(Vec::new()),
                Start::Record => {
                    let mut record = Vec::new();
                    while {
                        let field = fields.next()?;
                        let text = String::from_utf8_lossy(fields.text()).into_owned();
                        record.push((text, field.quoted));
                        !field.last
                    } {}
                    records.push(record);
                }
            }
        }
    }

    fn record(fields: &[(&str, bool)]) -> Vec<(String, bool)> {
        fields.iter().map(|(text, quoted)| ((*text).to_owned(), *quoted)).collect()
    }

    #[test]
    fn quoted_fields_blank_lines_and_ends_are_told_apart() {
        let options = CsvOptions::default();
        let read = records("\u{feff}\"a\",b\r\n\r\n\n,\"\"\r\"x\n\"\"y\",z,", &options).unwrap();
        let expected = [
            record(&[("a", true), ("b", false)]),
            vec![],
            vec![],
            record(&[("", false), ("", true)]),
            record(&[("x\n\"y", true), ("z", false), ("", false)]),
        ];
        assert_eq!(read, expected);
        assert_eq!(records("a\n", &options).unwrap(), [record(&[("a", false)])]);
        assert_eq!(records("", &options).unwrap(), Records::new());
        assert_eq!(records("\"\"", &options).unwrap(), [record(&[("", true)])]);
    }

    #[test]
    fn a_file_that_ends_within_quotes_is_refused() {
        let options = CsvOptions::default();
        for text in ["\"a", "a,\"b\n", "\"a\"\"", "\""] {
            assert!(records(text, &options).is_err(), "{text}");
        }
        let options = CsvOptions { escape: Escape::Byte(b'\\'), ..options };
        assert!(records("\"a\\\"", &options).is_err());
        assert_eq!(records("\"a\\\\\"", &options).unwrap(), [record(&[("a\\", true)])]);
    }
}
