//! The command line, as it is written. What it means is for the commands.

use std::path::PathBuf;
use std::time::Duration;

use bulk::{IcebergTableName, TableName};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::catalog_args::CatalogArgs;
use crate::config_command::{Config, Listing};
use crate::connection_args::Common;
use crate::ctl::Ctl;
use crate::export_args::Export;
use crate::import_args::Import;
use crate::narrow_args::Narrow;
use crate::run_args::{Run, Split};

const EXIT_CODES: &str = "\
Exit codes:
  0    done, completely
  1    internal error
  2    usage: bad arguments, no such keyspace, table or column, a table that cannot be scanned
  3    cannot connect: no node reached or answering, or credentials refused
  4    finished with errors: the result is partial, and what is missing or bad was named
  5    files: the destination cannot be written or read (full, no permission, not reached)
  130  interrupted (Ctrl-C, SIGTERM): the result is partial";

const COUNT_EXAMPLES: &str = "\
Examples:
  cassandra-bulk count shop.orders
  cassandra-bulk count shop.orders --splits 256 --consistency LOCAL_QUORUM
  cassandra-bulk count shop.orders --by partition --top 20
  cassandra-bulk count 'shop.\"Orders\"' --by node --output json";

const PLAN_EXAMPLES: &str = "\
Examples:
  cassandra-bulk plan shop.orders
  cassandra-bulk plan shop.orders --splits 64 --output json";

const VERIFY_EXAMPLES: &str = "\
Examples:
  cassandra-bulk verify /data/orders
  cassandra-bulk verify s3://bucket/orders --live --host 10.0.0.1";

const CONFIG_EXAMPLES: &str = "\
Examples:
  cassandra-bulk config
  cassandra-bulk config --profile prod --output json";

const SNAPSHOTS_EXAMPLES: &str = "\
Examples:
  cassandra-bulk iceberg snapshots shop.orders
  cassandra-bulk iceberg snapshots shop.orders --catalog rest --catalog-uri https://catalog:8181";

/// Count, plan, export, import and verify whole Apache Cassandra and ScyllaDB tables, by token ranges.
#[derive(Debug, Parser)]
#[command(name = "cassandra-bulk", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the rows of a table, by the server, split by split.
    #[command(after_help = COUNT_EXAMPLES)]
    Count(Count),
    /// Show what a run would read, and from where; runs nothing.
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Plan),
    /// Write every row of a table to files, to standard output (CSV, JSON, Parquet, Arrow), or into an
    /// Iceberg table.
    Export(Box<Export>),
    /// Load a table from files (CSV, JSON, Parquet, Arrow, or the folder of an export), or from an Iceberg
    /// table.
    Import(Box<Import>),
    /// Compare the files of an export with its manifest, and with the table.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Look at Iceberg tables.
    #[command(subcommand)]
    Iceberg(Iceberg),
    /// Show every setting of a connection and of a run, its value, and where that comes from.
    #[command(after_help = CONFIG_EXAMPLES)]
    Config(Box<Config>),
    /// List the runs that are under way, or watch, pause, resume and slow one of them.
    Ctl(Ctl),
}

/// What is looked at in Iceberg tables.
#[derive(Debug, Subcommand)]
pub(crate) enum Iceberg {
    /// List the snapshots of a table, with the runs that made them.
    #[command(after_help = SNAPSHOTS_EXAMPLES)]
    Snapshots(Snapshots),
}

impl Command {
    pub(crate) fn shown(&self) -> &Shown {
        match self {
            Command::Count(count) => &count.common.shown,
            Command::Plan(plan) => &plan.common.shown,
            Command::Export(export) => &export.common.shown,
            Command::Import(import) => &import.common.shown,
            Command::Verify(verify) => &verify.common.shown,
            Command::Config(config) => &config.common.shown,
            Command::Iceberg(Iceberg::Snapshots(snapshots)) => &snapshots.shown,
            Command::Ctl(ctl) => &ctl.shown,
        }
    }

