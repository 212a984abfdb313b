//! A file that is opened, so that its fields are known before its records are read.

use std::fmt;
use std::io::Read;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::BoxStream;

use super::FormatName;
use super::guess::{ARROW_FILE, Guess, Named, PARQUET, compression_of, format_of};
use super::options::RecordOptions;
use super::stream::Records;
use crate::blocking::{BytesRead, ChunkSink, Sequential, run};
use crate::compression::Compression;
use crate::csv::CsvFile;
use crate::decompression::decompressor;
use crate::error::{Error, Result};
use crate::format::{FileOptions, Format};
use crate::ipc::IpcFile;
use crate::json;
use crate::location::Location;
use crate::parquet::ParquetFile;
use crate::window::Window;

/// Where the bytes of a file come from.
pub enum Input {
    /// A file of a location.
    File {
        /// The folder.
        location: Location,
        /// The name in it.
        name: String,
    },
    /// A reader, as standard input. It is read on a thread where it may block.
    Reader(Box<dyn Read + Send>),
    /// Batches, of any types, as those of an Arrow file are read.
    Batches(SchemaRef, BoxStream<'static, Result<RecordBatch>>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Input").field(&self.shown()).finish()
    }
}

impl Input {
    fn shown(&self) -> String {
        match self {
            Input::File { location, name } => location.shown(name),
            Input::Reader(_) => "standard input".to_owned(),
            Input::Batches(..) => "batches".to_owned(),
        }
    }
}

/// A file whose beginning has been read.
pub struct Opened {
    /// What the file is.
    pub options: FileOptions,
    /// The names of its fields: those of the header of a CSV, of the schema, or of the first JSON object.
    /// `None` where there are none: a CSV without a header, or no object.
    pub fields: Option<Vec<String>>,
    /// The schema of a Parquet or Arrow file.
    pub arrow_schema: Option<SchemaRef>,
    shown: String,
    content: Content,
    read: BytesRead,
}

/// A file of each format, at its first record.
enum Content {
    Csv(Box<CsvFile>),
    JsonLines(Window),
    JsonArray(Window),
    Parquet(Box<ParquetFile>),
    Arrow(Box<IpcFile>),
}

/// Opens a file, and finds out what it is and which fields it has. Nothing of it is lost, also of a reader.
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound); [`ErrorKind::Request`](crate::ErrorKind::Request)
/// for options that do not go together, and a Parquet file that is not read from a location;
/// [`ErrorKind::Data`](crate::ErrorKind::Data) for a file that has no beginning of its format, as a CSV
/// without the header that it must have.
///
/// ```
/// use std::sync::Arc;
/// use formats::{Guess, Input, RecordOptions};
/// # use scylla::frame::response::result::{ColumnType, NativeType};
/// # let int = ColumnType::Native(NativeType::Int);
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let input = Input::Reader(Box::new("id\n1\nx\n3\n".as_bytes()));
/// let opened = formats::open(input, Guess::default()).await?;
/// assert_eq!(opened.fields.as_deref(), Some(&["id".to_owned()][..]));
/// let schema = Arc::new(cql_arrow::schema([("id", &int)], &Default::default())?);
/// let options = RecordOptions::new(opened.options.clone(), schema);
/// let mut records = opened.records(options)?;
/// while let Some(chunk) = records.next_chunk().await? {
///     assert_eq!((chunk.rows.num_rows(), chunk.ordinals), (2, vec![0, 2]));
///     assert_eq!((chunk.bad[0].line, chunk.bad[0].text.as_slice()), (Some(3), &b"x"[..]));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn open(input: Input, file: Guess) -> Result<Opened> {
    let named = match &input {
        Input::File { name, .. } => Named::new(name),
        Input::Reader(_) | Input::Batches(..) => Named::default(),
    };
    let mut csv = file.csv;
    if named.tabs && file.format.is_none() && csv.delimiter == b',' {
        csv.delimiter = b'\t';
    }
    csv.check()?;
    let kind = match file.format.or(named.format) {
        Some(FormatName::Csv) => Kind::Exactly(Format::Csv(csv.clone())),
        Some(FormatName::JsonL) => Kind::Exactly(Format::JsonLines),
        Some(FormatName::Parquet) => Kind::Exactly(Format::Parquet(Default::default())),
        Some(FormatName::Arrow) => Kind::Exactly(Format::Arrow),
        Some(FormatName::Json) => Kind::Json,
        None => Kind::Unknown,
    };
    let known = Known { kind, csv, compression: file.compression, named };
    open_known(input, known).await
}

