//! Records of CSV as rows.

use std::io;

use arrow_array::{ArrayRef, new_null_array};
use cql_arrow::TextBuilder;

use super::encoding::Transcoded;
use super::fields::{Fields, Record, Shape};
use super::options::CsvOptions;
use crate::blocking::ChunkSink;
use crate::error::{Error, Result};
use crate::records::{Arrangement, Pending, Place, RecordOptions, Refusal, too_long};
use crate::window::Window;

/// A longer header is no header. It also bounds the number of fields.
const LONGEST_HEADER: usize = 1 << 20;

/// A file of which the header has been read.
pub(crate) struct CsvFile {
    fields: Fields,
    options: CsvOptions,
    /// The header's text and its names, where the dialect has one.
    header: Option<(Vec<u8>, Vec<String>)>,
}

impl CsvFile {
    /// Reads the header, if the dialect has one.
    pub(crate) fn open(window: Window, options: CsvOptions) -> Result<Self> {
        let mut window = match options.encoding {
            encoding if encoding == encoding_rs::UTF_8 => window,
            encoding => Window::new(Box::new(Transcoded::new(window.into_source(), encoding))),
        };
        window.pass_byte_order_mark().map_err(|error| unreadable(1, error))?;
        let fields = Fields::new(window, &options);
        let mut file = CsvFile { fields, options, header: None };
        if file.options.header {
            file.header = Some(file.read_header()?);
        }
        file.fields.window.take();
        Ok(file)
    }

    fn read_header(&mut self) -> Result<(Vec<u8>, Vec<String>)> {
        let record = self.fields.next(LONGEST_HEADER).map_err(|error| unreadable(1, error))?;
        let record = record.ok_or_else(|| Error::data("it is empty, and has not even a header"))?;
        let refused = |why: &str| Err(Error::data(format!("its first line, the header, {why}")));
        match record.shape {
            Shape::Fields => {}
            Shape::BlankLine => return refused("is empty"),
            Shape::Unclosed => return refused("has a quote that is not closed"),
            Shape::TextAfterQuote(_) => return refused("has text after a closing quote"),
            Shape::TooLong { .. } => return refused("is longer than 1 MiB; is it a CSV file?"),
        }
        let names =
            self.fields.iter().map(|(name, _)| std::str::from_utf8(name).map(str::to_owned));
        let names = names.collect::<Result<Vec<String>, _>>().map_err(|source| {
            let encoding = self.options.encoding.name();
            Error::data(format!("its header is not {encoding}; name its encoding"))
                .with_source(source)
        })?;
        let text = &self.fields.window.passed(record.start)[..record.end - record.start];
        Ok((text.to_vec(), names))
    }

    /// The names of the fields, where there is a header.
    pub(crate) fn names(&self) -> Option<&[String]> {
        self.header.as_ref().map(|(_, names)| names.as_slice())
    }

    /// The line of the header, without its end.
    pub(crate) fn header(&self) -> Option<&[u8]> {
        self.header.as_ref().map(|(text, _)| text.as_slice())
    }

    /// Gets ready to read the records.
    pub(crate) fn records(self, options: RecordOptions) -> Result<CsvReader> {
        let arrangement = match &self.header {
            Some((_, names)) => {
                Arrangement::by_name(names.iter().map(String::as_str), &options, "its header")?
            }
            None => Arrangement::by_position(&options)?,
        };
        let pending = Pending::new(options);
        let (schema, text) = (pending.nullable_schema(), &pending.options.text);
        let builders = schema.fields().iter().map(|field| TextBuilder::with_options(field, text));
        let builders = builders.collect::<cql_arrow::Result<Vec<_>>>();
        let builders = builders
            .map_err(|source| Error::request("CSV has no such column").with_source(source))?;
        let CsvFile { fields, options, .. } = self;
        let null = options.null.into_bytes();
        Ok(CsvReader {
            fields,
            null,
            encoding: options.encoding.name(),
            arrangement,
            builders,
            pending,
        })
    }
}

