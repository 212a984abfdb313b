//! The benchmark of memory: the peak of whole exports, of many narrow rows and of wide ones.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]

use std::path::PathBuf;

use anyhow::{Result, ensure};
use benches::arena::Arena;
use benches::exporter::Exporter;
use benches::memory::{Content, Format, Peaks};
use benches::output::Written;
use benches::report::{self, Run};
use benches::tables::prepare;
use benches::wide::Widths;
use clap::{Parser, ValueEnum as _};
use tokio::runtime::Runtime;

#[derive(Parser)]
struct Args {
    /// A node to ask first; may be given several times.
    #[arg(long, default_value = "127.0.0.11")]
    host: Vec<String>,
    /// Rows of the small table of narrow rows, which the others are compared with.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rows of the large table of narrow rows.
    #[arg(long, default_value_t = 10_000_000)]
    large_rows: u64,
    /// Rows of 5 MB; 0: none.
    #[arg(long, default_value_t = 400)]
    even_rows: u32,
    /// Rows of 10 B to 10 MB, 0.7 MB on average; 0: none.
    #[arg(long, default_value_t = 2000)]
    mixed_rows: u32,
    /// Rounds; the largest peaks are shown.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Only these.
    #[arg(long, value_delimiter = ',')]
    formats: Vec<Format>,
    /// Where the report and, while they are needed, the files go.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let formats =
        if args.formats.is_empty() { Format::value_variants() } else { args.formats.as_slice() };
    let wide = [(Widths::Even, args.even_rows), (Widths::Mixed, args.mixed_rows)];
    let wide: Vec<(Widths, u32)> = wide.into_iter().filter(|(_, rows)| *rows > 0).collect();
    let narrow = [args.rows, args.large_rows];
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        prepare(&args.host, &narrow, |step| println!("{step}")).await?;
        for (widths, rows) in &wide {
            widths.prepare(&args.host, *rows, |step| println!("{step}")).await?;
        }
        anyhow::Ok(())
    })?;
    drop(runtime);

    let narrow = narrow.into_iter().map(Content::Narrow);
    let wide = wide.into_iter().map(|(widths, rows)| Content::Wide(widths, rows));
    let contents: Vec<Content> = narrow.chain(wide).collect();
    let folder = args.folder.join("memory");
    let arena = Arena::open::<Exporter>(&args.host, &[], &folder, |step| println!("{step}"))?;
    let mut peaks = Peaks::default();
    for round in 1..=args.rounds {
        for (content, format) in
            contents.iter().flat_map(|one| formats.iter().map(move |f| (one, f)))
        {
            let run = export(&arena, *content, *format)?;
            println!("round {round}: {} to {}: {}", content.table(), format.name(), run.spent);
            peaks.add(*content, *format, run);
        }
    }
    let (text, path) = (peaks.markdown(), args.folder.join("memory.md"));
    println!("\n{text}");
    report::save(&text, &path)?;
    println!("written to {}", path.display());
    let beyond = peaks.beyond_bound();
    ensure!(beyond.is_empty(), "{}", beyond.join("; "));
    Ok(())
}

/// One run, all rows of which must be in its files; these are deleted once they are counted.
fn export(arena: &Arena, content: Content, format: Format) -> Result<Run> {
    let name = format.name();
    let folder = arena.empty_folder(name)?;
    let mut command = arena.ours("export", &content.table())?;
    command.arg(&folder).args(["--format", name]);
    let spent = arena.measure(name, &mut command)?;
    let written = Written::in_folder(&folder)?;
    let (table, rows) = (content.table(), content.rows());
    ensure!(written.rows == rows, "the export of {table} wrote {} rows of {rows}", written.rows);
    arena.remove_folder(name)?;
    Ok(Run { spent, bytes: written.bytes, commit: None })
}
