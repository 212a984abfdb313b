//! Those that load: the bare loops of writes, our program, and the programs of others.

use std::process::Command;

use anyhow::{Context as _, Result};
use bulk::TableName;
use clap::ValueEnum;

use crate::arena::Arena;
use crate::columns;
use crate::contender::{Contender, Peer};
use crate::input::{Input, InputFolder};
use crate::report::Run;

/// Rows for those that would take minutes otherwise, at the most.
const FEW: u64 = 200_000;

/// One that loads a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Loader {
    /// The bare loop of batches, of rows that are made in memory.
    BareBatches,
    /// The bare loop of single rows.
    BareInserts,
    /// Ours, from CSV, the rows of a partition one after the other.
    Csv,
    /// Ours, from the same CSV, compressed.
    CsvGzip,
    /// Ours, from CSV in random order.
    CsvShuffled,
    /// Ours, from JSON lines.
    Jsonl,
    /// Ours, from Parquet.
    Parquet,
    /// Ours, from an Iceberg table that has such a Parquet file.
    Iceberg,
    /// DSBulk, from CSV.
    Dsbulk,
    /// `COPY FROM` of cqlsh, from CSV.
    Cqlsh,
}

impl Contender for Loader {
    const FLOOR: Self = Loader::BareBatches;

    fn title(self) -> &'static str {
        match self {
            Loader::BareBatches => "bare loop of batches, its best; reads nothing",
            Loader::BareInserts => "bare loop of single rows; reads nothing",
            Loader::Csv => "cassandra-bulk import, CSV",
            Loader::CsvGzip => "cassandra-bulk import, CSV (gzip)",
            Loader::CsvShuffled => "cassandra-bulk import, CSV in random order",
            Loader::Jsonl => "cassandra-bulk import, JSON lines",
            Loader::Parquet => "cassandra-bulk import, Parquet (zstd)",
            Loader::Iceberg => "cassandra-bulk import, Iceberg",
            Loader::Dsbulk => "DSBulk 1.10.0 load, CSV",
            Loader::Cqlsh => "cqlsh COPY FROM, CSV",
        }
    }

    fn peer(self) -> Option<Peer> {
        match self {
            Loader::Dsbulk => Some(Peer::Dsbulk),
            Loader::Cqlsh => Some(Peer::Cqlsh),
            _ => None,
        }
    }
}

impl Loader {
    /// How many rows it loads where others load so many.
    pub fn rows(self, rows: u64) -> u64 {
        match self {
            Loader::BareInserts | Loader::Cqlsh => rows.min(FEW),
            _ => rows,
        }
    }

    /// The file, or table, of so many rows that it reads, if it reads one.
    pub fn input(self, rows: u64) -> Option<Input> {
        match self {
            Loader::BareBatches | Loader::BareInserts => None,
            Loader::Csv | Loader::Dsbulk | Loader::Cqlsh => Some(Input::new("csv", rows)),
            Loader::CsvGzip => Some(Input::new("csv", rows).gzip()),
            Loader::CsvShuffled => Some(Input::new("csv", rows).shuffled()),
            Loader::Jsonl => Some(Input::new("jsonl", rows)),
            Loader::Parquet => Some(Input::new("parquet", rows)),
            Loader::Iceberg => Some(Input::new("parquet", rows).in_iceberg()),
        }
    }

    /// One run into an empty table. Whether all rows are there is for the caller to see.
    ///
    /// # Errors
    ///
    /// Where it fails, or its file is not there.
    pub fn run(
        self,
        arena: &Arena,
        inputs: &InputFolder,
        table: &TableName,
        rows: u64,
        in_flight: usize,
    ) -> Result<Run> {
        let name = self.name()?;
        let mut command = self.command(arena, inputs, table, rows, in_flight)?;
        let spent = arena.measure(&name, &mut command)?;
        let bytes = self.input(rows).map(|input| inputs.bytes(&input)).transpose()?;
        arena.remove_folder(&name)?;
        Ok(Run { spent, bytes: bytes.unwrap_or(0), commit: None })
    }

    fn command(
        self,
        arena: &Arena,
        inputs: &InputFolder,
        table: &TableName,
        rows: u64,
        in_flight: usize,
    ) -> Result<Command> {
        let folder = arena.empty_folder(&self.name()?)?;
        let input = self.input(rows);
        let file = input.map(|input| inputs.path(&input));
        let bare = |what: &str| -> Result<Command> {
            let mut command = arena.bare("load", "bare")?;
            command.args(["--what", what, "--table", table.table()]);
            command.args(["--rows", &rows.to_string(), "--in-flight", &in_flight.to_string()]);
            Ok(command)
        };
        let job = arena.job(table, &folder)?;
        Ok(match (self, file) {
            (Loader::BareBatches, _) => bare("batches")?,
            (Loader::BareInserts, _) => bare("inserts")?,
            (Loader::Dsbulk, file) => arena.dsbulk()?.load(&job, &file.context("no file")?),
            (Loader::Cqlsh, file) => {
                let schema = columns::schema()?;
                let columns: Vec<&str> =
                    schema.fields().iter().map(|field| field.name().as_str()).collect();
                arena.cqlsh()?.copy_from(&job, &file.context("no file")?, &columns)
            }
            (Loader::Iceberg, _) => {
                let mut command = arena.ours("import", table)?;
                command.arg("--journal").arg(folder.join("journal"));
                inputs.warehouse(&input.context("no table")?)?.name_to(&mut command, "--from");
                command
            }
            (_, file) => {
                let mut command = arena.ours("import", table)?;
                command.arg("--journal").arg(folder.join("journal"));
                command.arg("--from").arg(file.context("no file")?);
                command
            }
        })
    }
}
