//! The records of a CSV file, with what `csv-core` does not say: where a record begins and ends, whether
//! a field was quoted, blank lines, and quotes that are never closed.

use std::io;

use csv_core::ReadFieldResult;

use super::options::{CsvOptions, Escape};
use crate::window::{Window, cut, line_ends};

/// Splits a file into records, and these into fields.
pub(super) struct Fields {
    pub(super) window: Window,
    core: csv_core::Reader,
    quote: u8,
    /// `None` where a quote within quotes is doubled.
    escape: Option<u8>,
    /// The byte before the next one is a carriage return that ended a line.
    after_return: bool,
    /// The text of all fields of the record, unquoted, one after the other.
    text: Vec<u8>,
    length: usize,
    ends: Vec<End>,
    /// The line of the next byte, from 1.
    line: u64,
}

/// Where a field ends in the text of the record's fields.
#[derive(Clone, Copy, Debug)]
struct End {
    end: usize,
    quoted: bool,
}

/// A record, by its place in the window.
pub(super) struct Record {
    pub(super) start: usize,
    /// Without the end of the line.
    pub(super) end: usize,
    /// The line where it begins.
    pub(super) line: u64,
    pub(super) shape: Shape,
}

/// What there is of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Fields,
    /// Nothing, which is one field for those who want one.
    BlankLine,
    /// The file ends within its quotes.
    Unclosed,
    /// The field of this number, from 1, goes on after its closing quote. Most readers take it; but it
    /// is what a quote that is not closed looks like, when another one follows in a later record.
    TextAfterQuote(usize),
    /// It has so many bytes, too many, and begins like this. The rest has been dropped.
    TooLong {
        bytes: u64,
        head: Vec<u8>,
    },
}

impl Fields {
    pub(super) fn new(window: Window, options: &CsvOptions) -> Self {
        let mut core = csv_core::ReaderBuilder::new();
        core.delimiter(options.delimiter).quote(options.quote);
        let escape = match options.escape {
            Escape::Doubled => None,
            Escape::Byte(escape) => Some(escape),
        };
        if escape.is_some() {
            core.double_quote(false).escape(escape);
        }
        Fields {
            window,
            core: core.build(),
            quote: options.quote,
            escape,
            after_return: false,
            text: vec![0; 1 << 10],
            length: 0,
            ends: Vec::new(),
            line: 1,
        }
    }

