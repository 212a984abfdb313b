//! What is read: files of folders, patterns and URLs, a folder that an export has written, a snapshot of
//! an Iceberg table, standard input, or batches.

use std::collections::{HashMap, HashSet};
use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use formats::{Guess, Input, Location, SourceFile, sources};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use lakehouse::{Catalog, Pin, PinnedRead, ReadTask};

use super::journal::{InputRecord, PinRecord};
use crate::error::{Error, Result};
use crate::export::{Manifest, UNFINISHED};
use crate::iceberg::IcebergSource;

/// Where records come from.
pub(crate) enum Given {
    /// A path or URL of a file or folder, or a pattern of such; `-` is standard input.
    Place(String),
    /// An Iceberg table.
    Table(Box<IcebergSource>),
    /// Batches, under a name.
    Batches(String, SchemaRef, BoxStream<'static, formats::Result<RecordBatch>>),
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Place(place) => f.debug_tuple("Place").field(place).finish(),
            Given::Table(table) => f.debug_tuple("Table").field(table).finish(),
            Given::Batches(name, ..) => f.debug_tuple("Batches").field(name).finish(),
        }
    }
}

/// One source of records.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its name for people.
    pub(crate) shown: String,
    pub(crate) origin: Origin,
    /// What is known of its form.
    pub(crate) guess: Guess,
}

/// What a source is.
pub(crate) enum Origin {
    File(SourceFile),
    /// A part of a snapshot; none where the snapshot has no rows.
    Task(PinnedRead, Option<ReadTask>),
    /// What can be read once only.
    Once(Option<Input>),
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(file) => f.debug_tuple("File").field(file).finish(),
            Origin::Task(_, task) => f.debug_tuple("Task").field(task).finish(),
            Origin::Once(_) => f.write_str("Once"),
        }
    }
}

impl Source {
    /// What is read.
    pub(crate) fn input(&mut self) -> Result<Input> {
        match &mut self.origin {
            Origin::File(file) => {
                Ok(Input::File { location: file.location.clone(), name: file.name.clone() })
            }
            Origin::Task(read, task) => {
                let batches = match task {
                    Some(task) => read.batches(task)?,
                    None => stream::empty().boxed(),
                };
                let name = self.shown.clone();
                let batches = batches.map(move |batch| {
                    batch.map_err(|error| formats::Error::external(&name, error))
                });
                Ok(Input::Batches(read.schema().clone(), batches.boxed()))
            }
            Origin::Once(input) => {
                input.take().ok_or_else(|| Error::internal(format!("{} is read twice", self.shown)))
            }
        }
    }

    pub(crate) fn partition(&self) -> &[(String, Option<String>)] {
        match &self.origin {
            Origin::File(file) => &file.partition,
            Origin::Task(..) | Origin::Once(_) => &[],
        }
    }

    pub(crate) fn bytes(&self) -> Option<u64> {
        match &self.origin {
            Origin::File(file) => Some(file.bytes),
            Origin::Task(_, task) => Some(task.as_ref().map_or(0, ReadTask::bytes)),
            Origin::Once(_) => None,
        }
    }

    /// About the bytes of a row, where they can't be counted while it is read.
    pub(crate) fn row_bytes(&self) -> Option<u64> {
        match &self.origin {
            Origin::Task(_, Some(task)) => task.rows().map(|rows| task.bytes() / rows.max(1)),
            _ => None,
        }
    }

    pub(crate) fn record(&self) -> InputRecord {
        InputRecord {
            name: self.shown.clone(),
            bytes: self.bytes(),
            version: match &self.origin {
                Origin::File(file) => Some(file.version.clone()),
                Origin::Task(_, task) => task.as_ref().map(ReadTask::version),
                Origin::Once(_) => None,
            },
            format: serde_json::to_string(&self.guess).unwrap_or_default(),
        }
    }
}

/// What an import reads.
#[derive(Debug)]
pub(crate) struct Sources {
    /// In the order in which they are named.
    pub(crate) all: Vec<Source>,
    /// The snapshots that they are of.
    pub(crate) pins: Vec<PinRecord>,
    /// Files of them that have no row for the filter.
    pub(crate) skipped: u64,
}

