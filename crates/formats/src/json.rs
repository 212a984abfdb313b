//! JSON: one object a line, or an array of objects.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use arrow_schema::SchemaRef;
use cql_arrow::JsonRowsBuilder;
use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::blocking::{BATCH_BYTES, BATCH_ROWS, BatchSink};
use crate::error::{Error, Result};

/// A longer line is a line that is not ended: the cluster takes no such row.
const LONGEST_LINE: u64 = 1 << 30;

/// Reads a file of objects.
pub(crate) struct JsonReader<'a> {
    builder: JsonRowsBuilder,
    sink: &'a BatchSink,
    /// Objects read so far.
    objects: u64,
}

impl<'a> JsonReader<'a> {
    pub(crate) fn new(schema: SchemaRef, sink: &'a BatchSink) -> Result<Self> {
        let builder = JsonRowsBuilder::new(schema)
            .map_err(|source| Error::request("JSON has no such column").with_source(source))?;
        Ok(JsonReader { builder, sink, objects: 0 })
    }

    /// Reads one object a line; blank lines are passed.
    pub(crate) fn lines(mut self, source: Box<dyn Read + Send>) -> Result<()> {
        let mut source = BufReader::with_capacity(64 << 10, source);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            let read = read.map_err(|e| Error::of_data(format_args!("line {number}"), e))?;
            if read == 0 {
                break;
            }
            if read as u64 >= LONGEST_LINE {
                return Err(Error::data(format!("line {number} is longer than 1 GiB")));
            }
            let bytes = match number {
                1 => line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&line),
                _ => &line,
            };
            let text = std::str::from_utf8(bytes).map_err(|source| {
                Error::data(format!("line {number}: it is not UTF-8")).with_source(source)
            })?;
            if !text.trim_ascii().is_empty() {
                self.append(text.trim_ascii(), "line", number)?;
            }
        }
        self.send()
    }

    /// Reads an array of objects.
    pub(crate) fn array(mut self, source: Box<dyn Read + Send>) -> Result<()> {
        let source = BufReader::with_capacity(64 << 10, source);
        let mut json = serde_json::Deserializer::from_reader(source);
        let mut refused = None;
        let elements = Elements { reader: &mut self, refused: &mut refused };
        let read = json.deserialize_seq(elements).and_then(|()| json.end());
        if let Some(error) = refused {
            return Err(error);
        }
        read.map_err(|source| {
            let place = format_args!("after {} objects", self.objects);
            Error::of_data(format!("{place}: {source}"), io::Error::from(source))
        })?;
        self.send()
    }

    fn append(&mut self, object: &str, unit: &str, number: u64) -> Result<()> {
        self.builder.append(object).map_err(|source| {
            Error::data(format!("{unit} {number}: {source}")).with_source(source)
        })?;
        self.objects += 1;
        if self.builder.rows() >= BATCH_ROWS || self.builder.bytes() >= BATCH_BYTES {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        if self.builder.rows() == 0 {
            return Ok(());
        }
        let batch = self.builder.finish();
        let batch =
            batch.map_err(|source| Error::data("its values make no batch").with_source(source))?;
        self.sink.send(batch)
    }
}

/// The elements of an array, one after the other.
struct Elements<'a, 'b> {
    reader: &'a mut JsonReader<'b>,
    refused: &'a mut Option<Error>,
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element::<Box<RawValue>>()? {
            let number = self.reader.objects + 1;
            if let Err(error) = self.reader.append(element.get(), "object", number) {
                *self.refused = Some(error);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}
