//! What is in a destination before a run, and what has to go.

use std::collections::HashSet;

use formats::{Entry, Location};
use topology::TableName;

use super::journal::{FOLDER, Journal, Past, Start};
use super::manifest::{FileRecord, MANIFEST, Manifest};
use super::options::Existing;
use super::settings::Settings;
use crate::document::differences;
use crate::error::{Error, ErrorKind, Result};

/// How a run stands to what is in its destination.
#[derive(Debug)]
pub(crate) enum Standing {
    /// It begins the export.
    New,
    /// It goes on with what others have left.
    Begun(Box<Past>),
    /// There is nothing to do.
    Complete(Box<Manifest>),
}

/// What is in a destination.
pub(crate) struct Destination {
    location: Location,
    entries: Vec<Entry>,
    manifest: Option<Manifest>,
    past: Option<Past>,
}

impl Destination {
    /// Looks what is there.
    pub(crate) async fn inspect(location: &Location, existing: Existing) -> Result<Self> {
        let entries = location.list().await?;
        let read = async {
            let manifest = Manifest::read(location).await?;
            let past = Past::read(location, &entries).await?;
            Ok::<_, Error>((manifest, past))
        };
        // What is to be replaced may be damaged.
        let (manifest, past) = match read.await {
            Ok(found) => found,
            Err(error) if existing == Existing::Overwrite && error.kind() == ErrorKind::Request => {
                (None, None)
            }
            Err(error) => return Err(error),
        };
        Ok(Destination { location: location.clone(), entries, manifest, past })
    }

