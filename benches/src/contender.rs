//! Those that take part: the bare page loop, our program, and the programs of others.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use xtask::peers::{Cqlsh, Dsbulk, Unload};

use crate::output::Written;
use crate::process::{self, Spent};
use crate::tables::{KEYSPACE, table};

/// Where all programs expect a node.
const PORT: u16 = 9042;

/// One that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Contender {
    /// The bare page loop, which writes nothing.
    BarePages,
    /// Ours, to CSV.
    Csv,
    /// Ours, to JSON lines.
    Jsonl,
    /// Ours, to Parquet.
    Parquet,
    /// DSBulk, to CSV.
    Dsbulk,
    /// `COPY TO` of cqlsh, to CSV.
    Cqlsh,
}

impl Contender {
    /// As the report names it.
    pub fn title(self) -> &'static str {
        match self {
            Contender::BarePages => "bare page loop, its best; writes nothing",
            Contender::Csv => "cassandra-bulk export, CSV",
            Contender::Jsonl => "cassandra-bulk export, JSON lines",
            Contender::Parquet => "cassandra-bulk export, Parquet (zstd)",
            Contender::Dsbulk => "DSBulk 1.10.0 unload, CSV",
            Contender::Cqlsh => "cqlsh COPY TO, CSV",
        }
    }

    /// Whether it takes so long that fewer rounds must do.
    pub fn is_slow(self) -> bool {
        matches!(self, Contender::Dsbulk | Contender::Cqlsh)
    }
}

/// What all contenders run with.
#[derive(Clone, Debug)]
pub struct Arena {
    hosts: Vec<String>,
    /// Where the programs are that were built with this one.
    programs: PathBuf,
    /// Where output goes; every run's is deleted once it is counted.
    folder: PathBuf,
    dsbulk: Option<Dsbulk>,
    cqlsh: Option<Cqlsh>,
}

/// How the bare loop runs: splits, and how many of them at a time.
pub type Floor = (usize, usize);

impl Arena {
    /// Prepares for these contenders, fetching what is not there; tells its progress.
    ///
    /// # Errors
    ///
    /// Where a program of others can't be fetched.
    pub fn open(
        hosts: &[String],
        contenders: &[Contender],
        folder: &Path,
        mut say: impl FnMut(&str),
    ) -> Result<Arena> {
        let folder = std::path::absolute(folder)?;
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let program = std::env::current_exe()?;
        let programs = program.parent().context("this program lies in no folder")?.to_owned();
        let dsbulk =
            contenders.contains(&Contender::Dsbulk).then(|| Dsbulk::fetch(&mut say)).transpose()?;
        let cqlsh = contenders
            .contains(&Contender::Cqlsh)
            .then(|| Cqlsh::fetch(&mut say)?.context("there is no python3 for cqlsh: install it"))
            .transpose()?;
        Ok(Arena { hosts: hosts.to_vec(), programs, folder, dsbulk, cqlsh })
    }

    /// One run over the table of so many rows, all of which must be in what it writes.
    ///
    /// # Errors
    ///
    /// Where it fails, or wrote more or fewer rows.
    pub fn run(&self, contender: Contender, rows: u64, floor: Floor) -> Result<(Spent, Written)> {
        let name = contender.to_possible_value().context("a hidden contender")?;
        let unload = Unload {
            contact_points: self.contact_points()?,
            keyspace: KEYSPACE.to_owned(),
            table: table(rows).table().to_owned(),
            folder: self.folder.join(name.get_name()),
        };
        self.clear(&unload.folder)?;
        std::fs::create_dir_all(unload.data())?;
        let log = self.folder.join(format!("{}.log", name.get_name()));
        let spent = process::run(&mut self.command(contender, rows, floor, &unload)?, &log)?;
        // The bare loop counts its own rows, and fails if they are not all there.
        let written = match contender {
            Contender::BarePages => Written { rows, bytes: 0 },
            _ => Written::in_folder(&unload.data())?,
        };
        ensure!(written.rows == rows, "{contender:?} wrote {} rows of {rows}", written.rows);
        self.clear(&unload.folder)?;
        Ok((spent, written))
    }

    fn clear(&self, folder: &Path) -> Result<()> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)
                .with_context(|| format!("can't delete {}", folder.display()))?;
        }
        Ok(())
    }

    fn contact_points(&self) -> Result<Vec<SocketAddr>> {
        let parse = |host: &String| {
            let whole = host.parse::<SocketAddr>();
            whole
                .or_else(|_| host.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)))
                .with_context(|| format!("{host} is no address"))
        };
        self.hosts.iter().map(parse).collect()
    }

    fn command(
        &self,
        contender: Contender,
        rows: u64,
        (splits, at_once): Floor,
        unload: &Unload,
    ) -> Result<Command> {
        Ok(match contender {
            Contender::BarePages => {
                let mut command = Command::new(self.programs.join("measure"));
                command.args(["one", "--what", "bare-pages", "--rows", &rows.to_string()]);
                command.args(["--splits", &splits.to_string(), "--at-once", &at_once.to_string()]);
                for host in &self.hosts {
                    command.args(["--host", host]);
                }
                command
            }
            Contender::Csv => self.export("csv", unload),
            Contender::Jsonl => self.export("jsonl", unload),
            Contender::Parquet => self.export("parquet", unload),
            Contender::Dsbulk => self.dsbulk.as_ref().context("no DSBulk")?.unload(unload),
            Contender::Cqlsh => self.cqlsh.as_ref().context("no cqlsh")?.copy_to(unload),
        })
    }

    fn export(&self, format: &str, unload: &Unload) -> Command {
        let mut command = Command::new(self.programs.join("cassandra-bulk"));
        command.arg("export").arg(format!("{}.{}", unload.keyspace, unload.table));
        command.arg(unload.data()).args(["--format", format, "--quiet"]);
        command.args(["--host", &self.hosts.join(",")]);
        command
    }
}
