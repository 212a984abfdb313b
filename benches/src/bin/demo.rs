//! The demo: loads rows, counts them at several split counts, streams them back, exports them to files and
//! into an Iceberg table, imports those into other tables, and compares.

#![expect(clippy::print_stdout, reason = "a demo talks to a terminal")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use benches::dataset::{Reading, create_keyspace, create_table, load};
use benches::exported;
use benches::imported::{GOOD, Imports};
use benches::reading::Comparison;
use benches::warehouse::Warehouse;
use bulk::{
    BulkOptions, ConnectOptions, Consistency, Existing, ExportOptions, FileOptions, IcebergMode,
    IcebergReport, IcebergTarget, Location, Operator, TableName,
};
use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use futures::TryStreamExt;
use indicatif::{BinaryBytes, HumanCount};

/// Loads rows into a Cassandra cluster, counts, streams and exports them by token ranges, imports what
/// was exported, and compares.
#[derive(Parser)]
struct Args {
    /// A node to ask first; may be given several times.
    #[arg(long, default_value = "127.0.0.11")]
    host: Vec<String>,
    /// Rows to load into each table.
    #[arg(long, default_value_t = 200_000)]
    rows: u64,
    /// The folder to export to and import from; what the demo has left there is replaced.
    #[arg(long, default_value = "demo-files")]
    files: PathBuf,
}

/// The formats that are exported.
const FORMATS: [&str; 3] = ["csv", "jsonl", "parquet"];
/// Those that are imported again.
const IMPORTED: [&str; 2] = ["parquet", "csv"];
/// The Iceberg table, its partition spec, and the folder that it and its catalog are in.
const ICEBERG: &str = "demo.readings";
const PARTITIONS: &str = "bucket(8,sensor)";
const ICEBERG_FOLDER: &str = "iceberg";

/// A line of the closing table.
struct Line {
    table: TableName,
    what: String,
    splits: Option<u64>,
    rows: u64,
    took: Duration,
    verdict: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let options = ConnectOptions {
        contact_points: args.host.clone(),
        consistency: Consistency::LocalOne,
        ..ConnectOptions::default()
    };
    let operator = Operator::connect(&options).await?;
    let mut lines = Vec::new();
    let mut exact = true;
    for (keyspace, replication) in [("demo_rf1", 1), ("demo_rf3", 3)] {
        let table = TableName::new(keyspace, "readings");
        prepare(&operator, &table, replication, args.rows).await?;
        for splits in [Some(1), Some(8), Some(32), None] {
            let line = count(&operator, &table, splits, args.rows).await?;
            exact &= line.rows == args.rows;
            lines.push(line);
        }
        let (line, comparison) = stream(&operator, &table, args.rows).await?;
        exact &= comparison.is_exact();
        lines.push(line);
    }
    let mut folders = Vec::new();
    for format in FORMATS {
        let table = TableName::new("demo_rf1", "readings");
        let location = Location::parse(&args.files.join(format).display().to_string())?;
        let (line, comparison) = export(&operator, &table, format, &location).await?;
        exact &= comparison.is_exact();
        lines.push(line);
        folders.push(location);
    }
    let imports = Imports::new(&args.host, &args.files)?;
    for format in IMPORTED {
        let import_it = |table: &TableName| imports.folder(table, format);
        let (line, comparison) = import(&operator, format, args.rows, import_it).await?;
        exact &= comparison.is_exact();
        lines.push(line);
    }
    let warehouse = Warehouse::new(&args.files.join(ICEBERG_FOLDER), ICEBERG)?.emptied()?;
    let mut runs = Vec::new();
    for (line, run) in iceberg(&operator, &warehouse, args.rows).await? {
        exact &= line.rows == args.rows;
        lines.push(line);
        let name = format!("iceberg_{}", run.run_id);
        let import_it =
            |table: &TableName| imports.snapshot(table, &name, &warehouse, run.snapshot.id);
        let (line, comparison) = import(&operator, &name, args.rows, import_it).await?;
        exact &= comparison.is_exact();
        lines.push(line);
        runs.push(run);
    }
    println!("\n{}", show(&lines));
    for folder in &folders {
        println!("\n{folder}");
        for file in folder.list().await? {
            println!("  {:>12}  {}", BinaryBytes(file.bytes).to_string(), file.name);
        }
    }
    show_iceberg(&warehouse, &runs);
    bad_records(&operator, &imports).await?;
    ensure!(exact, "what came back is not what was loaded");
    println!("\nNothing is missing, nothing came twice, nothing was changed.");
    Ok(())
}

