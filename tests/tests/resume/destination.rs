//! A folder that is exported to, and what is found there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// What there is of a file: its size, and when it was last written to.
pub(crate) type Seen = (u64, SystemTime);

/// A folder that is exported to; gone when dropped.
#[derive(Debug)]
pub(crate) struct Destination {
    text: String,
    path: PathBuf,
    _above: TempDir,
}

impl Destination {
    /// A folder that is not there yet. Its name has what a shell takes for something else.
    pub(crate) fn new() -> Result<Destination> {
        let above = tempfile::tempdir()?;
        let path = above.path().join("it's $HOME");
        let text = path.to_str().context("a path that is not text")?.to_owned();
        Ok(Destination { text, path, _above: above })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Every file, hidden ones too.
    pub(crate) fn files(&self) -> Result<BTreeMap<String, Seen>> {
        let mut found = BTreeMap::new();
        self.walk(&self.path, &mut found)?;
        Ok(found)
    }

    /// A program may be at work here meanwhile: what is gone when it is looked at is left out.
    fn walk(&self, folder: &Path, found: &mut BTreeMap<String, Seen>) -> Result<()> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
        for entry in entries {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                self.walk(&entry.path(), found)?;
            } else {
                let name = entry.path().strip_prefix(&self.path)?.to_string_lossy().into_owned();
                found.insert(name, (metadata.len(), metadata.modified()?));
            }
        }
        Ok(())
    }

    /// The names of all files but those of the export's own folder.
    pub(crate) fn data(&self) -> Result<BTreeSet<String>> {
        let files = self.files()?.into_keys();
        Ok(files.filter(|name| !name.starts_with("_bulk/")).collect())
    }

    /// The entries of the journal that say what is whole: their names and what is in them.
    pub(crate) fn units(&self) -> Result<Vec<(String, Value)>> {
        let mut units = Vec::new();
        for name in self.files()?.into_keys() {
            let is_entry = name.starts_with("_bulk/journal/") && name.ends_with(".json");
            if is_entry && !name.ends_with("-00000000.json") {
                let text = fs::read(self.path(&name))?;
                units.push((name, serde_json::from_slice(&text)?));
            }
        }
        Ok(units)
    }

    /// How many units are whole, where nothing else of them is wanted.
    pub(crate) fn unit_count(&self) -> usize {
        self.units().map_or(0, |units| units.len())
    }

    /// The files that the journal names.
    pub(crate) fn journaled(&self) -> Result<BTreeSet<String>> {
        let units = self.units()?;
        let names = units.iter().map(|(_, unit)| listed(unit)).collect::<Result<Vec<_>>>()?;
        Ok(names.into_iter().flatten().collect())
    }

    /// The manifest; `None` where the export has not ended.
    pub(crate) fn manifest(&self) -> Result<Option<Value>> {
        match fs::read(self.path("_bulk/manifest.json")) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(_) => Ok(None),
        }
    }

    /// Whether there are the manifest and what it lists, and nothing else, not even a hidden file.
    pub(crate) fn has_nothing_but_the_export(&self) -> Result<()> {
        let manifest = self.manifest()?.context("there is no manifest")?;
        let mut expected = listed(&manifest)?;
        expected.insert("_bulk/manifest.json".to_owned());
        let found: BTreeSet<String> = self.files()?.into_keys().collect();
        let surplus: Vec<_> = found.difference(&expected).take(5).collect();
        let missing: Vec<_> = expected.difference(&found).take(5).collect();
        ensure!(found == expected, "too many: {surplus:?}; missing: {missing:?}");
        Ok(())
    }
}

/// The names of the files of a manifest, or of a unit.
fn listed(document: &Value) -> Result<BTreeSet<String>> {
    let files = document["files"].as_array().context("no files")?;
    let names = files.iter().map(|file| file["name"].as_str().context("a file without a name"));
    names.map(|name| Ok(name?.to_owned())).collect()
}
