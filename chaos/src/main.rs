//! `chaos`: rounds one after another, a line each, and a closing table; it fails on any difference.
#![expect(clippy::print_stdout, reason = "it talks to a terminal")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use chaos::{Site, Sum, round};
use clap::Parser as _;

/// Runs jobs under faults, and compares what they leave, cell by cell.
#[derive(Debug, clap::Parser)]
struct Args {
    /// How many rounds.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// The seed of the first round; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin no round after so many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// Leave the cluster up afterwards; one that is up is used.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let end = args.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let folder = xtask::cluster::target_dir()?.join("chaos");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("report.jsonl");
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("can't write {}", path.display()))?;
    let mut site = Site::own(args.keep).await?;
    let mut sum = Sum::default();
    for seed in (args.seed..).take(usize::try_from(args.rounds)?) {
        if end.is_some_and(|end| Instant::now() >= end) {
            break;
        }
        let report = Box::pin(round(&mut site, seed, 3000..12_000)).await;
        println!("{report}");
        writeln!(file, "{}", report.to_json())?;
        sum.add(&report);
    }
    println!("\n{sum}");
    ensure!(sum.is_good(), "a round ended different, or none ended the same");
    Ok(())
}
