//! Runs that have not ended, found by their folders among a table's data files.

use std::collections::BTreeMap;

use formats::{Entry, Location};
use lakehouse::{Snapshot, Table};
use topology::TableName;

use super::target::{IcebergMode, IcebergTarget};
use crate::error::{Error, Result};
use crate::export::{MANIFEST, Manifest, Past, Settings, remove_journal};

/// The folder of data files, below the table's location.
pub(crate) const DATA: &str = "data";
/// The property of a table that a run has made.
pub(crate) const CREATED_BY: &str = "cassandra-bulk.created-by";

/// A run that has not ended.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) id: String,
    pub(crate) settings: Settings,
}

/// The folder of a run.
pub(crate) fn folder(table: &Table, id: &str) -> Result<Location> {
    Ok(table.folder(&format!("{DATA}/{id}"))?)
}

/// Removes the journal and the manifest of a run whose commit is done. What can't be removed now is
/// harmless: the table says that the run is done.
pub(crate) async fn clear(table: &Table, id: &str) {
    let cleared = async {
        let folder = folder(table, id)?;
        remove_journal(&folder).await?;
        Ok::<_, Error>(folder.delete(MANIFEST).await?)
    };
    if let Err(error) = cleared.await {
        tracing::warn!(%error, run = id, "the journal of a run that is done could not be removed");
    }
}

/// What a run of this id has left.
pub(crate) async fn find(table: &Table, id: &str) -> Result<Option<Unfinished>> {
    let folder = folder(table, id)?;
    let entries = folder.list().await?;
    unfinished(id, &folder, &entries).await
}

async fn unfinished(id: &str, folder: &Location, entries: &[Entry]) -> Result<Option<Unfinished>> {
    let settings = match Manifest::read(folder).await? {
        Some(manifest) => Some(manifest.settings),
        None => Past::read(folder, entries).await?.map(|past| past.first.settings),
    };
    Ok(settings.map(|settings| Unfinished { id: id.to_owned(), settings }))
}

/// Which run this is.
#[derive(Debug)]
pub(crate) enum Choice {
    /// One that begins, perhaps with an id that is given.
    New(Option<String>),
    /// One that has not ended.
    Unfinished(Box<Unfinished>),
    /// One that has, as the table says.
    Done(String, Box<Snapshot>),
}

/// The runs of a source that have left a journal: those that have not ended, and those whose commit was
/// done.
async fn of_source(
    table: &Table,
    source: &TableName,
) -> Result<(Vec<Unfinished>, Vec<(String, Snapshot)>)> {
    let data = table.folder(DATA)?;
    let mut folders: BTreeMap<String, bool> = BTreeMap::new();
    for entry in data.list().await? {
        if let Some((id, rest)) = entry.name.split_once('/') {
            *folders.entry(id.to_owned()).or_default() |= rest.starts_with("_bulk/");
        }
    }
    let (mut open, mut done) = (Vec::new(), Vec::new());
    for (id, _) in folders.into_iter().filter(|(_, has_journal)| *has_journal) {
        let Some(run) = find(table, &id).await? else { continue };
        if run.settings.table != source.to_string() {
            continue;
        }
        match table.run(&id) {
            Some(snapshot) => done.push((id, snapshot)),
            None => open.push(run),
        }
    }
    Ok((open, done))
}

/// Decides which run this is.
///
/// Where one is to be gone on with and there is none, nothing is begun: the one that is meant may have
/// ended, and its rows would come twice.
pub(crate) async fn choose(
    table: &Table,
    source: &TableName,
    to: &IcebergTarget,
) -> Result<Choice> {
    if let Some(id) = &to.run_id {
        if let Some(snapshot) = table.run(id) {
            return Ok(Choice::Done(id.clone(), Box::new(snapshot)));
        }
        return Ok(match find(table, id).await? {
            Some(run) => Choice::Unfinished(Box::new(run)),
            None => Choice::New(Some(id.clone())),
        });
    }
    let (mut runs, mut done) = of_source(table, source).await?;
    let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    let ids = ids.join(", ");
    match (runs.len(), to.resume) {
        (0, false) => Ok(Choice::New(None)),
        (0, true) => {
            if let Some((id, snapshot)) = done.pop() {
                return Ok(Choice::Done(id, Box::new(snapshot)));
            }
            // A run that was killed before it began to write has left nothing but the table.
            let creator = table.properties().get(CREATED_BY);
            if let Some(id) = creator.filter(|_| to.mode == IcebergMode::Create) {
                return Ok(match table.run(id) {
                    Some(snapshot) => Choice::Done(id.clone(), Box::new(snapshot)),
                    None => Choice::New(Some(id.clone())),
                });
            }
            Err(Error::request(format!(
                "no export of {source} to {} has begun and not ended; begin one without --resume",
                to.table
            )))
        }
        (1, true) => {
            Ok(runs.pop().map_or(Choice::New(None), |run| Choice::Unfinished(Box::new(run))))
        }
        (_, true) => Err(Error::request(format!(
            "several exports of {source} to {} have not ended; say which by --run-id: {ids}",
            to.table
        ))),
        (_, false) => Err(Error::request(format!(
            "an export of {source} to {} has not ended; go on with it by --resume or --run-id ({ids}), or \
             begin another one by a --run-id of its own",
            to.table
        ))),
    }
}

/// Refuses a table that is there and should not be.
pub(crate) fn check_new(table: &Table, to: &IcebergTarget, id: Option<&str>) -> Result<()> {
    let own = table.properties().get(CREATED_BY).map(String::as_str);
    if to.mode != IcebergMode::Create || (own.is_some() && own == id) {
        return Ok(());
    }
    Err(Error::request(format!(
        "the Iceberg table {} is there already; choose --mode append or replace, or another name",
        to.table
    )))
}
