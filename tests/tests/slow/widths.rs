//! Rows from ten bytes to ten megabytes: pages have fewer rows where these are wide, so that memory does
//! not depend on what a table holds.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bulk::{BulkOptions, Event};
use futures::TryStreamExt;
use integration_tests::{RF1, Table, command, run};
use tempfile::TempDir;

/// What the program may use at its peak for cells of 5 MB (docs/reliability.md).
const PEAK: u64 = 256 << 20;
const MB: usize = 1 << 20;
/// Rows from this width on are written alone.
const ALONE: usize = 10_000;

/// The width of each row's blob, by its key.
fn width(id: i32) -> usize {
    match id % 500 {
        0 => 5 * MB,
        1 => MB,
        2..10 => 20_000,
        _ => 10,
    }
}

fn blob(id: i32, width: usize) -> Vec<u8> {
    id.to_be_bytes().into_iter().cycle().take(width).collect()
}

async fn table(name: &str, rows: i32, width: impl Fn(i32) -> usize) -> Result<Table> {
    let table = Table::create(RF1, name, "(id int PRIMARY KEY, b blob)").await?;
    let insert = "INSERT INTO {} (id, b) VALUES (?, ?)";
    // A few of these would be more than servers take in a batch.
    for id in (0..rows).filter(|id| width(*id) >= ALONE) {
        table.write(insert, [(id, blob(id, width(id)))]).await?;
    }
    let narrow = (0..rows).filter(|id| width(*id) < ALONE);
    table.write(insert, narrow.map(|id| (id, blob(id, width(id))))).await?;
    Ok(table)
}

/// Reads a table, cell by cell; gives the most bytes and the most rows that a page had.
async fn reads(table: &Table, rows: i32, width: impl Fn(i32) -> usize) -> Result<(u64, u64)> {
    let (observer, events) = bulk::event_stream(1_000_000);
    let options = BulkOptions::default().observer(observer);
    let operator = &table.on.operator;
    let mut stream = operator
        .export_by_token_ranges::<(i32, Vec<u8>)>(table.keyspace(), table.table(), &options)
        .await?;
    drop(options);
    let mut seen = vec![false; usize::try_from(rows)?];
    while let Some((id, found)) = stream.try_next().await? {
        let seen = seen.get_mut(usize::try_from(id)?).context("a row that was never written")?;
        ensure!(!std::mem::replace(seen, true), "row {id} came twice");
        ensure!(found == blob(id, width(id)), "row {id} has another cell");
    }
    ensure!(seen.iter().all(|seen| *seen), "a row is missing");
    drop(stream);
    let events: Vec<_> = futures::StreamExt::collect(events).await;
    let pages = events.iter().filter_map(|(event, _)| match event {
        Event::Page { bytes, rows, .. } => Some((*bytes, *rows)),
        _ => None,
    });
    let (bytes, rows): (Vec<u64>, Vec<u64>) = pages.unzip();
    Ok((
        bytes.into_iter().max().context("no page came")?,
        rows.into_iter().max().context("no page came")?,
    ))
}

#[test]
fn pages_follow_the_width_of_rows() {
    run(async {
        let narrow = table("slow_narrow", 20_000, |_| 10).await?;
        let (_, rows) = reads(&narrow, 20_000, |_| 10).await?;
        // A range has about 400 of them, and is the most that a page can have.
        ensure!(rows > 300, "no page had more than {rows} narrow rows");
        let wide = table("slow_wide", 24, |_| 5 * MB).await?;
        let (bytes, _) = reads(&wide, 24, |_| 5 * MB).await?;
        ensure!(bytes < 12 * 5 * MB as u64, "a page had {bytes} bytes");
        let mixed = table("slow_mixed", 2_000, width).await?;
        reads(&mixed, 2_000, width).await.map(drop)
    });
}

/// The most memory that a process has had; nothing once it has ended.
fn high_water_mark(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

#[test]
fn cells_of_megabytes_are_exported_in_bounded_memory() {
    run(async {
        let table = table("slow_peak", 40, |_| 5 * MB).await?;
        let folder = TempDir::new()?;
        let to = folder.path().join("export");
        let to = to.to_str().context("a path that is no text")?.to_owned();
        let name = table.name.cql();
        let arguments = ["export", &name, &to, "--format", "arrow", "--host", "127.0.0.11"];
        let mut child = command(&[&arguments[..], &["--quiet"]].concat())?.spawn()?;
        let mut peak = 0;
        let status = loop {
            // Not from `wait4`: that begins with the size of the process that has started it.
            peak = high_water_mark(child.id()).unwrap_or(peak);
            match child.try_wait()? {
                Some(status) => break status,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        ensure!(status.success(), "{status:?}");
        ensure!(peak > 5 * MB as u64 && peak < PEAK, "{peak} bytes were used");
        Ok(())
    });
}