async fn prepare(
    operator: &Operator,
    table: &TableName,
    replication: u32,
    rows: u64,
) -> Result<()> {
    let session = operator.session();
    create_keyspace(session, table.keyspace(), replication).await?;
    create_table(session, table).await?;
    let began = Instant::now();
    load(session, table, rows).await?;
    println!(
        "loaded {} rows into {table} (replication factor {replication}) in {:.1} s",
        HumanCount(rows),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn count(
    operator: &Operator,
    table: &TableName,
    splits: Option<usize>,
    expected: u64,
) -> Result<Line> {
    let mut options = BulkOptions::default();
    if let Some(splits) = splits {
        options = options.split_count(splits);
    }
    let report = operator
        .count_by_token_ranges_with_stats(table.keyspace(), table.table(), &options)
        .await?;
    let asked = splits.map_or_else(|| "default".to_owned(), |splits| splits.to_string());
    Ok(Line {
        table: table.clone(),
        what: format!("count, {asked} asked"),
        splits: Some(report.stats.splits_total),
        rows: report.rows,
        took: report.stats.elapsed,
        verdict: number_verdict(report.rows, expected),
    })
}

async fn stream(
    operator: &Operator,
    table: &TableName,
    expected: u64,
) -> Result<(Line, Comparison)> {
    let (keyspace, name) = (table.keyspace(), table.table());
    let options = BulkOptions::default();
    let began = Instant::now();
    let mut comparison = Comparison::new(expected);
    let mut rows = operator.export_by_token_ranges::<Reading>(keyspace, name, &options).await?;
    while let Some(row) = rows.try_next().await? {
        comparison.row(&row);
    }
    let line = Line {
        table: table.clone(),
        what: "stream and compare".to_owned(),
        splits: Some(rows.stats().splits_total),
        rows: rows.stats().rows,
        took: began.elapsed(),
        verdict: verdict(&comparison),
    };
    Ok((line, comparison))
}

/// Exports a table, reads the files again, and compares each row.
async fn export(
    operator: &Operator,
    table: &TableName,
    format: &str,
    location: &Location,
) -> Result<(Line, Comparison)> {
    let (keyspace, name) = (table.keyspace(), table.table());
    let options = BulkOptions::default();
    let how = ExportOptions {
        file: FileOptions { format: format.parse()?, ..FileOptions::default() },
        existing: Existing::Overwrite,
        ..ExportOptions::default()
    };
    let began = Instant::now();
    let report = operator.export(keyspace, name, &options, location, &how).await?;
    let took = began.elapsed();
    let plan = operator.plan(keyspace, name, &options).await?;
    let comparison = exported::compare(location, &report.manifest, &plan.table).await?;
    let line = Line {
        table: table.clone(),
        what: format!("export as {format}, read and compare"),
        splits: Some(report.stats.splits_total),
        rows: report.manifest.rows,
        took,
        verdict: verdict(&comparison),
    };
    Ok((line, comparison))
}

/// Exports into an Iceberg table: under a run id that must be done once, though it is asked for twice; and
/// under another one, whose rows take the place of the first one's. Both snapshots stay.
async fn iceberg(
    operator: &Operator,
    warehouse: &Warehouse,
    expected: u64,
) -> Result<[(Line, IcebergReport); 2]> {
    let mut to = IcebergTarget::new(warehouse.catalog(), warehouse.table().clone());
    to.partition_by = Some(PARTITIONS.to_owned());
    to.run_id = Some("first".to_owned());
    let first = run_into_iceberg(operator, &to, expected).await?;
    let (_, again) = run_into_iceberg(operator, &to, expected).await?;
    ensure!(
        again.export.is_none() && again.snapshot.id == first.1.snapshot.id,
        "the run {} was done twice",
        again.run_id
    );
    println!(
        "the run {:?}, asked for again, was done before: snapshot {}",
        again.run_id, again.snapshot.id
    );
    to.mode = IcebergMode::Replace;
    to.run_id = Some("second".to_owned());
    let second = run_into_iceberg(operator, &to, expected).await?;
    Ok([first, second])
}

async fn run_into_iceberg(
    operator: &Operator,
    to: &IcebergTarget,
    expected: u64,
) -> Result<(Line, IcebergReport)> {
    let table = TableName::new("demo_rf1", "readings");
    let (options, how) = (BulkOptions::default(), ExportOptions::default());
    let began = Instant::now();
    let (keyspace, name) = (table.keyspace(), table.table());
    let report = operator.export_to_iceberg(keyspace, name, &options, to, &how).await?;
    let rows = report.snapshot.summary.get("total-records").context("a snapshot without rows")?;
    let rows = rows.parse()?;
    let line = Line {
        table,
        what: format!("export into Iceberg, {}, {} run", to.mode, report.run_id),
        splits: report.export.as_ref().map(|export| export.stats.splits_total),
        rows,
        took: began.elapsed(),
        verdict: number_verdict(rows, expected),
    };
    Ok((line, report))
}

/// Imports into an empty table of the same schema, and compares each row.
async fn import(
    operator: &Operator,
    from: &str,
    rows: u64,
    run: impl FnOnce(&TableName) -> Result<Duration>,
) -> Result<(Line, Comparison)> {
    let table = TableName::new("demo_rf1", format!("readings_from_{from}"));
    create_table(operator.session(), &table).await?;
    let took = run(&table)?;
    let (line, comparison) = stream(operator, &table, rows).await?;
    let what = format!("import from {from}, stream and compare");
    Ok((Line { what, splits: None, took, ..line }, comparison))
}

/// Shows what the runs have done, and how the table is read by others.
fn show_iceberg(warehouse: &Warehouse, runs: &[IcebergReport]) {
    println!("\n{}: Iceberg table {}", warehouse.folder().display(), warehouse.table());
    for IcebergReport { run_id, snapshot, export, .. } in runs {
        if let Some(manifest) = export.as_ref().map(|export| &export.manifest) {
            println!(
                "  snapshot {} by the run {run_id:?}, {}: {} rows in {} files, {}",
                snapshot.id,
                snapshot.operation,
                HumanCount(manifest.rows),
                manifest.files.len(),
                BinaryBytes(manifest.bytes)
            );
        }
    }
    println!("\nIn Python, with pyiceberg[sql-sqlite,pyarrow]:\n\n{}", warehouse.python());
}

/// Imports a file of which some records are bad, and shows what becomes of those.
async fn bad_records(operator: &Operator, imports: &Imports) -> Result<()> {
    let table = TableName::new("demo_rf1", "readings_from_bad_file");
    create_table(operator.session(), &table).await?;
    let shown = imports.bad_file(&table).await?;
    println!("\n{shown}");
    let options = BulkOptions::default();
    let there = operator.count_by_token_ranges(table.keyspace(), table.table(), &options).await?;
    ensure!(there == GOOD, "{there} rows of {GOOD} good records are in {table}");
    Ok(())
}

fn number_verdict(rows: u64, expected: u64) -> String {
    if rows == expected { "equal" } else { "DIFFERENT" }.to_owned()
}

fn verdict(comparison: &Comparison) -> String {
    let (missing, twice, wrong) = (comparison.missing(), comparison.twice, comparison.wrong);
    format!("{missing} missing, {twice} twice, {wrong} wrong")
}

fn show(lines: &[Line]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["TABLE", "WHAT", "SPLITS", "ROWS", "SECONDS", "ROWS/S", "COMPARED"]);
    for line in lines {
        let seconds = line.took.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating")]
        let rate = (line.rows as f64 / seconds) as u64;
        table.add_row([
            format!("{}.{}", line.table.keyspace(), line.table.table()),
            line.what.clone(),
            line.splits.map_or_else(|| "-".to_owned(), |splits| splits.to_string()),
            HumanCount(line.rows).to_string(),
            format!("{seconds:.2}"),
            HumanCount(rate).to_string(),
            line.verdict.clone(),
        ]);
    }
    for right in 2..=5 {
        if let Some(column) = table.column_mut(right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}
