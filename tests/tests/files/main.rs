//! Export to files as a user meets it: what the program writes, read by readers that are not ours, and
//! compared with what was inserted.

mod bad_values;
mod compression;
mod csv;
mod empty;
mod full_disk;
mod json;
mod layout;
mod manifest;
mod names;
mod partitions;
mod ranges;
mod readers;
mod refusals;
mod rows;
mod s3;
mod stdout;
mod types;
mod verify;
mod wide_rows;
mod write_times;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use bulk::Manifest;
use futures::{StreamExt as _, TryStreamExt as _};
use integration_tests::{Ended, Engine, FileRows, Python, RF1, Table, files_in, program};
use serde_json::{Value, json};
use tempfile::TempDir;

const MANIFEST: &str = "_bulk/manifest.json";

/// A table of texts; the key is `id`.
async fn texts(name: &str, rows: i32) -> Result<Table> {
    let table = Table::create(RF1, name, "(id int PRIMARY KEY, v text)").await?;
    let rows = (0..rows).map(|id| (id, format!("row {id}")));
    table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows).await?;
    Ok(table)
}

/// The rows of [`texts`] as cells.
fn text_cells(ids: impl IntoIterator<Item = i32>) -> Vec<String> {
    ids.into_iter().map(|id| json!([id.to_string(), format!("row {id}")]).to_string()).collect()
}

/// Text of the wide rows.
fn wide(id: i32) -> String {
    format!("{id:02000}")
}

/// A table of rows of 2 kB.
async fn wide_texts(name: &str, rows: i32) -> Result<Table> {
    let table = Table::create(RF1, name, "(id int PRIMARY KEY, v text)").await?;
    let session = &table.on.session;
    let insert = format!("INSERT INTO {} (id, v) VALUES (?, ?)", table.name);
    let insert = session.prepare(insert).await?;
    // Not in batches, which may not be large.
    let written = futures::stream::iter(0..rows)
        .map(|id| session.execute_unpaged(&insert, (id, wide(id))))
        .buffer_unordered(64);
    written.try_for_each(|_| async { Ok(()) }).await?;
    Ok(table)
}

/// The rows of [`wide_texts`] as cells.
fn wide_cells(rows: i32) -> impl Iterator<Item = String> {
    (0..rows).map(|id| json!([id.to_string(), wide(id)]).to_string())
}

/// Runs `export` of a table to a destination.
async fn export(table: &Table, to: &str, options: &[&str]) -> Result<Ended> {
    program(&export_arguments(&table.name.cql(), to, options)).await
}

fn export_arguments<'a>(table: &'a str, to: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["export", table, to, "--host", "127.0.0.11,127.0.0.12"];
    arguments.extend(options);
    arguments
}

/// The same into a new folder, with success.
async fn exported(table: &Table, options: &[&str]) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let ended = export(table, text(folder.path())?, options).await?.with_code(0)?;
    ensure!(ended.stdout.is_empty(), "{ended:?}");
    whole(folder.path())?;
    Ok(folder)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// Every file below a folder by its name from there, hidden ones too.
fn tree(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(text(path.strip_prefix(folder)?)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The manifest of an export that is there, and nothing besides its files.
fn whole(folder: &Path) -> Result<Manifest> {
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(folder.join(MANIFEST))?)?;
    let mut expected: Vec<String> = manifest.files.iter().map(|file| file.name.clone()).collect();
    expected.push(MANIFEST.to_owned());
    expected.sort();
    let found = tree(folder)?;
    ensure!(found == expected, "there are {found:?}, and the manifest lists {expected:?}");
    Ok(manifest)
}

/// What a failed run has left that anybody would take for data.
fn visible(folder: &Path) -> Result<Vec<String>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    Ok(tree(folder)?.into_iter().filter(|name| !name.starts_with("_bulk/")).collect())
}

/// Reads an exported folder.
async fn read(
    python: &Python,
    engine: Engine,
    format: &str,
    folder: &Path,
    options: Value,
) -> Result<FileRows> {
    python.read(engine, format, &files_of(format, folder)?, options).await
}

/// The files of a format, however they are compressed.
fn files_of(format: &str, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = files_in(folder, "")?;
    files.retain(|file| {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.split('.').skip(1).any(|part| part == format))
    });
    Ok(files)
}

/// Whether all of these are in a text.
fn says(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "no {part:?} in: {text}");
    }
    Ok(())
}
