//! The journal: what an export that has not ended yet has done.
//!
//! Each entry is a small file of its own, written whole and made durable before the run goes on. So the
//! same journal works on a disk and in an object store, which cannot append; no entry is ever half
//! there; and two runs cannot begin the same attempt, since the first entry of one is made only if it
//! is not there yet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use formats::{Entry, Location};
use serde::{Deserialize, Serialize};
use tokenring::RangeSet;
use uuid::Uuid;

use super::manifest::{FileRecord, Manifest, RingRecord, VERSION};
use super::ranges;
use super::settings::Settings;
use crate::document::parse;
use crate::error::{Error, Result};

/// The folder of the journal in its destination.
pub(crate) const FOLDER: &str = "_bulk/journal/";

/// What is there as long as an export has not ended: the first entry of its first run.
pub(crate) const UNFINISHED: &str = "_bulk/journal/0001-00000000.json";

/// The first entry of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) version: u32,
    pub(crate) export_id: Uuid,
    /// The run's own id: tells its entry from that of another run which began at the same time.
    pub(crate) run_id: Uuid,
    pub(crate) attempt: u32,
    pub(crate) started: String,
    pub(crate) settings: Settings,
    pub(crate) ddl: Vec<String>,
    pub(crate) ring: RingRecord,
}

impl Start {
    /// The first entry of a finished export, as it may have been.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let Manifest { version, export_id, attempts, .. } = *manifest;
        let (started, settings) = (manifest.started.clone(), manifest.settings.clone());
        let (ddl, ring) = (manifest.ddl.clone(), manifest.ring.clone());
        let run_id = Uuid::new_v4();
        Start { version, export_id, run_id, attempt: attempts, started, settings, ddl, ring }
    }
}

/// What is wholly in the result: ranges, and the files that hold their rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitRecord {
    pub(crate) version: u32,
    #[serde(with = "ranges")]
    pub(crate) token_ranges: RangeSet,
    pub(crate) rows: u64,
    pub(crate) files: Vec<FileRecord>,
}

/// What the runs before this one have left.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    /// The first entry of the first run.
    pub(crate) first: Start,
    /// How many runs there were.
    pub(crate) attempts: u32,
    pub(crate) units: Vec<UnitRecord>,
    /// The ranges of all units.
    pub(crate) done: RangeSet,
    /// Entries of units that are not there any more.
    pub(crate) lost: Vec<String>,
}

impl Past {
    /// Reads the journal of a destination, which has these files.
    ///
    /// A unit whose files are not all there, or not of the size they had, is not done: someone has
    /// removed them, or a disk has lost them.
    pub(crate) async fn read(location: &Location, there: &[Entry]) -> Result<Option<Past>> {
        let sizes: HashMap<&str, u64> =
            there.iter().map(|entry| (entry.name.as_str(), entry.bytes)).collect();
        let mut starts: Vec<Start> = Vec::new();
        let (mut units, mut lost): (Vec<UnitRecord>, Vec<String>) = Default::default();
        for Entry { name, .. } in there.iter().filter(|entry| entry.name.starts_with(FOLDER)) {
            let what = format!("{name} of {location}");
            let text = location.read(name).await?;
            if is_start(name) {
                starts.push(parse(&what, VERSION, &text)?);
                continue;
            }
            let unit: UnitRecord = parse(&what, VERSION, &text)?;
            let is_there = |file: &FileRecord| sizes.get(file.name.as_str()) == Some(&file.bytes);
            match unit.files.iter().find(|file| !is_there(file)) {
                None => units.push(unit),
                Some(file) => {
                    let file = &file.name;
                    tracing::warn!(%file, "a file of the export is gone; its rows are read again");
                    lost.push(name.clone());
                }
            }
        }
        let attempts = starts.iter().map(|start| start.attempt).max();
        let first = starts.into_iter().min_by_key(|start| start.attempt);
        let (Some(first), Some(attempts)) = (first, attempts) else {
            return Ok(None);
        };
        let ranges = || units.iter().flat_map(|unit| unit.token_ranges.iter());
        let done: RangeSet = ranges().collect();
        done.is_exact_partition(ranges()).map_err(|error| {
            Error::request(format!(
                "the journal of {location} has tokens twice: two runs have written there at the same \
                 time; begin anew with --overwrite"
            ))
            .with_source(error)
        })?;
        Ok(Some(Past { first, attempts, units, done, lost }))
    }

    /// The number of the run after them.
    pub(crate) fn next_attempt(&self, location: &Location) -> Result<u32> {
        after(self.attempts, location)
    }

    /// The files that are whole.
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileRecord> {
        self.units.iter().flat_map(|unit| &unit.files)
    }
}

fn name(attempt: u32, entry: u64) -> String {
    format!("{FOLDER}{attempt:04}-{entry:08}.json")
}