/// Opens a file of which everything is known.
pub(crate) async fn open_exactly(input: Input, options: &FileOptions) -> Result<Opened> {
    options.check()?;
    let compression = match options.format.compressible_text() {
        true => Some(options.compression),
        false => None,
    };
    let kind = Kind::Exactly(options.format.clone());
    let known = Known { kind, csv: Default::default(), compression, named: Named::default() };
    let opened = open_known(input, known).await?;
    Ok(Opened { options: options.clone(), ..opened })
}

/// What is known of a file before its content.
struct Known {
    kind: Kind,
    /// The dialect, if it is CSV.
    csv: crate::csv::CsvOptions,
    compression: Option<Compression>,
    named: Named,
}

enum Kind {
    Exactly(Format),
    Json,
    Unknown,
}

async fn open_known(input: Input, known: Known) -> Result<Opened> {
    let shown = input.shown();
    let about = |error: Error| error.about(&shown);
    let read = BytesRead::default();
    let (source, place): (Box<dyn Read + Send>, _) = match input {
        Input::File { location, name } => {
            if matches!(known.kind, Kind::Exactly(Format::Parquet(_))) {
                let file = ParquetFile::open(&location, &name).await.map_err(about)?;
                return Ok(Opened::parquet(file, shown, read));
            }
            let source = Sequential::new(location.stream(&name).await?, read.clone());
            (Box::new(source), Some((location, name)))
        }
        Input::Reader(source) => (source, None),
        Input::Batches(schema, batches) => {
            return Ok(Opened::arrow(IpcFile::given(schema, batches), shown, read));
        }
    };
    let opened = run({
        let (shown, read) = (shown.clone(), read.clone());
        move || begin(source, place, known, shown, read)
    });
    match opened.await.map_err(about)? {
        Begun::Opened(opened) => Ok(*opened),
        Begun::Parquet(location, name) => {
            let file = ParquetFile::open(&location, &name).await.map_err(about)?;
            Ok(Opened::parquet(file, shown, read))
        }
    }
}

enum Begun {
    Opened(Box<Opened>),
    /// It is read from its end on.
    Parquet(Location, String),
}

/// Reads the beginning of a file.
fn begin(
    source: Box<dyn Read + Send>,
    place: Option<(Location, String)>,
    known: Known,
    shown: String,
    read: BytesRead,
) -> Result<Begun> {
    let unreadable = |source| Error::of_data("it can't be read", source);
    let mut raw = Window::new(source);
    raw.fill_to(16).map_err(unreadable)?;
    if raw.rest().starts_with(PARQUET) && known.kind.may_be(&FormatName::Parquet) {
        let (location, name) = place.ok_or_else(no_pipe)?;
        return Ok(Begun::Parquet(location, name));
    }
    if let Kind::Exactly(Format::Parquet(_)) = known.kind {
        return Err(no_pipe());
    }
    if raw.rest().starts_with(ARROW_FILE) && known.kind.may_be(&FormatName::Arrow) {
        let Some((location, name)) = place else {
            return Err(Error::request(
                "an Arrow file can't be read from a pipe; save it to a file, or pipe an Arrow stream",
            ));
        };
        let file = IpcFile::file(&location, &name, read.clone())?;
        return Ok(Begun::Opened(Box::new(Opened::arrow(file, shown, read))));
    }
    let compression = known.compression.unwrap_or_else(|| match raw.rest() {
        [] => known.named.compression.unwrap_or_default(),
        bytes => compression_of(bytes),
    });
    let mut window = match compression {
        Compression::None => raw,
        compression => {
            let source = decompressor(raw.into_source(), compression);
            let undone = |source| Error::of_data("it can't be decompressed", source);
            Window::new(source.map_err(undone)?)
        }
    };
    window.fill_to(16).map_err(unreadable)?;
    let format = match known.kind {
        Kind::Exactly(format) => format,
        kind => {
            let first = first_character(&mut window).map_err(unreadable)?;
            let name = match kind {
                Kind::Json => FormatName::Json,
                _ => format_of(window.rest(), first),
            };
            match name {
                FormatName::Json if first == Some(b'[') => Format::JsonArray,
                FormatName::Json | FormatName::JsonL => Format::JsonLines,
                FormatName::Csv => Format::Csv(known.csv),
                FormatName::Parquet => Format::Parquet(Default::default()),
                FormatName::Arrow => Format::Arrow,
            }
        }
    };
    let (fields, content) = match &format {
        Format::Csv(csv) => {
            let file = CsvFile::open(window, csv.clone())?;
            (file.names().map(<[String]>::to_vec), Content::Csv(Box::new(file)))
        }
        Format::JsonLines => {
            let keys = json::first_keys(&mut window).map_err(unreadable)?;
            (keys, Content::JsonLines(window))
        }
        Format::JsonArray => {
            let keys = json::first_keys(&mut window).map_err(unreadable)?;
            (keys, Content::JsonArray(window))
        }
        Format::Arrow if window.rest().starts_with(ARROW_FILE) => {
            return Err(compressed("an Arrow file", compression));
        }
        Format::Arrow => {
            let file = IpcFile::stream(window.into_source())?;
            return Ok(Begun::Opened(Box::new(Opened::arrow(file, shown, read))));
        }
        Format::Parquet(_) => return Err(compressed("a Parquet file", compression)),
    };
    let options = FileOptions { format, compression, level: None };
    Ok(Begun::Opened(Box::new(Opened {
        options,
        fields,
        arrow_schema: None,
        shown,
        content,
        read,
    })))
}