/// Reads the records of one file.
pub(crate) struct CsvReader {
    fields: Fields,
    null: Vec<u8>,
    encoding: &'static str,
    arrangement: Arrangement,
    builders: Vec<TextBuilder>,
    pending: Pending,
}

impl CsvReader {
    /// Reads all of them.
    pub(crate) fn run(mut self, sink: &ChunkSink) -> Result<()> {
        let mut read = Ok(());
        while !self.pending.is_done() {
            match self.fields.next(self.pending.options.max_record_bytes) {
                Ok(Some(record)) => self.record(record, sink)?,
                Ok(None) => break,
                Err(error) => {
                    read = Err(unreadable(self.fields.line(), error));
                    break;
                }
            }
        }
        // What was read before an error is good.
        self.send(sink)?;
        read
    }

    fn record(&mut self, record: Record, sink: &ChunkSink) -> Result<()> {
        // In a file of one field a blank line is that field, with nothing in it.
        let is_blank = record.shape == Shape::BlankLine && self.arrangement.fields.len() != 1;
        if !is_blank && let Some(ordinal) = self.pending.begin() {
            self.convert(ordinal, record);
        }
        if self.pending.is_full(self.fields.window.at()) {
            self.send(sink)?;
        }
        Ok(())
    }

    fn convert(&mut self, ordinal: u64, record: Record) {
        let Record { start, end, line, shape } = record;
        let (fields, columns) = (self.fields.len(), self.arrangement.fields.len());
        let reason = match shape {
            Shape::Fields | Shape::BlankLine if fields == columns => {
                return self.row(ordinal, Place { line, start, end });
            }
            Shape::TooLong { bytes, head } => {
                let reason = too_long(self.pending.options.max_record_bytes);
                let reason = format!("{reason}: {bytes} bytes; is a quote not closed?");
                return self.pending.bad(ordinal, line, Refusal::new(reason), &head, true);
            }
            Shape::Fields | Shape::BlankLine => {
                format!("it has {fields} fields, and there are {columns} columns")
            }
            Shape::TextAfterQuote(field) => {
                format!("field {field} goes on after its closing quote; is a quote not closed?")
            }
            Shape::Unclosed => "it has a quote that is not closed until the file ends".to_owned(),
        };
        let text = &self.fields.window.passed(start)[..end - start];
        self.pending.bad(ordinal, line, Refusal::new(reason), text, false);
    }

    /// Appends a row. What is in the columns of one that is refused is left out at the end.
    fn row(&mut self, ordinal: u64, place: Place) {
        let mut refusal = None;
        for ((text, quoted), column) in self.fields.iter().zip(&self.arrangement.fields) {
            let Some(column) = *column else { continue };
            let builder = &mut self.builders[column];
            if refusal.is_some() || (!quoted && text == self.null) {
                builder.append_null();
                continue;
            }
            let appended = match std::str::from_utf8(text) {
                Ok(text) => builder.append_plain(text).map_err(Refusal::from),
                Err(_) => Err(Refusal::new(format!("it is not {}", self.encoding))),
            };
            if let Err(Refusal { reason, .. }) = appended {
                builder.append_null();
                let name = self.pending.options.schema.field(column).name();
                refusal = Some(Refusal::of(name, reason));
            }
        }
        self.pending.row(ordinal, place);
        if let Some(refusal) = refusal {
            self.pending.refuse_last(refusal);
        }
    }

    fn send(&mut self, sink: &ChunkSink) -> Result<()> {
        let text = self.fields.window.take();
        if self.pending.is_empty() {
            return Ok(());
        }
        let rows = self.pending.rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.builders.len());
        for (index, builder) in self.builders.iter_mut().enumerate() {
            let typ = self.pending.options.schema.field(index).data_type();
            columns.push(match self.arrangement.missing.contains(&index) {
                true => new_null_array(typ, rows),
                false => builder.finish().map_err(|source| {
                    Error::data("its values make no column").with_source(source)
                })?,
            });
        }
        sink.send(self.pending.finish_text(columns, text)?)
    }
}

fn unreadable(line: u64, source: io::Error) -> Error {
    Error::of_data(format_args!("line {line}: the file can't be read on"), source)
}
