//! The arguments of an export into an Iceberg table.

use std::time::Duration;

use bulk::IcebergMode;
use clap::{Args as ClapArgs, ValueEnum};

/// What becomes of the table.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Iceberg table")]
pub(crate) struct IcebergArgs {
    /// What becomes of the rows that the table has [default: create].
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// The sort order of a table that is made, such as 'ts desc, id'. Engines keep to it; the files of
    /// this export are not sorted.
    #[arg(long, value_name = "ORDER")]
    pub(crate) sort_by: Option<String>,
    /// A property of a table that is made. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::import_args::pair)]
    pub(crate) table_property: Vec<(String, String)>,
    /// The version of Iceberg's format of a table that is made [default: 2].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(crate) format_version: Option<u8>,
    /// The id of the run: of those with the same id, one is done, and once; one that has not ended is
    /// gone on with [default: a new one].
    #[arg(long, value_name = "ID")]
    pub(crate) run_id: Option<String>,
    /// With --written-after last: how many seconds a write may take until all readers see it. What is
    /// younger is left to the next run.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = lag)]
    pub(crate) written_lag: Duration,
}

/// What becomes of the rows that a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// There are none: the table must not be there.
    Create,
    /// They stay; a table that is not there is made.
    Append,
    /// They go, in the snapshot in which the new ones come; a table that is not there is made.
    Replace,
}

impl From<Mode> for IcebergMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Create => IcebergMode::Create,
            Mode::Append => IcebergMode::Append,
            Mode::Replace => IcebergMode::Replace,
        }
    }
}

impl IcebergArgs {
    /// The name of an argument that was given, if one was.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            (self.mode.is_some(), "--mode"),
            (self.sort_by.is_some(), "--sort-by"),
            (!self.table_property.is_empty(), "--table-property"),
            (self.format_version.is_some(), "--format-version"),
            (self.run_id.is_some(), "--run-id"),
        ];
        given.into_iter().find(|(is_given, _)| *is_given).map(|(_, name)| name)
    }
}

fn lag(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
