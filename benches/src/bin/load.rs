//! The benchmark of the load: whole programs, ours and others', into an empty table in turn, as ratios
//! to the bare loop of batches of the same run.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use benches::arena::Arena;
use benches::bare::{self, IN_FLIGHT};
use benches::contender::{Contender as _, chosen, fastest, turn};
use benches::dataset::{create_keyspace, create_table, drop_table};
use benches::input::{Input, InputFolder};
use benches::loader::Loader;
use benches::report::{self, Run, Runs};
use benches::tables::{KEYSPACE, connect};
use bulk::{BulkOptions, Operator, TableName};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::runtime::Runtime;

/// Rows of the larger file, that memory must not grow with.
const LARGE: u64 = 5_000_000;
/// Those whose memory is looked at with it.
const LARGE_CONTENDERS: [Loader; 1] = [Loader::Csv];
/// The cluster is left alone for so long before a run: what the last one has written may still be
/// flushed, and what was dropped is deleted.
const SETTLE: Duration = Duration::from_secs(5);

/// The folder of the files that are loaded.
const INPUTS: &str = "inputs";

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Task,
    /// A node to ask first; may be given several times.
    #[arg(long, global = true, default_value = "127.0.0.11")]
    host: Vec<String>,
}

#[derive(Subcommand)]
enum Task {
    /// Write the files, load them in turn, write a report.
    All(All),
    /// One bare loop into a table that is there.
    Bare(Bare),
}

#[derive(Parser)]
struct All {
    /// Rows of the files.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rounds; the medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Also load single rows by a bare loop, and measure memory with a file of 5 million rows.
    #[arg(long)]
    large: bool,
    /// Only these, and the bare loop of batches.
    #[arg(long, value_delimiter = ',')]
    contenders: Vec<Loader>,
    /// Where the report and, while they are needed, the files go.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

#[derive(Parser)]
struct Bare {
    #[arg(long)]
    what: What,
    /// The table, in the keyspace of the benchmarks.
    #[arg(long)]
    table: String,
    #[arg(long)]
    rows: u64,
    #[arg(long)]
    in_flight: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Batches,
    Inserts,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let runtime = Runtime::new()?;
    match args.command {
        Task::Bare(one) => runtime.block_on(bare(&args.host, &one)),
        Task::All(all) => measure_all(&args.host, &runtime, &all),
    }
}

async fn bare(hosts: &[String], one: &Bare) -> Result<()> {
    let operator = connect(hosts).await?;
    let table = TableName::new(KEYSPACE, &one.table);
    match one.what {
        What::Batches => bare::batches(operator.session(), &table, one.rows, one.in_flight).await,
        What::Inserts => bare::inserts(operator.session(), &table, one.rows, one.in_flight).await,
    }
}

/// What the runs share.
struct Bench<'a> {
    runtime: &'a Runtime,
    operator: Operator,
    arena: Arena,
    inputs: InputFolder,
}

impl Bench<'_> {
    /// One run into a table of its own, which must have all rows at last.
    fn run(&self, loader: Loader, rows: u64, in_flight: usize) -> Result<Run> {
        let session = self.operator.session();
        let table = TableName::new(KEYSPACE, "load");
        self.runtime.block_on(async {
            create_table(session, &table).await?;
            tokio::time::sleep(SETTLE).await;
            anyhow::Ok(())
        })?;
        let run = loader.run(&self.arena, &self.inputs, &table, rows, in_flight)?;
        let options = BulkOptions::default();
        let count = self.operator.count_by_token_ranges(KEYSPACE, table.table(), &options);
        let there = self.runtime.block_on(count)?;
        ensure!(there == rows, "{loader:?} loaded {there} rows of {rows}");
        self.runtime.block_on(drop_table(session, &table))?;
        Ok(run)
    }
}

fn measure_all(hosts: &[String], runtime: &Runtime, all: &All) -> Result<()> {
    let mut contenders = chosen(&all.contenders);
    if !all.large {
        contenders.retain(|one| *one != Loader::BareInserts || all.contenders.contains(one));
    }
    let mut entries: Vec<(Loader, u64)> =
        contenders.iter().map(|one| (*one, one.rows(all.rows))).collect();
    // Those that load fewer rows need a floor of as many.
    let sizes: BTreeSet<u64> = entries.iter().map(|(_, rows)| *rows).collect();
    let smaller = sizes.into_iter().filter(|rows| *rows != all.rows);
    entries.extend(smaller.map(|rows| (Loader::FLOOR, rows)));
    let large: Vec<(Loader, u64)> = contenders
        .iter()
        .filter(|one| all.large && LARGE_CONTENDERS.contains(one))
        .map(|one| (*one, LARGE))
        .collect();

    let folder = all.folder.join("load");
    let arena = Arena::open(hosts, &contenders, &folder, |step| println!("{step}"))?;
    let inputs = InputFolder::at(&arena.empty_folder(INPUTS)?);
    let needed: BTreeSet<Input> =
        entries.iter().chain(&large).filter_map(|(one, rows)| one.input(*rows)).collect();
    for input in &needed {
        runtime.block_on(inputs.write(input))?;
        println!("wrote {}", inputs.path(input).display());
    }
    let operator = runtime.block_on(async {
        let operator = connect(hosts).await?;
        create_keyspace(operator.session(), KEYSPACE, 1).await?;
        anyhow::Ok(operator)
    })?;
    let bench = Bench { runtime, operator, arena, inputs };

    let in_flight = fastest(IN_FLIGHT, |in_flight| {
        let seconds = bench.run(Loader::FLOOR, all.rows, *in_flight)?.spent.seconds;
        println!("bare loop of batches with {in_flight} in flight: {seconds:.2} s");
        Ok(seconds)
    })?;
    let mut runs = Runs::default();
    let rounds = (1..=all.rounds).flat_map(|round| {
        turn(&entries, round).into_iter().map(move |(loader, rows)| (round, loader, rows))
    });
    for (round, loader, rows) in
        rounds.chain(large.iter().map(|(loader, rows)| (1, *loader, *rows)))
    {
        let run = bench.run(loader, rows, in_flight)?;
        println!("round {round}: {}, {rows} rows: {}", loader.title(), run.spent);
        runs.add(loader, rows, run);
    }
    bench.arena.remove_folder(INPUTS)?;
    let ratios = runs.ratios(Loader::Iceberg, Loader::Parquet);
    let (text, path) = (format!("{}\n{ratios}", runs.markdown()), all.folder.join("load.md"));
    println!("\n{in_flight} batches in flight in the bare loop\n\n{text}");
    report::save(&text, &path)?;
    println!("written to {}", path.display());
    Ok(())
}