    /// What it has in common with the others that ask a cluster, if it is one of them.
    pub(crate) fn common_mut(&mut self) -> Option<&mut Common> {
        match self {
            Command::Count(count) => Some(&mut count.common),
            Command::Plan(plan) => Some(&mut plan.common),
            Command::Export(export) => Some(&mut export.common),
            Command::Import(import) => Some(&mut import.common),
            Command::Verify(verify) => Some(&mut verify.common),
            Command::Config(config) => Some(&mut config.common),
            _ => None,
        }
    }

    /// Has the settings listed, where they are to be shown.
    pub(crate) fn list(&mut self, listing: impl FnOnce(&Common) -> Listing) {
        if let Command::Config(config) = self {
            config.listing = listing(&config.common);
        }
    }
}

/// `count`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Count {
    /// The table, as KEYSPACE.TABLE; quote a case-sensitive part: 'shop."Orders"'.
    pub(crate) table: TableName,
    /// Break the count down.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) by: Option<By>,
    /// How many partitions to show with --by partition [default: 10].
    #[arg(long, value_name = "N", requires = "by", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top: Option<u32>,
    #[command(flatten)]
    pub(crate) narrow: Narrow,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What a count is broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Each token range.
    Range,
    /// Each node; a row counts on every replica.
    Node,
    /// The largest partitions.
    Partition,
}

/// `plan`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Plan {
    /// The table, as KEYSPACE.TABLE; quote a case-sensitive part: 'shop."Orders"'.
    pub(crate) table: TableName,
    #[command(flatten)]
    pub(crate) split: Split,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `verify`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    /// The folder of an export, as a path or a URL.
    pub(crate) dest: String,
    /// Count the rows of the table, too.
    #[arg(long)]
    pub(crate) live: bool,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `iceberg snapshots`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Snapshots {
    /// The Iceberg table, as NAMESPACE.TABLE.
    pub(crate) table: IcebergTableName,
    #[command(flatten)]
    pub(crate) catalog: CatalogArgs,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// How a command shows what it does.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Connection and output")]
pub(crate) struct Shown {
    /// How results and summaries are written.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: Output,
    /// Say more: -v what is done, -vv every retry, -vvv everything. RUST_LOG overrides it.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Write the log to a file instead of standard error.
    #[arg(long, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs: one JSON document on standard output (or, for export, on standard error).
    Json,
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn bad_arguments_are_refused() {
        for line in [
            "count",
            "count orders",
            "count a.b --splits 0",
            "count a.b --top 3",
            "count a.b --consistency SOME",
            "count a.b --password x",
            "count a.b --request-timeout 0",
            "export a.b --page-size 0",
            "export a.b orders.csv",
            "export a.b x --format orc",
            "export a.b x --resume --overwrite",
            "export a.b x --token-range 5",
            "export a.b x --limit -1",
            "export a.b x --max-file-size 0",
            "export a.b x --allow-filtering",
            "export a.b x --file-name orders",
            "import a.b",
            "import a.b --from x --max-errors many",
            "import a.b --from x --map id",
            "import a.b --from x --ttl -1",
            "import a.b --from x --resume",
            "verify",
            "iceberg",
            "iceberg snapshots orders",
            "iceberg snapshots a.b --catalog hive",
            "iceberg snapshots a.b --host x",
            "export a.b iceberg:orders",
            "export a.b x --to y",
            "export a.b iceberg:a.b --mode upsert",
            "export a.b iceberg:a.b --format-version 4",
            "import a.b --from iceberg:orders",
            "import a.b --from iceberg:a.b --snapshot-id 1 --as-of 2024-01-01",
            "plan a.b --output xml",
        ] {
            let words = std::iter::once("cassandra-bulk").chain(line.split(' '));
            assert!(Args::try_parse_from(words).is_err(), "{line}");
        }
    }
}
