//! Lines of CSV as batches.

use std::io::{self, Read};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use cql_arrow::TextBuilder;

use super::encoding::Transcoded;
use super::fields::{Fields, Start};
use super::options::CsvOptions;
use crate::blocking::{BATCH_BYTES, BATCH_ROWS, BatchSink};
use crate::error::{Error, Result};

/// Reads one file.
pub(crate) struct CsvReader {
    fields: Fields<Box<dyn Read + Send>>,
    options: CsvOptions,
    schema: SchemaRef,
    builders: Vec<TextBuilder>,
    /// For each field of a line, its column.
    order: Vec<usize>,
    rows: usize,
    /// Bytes of text in the rows so far.
    bytes: usize,
}

impl CsvReader {
    pub(crate) fn new(
        source: Box<dyn Read + Send>,
        schema: SchemaRef,
        options: CsvOptions,
    ) -> Result<Self> {
        let source = match options.encoding {
            encoding if encoding == encoding_rs::UTF_8 => source,
            encoding => Box::new(Transcoded::new(source, encoding)),
        };
        let builders = schema.fields().iter().map(|field| TextBuilder::new(field));
        let builders = builders.collect::<cql_arrow::Result<Vec<_>>>();
        let builders = builders
            .map_err(|source| Error::request("CSV has no such column").with_source(source))?;
        Ok(CsvReader {
            fields: Fields::new(source, &options),
            order: (0..builders.len()).collect(),
            options,
            schema,
            builders,
            rows: 0,
            bytes: 0,
        })
    }

    /// Reads all of it.
    pub(crate) fn run(mut self, sink: &BatchSink) -> Result<()> {
        if self.options.header {
            self.header()?;
        }
        while self.record()? {
            if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
                sink.send(self.batch()?)?;
            }
        }
        if self.rows > 0 {
            sink.send(self.batch()?)?;
        }
        Ok(())
    }

    fn header(&mut self) -> Result<()> {
        let names = self.names()?;
        let place = |name: &str| self.schema.fields().iter().position(|field| field.name() == name);
        let mut order = Vec::with_capacity(names.len());
        for name in &names {
            let place = place(name).ok_or_else(|| {
                Error::data(format!("its header has the column {name:?}, which is not asked for"))
            })?;
            if order.contains(&place) {
                return Err(Error::data(format!("its header has the column {name:?} twice")));
            }
            order.push(place);
        }
        let missing = (0..self.builders.len()).find(|place| !order.contains(place));
        if let Some(missing) = missing {
            let name = self.schema.field(missing).name();
            return Err(Error::data(format!("its header lacks the column {name:?}")));
        }
        self.order = order;
        Ok(())
    }

    fn names(&mut self) -> Result<Vec<String>> {
        match self.fields.begin().map_err(|error| self.unreadable(error))? {
            Start::Record => {}
            Start::BlankLine => return Err(Error::data("its first line, the header, is empty")),
            Start::End => return Err(Error::data("it is empty, and has not even a header")),
        }
        let mut names = Vec::new();
        loop {
            let field = self.fields.next().map_err(|error| self.unreadable(error))?;
            let name = std::str::from_utf8(self.fields.text());
            names.push(name.map_err(|_| Error::data("its header is not UTF-8"))?.to_owned());
            if field.last {
                return Ok(names);
            }
        }
    }

    /// Reads a record; `false` at the end of the file.
    fn record(&mut self) -> Result<bool> {
        loop {
            match self.fields.begin().map_err(|error| self.unreadable(error))? {
                Start::Record => break,
                // For one column it is a field with nothing in it.
                Start::BlankLine if self.order.len() == 1 => {
                    self.append(0, false)?;
                    self.rows += 1;
                    return Ok(true);
                }
                Start::BlankLine => {}
                Start::End => return Ok(false),
            }
        }
        let mut count = 0;
        loop {
            let field = self.fields.next().map_err(|error| self.unreadable(error))?;
            if count < self.order.len() {
                self.append(count, field.quoted)?;
            }
            count += 1;
            if field.last {
                break;
            }
        }
        if count != self.order.len() {
            return Err(Error::data(format!(
                "line {}: it has {count} fields, and there are {} columns",
                self.fields.line(),
                self.order.len()
            )));
        }
        self.rows += 1;
        Ok(true)
    }

    /// Takes the field that was read last.
    fn append(&mut self, index: usize, quoted: bool) -> Result<()> {
        let column = self.order[index];
        let text = self.fields.text();
        self.bytes += text.len();
        if !quoted && text == self.options.null.as_bytes() {
            self.builders[column].append_null();
            return Ok(());
        }
        let place = || {
            let name = self.schema.field(column).name();
            format!("line {}, column {name:?}", self.fields.line())
        };
        let text = std::str::from_utf8(text).map_err(|source| {
            Error::data(format!("{}: it is not UTF-8", place())).with_source(source)
        })?;
        match self.builders[column].append_plain(text) {
            Ok(()) => Ok(()),
            Err(source) => Err(Error::data(format!("{}: {source}", place())).with_source(source)),
        }
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        (self.rows, self.bytes) = (0, 0);
        let columns = self.builders.iter_mut().map(TextBuilder::finish);
        let columns = columns.collect::<cql_arrow::Result<Vec<_>>>();
        let columns = columns
            .map_err(|source| Error::data("its values make no column").with_source(source))?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|source| Error::data("its columns make no batch").with_source(source))
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::of_data(format_args!("line {}", self.fields.line()), source)
    }
}
