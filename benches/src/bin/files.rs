//! The benchmark of the export to files and into Iceberg tables: whole programs, ours and others', over the
//! same table in turn, as ratios to the bare page loop of the same run.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use benches::arena::Arena;
use benches::bare::{AT_ONCE, SPLITS};
use benches::contender::{Contender as _, chosen, fastest, turn};
use benches::exporter::{Exporter, Floor};
use benches::report::{self, Runs};
use benches::tables::prepare;
use clap::Parser;

/// Rows of the larger table, that memory must not grow with.
const LARGE: u64 = 5_000_000;
/// Those whose memory is looked at on it.
const LARGE_CONTENDERS: [Exporter; 3] = [Exporter::Csv, Exporter::Parquet, Exporter::Iceberg];
/// Commits are looked at over this part of the rows, too: the files are as many then, but smaller.
const SMALL_PART: u64 = 5;

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
    contenders: Vec<Exporter>,
    /// Where the report and, while they are needed, the files go.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let contenders = chosen(&args.contenders);
    let folder = args.folder.join("files");
    let arena = Arena::open(&args.host, &contenders, &folder, |step| println!("{step}"))?;
    let mut entries: Vec<(Exporter, u64)> =
        contenders.iter().map(|one| (*one, args.rows)).collect();
    if contenders.contains(&Exporter::Iceberg) {
        let few = args.rows.div_ceil(SMALL_PART);
        entries.extend([Exporter::FLOOR, Exporter::Iceberg].map(|one| (one, few)));
    }
    let mut sizes: BTreeSet<u64> = entries.iter().map(|(_, rows)| *rows).collect();
    sizes.extend(args.large.then_some(LARGE));
    let sizes: Vec<u64> = sizes.into_iter().collect();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(prepare(&args.host, &sizes, |step| println!("{step}")))?;
    drop(runtime);

    let floor = best_floor(&arena, args.rows)?;
    let mut runs = Runs::default();
    let mut measure = |contender: Exporter, rows: u64, round: u32| -> Result<()> {
        let run = contender.run(&arena, rows, floor)?;
        println!("round {round}: {}, {rows} rows: {}", contender.title(), run.spent);
        runs.add(contender, rows, run);
        Ok(())
    };
    for round in 1..=args.rounds {
        for (contender, rows) in turn(&entries, round) {
            measure(contender, rows, round)?;
        }
    }
    if args.large {
        for contender in contenders.iter().filter(|one| LARGE_CONTENDERS.contains(one)) {
            measure(*contender, LARGE, 1)?;
        }
    }
    let parts = [
        runs.markdown(),
        runs.ratios(Exporter::Iceberg, Exporter::Parquet),
        runs.ratios(Exporter::IcebergPartitioned, Exporter::Parquet),
        runs.commits(),
    ];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    let path = args.folder.join("files.md");
    println!("\n{text}");
    report::save(&text, &path)?;
    println!("written to {}", path.display());
    Ok(())
}

/// The splits and the parallelism that the bare loop is fastest with.
fn best_floor(arena: &Arena, rows: u64) -> Result<Floor> {
    let settings =
        SPLITS.iter().flat_map(|splits| AT_ONCE.iter().map(move |at_once| (*splits, *at_once)));
    fastest(settings, |(splits, at_once)| {
        let seconds = Exporter::FLOOR.run(arena, rows, (*splits, *at_once))?.spent.seconds;
        println!("bare page loop with {splits} splits, {at_once} at once: {seconds:.2} s");
        Ok(seconds)
    })
}