    /// Decides what a run with these settings does about it. Changes nothing.
    pub(crate) fn standing(&mut self, existing: Existing, settings: &Settings) -> Result<Standing> {
        match existing {
            _ if self.entries.is_empty() => Ok(Standing::New),
            Existing::Refuse => Err(self.refusal()),
            Existing::Overwrite => Ok(Standing::New),
            Existing::Resume => {
                if let Some(manifest) = self.manifest.take() {
                    self.same(&manifest.settings, settings)?;
                    return Ok(Standing::Complete(Box::new(manifest)));
                }
                let Some(past) = self.past.take() else {
                    return Err(Error::request(format!(
                        "{} has files, such as {}, and no journal of an export that could be resumed; \
                         choose an empty destination",
                        self.location,
                        self.first()
                    )));
                };
                self.same(&past.first.settings, settings)?;
                if settings.limit.is_some() {
                    return Err(Error::request(format!(
                        "the export to {} has a limit of rows, and cannot be resumed; begin anew with \
                         --overwrite",
                        self.location
                    )));
                }
                Ok(Standing::Begun(Box::new(past)))
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    fn first(&self) -> &str {
        self.entries.first().map_or("", |entry| entry.name.as_str())
    }

    fn refusal(&self) -> Error {
        let location = &self.location;
        let what = match (&self.manifest, &self.past) {
            (Some(manifest), _) => format!("an export of {}", manifest.settings.table),
            (None, Some(past)) => {
                format!("an export of {} that has not ended", past.first.settings.table)
            }
            (None, None) => format!("files, such as {}", self.first()),
        };
        Error::request(format!(
            "{location} is not empty: it has {what}; go on with that by --resume, replace it by \
             --overwrite, or choose another destination"
        ))
    }

    fn same(&self, theirs: &Settings, ours: &Settings) -> Result<()> {
        let differences = differences(theirs, ours);
        if differences.is_empty() {
            return Ok(());
        }
        Err(Error::request(format!(
            "the export in {} cannot be resumed with other settings; give the same, or begin anew with \
             --overwrite. Different are:\n  {}",
            self.location,
            differences.join("\n  ")
        )))
    }

    /// Whether no other run has written anything down since this one looked, when there was what `past`
    /// has; `own` is what this run has written.
    pub(crate) async fn is_as_seen(&self, past: Option<&Past>, own: &str) -> Result<bool> {
        let now = self.location.list().await?;
        let is_record = |entry: &&Entry| entry.name == MANIFEST || entry.name.starts_with(FOLDER);
        let now = now.iter().filter(|entry| entry.name != own).filter(is_record);
        let seen = self.entries.iter().filter(|entry| past.is_some() && is_record(entry));
        Ok(now.eq(seen))
    }

    /// Removes what dead runs of this export have left besides what is whole.
    pub(crate) async fn remove_leftovers(
        &self,
        table: &TableName,
        settings: &Settings,
        past: &Past,
    ) -> Result<()> {
        let whole: HashSet<&str> = past.files().map(|file| file.name.as_str()).collect();
        self.location.remove_unfinished().await?;
        let is_leftover = |name: &str| !whole.contains(name) && is_of(table, settings, name);
        let leftovers = self.names().filter(|name| is_leftover(name));
        for name in past.lost.iter().map(String::as_str).chain(leftovers) {
            tracing::info!(%name, "removing the leftover of a run that has not ended");
            self.location.delete(name).await?;
        }
        Ok(())
    }

    /// Removes the export that is there.
    pub(crate) async fn clear(&self, table: &TableName, settings: &Settings) -> Result<()> {
        let of_manifest = self.manifest.iter().flat_map(|manifest| &manifest.files);
        let of_journal = self.past.iter().flat_map(|past| past.files());
        let listed: HashSet<&str> =
            of_manifest.chain(of_journal).map(|file| file.name.as_str()).collect();
        let theirs = self
            .manifest
            .iter()
            .map(|manifest| &manifest.settings)
            .chain(self.past.iter().map(|past| &past.first.settings));
        let patterns: Vec<(TableName, &Settings)> = theirs
            .filter_map(|settings| Some((settings.table.parse().ok()?, settings)))
            .chain([(table.clone(), settings)])
            .collect();
        let ours = |name: &str| {
            name == MANIFEST
                || name.starts_with(FOLDER)
                || listed.contains(name)
                || patterns.iter().any(|(table, settings)| is_of(table, settings, name))
        };
        if let Some(stranger) = self.names().find(|name| !ours(name)) {
            return Err(Error::request(format!(
                "{} has files that no export has written, such as {stranger}; nothing was removed; move \
                 them away, or choose another destination",
                self.location
            )));
        }
        self.location.remove_unfinished().await?;
        // The manifest first: from then on nobody takes the rest for a whole export. The journal last: it
        // says whose the rest is, should this run come to a sudden end.
        if let Some(manifest) = &self.manifest {
            Journal::begin_or_keep(&self.location, &Start::of(manifest)).await?;
        }
        self.location.delete(MANIFEST).await?;
        let (journal, files): (Vec<&str>, Vec<&str>) =
            self.names().partition(|name| name.starts_with(FOLDER));
        for name in files.into_iter().chain(journal) {
            self.location.delete(name).await?;
        }
        remove_journal(&self.location).await
    }
}

fn is_of(table: &TableName, settings: &Settings, name: &str) -> bool {
    settings.file_name.matches(table, &settings.file.suffix(), name)
}

/// Removes what a run that did not know of this one may have written after it had begun.
pub(crate) async fn remove_strangers(
    location: &Location,
    table: &TableName,
    settings: &Settings,
    files: &[FileRecord],
) -> Result<()> {
    let listed: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    for Entry { name, .. } in location.list().await? {
        if !listed.contains(name.as_str()) && is_of(table, settings, &name) {
            tracing::warn!(%name, "removing a file of another run that was going on");
            location.delete(&name).await?;
        }
    }
    Ok(())
}

/// Removes the journal, once there is a manifest.
pub(crate) async fn remove_journal(location: &Location) -> Result<()> {
    let entries = location.list().await?;
    for entry in entries.iter().filter(|entry| entry.name.starts_with(FOLDER)) {
        location.delete(&entry.name).await?;
    }
    // Also what a run left that ended while it wrote its first entry.
    location.remove_unfinished().await?;
    Ok(())
}