/// Finds all sources. Of an Iceberg table that `pinned` names that snapshot is read: the one that was
/// current when the import began.
pub(crate) async fn resolve(
    from: Vec<Given>,
    guess: &Guess,
    pinned: &[PinRecord],
) -> Result<Sources> {
    let (mut all, mut pins, mut skipped) = (Vec::<Source>::new(), Vec::new(), 0);
    for from in from {
        match from {
            Given::Place(place) if place == "-" => {
                let input = Input::Reader(Box::new(std::io::stdin()));
                let origin = Origin::Once(Some(input));
                let shown = "standard input".to_owned();
                all.push(Source { shown, origin, guess: guess.clone() });
            }
            Given::Place(place) => all.extend(of_place(&place, guess).await?),
            Given::Table(table) => {
                if *guess != Guess::default() {
                    return Err(Error::request(format!(
                        "{} is an Iceberg table, which knows the form of its files; leave the format and \
                         its options out",
                        table.table
                    )));
                }
                let (pin, sources, without) = of_table(*table, pinned).await?;
                skipped += without;
                pins.push(pin);
                all.extend(sources);
            }
            Given::Batches(shown, schema, batches) => {
                let input = Input::Batches(schema, batches);
                let origin = Origin::Once(Some(input));
                all.push(Source { shown, origin, guess: guess.clone() });
            }
        }
    }
    let mut names = HashSet::new();
    if let Some(twice) = all.iter().find(|source| !names.insert(source.shown.as_str())) {
        return Err(Error::request(format!("{} is named twice", twice.shown)));
    }
    if all.is_empty() {
        return Err(Error::request("there is nothing to import from: name a file or a folder"));
    }
    Ok(Sources { all, pins, skipped })
}

async fn of_table(
    mut from: IcebergSource,
    pinned: &[PinRecord],
) -> Result<(PinRecord, Vec<Source>, u64)> {
    let name = from.table.to_string();
    let before = pinned.iter().find(|pin| pin.table == name);
    if from.read.pin == Pin::Current
        && let Some(snapshot) = before.and_then(|pin| pin.snapshot_id)
    {
        from.read.pin = Pin::Snapshot(snapshot);
    }
    let catalog = Catalog::open_existing(&from.catalog).await?;
    let read = catalog.table(&from.table).await?.read(&from.read).await?;
    let pin = PinRecord {
        table: name.clone(),
        snapshot_id: read.snapshot_id(),
        columns: from.read.columns,
        filter: from.read.filter,
    };
    let source = |shown: String, task| {
        let origin = Origin::Task(read.clone(), task);
        Source { shown, origin, guess: Guess::default() }
    };
    let tasks = read.tasks().iter();
    let mut sources: Vec<Source> =
        tasks.map(|task| source(task.name().to_owned(), Some(task.clone()))).collect();
    if sources.is_empty() {
        // Whether its columns are those of the table is found out all the same.
        sources.push(source(name, None));
    }
    Ok((pin, sources, read.files_skipped()))
}

async fn of_place(place: &str, guess: &Guess) -> Result<Vec<Source>> {
    let is_pattern = place.contains(['*', '?', '[', '{']);
    if !is_pattern
        && let Ok(location) = Location::parse(place)
        && let Some(manifest) = manifest_of(&location).await?
    {
        return of_manifest(place, &location, &manifest, guess).await;
    }
    let files = sources(place).await?;
    Ok(files.into_iter().map(|file| source(file, guess.clone())).collect())
}

fn source(file: SourceFile, guess: Guess) -> Source {
    let shown = format!("{}/{}", file.location.to_string().trim_end_matches('/'), file.name);
    Source { shown, origin: Origin::File(file), guess }
}

/// The manifest of a folder that an export has written.
async fn manifest_of(location: &Location) -> Result<Option<Manifest>> {
    match Manifest::read(location).await {
        Ok(Some(manifest)) => Ok(Some(manifest)),
        Ok(None) => match location.contains(UNFINISHED).await {
            Ok(true) => Err(Error::request(format!(
                "{location} has an export that has not ended: end it by export --resume, or name its \
                 files one by one"
            ))),
            _ => Ok(None),
        },
        // It is a file, and so has nothing in it.
        Err(Error::Files(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn of_manifest(
    place: &str,
    location: &Location,
    manifest: &Manifest,
    guess: &Guess,
) -> Result<Vec<Source>> {
    if *guess != Guess::default() {
        return Err(Error::request(format!(
            "{location} is an export, and its manifest says how its files were written; leave the \
             format and its options out"
        )));
    }
    let guess = Guess::from(&manifest.settings.file);
    if manifest.files.is_empty() {
        return Ok(Vec::new());
    }
    let mut there: HashMap<String, SourceFile> =
        sources(place).await?.into_iter().map(|file| (file.name.clone(), file)).collect();
    let mut found = Vec::with_capacity(manifest.files.len());
    for listed in &manifest.files {
        let changed = |what: &str| {
            Error::request(format!(
                "{} of the export {location} {what}; cassandra-bulk verify shows all such differences",
                listed.name
            ))
        };
        let file = there.remove(&listed.name).ok_or_else(|| changed("is not there"))?;
        if file.bytes != listed.bytes {
            return Err(changed(&format!(
                "has {} bytes, and had {} when it was written",
                file.bytes, listed.bytes
            )));
        }
        found.push(source(file, guess.clone()));
    }
    Ok(found)
}
