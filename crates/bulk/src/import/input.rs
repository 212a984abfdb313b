//! What is read: files of folders, patterns and URLs, a folder that an export has written, standard
//! input, or batches.

use std::collections::{HashMap, HashSet};
use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use formats::{Guess, Input, Location, SourceFile, sources};
use futures::stream::BoxStream;

use super::journal::InputRecord;
use crate::error::{Error, Result};
use crate::export::{Manifest, UNFINISHED};

/// Where records come from.
pub(crate) enum Given {
    /// A path or URL of a file or folder, or a pattern of such; `-` is standard input.
    Place(String),
    /// Batches, under a name.
    Batches(String, SchemaRef, BoxStream<'static, formats::Result<RecordBatch>>),
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Place(place) => f.debug_tuple("Place").field(place).finish(),
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
    /// What can be read once only.
    Once(Option<Input>),
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(file) => f.debug_tuple("File").field(file).finish(),
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
            Origin::Once(input) => {
                input.take().ok_or_else(|| Error::internal(format!("{} is read twice", self.shown)))
            }
        }
    }

    pub(crate) fn partition(&self) -> &[(String, Option<String>)] {
        match &self.origin {
            Origin::File(file) => &file.partition,
            Origin::Once(_) => &[],
        }
    }

    pub(crate) fn bytes(&self) -> Option<u64> {
        match &self.origin {
            Origin::File(file) => Some(file.bytes),
            Origin::Once(_) => None,
        }
    }

    pub(crate) fn record(&self) -> InputRecord {
        InputRecord {
            name: self.shown.clone(),
            bytes: self.bytes(),
            version: match &self.origin {
                Origin::File(file) => Some(file.version.clone()),
                Origin::Once(_) => None,
            },
            format: serde_json::to_string(&self.guess).unwrap_or_default(),
        }
    }
}

/// All sources, in the order in which they are named.
pub(crate) async fn resolve(from: Vec<Given>, guess: &Guess) -> Result<Vec<Source>> {
    let mut all: Vec<Source> = Vec::new();
    for from in from {
        match from {
            Given::Place(place) if place == "-" => {
                let input = Input::Reader(Box::new(std::io::stdin()));
                let origin = Origin::Once(Some(input));
                let shown = "standard input".to_owned();
                all.push(Source { shown, origin, guess: guess.clone() });
            }
            Given::Place(place) => all.extend(of_place(&place, guess).await?),
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
    Ok(all)
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
