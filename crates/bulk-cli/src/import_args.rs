//! The arguments of `import`.

use std::path::PathBuf;

use bulk::{MaxErrors, TableName};
use clap::{Args as ClapArgs, ValueEnum};

use crate::byte_size::ByteSize;
use crate::catalog_args::CatalogArgs;
use crate::connection_args::Common;
use crate::csv_args::Csv;
use crate::export_args::FormatName;
use crate::moment::Moment;
use crate::place::Place;
use crate::run_args::Conduct;

const EXAMPLES: &str = "\
Examples:
  cassandra-bulk import shop.orders --from /data/orders
  cassandra-bulk import shop.orders --from 's3://bucket/orders/*.csv.gz' --map order_no=id
  cassandra-bulk import shop.orders --from orders.csv --dry-run
  cassandra-bulk import shop.orders --from iceberg:shop.orders --filter \"country = 'DE'\"
  zcat orders.csv.gz | cassandra-bulk import shop.orders --from - --set country=DE
  cassandra-bulk import shop.orders --from /data/orders --journal load1 --resume";

/// `import`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// The table, as KEYSPACE.TABLE; quote a case-sensitive part: 'shop."Orders"'.
    pub(crate) table: TableName,
    /// What to load: a file, a folder, a pattern such as 'in/*.csv.gz', as a path or a URL (s3://, gs://,
    /// az://, file://), the folder of an export, iceberg:NAMESPACE.TABLE for an Iceberg table, or - for
    /// standard input; may be given several times.
    #[arg(long, value_name = "SRC", required = true)]
    pub(crate) from: Vec<Place>,
    #[command(flatten)]
    pub(crate) snapshot: SnapshotArgs,
    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) csv: Csv,
    #[command(flatten)]
    pub(crate) fields: Fields,
    #[command(flatten)]
    pub(crate) values: Values,
    #[command(flatten)]
    pub(crate) records: Records,
    #[command(flatten)]
    pub(crate) writes: Writes,
    #[command(flatten)]
    pub(crate) conduct: Conduct,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What is read of an Iceberg table.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Iceberg table")]
pub(crate) struct SnapshotArgs {
    /// The snapshot to read [default: the current one, which stays the same when the import is resumed].
    #[arg(long, value_name = "ID", conflicts_with = "as_of")]
    pub(crate) snapshot_id: Option<i64>,
    /// The snapshot that was current then: 2024-02-29T12:00:00Z, 2024-02-29, or microseconds since 1970.
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Moment>,
    /// Only rows of this kind: "country = 'DE' and total > 100". Files that have none are not read.
    #[arg(long, value_name = "CONDITION")]
    pub(crate) filter: Option<String>,
}

/// What the files are.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Files")]
pub(crate) struct Form {
    /// The format [default: told from name and content].
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// How the files are compressed: none, gzip, zstd, lz4, snappy, bzip2, xz [default: told from name
    /// and content].
    #[arg(long, value_name = "NAME")]
    pub(crate) compression: Option<String>,
    /// Files read at the same time; each takes some 30 MiB of memory, and is worth it where reading is
    /// slower than the cluster.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) files: u16,
}

/// Which field is for which column.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Fields and columns")]
pub(crate) struct Fields {
    /// The columns of files without names of fields, in order [default: those of the table, as SELECT *
    /// has them]; of an Iceberg table, the columns to read [default: all].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,
    /// The column that a field is for, if their names differ; for files without names of fields a place,
    /// from 0. May be given several times.
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = pair)]
    pub(crate) map: Vec<(String, String)>,
    /// Fields to pass over.
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// A value for a column of all records, as text. May be given several times.
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Pass over fields that no column is for; without it they are refused.
    #[arg(long)]
    pub(crate) allow_extra_fields: bool,
    /// Leave columns that no field is for as they are; without it they are asked for.
    #[arg(long)]
    pub(crate) allow_missing_fields: bool,
}

