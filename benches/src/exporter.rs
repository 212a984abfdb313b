//! Those that export: the bare page loop, our program, and the programs of others.

use std::process::Command;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use xtask::peers::Job;

use crate::arena::Arena;
use crate::contender::{Contender, Peer};
use crate::output::Written;
use crate::report::Run;
use crate::tables::table;
use crate::warehouse::Warehouse;

/// The Iceberg table that is exported into.
const ICEBERG: &str = "bench.readings";
/// The partition spec of the one that has one.
const PARTITIONS: &str = "bucket(16,sensor)";

/// One that exports a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Exporter {
    /// The bare page loop, which writes nothing.
    BarePages,
    /// Ours, to CSV.
    Csv,
    /// Ours, to JSON lines.
    Jsonl,
    /// Ours, to Parquet.
    Parquet,
    /// Ours, into an Iceberg table that it makes.
    Iceberg,
    /// The same, partitioned.
    IcebergPartitioned,
    /// DSBulk, to CSV.
    Dsbulk,
    /// `COPY TO` of cqlsh, to CSV.
    Cqlsh,
}

/// How the bare loop runs: splits, and how many of them at a time.
pub type Floor = (usize, usize);

impl Contender for Exporter {
    const FLOOR: Self = Exporter::BarePages;

    fn title(self) -> &'static str {
        match self {
            Exporter::BarePages => "bare page loop, its best; writes nothing",
            Exporter::Csv => "cassandra-bulk export, CSV",
            Exporter::Jsonl => "cassandra-bulk export, JSON lines",
            Exporter::Parquet => "cassandra-bulk export, Parquet (zstd)",
            Exporter::Iceberg => "cassandra-bulk export, Iceberg",
            Exporter::IcebergPartitioned => "cassandra-bulk export, Iceberg, 16 partitions",
            Exporter::Dsbulk => "DSBulk 1.10.0 unload, CSV",
            Exporter::Cqlsh => "cqlsh COPY TO, CSV",
        }
    }

    fn peer(self) -> Option<Peer> {
        match self {
            Exporter::Dsbulk => Some(Peer::Dsbulk),
            Exporter::Cqlsh => Some(Peer::Cqlsh),
            _ => None,
        }
    }
}

impl Exporter {
    /// One run over the table of so many rows, all of which must be in what it writes. Its files are
    /// deleted once they are counted.
    ///
    /// # Errors
    ///
    /// Where it fails, or wrote more or fewer rows.
    pub fn run(self, arena: &Arena, rows: u64, floor: Floor) -> Result<Run> {
        let name = self.name()?;
        let job = arena.job(&table(rows), &arena.empty_folder(&name)?)?;
        std::fs::create_dir_all(job.data())?;
        let spent = arena.measure(&name, &mut self.command(arena, rows, floor, &job)?)?;
        // The bare loop counts its own rows, and fails if they are not all there.
        let (written, commit) = match self {
            Exporter::BarePages => (Written { rows, bytes: 0 }, None),
            Exporter::Iceberg | Exporter::IcebergPartitioned => {
                let warehouse = warehouse(&job)?;
                (warehouse.written()?, Some(warehouse.commit_time()?))
            }
            _ => (Written::in_folder(&job.data())?, None),
        };
        ensure!(written.rows == rows, "{self:?} wrote {} rows of {rows}", written.rows);
        arena.remove_folder(&name)?;
        Ok(Run { spent, bytes: written.bytes, commit })
    }

    fn command(
        self,
        arena: &Arena,
        rows: u64,
        (splits, at_once): Floor,
        job: &Job,
    ) -> Result<Command> {
        let export = |format: &str| -> Result<Command> {
            let mut command = arena.ours("export", &table(rows))?;
            command.arg(job.data()).args(["--format", format]);
            Ok(command)
        };
        let iceberg = || -> Result<Command> {
            let mut command = arena.ours("export", &table(rows))?;
            warehouse(job)?.name_to(&mut command, "--to");
            Ok(command)
        };
        Ok(match self {
            Exporter::BarePages => {
                let mut command = arena.bare("measure", "one")?;
                command.args(["--what", "bare-pages", "--rows", &rows.to_string()]);
                command.args(["--splits", &splits.to_string(), "--at-once", &at_once.to_string()]);
                command
            }
            Exporter::Csv => export("csv")?,
            Exporter::Jsonl => export("jsonl")?,
            Exporter::Parquet => export("parquet")?,
            Exporter::Iceberg => iceberg()?,
            Exporter::IcebergPartitioned => {
                let mut command = iceberg()?;
                command.args(["--partition-by", PARTITIONS]);
                command
            }
            Exporter::Dsbulk => arena.dsbulk()?.unload(job),
            Exporter::Cqlsh => arena.cqlsh()?.copy_to(job),
        })
    }
}

fn warehouse(job: &Job) -> Result<Warehouse> {
    Warehouse::new(&job.data(), ICEBERG)
}
