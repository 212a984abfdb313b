//! The benchmark of how much a bulk job is felt by others: the latency of reads of single rows, alone and
//! beside exports, in turn.
//!
//! The reads come from a process of their own, so that they wait for the cluster and not for the job's
//! threads. With the nodes on the same machine they do compete for its cores.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use benches::arena::Arena;
use benches::background::during;
use benches::contender::{Contender as _, chosen, turn};
use benches::dataset::{create_keyspace, create_table, drop_table};
use benches::foreground::{Latency, Schedule, read};
use benches::input::{Input, InputFolder};
use benches::pace::{Observed, Phase, Rounds};
use benches::report::{median, save};
use benches::tables::{KEYSPACE, connect, prepare, table};
use bulk::TableName;
use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

/// The cluster is left alone for so long before a phase.
const SETTLE: Duration = Duration::from_secs(3);
/// The folder of the file that is imported, and the table that it is imported into.
const INPUTS: &str = "inputs";
const LOADED: &str = "pace_load";

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Task,
    /// A node to ask first; may be given several times.
    #[arg(long, global = true, default_value = "127.0.0.11")]
    host: Vec<String>,
    /// Rows of the table that is read and exported, or of the file that is imported.
    #[arg(long, global = true, default_value_t = 1_000_000)]
    rows: u64,
    /// Reads per second.
    #[arg(long, global = true, default_value_t = 300.0)]
    rate: f64,
    /// Seconds in which reads are counted, for each phase.
    #[arg(long, global = true, default_value_t = 15)]
    seconds: u64,
    /// Seconds of reads before those; the job begins after half of them.
    #[arg(long, global = true, default_value_t = 4)]
    warm_up: u64,
}

#[derive(Subcommand)]
enum Task {
    /// Load what is not there, measure all phases, write a report.
    All(All),
    /// The reads, printed as JSON.
    Read,
}

#[derive(Parser)]
struct All {
    /// Rounds; the medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Only these, and the reads alone.
    #[arg(long, value_delimiter = ',', default_value = "export,export48,export1")]
    phases: Vec<Phase>,
    /// Where the report and, while they are needed, the files go.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    match &args.command {
        Task::Read => {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            let how = Schedule {
                rate: args.rate,
                warm_up: Duration::from_secs(args.warm_up),
                window: Duration::from_secs(args.seconds),
            };
            let latency = read(runtime.handle(), &args.host, args.rows, how)?;
            println!("{}", serde_json::to_string(&latency)?);
            Ok(())
        }
        Task::All(all) => measure_all(&args, all),
    }
}

/// The reads, in a process of their own.
fn reads(args: &Args) -> Result<Latency> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("read").args(["--rows", &args.rows.to_string()]);
    command.args(["--rate", &args.rate.to_string(), "--seconds", &args.seconds.to_string()]);
    command.args(["--warm-up", &args.warm_up.to_string()]);
    for host in &args.host {
        command.args(["--host", host]);
    }
    let output = command.output().context("the reads could not be started")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the reads failed: {complaint}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What the jobs are made of.
struct Jobs<'a> {
    rows: u64,
    arena: &'a Arena,
    input: PathBuf,
}

impl Jobs<'_> {
    /// The next run of the job of a phase, with an empty folder for it.
    fn command(&self, phase: Phase) -> Result<Command> {
        let folder = self.arena.empty_folder(&phase.name()?)?;
        if phase == Phase::Import {
            let mut command = self.arena.ours("import", &TableName::new(KEYSPACE, LOADED))?;
            command.arg("--journal").arg(folder.join("journal"));
            command.arg("--from").arg(&self.input);
            return Ok(command);
        }
        let mut command = self.arena.ours("export", &table(self.rows))?;
        command.arg(folder.join("data")).args(["--format", "parquet"]);
        if let Some(parallelism) = phase.parallelism() {
            command.args(["--parallelism", &parallelism.to_string()]);
        }
        Ok(command)
    }
}

fn observe(args: &Args, jobs: &Jobs<'_>, phase: Phase) -> Result<Observed> {
    thread::sleep(SETTLE);
    if phase == Phase::Alone {
        return Ok(Observed { latency: reads(args)?, rows_per_second: None });
    }
    let name = phase.name()?;
    let begins_after = Duration::from_secs(args.warm_up) / 2;
    let command = || jobs.command(phase);
    let (latency, seconds) = during(jobs.arena, &name, begins_after, command, || reads(args))?;
    jobs.arena.remove_folder(&name)?;
    Ok(Observed { latency, rows_per_second: Some(args.rows as f64 / median(seconds)) })
}

fn measure_all(args: &Args, all: &All) -> Result<()> {
    let phases = chosen(&all.phases);
    let folder = all.folder.join("pace");
    let arena = Arena::open(&args.host, &phases, &folder, |step| println!("{step}"))?;
    let runtime = Runtime::new()?;
    runtime.block_on(prepare(&args.host, &[args.rows], |step| println!("{step}")))?;
    let input = Input::new("csv", args.rows);
    let inputs = InputFolder::at(&arena.empty_folder(INPUTS)?);
    let loaded = TableName::new(KEYSPACE, LOADED);
    if phases.contains(&Phase::Import) {
        runtime.block_on(async {
            inputs.write(&input).await?;
            let operator = connect(&args.host).await?;
            create_keyspace(operator.session(), KEYSPACE, 1).await?;
            create_table(operator.session(), &loaded).await
        })?;
    }
    let jobs = Jobs { rows: args.rows, arena: &arena, input: inputs.path(&input) };

    let entries: Vec<(Phase, u64)> = phases.iter().map(|phase| (*phase, args.rows)).collect();
    let mut rounds = Rounds::default();
    for round in 1..=all.rounds {
        for (phase, _) in turn(&entries, round) {
            let observed = observe(args, &jobs, phase)?;
            let Latency { reads, failed, p50, p99, .. } = observed.latency;
            let title = phase.title();
            println!(
                "round {round}: {title}: {reads} reads, {failed} failed, p50 {p50:.2} ms, \
                 p99 {p99:.2} ms"
            );
            rounds.add(round, phase, observed);
        }
    }
    if phases.contains(&Phase::Import) {
        runtime.block_on(async {
            let operator = connect(&args.host).await?;
            drop_table(operator.session(), &loaded).await
        })?;
    }
    arena.remove_folder(INPUTS)?;
    let (text, path) = (rounds.markdown(), all.folder.join("pace.md"));
    println!("\n{} reads per second, {} s each\n\n{text}", args.rate, args.seconds);
    save(&text, &path)?;
    println!("written to {}", path.display());
    Ok(())
}
