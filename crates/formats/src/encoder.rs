//! Batches in, the bytes of a file out: all formats behind one face, piece by piece, so that whoever
//! takes the bytes can do so before there are too many.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use cql_arrow::{JsonRows, TextColumn};
use encoding_rs::EncoderResult;

use crate::compression::Compressor;
use crate::csv::CsvWriter;
use crate::error::{Error, Result};
use crate::format::{FileOptions, Format};
use crate::ipc::IpcWriter;
use crate::parquet::ParquetWriter;

/// Text that is compressed at once.
const TEXT_BYTES: usize = 64 << 10;
/// Rows that Parquet takes at once.
const PARQUET_ROWS: usize = 4096;

/// Encodes one file into a writer.
pub(crate) enum Encoder<W: Write + Send> {
    Text(Box<TextEncoder<W>>),
    Parquet(Box<ParquetWriter<W>>),
    Ipc(IpcWriter<W>),
}

/// A batch on its way through an [`Encoder`].
pub(crate) struct Rows<'a> {
    columns: Columns<'a>,
    next: usize,
    end: usize,
}

enum Columns<'a> {
    Csv(Vec<(&'a str, TextColumn<'a>)>),
    Json(JsonRows<'a>),
    Binary(&'a RecordBatch),
}

impl<W: Write + Send> Encoder<W> {
    /// Begins a file, or a stream, which only for Arrow is another thing.
    pub(crate) fn new(
        out: W,
        schema: &SchemaRef,
        options: &FileOptions,
        stream: bool,
    ) -> Result<Self> {
        options.check()?;
        let text = |out: W, rows: TextRows| {
            let out = Compressor::new(out, options.compression, options.level)?;
            Ok(Encoder::Text(Box::new(TextEncoder::new(out, rows, schema)?)))
        };
        match &options.format {
            Format::Csv(csv) => {
                csv.check_writable()?;
                text(out, TextRows::Csv(Box::new(CsvWriter::new(csv.clone()))))
            }
            Format::JsonLines => text(out, TextRows::JsonLines),
            Format::JsonArray => text(out, TextRows::JsonArray),
            Format::Parquet(parquet) => {
                Ok(Encoder::Parquet(Box::new(ParquetWriter::new(out, schema, parquet)?)))
            }
            Format::Arrow if stream => {
                Ok(Encoder::Ipc(IpcWriter::stream(out, schema, options.compression)?))
            }
            Format::Arrow => Ok(Encoder::Ipc(IpcWriter::file(out, schema, options.compression)?)),
        }
    }

    /// Begins a batch.
    pub(crate) fn rows<'a>(&self, batch: &'a RecordBatch) -> Result<Rows<'a>> {
        let unwritable =
            |source| Error::request("a column can't be written as text").with_source(source);
        let columns = match self {
            Encoder::Text(text) => match text.rows {
                TextRows::Csv(_) => {
                    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
                    let columns = columns.map(|(field, array)| {
                        Ok((field.name().as_str(), TextColumn::new(field, array.as_ref())?))
                    });
                    Columns::Csv(columns.collect::<cql_arrow::Result<_>>().map_err(unwritable)?)
                }
                TextRows::JsonLines | TextRows::JsonArray => {
                    Columns::Json(JsonRows::new(batch).map_err(unwritable)?)
                }
            },
            Encoder::Parquet(_) | Encoder::Ipc(_) => Columns::Binary(batch),
        };
        Ok(Rows { columns, next: 0, end: batch.num_rows() })
    }

    /// Encodes some more rows of a batch; `false` when all are done.
    pub(crate) fn encode(&mut self, rows: &mut Rows<'_>) -> Result<bool> {
        if rows.next == rows.end {
            return Ok(false);
        }
        match (self, &rows.columns) {
            (Encoder::Parquet(writer), Columns::Binary(batch)) => {
                let count = PARQUET_ROWS.min(rows.end - rows.next);
                writer.write(&batch.slice(rows.next, count))?;
                rows.next += count;
            }
            (Encoder::Ipc(writer), Columns::Binary(batch)) => {
                writer.write(batch)?;
                rows.next = rows.end;
            }
            (Encoder::Text(text), _) => text.encode(rows)?,
            (_, Columns::Csv(_) | Columns::Json(_)) => {
                return Err(Error::request("a batch was begun for another file"));
            }
        }
        Ok(true)
    }

    /// Where the bytes go.
    pub(crate) fn get_mut(&mut self) -> &mut W {
        match self {
            Encoder::Text(text) => text.out.get_mut(),
            Encoder::Parquet(writer) => writer.get_mut(),
            Encoder::Ipc(writer) => writer.get_mut(),
        }
    }

    /// About how many bytes the rows will have that are held back.
    pub(crate) fn buffered(&self) -> usize {
        match self {
            Encoder::Parquet(writer) => writer.buffered(),
            Encoder::Text(_) | Encoder::Ipc(_) => 0,
        }
    }

    /// About how many bytes of memory it takes for what is held back.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Encoder::Parquet(writer) => writer.memory(),
            Encoder::Text(_) | Encoder::Ipc(_) => 0,
        }
    }

    /// Holds nothing back any more: a row group of Parquet ends, however small it is.
    pub(crate) fn end_group(&mut self) -> Result<()> {
        match self {
            Encoder::Parquet(writer) => writer.end_group(),
            Encoder::Text(_) | Encoder::Ipc(_) => Ok(()),
        }
    }

    /// Hands over all that can be without ending anything: a row group of Parquet stays.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let flushed = match self {
            Encoder::Text(text) => text.out.flush(),
            Encoder::Parquet(_) | Encoder::Ipc(_) => self.get_mut().flush(),
        };
        flushed.map_err(|source| Error::of("the output could not be written", source))
    }

    /// Writes what is held back, and the end.
    pub(crate) fn finish(self) -> Result<W> {
        match self {
            Encoder::Text(text) => text.finish(),
            Encoder::Parquet(writer) => writer.finish(),
            Encoder::Ipc(writer) => writer.finish(),
        }
    }
}

