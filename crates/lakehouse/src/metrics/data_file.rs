//! A finished Parquet file as a table lists it.

use std::collections::HashMap;

use iceberg::arrow::ArrowFileReader;
use iceberg::io::FileIO;
use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Schema, Struct, Type,
};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::commit::NewFile;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::bounds::Bounds;
use crate::metrics::mode::{MetricsConfig, MetricsMode};

/// What is read from the end of a file at first: nearly all footers are shorter.
const FOOTER_BYTES: usize = 64 << 10;

/// Reads a file's footer, and makes what the table lists of it: the field `data_file` of Iceberg's manifests.
///
/// # Errors
///
/// [`ErrorKind::Data`] where the file is not there, is no Parquet, or has another size or another number of
/// rows than it should.
pub(crate) async fn data_file(
    io: &FileIO,
    file: &NewFile,
    partition: Struct,
    spec_id: i32,
    schema: &Schema,
    config: &MetricsConfig,
) -> Result<DataFile> {
    let footer = footer(io, file).await?;
    let rows = footer.file_metadata().num_rows();
    if u64::try_from(rows).ok() != Some(file.rows) {
        return Err(wrong(file, format_args!("has {rows} rows and not {}", file.rows)));
    }
    let columns = Columns::of(&footer, schema, config);
    DataFileBuilder::default()
        .content(DataContentType::Data)
        .file_path(file.path.clone())
        .file_format(DataFileFormat::Parquet)
        .partition(partition)
        .partition_spec_id(spec_id)
        .record_count(file.rows)
        .file_size_in_bytes(file.bytes)
        .column_sizes(columns.sizes)
        .value_counts(columns.values)
        .null_value_counts(columns.nulls)
        .lower_bounds(columns.lower)
        .upper_bounds(columns.upper)
        .split_offsets(split_offsets(&footer))
        .build()
        .map_err(|source| {
            Error::new(ErrorKind::Internal, format!("{} can't be listed", file.path))
                .with_source(source)
        })
}

async fn footer(io: &FileIO, file: &NewFile) -> Result<ParquetMetaData> {
    let failed = |source| Error::of(format_args!("{} could not be read", file.path), source);
    let input = io.new_input(&file.path).map_err(failed)?;
    let found = match input.metadata().await {
        Ok(found) => found,
        // A store says in many ways that there is nothing.
        Err(source) => {
            return Err(match input.exists().await {
                Ok(false) => wrong(file, format_args!("is not there")),
                _ => failed(source),
            });
        }
    };
    let size = found.size;
    if size != file.bytes {
        return Err(wrong(file, format_args!("has {size} bytes and not {}", file.bytes)));
    }
    let mut reader = ArrowFileReader::new(found, input.reader().await.map_err(failed)?);
    let footer = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES));
    footer.load_and_finish(&mut reader, size).await.map_err(|source| match source {
        parquet::errors::ParquetError::External(_) => {
            let failed = format!("the footer of {} could not be read", file.path);
            Error::new(ErrorKind::Unavailable, failed).with_source(source)
        }
        source => wrong(file, format_args!("is no Parquet file")).with_source(source),
    })
}

fn wrong(file: &NewFile, how: std::fmt::Arguments<'_>) -> Error {
    let what = format!("the data file {} {how}; nothing is committed", file.path);
    Error::new(ErrorKind::Data, what)
}

/// Where the row groups begin; none if that is not in order.
fn split_offsets(footer: &ParquetMetaData) -> Option<Vec<i64>> {
    let starts = footer.row_groups().iter().map(|group| {
        let first = group.columns().first()?;
        // The dictionary, where there is one, lies before the data.
        let dictionary = first.dictionary_page_offset().filter(|offset| *offset > 0);
        Some(dictionary.map_or(first.data_page_offset(), |at| at.min(first.data_page_offset())))
    });
    starts.collect::<Option<Vec<_>>>().filter(|starts| starts.is_sorted_by(|one, next| one < next))
}

/// What is known of the columns, by the ids of their fields.
#[derive(Default)]
struct Columns {
    sizes: HashMap<i32, u64>,
    values: HashMap<i32, u64>,
    nulls: HashMap<i32, u64>,
    lower: HashMap<i32, iceberg::spec::Datum>,
    upper: HashMap<i32, iceberg::spec::Datum>,
}

impl Columns {
    fn of(footer: &ParquetMetaData, schema: &Schema, config: &MetricsConfig) -> Self {
        let mut columns = Columns::default();
        let leaves = footer.file_metadata().schema_descr().columns();
        for (at, leaf) in leaves.iter().enumerate() {
            let info = leaf.self_type().get_basic_info();
            let Some(id) = info.has_id().then(|| info.id()) else { continue };
            let Some(Type::Primitive(kind)) =
                schema.field_by_id(id).map(|field| field.field_type.as_ref())
            else {
                continue;
            };
            let chunks = || footer.row_groups().iter().filter_map(|group| group.columns().get(at));
            columns.sizes.insert(id, sum(chunks().map(|chunk| chunk.compressed_size())));
            let mode = config.mode(id);
            if mode == MetricsMode::None {
                continue;
            }
            columns.values.insert(id, sum(chunks().map(|chunk| chunk.num_values())));
            let mut nulls = chunks().map(|chunk| chunk.statistics()?.null_count_opt());
            if let Some(nulls) = nulls.try_fold(0_u64, |sum, of| Some(sum.saturating_add(of?))) {
                columns.nulls.insert(id, nulls);
            }
            // Of what is repeated within a row, bounds say nothing about the row.
            if leaf.max_rep_level() > 0 {
                continue;
            }
            let mut bounds = Bounds::default();
            chunks().for_each(|chunk| bounds.add(kind, chunk));
            let (lower, upper) = bounds.finish(mode);
            columns.lower.extend(lower.map(|bound| (id, bound)));
            columns.upper.extend(upper.map(|bound| (id, bound)));
        }
        columns
    }
}

fn sum(of: impl Iterator<Item = i64>) -> u64 {
    of.filter_map(|each| u64::try_from(each).ok()).fold(0, u64::saturating_add)
}
