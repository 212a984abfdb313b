//! Durable, atomic files on a local disk.
//!
//! **Why not the object store's own local files?** They are never synced, so a file that was renamed
//! into place may be empty after a power failure, also where it replaced a good one. Here content is
//! synced, then renamed, then the folders are synced, in this order.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that gets its name when it is whole. Dropping it removes it.
///
/// Until then it is `.name#1` in the same folder: hidden from people, and the end `#` with digits
/// hides it from listings. Other numbers are of other writers of the same name.
#[derive(Debug)]
pub(crate) struct StagedFile {
    file: File,
    staged: PathBuf,
    target: PathBuf,
    anchor: PathBuf,
}

impl StagedFile {
    /// Makes the file, and the folders it is in. `anchor` is the folder from which on downwards
    /// folders may be new.
    pub(crate) fn create(target: PathBuf, anchor: PathBuf) -> io::Result<Self> {
        let folder = folder_of(&target);
        fs::create_dir_all(folder)?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        for number in 1_u64.. {
            let staged = folder.join(format!(".{name}#{number}"));
            match OpenOptions::new().write(true).create_new(true).open(&staged) {
                Ok(file) => return Ok(StagedFile { file, staged, target, anchor }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    pub(crate) fn write_all(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)
    }

    /// Makes the file visible under its name, and durable.
    pub(crate) fn persist(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.staged, &self.target)?;
        sync_folders(folder_of(&self.target), &self.anchor)
    }

    /// The same, unless there is a file of that name.
    pub(crate) fn persist_new(self) -> io::Result<()> {
        self.file.sync_all()?;
        // A link, unlike a rename, never replaces anything; the staged name goes with the drop.
        fs::hard_link(&self.staged, &self.target)?;
        sync_folders(folder_of(&self.target), &self.anchor)
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // After a rename there is nothing of that name. If it fails, `remove_unfinished` finds it.
        let _ = fs::remove_file(&self.staged);
    }
}

/// Removes a file durably; it may be gone already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes what dead writers have left under `folder`; how many files that were.
pub(crate) fn remove_staged(folder: &Path) -> io::Result<usize> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            removed += remove_staged(&entry.path())?;
        } else if kind.is_file() && is_staged(&entry.file_name().to_string_lossy()) {
            remove(&entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Whether a file is named as those of [`StagedFile`] are.
fn is_staged(name: &str) -> bool {
    let number = name.strip_prefix('.').and_then(|name| name.split_once('#'));
    number.is_some_and(|(name, number)| {
        !name.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The nearest folder on the way up to `path` that is there.
pub(crate) fn existing_ancestor(path: &Path) -> PathBuf {
    path.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// Syncs `folder` and all above it up to `anchor`, the lowest that was there before.
fn sync_folders(folder: &Path, anchor: &Path) -> io::Result<()> {
    for folder in folder.ancestors() {
        sync_folder(folder)?;
        if folder == anchor {
            break;
        }
    }
    Ok(())
}

/// Some network file systems have no such thing as syncing a folder, and do it by themselves.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_no_name_before_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/er/a.csv");
        let mut file = StagedFile::create(target.clone(), folder.path().to_owned()).unwrap();
        let other = StagedFile::create(target.clone(), folder.path().to_owned()).unwrap();
        file.write_all(b"1").unwrap();
        assert!(!target.exists());
        drop(other);
        file.persist().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"1");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn only_files_of_writers_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".a.csv#1", ".b#22", "a.csv", "notes#1", ".a#", ".#1", ".a#1b"] {
            fs::create_dir_all(folder.path().join("in")).unwrap();
            fs::write(folder.path().join("in").join(name), "").unwrap();
        }
        assert_eq!(remove_staged(folder.path()).unwrap(), 2);
        assert_eq!(fs::read_dir(folder.path().join("in")).unwrap().count(), 5);
        assert_eq!(remove_staged(&folder.path().join("none")).unwrap(), 0);
    }
}
