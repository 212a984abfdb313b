//! The journal of an import: a folder on a disk, in which a run that was killed finds what it had done.
//!
//! ```text
//! JOURNAL/import.json    what is imported, how, and at which write time; written once
//! JOURNAL/progress.json  which records of which file are settled; replaced as a whole, about every second
//! JOURNAL/bad/           bad records, as they were, with reasons
//! JOURNAL/unknown/       updates of counters of which nobody knows whether they were done
//! JOURNAL/lock           held by the run that writes here
//! ```
//!
//! A record is settled when it is written, or durably kept with what is wrong. What is settled and not
//! yet in `progress.json` is written again by the next run, at the same write time: that changes nothing.
//!
//! **Why a local folder?** Bad records are appended as they come, which object stores cannot.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cql_arrow::{Nulls, TextOptions};
use formats::{Location, Positions};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::report::Counts;
use crate::document::{differences, parse};
use crate::error::{Error, Result};
use crate::export::ColumnRecord;

const VERSION: u32 = 1;
const START: &str = "import.json";
const PROGRESS: &str = "progress.json";
const LOCK: &str = "lock";

/// What decides what becomes of the records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) table: String,
    /// The table's own id, which a table of the same name made later does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table_id: Option<Uuid>,
    /// The columns as they were when the import began.
    pub(crate) table_columns: Vec<ColumnRecord>,
    pub(crate) files: Vec<InputRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pins: Vec<PinRecord>,
    pub(crate) text: TextOptions,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) map: Vec<(String, String)>,
    pub(crate) skip: Vec<String>,
    pub(crate) set: Vec<(String, String)>,
    pub(crate) allow_extra: bool,
    pub(crate) allow_missing: bool,
    pub(crate) null_as_null: bool,
    pub(crate) skip_rows: u64,
    pub(crate) max_rows: Option<u64>,
    pub(crate) ttl: Option<i32>,
    pub(crate) timestamp: Option<i64>,
}

/// A file, as it was when the import began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputRecord {
    pub(crate) name: String,
    pub(crate) bytes: Option<u64>,
    /// Changes with the file's content.
    pub(crate) version: Option<String>,
    /// Format, dialect and compression, as far as they were given.
    pub(crate) format: String,
}

/// A snapshot of an Iceberg table, and what is read of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PinRecord {
    pub(crate) table: String,
    /// None where the table had no snapshot.
    pub(crate) snapshot_id: Option<i64>,
    pub(crate) columns: Vec<String>,
    pub(crate) filter: Option<String>,
}

/// What an import is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) version: u32,
    pub(crate) import_id: Uuid,
    pub(crate) started: String,
    /// The write time of what is written, in microseconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) settings: Settings,
}

/// What an import has done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) version: u32,
    pub(crate) attempts: u32,
    pub(crate) counts: Counts,
    pub(crate) files: Vec<FileProgress>,
    /// Files of bad records, with the bytes that are good.
    pub(crate) outputs: Vec<(String, u64)>,
    pub(crate) complete: bool,
}

/// What is done of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileProgress {
    /// Records that are settled, by their place in the file, from 0.
    pub(crate) settled: Positions,
    /// Records of counters that were about to be sent: if they are not settled, nobody knows.
    #[serde(default, skip_serializing_if = "Positions::is_empty")]
    pub(crate) sending: Positions,
    /// Whether its last record is settled.
    pub(crate) ended: bool,
}

/// An import that is begun, or gone on with.
#[derive(Debug)]
pub(crate) struct Begun {
    /// None where nothing is to be written.
    pub(crate) journal: Option<Journal>,
    pub(crate) start: Start,
    pub(crate) progress: Progress,
}

/// The journal of a run.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    location: Location,
    /// Held until the run ends.
    _lock: File,
}

impl Begun {
    /// Removes the journal of an import that was begun a moment ago and has done nothing.
    pub(crate) fn discard_new(self) {
        if let Some(journal) = self.journal.filter(|_| self.progress.attempts == 1) {
            journal.discard();
        }
    }
}

impl Settings {
    pub(crate) fn is_null(nulls: Nulls) -> bool {
        matches!(nulls, Nulls::Null)
    }
}