    /// The line of the next byte.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many fields the record has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The fields of the record: their texts, and whether they were quoted.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        self.ends.iter().map(move |field| {
            let text = &self.text[std::mem::replace(&mut start, field.end)..field.end];
            (text, field.quoted)
        })
    }

    /// Reads the next record, of at most so many bytes; `None` at the end of the file.
    pub(super) fn next(&mut self, most: usize) -> io::Result<Option<Record>> {
        self.length = 0;
        self.ends.clear();
        loop {
            if self.window.is_at_end()? {
                return Ok(None);
            }
            let byte = self.window.rest()[0];
            if byte != b'\n' && byte != b'\r' {
                return self.record(most).map(Some);
            }
            // Either way the core has to see it.
            self.core.read_field(&[byte], &mut [0]);
            let (start, line) = (self.window.at(), self.line);
            self.window.pass(1);
            let ends_line_before = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if !ends_line_before {
                self.line += 1;
                self.ends.push(End { end: 0, quoted: false });
                return Ok(Some(Record { start, end: start, line, shape: Shape::BlankLine }));
            }
        }
    }

    fn record(&mut self, most: usize) -> io::Result<Record> {
        let (start, line) = (self.window.at(), self.line);
        let mut too_long: Option<(u64, Vec<u8>)> = None;
        let mut quoted = self.window.rest()[0] == self.quote;
        let (mut field, mut after_quote) = (start, None);
        let closed = loop {
            let ended = self.window.is_at_end()?;
            // A file may end without the end of a line, but not within quotes.
            let input = if ended { &b"\n"[..] } else { self.window.rest() };
            let (result, read, written) =
                self.core.read_field(input, &mut self.text[self.length..]);
            let last = read.checked_sub(1).map(|last| input[last]);
            self.length += written;
            if !ended {
                self.window.pass(read);
            }
            match result {
                ReadFieldResult::OutputFull => {
                    // Fields are never longer than their record.
                    let most = most.saturating_add(64 << 10).max(self.text.len() + (1 << 10));
                    self.text.resize((2 * self.text.len()).min(most), 0);
                }
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::Field { .. } | ReadFieldResult::End => {
                    self.ends.push(End { end: self.length, quoted });
                    let end = self.window.at() - usize::from(!ended);
                    if quoted && after_quote.is_none() && too_long.is_none() {
                        let raw = &self.window.passed(field)[..end - field];
                        after_quote = (!self.is_quoted_whole(raw)).then_some(self.ends.len());
                    }
                }
            }
            let end = usize::from(matches!(result, ReadFieldResult::Field { record_end: true }));
            if self.window.at() - start > most.saturating_add(end) || too_long.is_some() {
                self.drop_since(start, &mut too_long);
            }
            match result {
                ReadFieldResult::Field { record_end: false } => {
                    quoted = !self.window.is_at_end()? && self.window.rest()[0] == self.quote;
                    field = self.window.at();
                }
                ReadFieldResult::Field { record_end: true } | ReadFieldResult::End => {
                    self.after_return = !ended && last == Some(b'\r');
                    break Some(usize::from(!ended));
                }
                ReadFieldResult::InputEmpty if ended => break None,
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
            }
        };
        self.line += line_ends(self.window.passed(start)) + u64::from(self.after_return);
        let end = self.window.at() - closed.unwrap_or_default().min(self.window.at() - start);
        let shape = match (too_long, closed, after_quote) {
            (Some((bytes, head)), ..) => Shape::TooLong { bytes, head },
            (None, None, _) => Shape::Unclosed,
            (None, Some(_), Some(field)) => Shape::TextAfterQuote(field),
            (None, Some(_), None) => Shape::Fields,
        };
        Ok(Record { start, end, line, shape })
    }

    /// Whether a field that begins with a quote ends with the one that closes it.
    fn is_quoted_whole(&self, raw: &[u8]) -> bool {
        let mut from = 1;
        while let Some(rest) = raw.get(from..)
            && let Some(found) =
                memchr::memchr2(self.quote, self.escape.unwrap_or(self.quote), rest)
        {
            let place = from + found;
            let escapes = match self.escape {
                Some(escape) => raw[place] == escape,
                None => raw.get(place + 1) == Some(&self.quote),
            };
            if !escapes {
                return place + 1 == raw.len();
            }
            from = place + 2;
        }
        false
    }

    /// Of a record that is too long, only its beginning is kept.
    #[cold]
    fn drop_since(&mut self, start: usize, too_long: &mut Option<(u64, Vec<u8>)>) {
        let passed = self.window.passed(start);
        let (bytes, _) = too_long.get_or_insert_with(|| (0, cut(passed)));
        *bytes += passed.len() as u64;
        self.line += line_ends(passed);
        self.window.forget(start);
        self.text = vec![0; 1 << 10];
        self.length = 0;
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// One byte at a time, so that every place is an end of what is read ahead.
    struct Slow(io::Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = out.len().min(1);
            self.0.read(&mut out[..count])
        }
    }

    type Records = Vec<Vec<(String, bool)>>;

    fn fields(text: &str, options: &CsvOptions) -> Fields {
        let mut window = Window::new(Box::new(Slow(io::Cursor::new(text.into()))));
        window.pass_byte_order_mark().unwrap();
        Fields::new(window, options)
    }

    fn records(text: &str, options: &CsvOptions) -> Records {
        let mut fields = fields(text, options);
        let mut records = Vec::new();
        while let Some(record) = fields.next(1 << 20).unwrap() {
            assert!(matches!(record.shape, Shape::Fields | Shape::BlankLine), "{text}");
            let field = |(text, quoted)| (String::from_utf8_lossy(text).into_owned(), quoted);
            records.push(fields.iter().map(field).collect());
        }
        records
    }

    fn record(fields: &[(&str, bool)]) -> Vec<(String, bool)> {
        fields.iter().map(|(text, quoted)| ((*text).to_owned(), *quoted)).collect()
    }

    #[test]
    fn quoted_fields_blank_lines_and_ends_are_told_apart() {
        let options = CsvOptions::default();
        let read = records("\u{feff}\"a\",b\r\n\r\n\n,\"\"\r\"x\n\"\"y\",z,", &options);
        let expected = [
            record(&[("a", true), ("b", false)]),
            record(&[("", false)]),
            record(&[("", false)]),
            record(&[("", false), ("", true)]),
            record(&[("x\n\"y", true), ("z", false), ("", false)]),
        ];
        assert_eq!(read, expected);
        assert_eq!(records("a\n", &options), [record(&[("a", false)])]);
        assert_eq!(records("", &options), Records::new());
        assert_eq!(records("\"\"", &options), [record(&[("", true)])]);
    }

    #[test]
    fn a_file_that_ends_within_quotes_is_noticed() {
        let options = CsvOptions::default();
        let escaping = CsvOptions { escape: Escape::Byte(b'\\'), ..CsvOptions::default() };
        let cases = [
            ("\"a", &options),
            ("a,\"b\n", &options),
            ("\"a\"\"", &options),
            ("\"", &options),
            ("\"a\\\"", &escaping),
        ];
        for (text, options) in cases {
            let mut fields = fields(text, options);
            let record = fields.next(100).unwrap().unwrap();
            assert_eq!(record.shape, Shape::Unclosed, "{text}");
            assert_eq!(fields.window.passed(record.start), text.as_bytes());
            assert_eq!((record.line, record.end), (1, text.len()));
            assert!(fields.next(100).unwrap().is_none());
        }
        assert_eq!(records("\"a\\\\\"", &escaping), [record(&[("a\\", true)])]);
    }

    #[test]
    fn text_after_a_closing_quote_is_noticed() {
        let doubled = CsvOptions::default();
        let escaping = CsvOptions { escape: Escape::Byte(b'\\'), ..CsvOptions::default() };
        let cases = [
            ("a,\"b\"c", &doubled, 2),
            ("\"b\nc,\"d\"\n", &doubled, 1),
            ("\"a\"\"\" ,b\r\n", &doubled, 1),
            ("\"a\\\"\" \n", &escaping, 1),
            ("\"a\"\"\",b\n", &escaping, 1),
        ];
        for (text, options, field) in cases {
            let record = fields(text, options).next(100).unwrap().unwrap();
            assert_eq!(record.shape, Shape::TextAfterQuote(field), "{text}");
        }
        for text in ["\"\"\"\",b", "a\"b\",c", "\"\",\"a\"\"\"", "\"\"\r\n"] {
            let record = fields(text, &doubled).next(100).unwrap().unwrap();
            assert_eq!(record.shape, Shape::Fields, "{text}");
        }
    }

    #[test]
    fn places_and_lines_are_those_of_the_file() {
        let text = "a,\"b\r\nc\"\r\n\r\nd\re\n\n\"f\"";
        let mut fields = fields(text, &CsvOptions::default());
        let mut read = Vec::new();
        while let Some(record) = fields.next(100).unwrap() {
            if record.shape == Shape::Fields {
                read.push((&text[record.start..record.end], record.line));
            }
        }
        assert_eq!(read, [("a,\"b\r\nc\"", 1), ("d", 4), ("e", 5), ("\"f\"", 7)]);
    }

    #[test]
    fn of_a_record_that_is_too_long_only_the_beginning_is_kept() {
        for long in
            ["\"x\n\"\"y\",".repeat(500), format!("\"{}\"", "\n".repeat(5000)), ",".repeat(2000)]
        {
            let text = format!("1,2\n{long}\n3,4\n");
            let mut fields = fields(&text, &CsvOptions::default());
            assert_eq!(fields.next(100).unwrap().unwrap().shape, Shape::Fields);
            let record = fields.next(100).unwrap().unwrap();
            let Shape::TooLong { bytes, head } = record.shape else { panic!("{:?}", record.shape) };
            assert_eq!(bytes, long.len() as u64 + 1);
            assert!(long.as_bytes().starts_with(&head) && head.len() >= 100);
            assert!(fields.window.at() < 200 && fields.len() == 0 && record.line == 2);
            let lines = long.matches('\n').count() as u64;
            let record = fields.next(100).unwrap().unwrap();
            assert_eq!((record.shape, record.line), (Shape::Fields, 3 + lines));
            let last: Vec<_> = fields.iter().collect();
            assert_eq!(last, [(&b"3"[..], false), (b"4", false)]);
        }
    }
}