impl Kind {
    /// Whether the first bytes may make it a file of this format.
    fn may_be(&self, format: &FormatName) -> bool {
        match self {
            Kind::Unknown => true,
            Kind::Exactly(Format::Parquet(_)) => *format == FormatName::Parquet,
            Kind::Exactly(Format::Arrow) => *format == FormatName::Arrow,
            Kind::Exactly(_) | Kind::Json => false,
        }
    }
}

fn no_pipe() -> Error {
    Error::request("a Parquet file can't be read from a pipe; save it to a file")
}

fn compressed(what: &str, compression: Compression) -> Error {
    Error::request(format!("it is {what} that is compressed by {compression}; decompress it first"))
}

/// The first character that is no white space.
fn first_character(window: &mut Window) -> std::io::Result<Option<u8>> {
    /// More white space is no JSON.
    const MOST: usize = 1 << 20;
    let mut ahead = 16;
    loop {
        window.fill_to(ahead)?;
        let rest = window.rest();
        let text = rest.strip_prefix("\u{feff}".as_bytes()).unwrap_or(rest).trim_ascii_start();
        if !text.is_empty() || rest.len() < ahead || ahead > MOST {
            return Ok(text.first().copied());
        }
        ahead *= 2;
    }
}

impl Opened {
    fn parquet(file: ParquetFile, shown: String, read: BytesRead) -> Self {
        let content = Content::Parquet(Box::new(file));
        Opened::with_schema(Format::Parquet(Default::default()), content, shown, read)
    }

    fn arrow(file: IpcFile, shown: String, read: BytesRead) -> Self {
        Opened::with_schema(Format::Arrow, Content::Arrow(Box::new(file)), shown, read)
    }

    fn with_schema(format: Format, content: Content, shown: String, read: BytesRead) -> Self {
        let schema = match &content {
            Content::Parquet(file) => Some(file.schema()),
            Content::Arrow(file) => Some(file.schema()),
            _ => None,
        };
        let fields = schema.as_ref().map(|schema| {
            schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()
        });
        let options = FileOptions { format, compression: Compression::None, level: None };
        Opened { options, fields, arrow_schema: schema, shown, content, read }
    }

    /// Reads its records, as [`RecordOptions`] say.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) where the options say that it is another file
    /// than [`Opened::options`], or don't go together; [`ErrorKind::Data`](crate::ErrorKind::Data) where
    /// its fields are not those that are asked for.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, as other things that begin tasks.
    pub fn records(self, options: RecordOptions) -> Result<Records> {
        let Opened { options: file, shown, content, read, .. } = self;
        if options.file != file {
            return Err(Error::request(format!(
                "{shown}: it was opened as {}, and is to be read otherwise",
                file.suffix()
            )));
        }
        options.check()?;
        let header = match &content {
            Content::Csv(file) => file.header().map(<[u8]>::to_vec),
            _ => None,
        };
        type Reader = Box<dyn FnOnce(&ChunkSink) -> Result<()> + Send>;
        let reader: Result<Reader> = match content {
            Content::Csv(file) => file
                .records(options)
                .map(|reader| -> Reader { Box::new(move |sink| reader.run(sink)) }),
            Content::JsonLines(window) => {
                Ok(Box::new(move |sink| json::read_lines(window, options, sink)))
            }
            Content::JsonArray(window) => {
                Ok(Box::new(move |sink| json::read_array(window, options, sink)))
            }
            Content::Parquet(file) => {
                let read = read.clone();
                let reader = file.records(options);
                reader.map(|reader| -> Reader { Box::new(move |sink| reader.run(sink, &read)) })
            }
            Content::Arrow(file) => file
                .records(options)
                .map(|reader| -> Reader { Box::new(move |sink| reader.run(sink)) }),
        };
        let reader = reader.map_err(|error| error.about(&shown))?;
        Ok(Records::new(header, read, move |sink| reader(sink).map_err(|error| error.about(shown))))
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("file", &self.shown)
            .field("options", &self.options)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}