/// How values are read.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Values")]
pub(crate) struct Values {
    /// Write nulls, which deletes what is there, by tombstones; without it nulls write nothing.
    #[arg(long)]
    pub(crate) null_as_null: bool,
    /// Take an empty field for a null, where its column is neither text nor blob; without it that is bad.
    #[arg(long)]
    pub(crate) empty_as_null: bool,
    /// What a number is for a timestamp, since 1970.
    #[arg(long, value_enum, default_value = "ms")]
    pub(crate) epoch: Epoch,
    /// How blobs are written.
    #[arg(long, value_enum, default_value = "hex")]
    pub(crate) blob: BlobForm,
    /// Words for true and for false, besides these: yes,y,1:no,n,0.
    #[arg(long, value_name = "WORDS:WORDS", value_parser = words)]
    pub(crate) booleans: Option<(Vec<String>, Vec<String>)>,
    /// The offset of times that have none, such as +01:00 [default: UTC].
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true, value_parser = offset)]
    pub(crate) zone: Option<chrono::FixedOffset>,
}

/// Which records, and what happens to bad ones.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Records")]
pub(crate) struct Records {
    /// Leave out so many records at the beginning of the input.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) skip_rows: u64,
    /// Read so many records at the most, with those left out.
    #[arg(long, value_name = "N")]
    pub(crate) max_rows: Option<u64>,
    /// Stop when more records are bad: a number, or a percentage such as 0.1% of what was read.
    #[arg(long, value_name = "N|N%", default_value = "100", value_parser = max_errors)]
    pub(crate) max_errors: MaxErrors,
    /// Read, convert and bind all records, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The folder for the journal and for bad records [default: a new one here; it is removed at the end
    /// if there is nothing to keep].
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
    /// Go on with the import of that journal; begin it if there is none.
    #[arg(long, requires = "journal")]
    pub(crate) resume: bool,
}

/// How rows are written.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Writes")]
pub(crate) struct Writes {
    /// Seconds that what is written lives [default: as the table has it].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i32).range(0..))]
    pub(crate) ttl: Option<i32>,
    /// The write time of everything: 2024-02-29T12:00:00Z, 2024-02-29, or microseconds since 1970
    /// [default: when the import begins].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) timestamp: Option<Moment>,
    /// Rows of a batch, all of one partition, at the most.
    #[arg(long, value_name = "ROWS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) batch_rows: u16,
    /// Bytes of a batch, about [default: 32KiB].
    #[arg(long, value_name = "SIZE")]
    pub(crate) batch_size: Option<ByteSize>,
    /// Batches in flight for each node, at the most; how many there are adapts to its latency.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) in_flight: u16,
    /// How much of the input is looked at to bring rows of the same partition together [default: 1MiB].
    #[arg(long, value_name = "SIZE")]
    pub(crate) window: Option<ByteSize>,
}

/// What a number is for a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Epoch {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

/// How blobs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BlobForm {
    /// 0x00ff.
    Hex,
    /// AP8=.
    Base64,
}

pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() => Ok((left.to_owned(), right.to_owned())),
        _ => Err("is to be two names, or a name and a value, with = between".to_owned()),
    }
}

fn words(text: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let (yes, no) =
        text.split_once(':').ok_or("is to be words for true, a colon, words for false")?;
    let list = |words: &str| words.split(',').map(str::to_owned).collect();
    Ok((list(yes), list(no)))
}

fn offset(text: &str) -> Result<chrono::FixedOffset, String> {
    let text = if text.eq_ignore_ascii_case("utc") || text == "Z" { "+00:00" } else { text };
    text.parse().map_err(|_| "is no offset; write it as +01:00".to_owned())
}

fn max_errors(text: &str) -> Result<MaxErrors, String> {
    let bad = || "is neither a number nor a percentage such as 0.1%".to_owned();
    match text.strip_suffix('%') {
        None => text.parse().map(MaxErrors::Count).map_err(|_| bad()),
        Some(percent) => match percent.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(MaxErrors::Percent(percent)),
            _ => Err(bad()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_or_a_share() {
        assert_eq!(max_errors("0"), Ok(MaxErrors::Count(0)));
        assert_eq!(max_errors("0.5%"), Ok(MaxErrors::Percent(0.5)));
        for text in ["", "%", "-1", "101%", "NaN%", "1.5", "ten"] {
            assert!(max_errors(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_words_and_offsets() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("=a").is_err() && pair("a").is_err());
        assert_eq!(words("y,1:n").unwrap().0, ["y", "1"]);
        assert_eq!(offset("-05:30").unwrap().local_minus_utc(), -(5 * 60 + 30) * 60);
        assert!(offset("Berlin").is_err());
    }
}
