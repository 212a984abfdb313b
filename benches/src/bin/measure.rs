//! The benchmark: counting and streaming against the bare loops, as ratios within one run.
//!
//! Every measurement is a process of its own, so that its peak memory is its own; the contenders take
//! turns, so that what the machine does meanwhile hits all of them alike.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use benches::bare::{self, AT_ONCE, SPLITS};
use benches::contender::fastest;
use benches::dataset::Reading;
use benches::report;
use benches::tables::{KEYSPACE, connect, prepare, table};
use bulk::{BulkOptions, ScanOptions};
use clap::{Parser, Subcommand, ValueEnum};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

/// The smaller table that peak memory is compared with.
const SMALL: u64 = 200_000;

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
    /// Load what is not there, measure everything, write a report.
    All {
        /// Rows of the table.
        #[arg(long, default_value_t = 1_000_000)]
        rows: u64,
        /// Rounds; the medians are shown.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Where the report goes.
        #[arg(long, default_value = "target/bench/report.md")]
        report: PathBuf,
    },
    /// One measurement, printed as JSON.
    One(One),
}

#[derive(Clone, Debug, Parser)]
struct One {
    #[arg(long)]
    rows: u64,
    #[arg(long)]
    what: What,
    #[arg(long)]
    splits: Option<usize>,
    #[arg(long)]
    at_once: Option<usize>,
    /// Bytes per page, for the engine.
    #[arg(long)]
    page_bytes: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum What {
    BareCount,
    Count,
    BarePages,
    Stream,
}

/// What one process measured.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    rows: u64,
    seconds: f64,
    peak_kib: u64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    match args.command {
        Task::One(one) => {
            let measured = runtime.block_on(measure(&args.host, &one))?;
            println!("{}", serde_json::to_string(&measured)?);
            Ok(())
        }
        Task::All { rows, rounds, report } => {
            runtime.block_on(prepare(&args.host, &[rows, SMALL], |step| println!("{step}")))?;
            all(&args.host, rows, rounds, &report)
        }
    }
}

async fn measure(hosts: &[String], one: &One) -> Result<Measured> {
    let operator = connect(hosts).await?;
    let session = Arc::clone(operator.session());
    let table = table(one.rows);
    let mut options = BulkOptions::default();
    if let Some(splits) = one.splits {
        options = options.split_count(splits);
    }
    if let Some(at_once) = one.at_once {
        options = options.parallelism(at_once);
    }
    if let Some(page_bytes) = one.page_bytes {
        options = options.scan(ScanOptions { page_bytes, ..ScanOptions::default() });
    }
    let (splits, at_once) = (one.splits.unwrap_or(12), one.at_once.unwrap_or(6));
    let began = Instant::now();
    let rows = match one.what {
        What::BareCount => bare::count(&session, &table, splits, at_once).await?,
        What::Count => operator.count_by_token_ranges(KEYSPACE, table.table(), &options).await?,
        What::BarePages => bare::pages(&session, &table, splits, at_once).await?,
        What::Stream => {
            let mut rows = operator
                .export_by_token_ranges::<Reading>(KEYSPACE, table.table(), &options)
                .await?;
            let mut count = 0;
            while let Some(row) = rows.try_next().await? {
                count += 1;
                std::hint::black_box(row);
            }
            count
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    ensure!(rows == one.rows, "{:?} gave {rows} rows of {}", one.what, one.rows);
    Ok(Measured { rows, seconds, peak_kib: peak_kib()? })
}

/// The high-water mark of this process's resident memory.
fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).context("no VmHWM")?;
    Ok(kib.parse()?)
}

fn child(hosts: &[String], one: &One) -> Result<Measured> {
    let mut command = Command::new(std::env::current_exe()?);
    let what = one.what.to_possible_value().context("a hidden contender")?;
    command.args(["one", "--rows", &one.rows.to_string(), "--what", what.get_name()]);
    for (flag, value) in [("--splits", one.splits), ("--at-once", one.at_once)] {
        if let Some(value) = value {
            command.args([flag, &value.to_string()]);
        }
    }
    for host in hosts {
        command.args(["--host", host]);
    }
    let output = command.output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{one:?} failed: {complaint}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The bare loop's fastest splits and parallelism.
fn best(hosts: &[String], rows: u64, what: What) -> Result<One> {
    let settings = SPLITS
        .iter()
        .flat_map(|splits| AT_ONCE.iter().map(move |at_once| (Some(*splits), Some(*at_once))));
    let settings =
        settings.map(|(splits, at_once)| One { rows, what, splits, at_once, page_bytes: None });
    fastest(settings, |one| {
        let (splits, at_once) = (one.splits.unwrap_or(0), one.at_once.unwrap_or(0));
        let seconds = child(hosts, one)?.seconds;
        println!("{what:?} with {splits} splits, {at_once} at once: {seconds:.2} s");
        Ok(seconds)
    })
}

fn all(hosts: &[String], rows: u64, rounds: u32, path: &Path) -> Result<()> {
    let ours = |what| One { rows, what, splits: None, at_once: None, page_bytes: None };
    // The JVMs compile while they are first used.
    child(hosts, &ours(What::Count))?;
    child(hosts, &ours(What::Stream))?;
    let floor_count = best(hosts, rows, What::BareCount)?;
    let floor_pages = best(hosts, rows, What::BarePages)?;
    let contenders = [
        ("bare COUNT loop, its best", floor_count.clone()),
        ("count, same splits", One { what: What::Count, ..floor_count }),
        ("count, default", ours(What::Count)),
        ("bare page loop, its best", floor_pages.clone()),
        ("stream typed rows, same splits", One { what: What::Stream, ..floor_pages }),
        ("stream typed rows, default", ours(What::Stream)),
        ("stream typed rows, small table", One { rows: SMALL, ..ours(What::Stream) }),
    ];
    let mut results: BTreeMap<usize, Vec<Measured>> = BTreeMap::new();
    for round in 1..=rounds {
        for (index, (name, one)) in contenders.iter().enumerate() {
            let measured = child(hosts, one)?;
            println!("round {round}: {name}: {:.2} s", measured.seconds);
            results.entry(index).or_default().push(measured);
        }
    }
    let line = |(index, runs): (&usize, &Vec<Measured>)| {
        let (name, one) = &contenders[*index];
        let floor = match one.what {
            What::BareCount | What::Count => 0,
            _ if one.rows == rows => 3,
            _ => *index,
        };
        let seconds = |runs: &[Measured]| report::median(runs.iter().map(|run| run.seconds));
        report::Line {
            name: (*name).to_owned(),
            splits: one.splits,
            at_once: one.at_once,
            rows: one.rows,
            seconds: seconds(runs),
            ratio: seconds(runs) / seconds(&results[&floor]),
            peak_mib: report::median(runs.iter().map(|run| run.peak_kib as f64 / 1024.0)),
        }
    };
    let text = report::markdown(&results.iter().map(line).collect::<Vec<_>>());
    println!("\n{text}");
    report::save(&text, path)?;
    println!("written to {}", path.display());
    Ok(())
}
