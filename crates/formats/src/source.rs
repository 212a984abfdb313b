//! The files that are meant by a path, a URL, or a pattern of them.

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, ErrorKind, Result};
use crate::location::{Entry, Location};
use crate::partition::partition_of;

/// A file to be read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The folder that was given, or the lowest one above a pattern.
    pub location: Location,
    /// Its name there.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// What changes when the content does.
    pub version: String,
    /// The columns in the names of folders below the location (`day=2024-01-01/`), outermost first, with
    /// their values, decoded. `None` is null.
    pub partition: Vec<(String, Option<String>)>,
}

/// Finds files: one by its path or URL, all in a folder and those within, or those that a pattern fits;
/// sorted by name.
///
/// In a pattern, `*` and `?` fit characters of a name, `**` any folders, `[a-z]` a character, and `{a,b}`
/// one or the other. A file or a folder that is named like the pattern comes first. In folders and by
/// patterns, names that begin with `.` are left out, and those with `_` unless there is a `=` in them, also
/// those of folders: other tools keep there what is not data. A pattern that begins so finds them.
///
/// # Errors
///
/// [`ErrorKind::NotFound`], naming the text, where there is no file; [`ErrorKind::Request`] for what is
/// no path, URL or pattern, as in [`Location::parse`]; or where the store can't be asked.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let folder = tempfile::tempdir()?;
/// std::fs::create_dir(folder.path().join("day=1"))?;
/// std::fs::write(folder.path().join("day=1/a.csv"), "id\n1\n")?;
/// std::fs::write(folder.path().join("_SUCCESS"), "")?;
/// let found = formats::sources(&folder.path().display().to_string()).await?;
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].name, "day=1/a.csv");
/// assert_eq!(found[0].partition, [("day".to_owned(), Some("1".to_owned()))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn sources(text: &str) -> Result<Vec<SourceFile>> {
    if let Some(file) = single(text).await? {
        return Ok(vec![file]);
    }
    let mut found = Vec::new();
    if !text.contains(SPECIAL) || is_folder(text) {
        found = in_folder(text).await?;
    }
    if found.is_empty() && text.contains(SPECIAL) {
        found = by_pattern(text).await?;
    }
    if found.is_empty() {
        return Err(Error::not_found(format!("{text} has no files, or is not there")));
    }
    Ok(found)
}

const SPECIAL: [char; 6] = ['*', '?', '[', ']', '{', '}'];

/// The text as the name of a file.
async fn single(text: &str) -> Result<Option<SourceFile>> {
    let Some((folder, name)) = split(text) else { return Ok(None) };
    let may_be = match is_url(text) {
        true => !folder.contains(SPECIAL),
        false => std::path::Path::new(text).is_file(),
    };
    if name.is_empty() || !may_be {
        return Ok(None);
    }
    let location = Location::parse(folder)?;
    match location.head(&name).await {
        Ok(entry) => Ok(Some(SourceFile { partition: Vec::new(), ..source(&location, entry) })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // What is no name of a file may be one of a folder, or a pattern.
        Err(error) if error.kind() == ErrorKind::Request && text.contains(SPECIAL) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn in_folder(text: &str) -> Result<Vec<SourceFile>> {
    let location = Location::parse(text)?;
    let entries = location.list().await?.into_iter();
    let entries = entries.filter(|entry| !is_hidden(&entry.name, ""));
    Ok(entries.map(|entry| source(&location, entry)).collect())
}

async fn by_pattern(text: &str) -> Result<Vec<SourceFile>> {
    let first = text.find(SPECIAL).unwrap_or(text.len());
    let (folder, pattern) = match text[..first].rfind('/') {
        Some(slash) => (&text[..=slash], &text[slash + 1..]),
        None => ("./", text),
    };
    let matcher = matcher(pattern)?;
    let location = Location::parse(folder)?;
    let entries = location.list().await?.into_iter();
    let entries =
        entries.filter(|entry| matcher.is_match(&entry.name) && !is_hidden(&entry.name, pattern));
    Ok(entries.map(|entry| source(&location, entry)).collect())
}

fn matcher(pattern: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
    let glob = glob.map_err(|source| {
        Error::request(format!("{pattern:?} is no pattern of files")).with_source(source)
    })?;
    Ok(glob.compile_matcher())
}

fn source(location: &Location, entry: Entry) -> SourceFile {
    let Entry { name, bytes, version } = entry;
    let partition = partition_of(&name);
    SourceFile { location: location.clone(), name, bytes, version, partition }
}

/// Whether other tools take a file or a folder above it for no data. A pattern may ask for it.
fn is_hidden(name: &str, pattern: &str) -> bool {
    let asked = |start: char| pattern.split('/').any(|part| part.starts_with(start));
    name.split('/').any(|part| {
        (part.starts_with('.') && !asked('.'))
            || (part.starts_with('_') && !part.contains('=') && !asked('_'))
    })
}

fn is_url(text: &str) -> bool {
    text.contains("://") || text.starts_with("file:")
}

fn is_folder(text: &str) -> bool {
    !is_url(text) && std::path::Path::new(text).is_dir()
}

/// The folder of a path or URL, and the name in it; `None` for a URL of a whole store.
fn split(text: &str) -> Option<(&str, String)> {
    let Some((folder, name)) = text.rsplit_once('/') else { return Some(("./", text.to_owned())) };
    if !is_url(text) {
        return Some((&text[..=folder.len()], name.to_owned()));
    }
    let (_, rest) = text.split_once("://").unwrap_or(("", folder));
    // Names in URLs are encoded, as `Location::parse` takes them for its folder.
    let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?.into_owned();
    rest.contains('/').then_some((&text[..=folder.len()], name))
}
