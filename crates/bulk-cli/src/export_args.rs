//! The arguments of `export`.

use std::path::Path;

use bulk::{CellColumns, CsvOptions, FileName, Format, ParquetOptions, TableName};
use clap::{Args as ClapArgs, ValueEnum};

use crate::byte_size::ByteSize;
use crate::catalog_args::CatalogArgs;
use crate::connection_args::Common;
use crate::csv_args::Csv;
use crate::iceberg_args::IcebergArgs;
use crate::moment::Moment;
use crate::narrow_args::Narrow;
use crate::place::Place;
use crate::run_args::Run;

const EXAMPLES: &str = "\
Examples:
  cassandra-bulk export shop.orders /data/orders
  cassandra-bulk export shop.orders s3://bucket/orders --format csv --compression gzip
  cassandra-bulk export shop.orders /data/orders --resume
  cassandra-bulk export shop.orders --to iceberg:shop.orders --partition-by 'day(created)'
  cassandra-bulk export shop.orders --format csv --columns id,total > orders.csv
  cassandra-bulk export shop.orders - --where \"country = 'DE'\" --allow-filtering | head";

/// `export`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// The table, as KEYSPACE.TABLE; quote a case-sensitive part: 'shop."Orders"'.
    pub(crate) table: TableName,
    /// Where to: a folder for files, as a path or a URL (s3://, gs://, az://, file://);
    /// iceberg:NAMESPACE.TABLE for an Iceberg table; - for standard output [default: -].
    #[arg(value_parser = destination)]
    pub(crate) dest: Option<Place>,
    /// The same, by name.
    #[arg(long, value_name = "DEST", value_parser = destination, conflicts_with = "dest")]
    pub(crate) to: Option<Place>,
    #[command(flatten)]
    pub(crate) rows: Rows,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) csv: Csv,
    #[command(flatten)]
    pub(crate) parquet: Parquet,
    #[command(flatten)]
    pub(crate) iceberg: IcebergArgs,
    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
    #[command(flatten)]
    pub(crate) run: Run,
    /// Rows per page, at the most; wide rows make smaller pages.
    #[arg(long, value_name = "ROWS", default_value_t = 5000, value_parser = clap::value_parser!(i32).range(1..), help_heading = "Run")]
    pub(crate) page_size: i32,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Which rows, and what of them.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Rows and columns")]
pub(crate) struct Rows {
    /// The columns to write, exact names separated by commas [default: all].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
    /// Also the write times of these columns, in microseconds, as columns "writetime(…)"; * for all.
    #[arg(long, value_name = "NAMES", value_parser = cells)]
    pub(crate) writetime: Option<CellColumns>,
    /// Also the times to live of these columns, in seconds, as columns "ttl(…)"; * for all.
    #[arg(long, value_name = "NAMES", value_parser = cells)]
    pub(crate) ttl: Option<CellColumns>,
    /// Only rows of which some column was written later: 2024-02-29T12:00:00Z, 2024-02-29, or
    /// microseconds since 1970; into Iceberg also `last`, the mark of the last run. Rows that have only
    /// a key are always written.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = after)]
    pub(crate) written_after: Option<After>,
    /// Only rows of which no column was written later.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) written_before: Option<Moment>,
    /// So many rows, at the most.
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<u64>,
    /// Decimals as fixed-point numbers: 38,9 for 38 digits, 9 of them after the point. A value that
    /// does not fit ends the export [default: as text, exact].
    #[arg(long, value_name = "DIGITS,SCALE", value_parser = fixed)]
    pub(crate) decimals: Option<(u8, u8)>,
    /// Write empty values of types that are not text as null; without it they end the export.
    #[arg(long)]
    pub(crate) empty_as_null: bool,
}