/// The attempt after this one. Runs count from 1, so only what is damaged has no next.
fn after(attempt: u32, location: &Location) -> Result<u32> {
    attempt.checked_add(1).ok_or_else(|| {
        Error::request(format!(
            "the journal of {location} is damaged, or not ours: it has a run number {attempt}; begin \
             anew with --overwrite"
        ))
    })
}

fn is_start(name: &str) -> bool {
    name.ends_with("-00000000.json")
}

/// The journal of a run.
#[derive(Debug)]
pub(crate) struct Journal {
    location: Location,
    attempt: u32,
    entries: AtomicU64,
}

impl Journal {
    /// Begins the journal of a run, whose attempt nobody else may have begun.
    pub(crate) async fn begin(location: &Location, start: &Start) -> Result<Self> {
        let text = serde_json::to_vec_pretty(start).map_err(Error::internal)?;
        let attempt = start.attempt;
        match location.create(&name(attempt, 0), Bytes::from(text)).await {
            Ok(()) => {}
            // It may be our own: where an answer is lost, a store is asked again.
            Err(error) if error.kind() == formats::ErrorKind::Exists => {
                let name = name(attempt, 0);
                let there: Start = parse(&name, VERSION, &location.read(&name).await?)?;
                if there.run_id != start.run_id {
                    return Err(Error::request(format!(
                        "another run has just begun to export to {location}; wait for it to end"
                    ))
                    .with_source(error));
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Journal { location: location.clone(), attempt, entries: AtomicU64::new(1) })
    }

    /// Writes the first entry, where it is not there already.
    pub(crate) async fn begin_or_keep(location: &Location, start: &Start) -> Result<()> {
        let text = serde_json::to_vec_pretty(start).map_err(Error::internal)?;
        match location.create(&name(start.attempt, 0), Bytes::from(text)).await {
            Err(error) if error.kind() != formats::ErrorKind::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The name of the first entry.
    pub(crate) fn first(&self) -> String {
        name(self.attempt, 0)
    }

    /// Takes the first entry back, and says why.
    pub(crate) async fn withdraw(&self) -> Error {
        if let Err(error) = self.location.delete(&self.first()).await {
            return error.into();
        }
        Error::request(format!(
            "another run has written to {} meanwhile; wait for it to end, then go on by --resume",
            self.location
        ))
    }

    /// Writes down what is done. When it returns, the entry outlives a loss of power.
    pub(crate) async fn append(&self, unit: &UnitRecord) -> Result<()> {
        debug_assert_eq!(unit.version, VERSION);
        let entry = self.entries.fetch_add(1, Ordering::Relaxed);
        let text = serde_json::to_vec(unit).map_err(Error::internal)?;
        Ok(self.location.put(&name(self.attempt, entry), Bytes::from(text)).await?)
    }

    /// Fails if a later run has begun meanwhile, or has even ended: the result is its own now.
    pub(crate) async fn check_latest(&self) -> Result<()> {
        let next = after(self.attempt, &self.location)?;
        let is_there = async |attempt: u32| self.location.contains(&name(attempt, 0)).await;
        if is_there(self.attempt).await? && !is_there(next).await? {
            return Ok(());
        }
        Err(Error::request(format!(
            "another run has taken the export to {} over; this one ends, and the other goes on",
            self.location
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first entry of a run with this number, by way of a seed of the fuzz target of journals.
    fn start(attempt: u32) -> Start {
        let text = include_bytes!("../../../../fuzz/seeds/export_journal/start");
        Start { attempt, ..parse("a seed", VERSION, text).unwrap() }
    }

    #[tokio::test]
    async fn a_damaged_number_of_a_run_is_an_error() {
        let location = Location::in_memory();
        let journal = Journal::begin(&location, &start(u32::MAX)).await.unwrap();
        let error = journal.check_latest().await.unwrap_err().to_string();
        assert!(error.contains("is damaged"), "{error}");
        let there = location.list().await.unwrap();
        let past = Past::read(&location, &there).await.unwrap().unwrap();
        let error = past.next_attempt(&location).unwrap_err().to_string();
        assert!(error.contains("4294967295") && error.contains("--overwrite"), "{error}");
    }

    #[tokio::test]
    async fn the_latest_run_is_the_one_without_a_next() {
        let location = Location::in_memory();
        let first = Journal::begin(&location, &start(1)).await.unwrap();
        first.check_latest().await.unwrap();
        let there = location.list().await.unwrap();
        let past = Past::read(&location, &there).await.unwrap().unwrap();
        let next = past.next_attempt(&location).unwrap();
        let second = Journal::begin(&location, &start(next)).await.unwrap();
        let error = first.check_latest().await.unwrap_err().to_string();
        assert!(error.contains("another run has taken"), "{error}");
        second.check_latest().await.unwrap();
    }
}