impl Journal {
    /// Begins the journal of an import, or goes on with it.
    pub(crate) async fn open(folder: &Path, resume: bool, start: Start) -> Result<Begun> {
        let shown = folder.display();
        let failed = |what: &str, error: std::io::Error| {
            Error::destination(format!("the journal {shown} {what}")).with_source(error)
        };
        std::fs::create_dir_all(folder).map_err(|error| failed("cannot be made", error))?;
        let lock =
            File::create(folder.join(LOCK)).map_err(|error| failed("cannot be written", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::request(format!(
                    "another run is importing with the journal {shown}; wait for it to end"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed("cannot be locked", error)),
        }
        // A path that is not Unicode has no URL and no text form.
        let text = folder.to_str().ok_or_else(|| {
            Error::request(format!("the path {shown} is not Unicode; choose another journal"))
        })?;
        let location = Location::parse(text)?;
        let journal = Journal { folder: folder.to_owned(), location, _lock: lock };
        let Some(there) = read::<Start>(&journal.location, START).await? else {
            let stranger = std::fs::read_dir(folder)
                .map_err(|error| failed("cannot be read", error))?
                .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
                .find(|name| name != LOCK && !name.starts_with('.'));
            if let Some(stranger) = stranger {
                return Err(Error::request(format!(
                    "{shown} has files, such as {stranger}, and no journal; choose an empty folder"
                )));
            }
            let progress = Progress::new(start.settings.files.len());
            journal.put(START, &start).await?;
            return Ok(Begun { journal: Some(journal), start, progress });
        };
        if !resume {
            return Err(Error::request(format!(
                "{shown} is the journal of an import of {}; go on with it by --resume, or choose \
                 another folder",
                there.settings.table
            )));
        }
        let different = differences(&there.settings, &start.settings);
        if !different.is_empty() {
            return Err(Error::request(format!(
                "the import of {shown} cannot be resumed: the input, the table, or the options are not \
                 the same; begin anew with another journal. Different are:\n  {}",
                different.join("\n  ")
            )));
        }
        let progress = read::<Progress>(&journal.location, PROGRESS).await?;
        let files = start.settings.files.len();
        let mut progress = progress.unwrap_or_else(|| Progress::new(files));
        if progress.files.len() != files {
            return Err(Error::internal(format!("{shown} has the progress of other files")));
        }
        progress.attempts = progress.attempts.saturating_add(1);
        // Before anything is written: lists that two runs write at one moment of write time are doubled.
        journal.commit(&progress).await?;
        Ok(Begun { journal: Some(journal), start: there, progress })
    }

    /// The snapshots that the import of a journal reads; none where there is no journal yet.
    pub(crate) async fn pins(folder: &Path) -> Result<Vec<PinRecord>> {
        let Some(text) = folder.to_str().filter(|_| folder.is_dir()) else { return Ok(Vec::new()) };
        let start = read::<Start>(&Location::parse(text)?, START).await?;
        Ok(start.map_or_else(Vec::new, |start| start.settings.pins))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    async fn put(&self, name: &str, document: &impl Serialize) -> Result<()> {
        let text = serde_json::to_vec(document).map_err(Error::internal)?;
        Ok(self.location.put(name, Bytes::from(text)).await?)
    }

    /// Writes down what is done. When it returns, this outlives a loss of power.
    pub(crate) async fn commit(&self, progress: &Progress) -> Result<()> {
        self.put(PROGRESS, progress).await
    }

    /// Removes the journal, of which nobody has any use.
    pub(crate) fn discard(self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, "the journal could not be removed");
        }
    }

    /// Removes the journal, and its folder if nothing else is in it.
    fn remove(self) -> std::io::Result<()> {
        for name in [PROGRESS, START, LOCK] {
            match std::fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        // What is not ours stays.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }
}

impl Progress {
    /// Nothing is done yet, of so many files.
    pub(crate) fn new(files: usize) -> Self {
        Progress {
            version: VERSION,
            attempts: 1,
            files: vec![FileProgress::default(); files],
            ..Progress::default()
        }
    }
}

impl Start {
    pub(crate) fn new(started: String, timestamp: i64, settings: Settings) -> Self {
        Start { version: VERSION, import_id: Uuid::new_v4(), started, timestamp, settings }
    }
}

/// A document of a journal; `None` where it is not there.
async fn read<T: serde::de::DeserializeOwned>(
    location: &Location,
    name: &str,
) -> Result<Option<T>> {
    let text = match location.read(name).await {
        Ok(text) => text,
        Err(error) if error.kind() == formats::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let what = format!("{name} of {location}");
    Ok(Some(parse(&what, VERSION, &text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        let settings = Settings {
            table: "ks.t".to_owned(),
            table_id: None,
            table_columns: Vec::new(),
            files: Vec::new(),
            pins: Vec::new(),
            text: TextOptions::default(),
            columns: None,
            map: Vec::new(),
            skip: Vec::new(),
            set: Vec::new(),
            allow_extra: false,
            allow_missing: false,
            null_as_null: false,
            skip_rows: 0,
            max_rows: None,
            ttl: None,
            timestamp: None,
        };
        Start::new("2024-02-29T00:00:00Z".to_owned(), 1, settings)
    }

    #[tokio::test]
    async fn no_two_runs_of_an_import_are_the_same_attempt_though_none_has_settled_anything() {
        let folder = tempfile::tempdir().unwrap();
        for attempt in 1..=4 {
            // Each ends before it has written down anything itself, as one that is killed.
            let begun = Journal::open(folder.path(), attempt > 1, start()).await.unwrap();
            assert_eq!(begun.progress.attempts, attempt);
        }
    }
}
