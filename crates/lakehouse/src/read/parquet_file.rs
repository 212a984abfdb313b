//! A Parquet file whose columns are found by field ids.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema as ArrowSchema, SchemaRef as ArrowSchemaRef, TimeUnit};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use iceberg::arrow::ArrowFileReader;
use iceberg::io::{FileIO, FileMetadata};
use iceberg::spec::{DEFAULT_SCHEMA_NAME_MAPPING, NameMapping, TableMetadata};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::projection::{Projection, Wanted, id, mapped};
use super::row_groups::RowGroups;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;

/// A file whose footer has been read.
pub(crate) struct ParquetFile {
    reader: ArrowFileReader,
    metadata: ArrowReaderMetadata,
    path: String,
}

/// Which rows of a file.
pub(crate) struct Rows {
    /// Those of row groups that begin in this range of bytes.
    pub(crate) range: Range<u64>,
    /// But those at these positions of the file, ascending and each once.
    pub(crate) deleted: Arc<[u64]>,
}

impl Rows {
    pub(crate) fn all() -> Rows {
        Rows { range: 0..u64::MAX, deleted: Arc::default() }
    }
}

impl ParquetFile {
    pub(crate) async fn open(files: &FileIO, path: &str, bytes: u64) -> Result<ParquetFile> {
        let unreadable = |source| Error::of(format!("{path} can't be read"), source);
        let input = files.new_input(path).map_err(unreadable)?;
        let input = input.reader().await.map_err(unreadable)?;
        let mut reader = ArrowFileReader::new(FileMetadata { size: bytes }, input);
        // The Arrow schema that some writers embed is not of Iceberg, and may have what we do not expect.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let footer =
            reader.get_metadata(Some(&options)).await.map_err(|source| of_file(path, source))?;
        let metadata = read_as(&footer, options).map_err(|source| of_file(path, source))?;
        Ok(ParquetFile { reader, metadata, path: path.to_owned() })
    }

    /// The columns, of these rows, in order. Row groups that have no rows for the filter are passed over; of the
    /// others, all rows come.
    pub(crate) fn rows(
        self,
        table: &TableMetadata,
        wanted: &[Wanted],
        rows: &Rows,
        filter: Option<&Filter>,
        batch_rows: Option<usize>,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let ParquetFile { reader, metadata, path } = self;
        let about = |error: Error| error.about(&path);
        let schema = with_ids(metadata.schema(), table).map_err(about)?;
        let projection = Projection::new(&schema, wanted).map_err(about)?;
        let footer = Arc::clone(metadata.metadata());
        let mut groups = RowGroups::beginning_in(&footer, &rows.range);
        if let Some(filter) = filter {
            groups.retain(filter, &schema, wanted);
        }
        let mask = ProjectionMask::roots(
            footer.file_metadata().schema_descr(),
            projection.roots().iter().copied(),
        );
        let batch_rows = batch_rows.unwrap_or_else(|| groups.batch_rows(&mask)).max(1);
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata)
            .with_projection(mask)
            .with_batch_size(batch_rows);
        if !rows.deleted.is_empty() {
            builder = builder.with_row_selection(groups.selection(&rows.deleted));
        }
        let stream = builder.with_row_groups(groups.into_places()).build();
        let stream = stream.map_err(|source| of_file(&path, source))?;
        let stream = stream.map_err({
            let path = path.clone();
            move |source| of_file(&path, source)
        });
        let adapt = move |batch| projection.apply(&batch).map_err(|error| error.about(&path));
        Ok(stream.map(move |batch| batch.and_then(&adapt)).boxed())
    }
}

/// The timestamps of 96 bits are read as microseconds, as those since year 1 do not fit as nanoseconds.
fn read_as(
    footer: &Arc<ParquetMetaData>,
    options: ArrowReaderOptions,
) -> parquet::errors::Result<ArrowReaderMetadata> {
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(footer), options.clone())?;
    let roots = footer.file_metadata().schema_descr().root_schema().get_fields();
    let is_int96 = |place: usize| {
        roots.get(place).is_some_and(|root| {
            root.is_primitive() && root.get_physical_type() == PhysicalType::INT96
        })
    };
    let schema = metadata.schema();
    if !(0..schema.fields().len()).any(is_int96) {
        return Ok(metadata);
    }
    let fields = schema.fields().iter().enumerate().map(|(place, field)| match is_int96(place) {
        true => {
            let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
            Arc::new(field.as_ref().clone().with_data_type(micros))
        }
        false => Arc::clone(field),
    });
    let schema = ArrowSchema::new(fields.collect::<Vec<_>>());
    ArrowReaderMetadata::try_new(Arc::clone(footer), options.with_schema(Arc::new(schema)))
}

/// The schema with the field ids that are in the file, or those of the table's name mapping.
fn with_ids(schema: &ArrowSchemaRef, table: &TableMetadata) -> Result<ArrowSchemaRef> {
    if schema.fields().is_empty() || schema.fields().iter().any(|field| id(field).is_some()) {
        return Ok(Arc::clone(schema));
    }
    let mapping = table.properties().get(DEFAULT_SCHEMA_NAME_MAPPING).ok_or_else(|| {
        let message = format!(
            "it has no field ids, and the table no name mapping; set the table's property \
             {DEFAULT_SCHEMA_NAME_MAPPING}, or rewrite the file"
        );
        Error::new(ErrorKind::Unsupported, message)
    })?;
    let mapping: NameMapping = serde_json::from_str(mapping).map_err(|source| {
        let message = format!("the table's {DEFAULT_SCHEMA_NAME_MAPPING} is no name mapping");
        Error::new(ErrorKind::Data, message).with_source(source)
    })?;
    Ok(Arc::new(ArrowSchema::new(mapped(schema.fields(), mapping.fields()))))
}

/// What went wrong with a file: its storage, or what is in it.
fn of_file(path: &str, source: ParquetError) -> Error {
    let unreadable = format!("{path} can't be read");
    match source {
        ParquetError::External(source) => match source.downcast::<iceberg::Error>() {
            Ok(source) => Error::of(unreadable, *source),
            Err(source) => Error::new(ErrorKind::Unavailable, unreadable).with_source(source),
        },
        source => {
            let message = format!("{path} is no Parquet file as the table says");
            Error::new(ErrorKind::Data, message).with_source(source)
        }
    }
}
