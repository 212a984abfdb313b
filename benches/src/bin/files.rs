//! The benchmark of the file export: whole programs, ours and others', over the same table in turn, as
//! ratios to the bare page loop of the same run.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use benches::bare::{AT_ONCE, SPLITS};
use benches::contender::{Arena, Contender, Floor};
use benches::output::Written;
use benches::process::Spent;
use benches::report::{self, FileLine};
use benches::tables::prepare;
use clap::{Parser, ValueEnum};

/// Rounds of those that are slow, at the most.
const SLOW_ROUNDS: u32 = 3;
/// Rows of the larger table, that memory must not grow with.
const LARGE: u64 = 5_000_000;
/// Those whose memory is looked at on it.
const LARGE_CONTENDERS: [Contender; 2] = [Contender::Csv, Contender::Parquet];

#[derive(Parser)]
struct Args {
    /// A node to ask first; may be given several times.
    #[arg(long, default_value = "127.0.0.11")]
    host: Vec<String>,
    /// Rows of the table.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rounds; the medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Also measure memory over a table of 5 million rows.
    #[arg(long)]
    large: bool,
    /// Only these, and the bare page loop.
    #[arg(long, value_delimiter = ',')]
    contenders: Vec<Contender>,
    /// Where the report and, while they are needed, the files go.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

/// What each run took and wrote, by its contender and the rows of the table.
type Results = BTreeMap<(u64, Contender), Vec<(Spent, Written)>>;

fn main() -> Result<()> {
    let args = Args::parse();
    let contenders: Vec<Contender> = Contender::value_variants()
        .iter()
        .copied()
        .filter(|contender| {
            let all = args.contenders.is_empty() || *contender == Contender::BarePages;
            all || args.contenders.contains(contender)
        })
        .collect();
    let folder = args.folder.join("files");
    let arena = Arena::open(&args.host, &contenders, &folder, |step| println!("{step}"))?;
    let sizes = if args.large { vec![args.rows, LARGE] } else { vec![args.rows] };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(prepare(&args.host, &sizes, |step| println!("{step}")))?;
    drop(runtime);

    let mut results = Results::new();
    let floor = best_floor(&arena, args.rows)?;
    let mut measure = |contender: Contender, rows: u64, round: u32| -> Result<()> {
        let (spent, written) = arena.run(contender, rows, floor)?;
        println!(
            "round {round}: {}, {rows} rows: {:.2} s, {:.2} s of CPU, {:.0} MiB",
            contender.title(),
            spent.seconds,
            spent.cpu_seconds,
            spent.peak_mib
        );
        results.entry((rows, contender)).or_default().push((spent, written));
        Ok(())
    };
    for round in 1..=args.rounds {
        for contender in &contenders {
            if !contender.is_slow() || round <= SLOW_ROUNDS {
                measure(*contender, args.rows, round)?;
            }
        }
    }
    if args.large {
        for contender in contenders.iter().filter(|one| LARGE_CONTENDERS.contains(one)) {
            measure(*contender, LARGE, 1)?;
        }
    }
    let lines: Vec<FileLine> = results
        .iter()
        .map(|((rows, contender), runs)| {
            line(*contender, *rows, runs, results.get(&(*rows, Contender::BarePages)))
        })
        .collect();
    write(&report::files_markdown(&lines), &args.folder.join("files.md"))
}

/// The splits and the parallelism that the bare loop is fastest with.
fn best_floor(arena: &Arena, rows: u64) -> Result<Floor> {
    let mut best: Option<(f64, Floor)> = None;
    for splits in SPLITS {
        for at_once in AT_ONCE {
            let (spent, _) = arena.run(Contender::BarePages, rows, (splits, at_once))?;
            let seconds = spent.seconds;
            println!("bare page loop with {splits} splits, {at_once} at once: {seconds:.2} s");
            if best.is_none_or(|(least, _)| seconds < least) {
                best = Some((seconds, (splits, at_once)));
            }
        }
    }
    best.map(|(_, floor)| floor).context("nothing was measured")
}

fn line(
    contender: Contender,
    rows: u64,
    runs: &[(Spent, Written)],
    floor: Option<&Vec<(Spent, Written)>>,
) -> FileLine {
    let median = |runs: &[(Spent, Written)], figure: fn(&(Spent, Written)) -> f64| {
        report::median(runs.iter().map(figure))
    };
    let seconds = median(runs, |(spent, _)| spent.seconds);
    FileLine {
        name: contender.title().to_owned(),
        rows,
        rounds: runs.len(),
        seconds,
        ratio: floor.map(|floor| seconds / median(floor, |(spent, _)| spent.seconds)),
        cpu_seconds: median(runs, |(spent, _)| spent.cpu_seconds),
        peak_mib: median(runs, |(spent, _)| spent.peak_mib),
        written_mib: median(runs, |(_, written)| written.bytes as f64 / (1024.0 * 1024.0)),
    }
}

fn write(text: &str, path: &Path) -> Result<()> {
    println!("\n{text}");
    std::fs::write(path, text).with_context(|| format!("can't write {}", path.display()))?;
    println!("written to {}", path.display());
    Ok(())
}
