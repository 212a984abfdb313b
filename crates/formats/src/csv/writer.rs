//! Rows as lines of CSV.

use cql_arrow::TextColumn;
use csv_core::WriteResult;
use encoding_rs::Encoding;

use super::encoding::represents;
use super::options::{CsvOptions, Escape};
use crate::error::{Error, Result};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes lines of one dialect, as UTF-8; it is the caller who encodes them otherwise.
pub(crate) struct CsvWriter {
    options: CsvOptions,
    /// Knows which fields need quotes.
    core: csv_core::Writer,
    /// The field that is being quoted.
    field: Vec<u8>,
    /// The same with its escapes doubled.
    escaped: Vec<u8>,
}

impl CsvWriter {
    /// `options` have been checked.
    pub(crate) fn new(options: CsvOptions) -> Self {
        let mut core = csv_core::WriterBuilder::new();
        core.delimiter(options.delimiter).quote(options.quote);
        if let Escape::Byte(escape) = options.escape {
            core.double_quote(false).escape(escape);
        }
        CsvWriter { options, core: core.build(), field: Vec::new(), escaped: Vec::new() }
    }

    pub(crate) fn encoding(&self) -> &'static Encoding {
        self.options.encoding
    }

    /// The line of names, if the dialect has one.
    pub(crate) fn header<'n>(
        &mut self,
        names: impl Iterator<Item = &'n String>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if !self.options.header {
            return Ok(());
        }
        for (index, name) in names.enumerate() {
            if index > 0 {
                out.push(self.options.delimiter);
            }
            let start = out.len();
            out.extend_from_slice(name.as_bytes());
            self.check_encoding(name, &out[start..])?;
            self.quote_if_needed(start, out);
        }
        out.push(b'\n');
        Ok(())
    }

    /// One row.
    pub(crate) fn row(
        &mut self,
        columns: &[(&str, TextColumn<'_>)],
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        for (index, (name, column)) in columns.iter().enumerate() {
            if index > 0 {
                out.push(self.options.delimiter);
            }
            if column.is_null(row) {
                out.extend_from_slice(self.options.null.as_bytes());
                continue;
            }
            let start = out.len();
            let written = column.write_plain(row, out);
            written.map_err(|source| {
                Error::data(format!("column {name:?} can't be written as CSV")).with_source(source)
            })?;
            self.check_encoding(name, &out[start..])?;
            self.quote_if_needed(start, out);
        }
        out.push(b'\n');
        Ok(())
    }

    /// Quotes the field that begins at `start`, if it would be read as something else.
    fn quote_if_needed(&mut self, start: usize, out: &mut Vec<u8>) {
        let text = &out[start..];
        // A byte order mark is a text of its own only within quotes, as the first of a file; an empty
        // text, as the only field of a line, which many readers pass over if it is blank.
        let needed = self.core.should_quote(text)
            || text.is_empty()
            || text == self.options.null.as_bytes()
            || text.starts_with(BYTE_ORDER_MARK);
        if !needed {
            return;
        }
        self.field.clear();
        self.field.extend_from_slice(text);
        out.truncate(start);
        let quote = self.options.quote;
        out.push(quote);
        match self.options.escape {
            Escape::Doubled => append_quoted(&self.field, quote, None, out),
            Escape::Byte(escape) => {
                self.escaped.clear();
                append_quoted(&self.field, escape, None, &mut self.escaped);
                append_quoted(&self.escaped, quote, Some(escape), out);
            }
        }
        out.push(quote);
    }

    fn check_encoding(&self, column: &str, text: &[u8]) -> Result<()> {
        let encoding = self.options.encoding;
        if encoding == encoding_rs::UTF_8 || (encoding.is_ascii_compatible() && text.is_ascii()) {
            return Ok(());
        }
        let text = std::str::from_utf8(text).unwrap_or_default();
        if represents(encoding, text) {
            return Ok(());
        }
        let odd = text.chars().find(|c| !represents(encoding, c.encode_utf8(&mut [0; 4])));
        Err(Error::data(format!(
            "column {column:?} has {:?}, which does not exist in {}; write UTF-8",
            odd.map_or_else(String::new, String::from),
            encoding.name()
        )))
    }
}

/// Appends `text` with each `quote` after an `escape`, or doubled.
fn append_quoted(text: &[u8], quote: u8, escape: Option<u8>, out: &mut Vec<u8>) {
    let start = out.len();
    // At worst every byte is a quote.
    out.resize(start + 2 * text.len(), 0);
    let (escape, doubled) = (escape.unwrap_or(quote), escape.is_none());
    let (result, _, written) = csv_core::quote(text, &mut out[start..], quote, escape, doubled);
    debug_assert_eq!(result, WriteResult::InputEmpty);
    out.truncate(start + written);
}
