//! `cargo xtask bench`: how fast, in how much memory, and how much others feel of it, as ratios within one
//! run.

use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;
use xtask::cluster::{Cluster, Profile, target_dir};

use super::cassandra_up::start;
use crate::cargo::{build_release, release_binary, run as run_command};

/// Measure reading against bare loops over the driver, and the export to files and the load of files, and
/// of Iceberg tables, against bare loops, DSBulk and cqlsh, and what reads of others feel of an export, on the
/// real cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rows of the table.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rounds; the medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// One part only.
    #[arg(long)]
    only: Option<Part>,
    /// Also measure the memory of export and load over 5 million rows, and that of exports of 10 million and
    /// of wide rows: these tables take 5 GB of disk, and some minutes to load at first.
    #[arg(long)]
    large: bool,
}

/// What there is to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Counting and streaming, against bare loops.
    Reading,
    /// Exporting to files, and into Iceberg tables, against the programs of others.
    Files,
    /// Loading files, and an Iceberg table, against bare loops and the programs of others.
    Load,
    /// Reading single rows, alone and beside an export.
    Pace,
    /// The memory of exports of many narrow rows and of wide ones. Not without `--large` or `--only`.
    Memory,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let cluster = Cluster::open(Profile::main(3))?;
    build_release()?;
    start(&cluster)?;
    let folder = target_dir()?.join("bench");
    let wanted = |part| args.only.is_none_or(|only| only == part);
    if wanted(Part::Reading) {
        let mut measure = Command::new(release_binary("measure")?);
        measure.arg("all").arg("--report").arg(folder.join("report.md"));
        run_command(with_hosts(&mut measure, &cluster, args))?;
    }
    if wanted(Part::Files) {
        let mut files = Command::new(release_binary("files")?);
        files.arg("--folder").arg(&folder).args(large(args));
        run_command(with_hosts(&mut files, &cluster, args))?;
    }
    if wanted(Part::Load) {
        let mut load = Command::new(release_binary("load")?);
        load.arg("all").arg("--folder").arg(&folder).args(large(args));
        run_command(with_hosts(&mut load, &cluster, args))?;
    }
    if wanted(Part::Pace) {
        let mut pace = Command::new(release_binary("pace")?);
        pace.arg("all").arg("--folder").arg(&folder);
        run_command(with_hosts(&mut pace, &cluster, args))?;
    }
    if args.only == Some(Part::Memory) || (args.large && wanted(Part::Memory)) {
        let mut memory = Command::new(release_binary("memory")?);
        memory.arg("--folder").arg(&folder);
        run_command(with_hosts(&mut memory, &cluster, args))?;
    }
    Ok(())
}

fn large(args: &Args) -> Option<&'static str> {
    args.large.then_some("--large")
}

fn with_hosts<'a>(command: &'a mut Command, cluster: &Cluster, args: &Args) -> &'a mut Command {
    command.args(["--rows", &args.rows.to_string(), "--rounds", &args.rounds.to_string()]);
    for point in cluster.contact_points() {
        command.args(["--host", &point.to_string()]);
    }
    command
}