enum TextRows {
    Csv(Box<CsvWriter>),
    JsonLines,
    JsonArray,
}

/// Rows as text, in any encoding, compressed.
pub(crate) struct TextEncoder<W: Write> {
    rows: TextRows,
    out: Compressor<W>,
    /// Encodes text that is not to be UTF-8. It keeps its state from one piece to the next.
    encoder: Option<encoding_rs::Encoder>,
    text: Vec<u8>,
    encoded: Vec<u8>,
    count: u64,
}

impl<W: Write> TextEncoder<W> {
    fn new(out: Compressor<W>, rows: TextRows, schema: &SchemaRef) -> Result<Self> {
        let encoder = match &rows {
            TextRows::Csv(csv) if csv.encoding() != encoding_rs::UTF_8 => {
                Some(csv.encoding().new_encoder())
            }
            _ => None,
        };
        let (text, encoded) = (Vec::with_capacity(TEXT_BYTES), Vec::new());
        let mut encoder = TextEncoder { rows, out, encoder, text, encoded, count: 0 };
        match &mut encoder.rows {
            TextRows::Csv(csv) => {
                csv.header(schema.fields().iter().map(|field| field.name()), &mut encoder.text)?;
            }
            TextRows::JsonArray => encoder.text.push(b'['),
            TextRows::JsonLines => {}
        }
        Ok(encoder)
    }

    fn encode(&mut self, rows: &mut Rows<'_>) -> Result<()> {
        while rows.next < rows.end && self.text.len() < TEXT_BYTES {
            let start = self.text.len();
            if let Err(error) = self.row(&rows.columns, rows.next) {
                self.text.truncate(start);
                return Err(error.about(format_args!("row {}", self.count + 1)));
            }
            self.count += 1;
            rows.next += 1;
        }
        self.hand_over(false)
    }

    fn row(&mut self, columns: &Columns<'_>, row: usize) -> Result<()> {
        let text = &mut self.text;
        match (&mut self.rows, columns) {
            (TextRows::Csv(csv), Columns::Csv(columns)) => csv.row(columns, row, text),
            (TextRows::JsonLines, Columns::Json(objects)) => {
                objects.write(row, text).map_err(not_json)?;
                text.push(b'\n');
                Ok(())
            }
            (TextRows::JsonArray, Columns::Json(objects)) => {
                text.extend_from_slice(if self.count == 0 { b"\n" } else { b",\n" });
                objects.write(row, text).map_err(not_json)
            }
            _ => Err(Error::request("a batch was begun for another file")),
        }
    }

    /// Compresses the text there is.
    fn hand_over(&mut self, last: bool) -> Result<()> {
        let unwritable = |source| Error::of("the output could not be written", source);
        if let Some(encoder) = &mut self.encoder {
            let text = std::str::from_utf8(&self.text)
                .map_err(|source| Error::data("a text is not UTF-8").with_source(source))?;
            self.encoded.clear();
            encode_text(encoder, text, &mut self.encoded, last)?;
            self.out.write_all(&self.encoded).map_err(unwritable)?;
        } else {
            self.out.write_all(&self.text).map_err(unwritable)?;
        }
        self.text.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<W> {
        if let TextRows::JsonArray = self.rows {
            self.text.extend_from_slice(b"\n]\n");
        }
        self.hand_over(true)?;
        self.out.finish().map_err(|source| Error::of("the output could not be written", source))
    }
}

fn encode_text(
    encoder: &mut encoding_rs::Encoder,
    mut text: &str,
    out: &mut Vec<u8>,
    last: bool,
) -> Result<()> {
    loop {
        let most = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
        out.reserve(most.unwrap_or(text.len()));
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(text, out, last);
        text = &text[read..];
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => {}
            // Each value has been checked, with its column to name.
            EncoderResult::Unmappable(odd) => {
                let encoding = encoder.encoding().name();
                return Err(Error::data(format!("{odd:?} does not exist in {encoding}")));
            }
        }
    }
}

fn not_json(source: cql_arrow::Error) -> Error {
    Error::data("it can't be written as JSON").with_source(source)
}