/// Which files.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Files")]
pub(crate) struct Files {
    /// The format [default: parquet; jsonl on standard output].
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// How files are compressed: none, gzip, zstd, lz4, snappy, bzip2, xz; for parquet also brotli
    /// [default: none; zstd for parquet].
    #[arg(long, value_name = "NAME")]
    pub(crate) compression: Option<String>,
    /// The level of the compression.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) compression_level: Option<i32>,
    /// Go on with an export that has not ended; begin it if there is none (into Iceberg: refuse).
    #[arg(long, conflicts_with = "overwrite")]
    pub(crate) resume: bool,
    /// Remove the export that is there. Files that no export has written are never removed.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Files written at the same time [default: 1 per core, at most 4].
    #[arg(long = "files", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) at_once: Option<u16>,
    /// Begin the next file when one has so many bytes, such as 64MiB. What is read again after a
    /// crash is about as much, for each file written at the same time [default: 256MiB].
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_file_size: Option<ByteSize>,
    /// Begin the next file when one has so many rows.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_file_rows: Option<u64>,
    /// The names of the files, without extension: {number} is a number that tells them apart, {keyspace}
    /// and {table} are the names of the table [default: {table}-{number}].
    #[arg(long, value_name = "PATTERN")]
    pub(crate) file_name: Option<FileName>,
    /// Put the values of these columns into the names of folders, as Hive does: country=DE/…. Of an
    /// Iceberg table that is made, its partition spec: day(ts),bucket(16,id).
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) partition_by: Vec<String>,
}

/// The formats, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// Comma-separated values.
    Csv,
    /// JSON lines: an object a line.
    Jsonl,
    /// One JSON array of objects.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow IPC.
    Arrow,
}

impl FormatName {
    /// The format, of this dialect if it is CSV.
    pub(crate) fn format(self, csv: &CsvOptions) -> Format {
        match self {
            FormatName::Csv => Format::Csv(csv.clone()),
            FormatName::Jsonl => Format::JsonLines,
            FormatName::Json => Format::JsonArray,
            FormatName::Parquet => Format::Parquet(ParquetOptions::default()),
            FormatName::Arrow => Format::Arrow,
        }
    }
}

/// How Parquet is written.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Parquet")]
pub(crate) struct Parquet {
    /// The size of a row group; each file that is written at the same time takes as much memory.
    #[arg(long, value_name = "SIZE")]
    pub(crate) row_group_size: Option<ByteSize>,
    /// Write no dictionaries.
    #[arg(long)]
    pub(crate) no_dictionary: bool,
    /// Write no statistics.
    #[arg(long)]
    pub(crate) no_statistics: bool,
    /// Write bloom filters for these columns, such as the key's.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) bloom_filter: Vec<String>,
}

/// From when on rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// From the mark of the last run.
    Last,
    /// From this moment.
    Moment(Moment),
}

fn after(text: &str) -> Result<After, String> {
    match text {
        "last" => Ok(After::Last),
        moment => moment.parse().map(After::Moment),
    }
}

/// A name that looks like a file's is most likely meant as one.
fn destination(text: &str) -> Result<Place, String> {
    const ENDS: [&str; 9] =
        ["csv", "tsv", "json", "jsonl", "ndjson", "parquet", "arrow", "gz", "zst"];
    let end = Path::new(text).extension().and_then(|end| end.to_str());
    match end {
        Some(end) if ENDS.contains(&end) && !text.ends_with('/') => Err(format!(
            "looks like a file, and is to be a folder, which will have files and a manifest; for one \
             file write `- > {text}`, for a folder of that name '{text}/'"
        )),
        _ if text.is_empty() => Err("is empty; name a folder, or - for standard output".to_owned()),
        _ => text.parse(),
    }
}

fn cells(text: &str) -> Result<CellColumns, String> {
    match text {
        "" => Err("names no column; * stands for all".to_owned()),
        "*" => Ok(CellColumns::All),
        names => Ok(CellColumns::Named(names.split(',').map(str::to_owned).collect())),
    }
}

fn fixed(text: &str) -> Result<(u8, u8), String> {
    let bad = || "write the digits in all, a comma, and those after the point: 38,9".to_owned();
    let (precision, scale) = text.split_once(',').ok_or_else(bad)?;
    Ok((precision.trim().parse().map_err(|_| bad())?, scale.trim().parse().map_err(|_| bad())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_not_taken_for_a_folder() {
        for text in ["orders.csv", "/data/orders.parquet", "s3://b/orders.csv.gz", ""] {
            assert!(destination(text).is_err(), "{text}");
        }
        for text in ["-", "orders", "/data/v1.2", "orders.csv/", "s3://bucket"] {
            assert_eq!(destination(text).unwrap(), Place::Files(text.to_owned()));
        }
    }

    #[test]
    fn a_fixed_decimal_has_two_numbers() {
        assert_eq!(fixed("38, 9"), Ok((38, 9)));
        assert!(fixed("38").is_err() && fixed("300,1").is_err());
    }
}
