//! A folder that files are in, on a local disk or in an object store, and all that is done with whole
//! files there.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

use crate::checksum::{Checksum, RunningChecksum};
use crate::error::{Error, ErrorKind, Result};
use crate::store_options::StoreOptions;
use crate::{local, url};

/// What is read at once.
const PIECE_BYTES: usize = 4 << 20;
const PIECES_AHEAD: usize = 2;

/// A folder of a local disk, or a prefix in a bucket. Cheap to clone.
///
/// Names of files are relative to it and use `/`. They must not have `#`, which marks unfinished files.
/// Both its forms as text are the URL or the path, never with a secret.
#[derive(Clone)]
pub struct Location {
    inner: Arc<Inner>,
}

struct Inner {
    shown: String,
    store: Arc<dyn ObjectStore>,
    local: Option<LocalFolder>,
}

/// A location's folder on a local disk.
#[derive(Clone)]
pub(crate) struct LocalFolder {
    pub(crate) path: PathBuf,
    /// The lowest folder above or at `path` that was there in the beginning.
    pub(crate) anchor: PathBuf,
}

/// A file of a location.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name, relative to the location, with `/` between folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// What changes when the content does: the store's e-tag, or the size and the time of the last change.
    pub version: String,
}

impl Entry {
    fn new(object: &ObjectMeta) -> Self {
        let version = object.e_tag.clone().unwrap_or_else(|| {
            format!("{}-{}", object.size, object.last_modified.timestamp_micros())
        });
        Entry { name: object.location.to_string(), bytes: object.size, version }
    }
}

impl Location {
    /// Reads a path or a URL: a local path, `file://`, `s3://` (`s3a://`), `gs://`, or Azure's `az://`,
    /// `abfs://`, `abfss://`, `adl://`, `azure://`. Nothing is asked of the store, and nothing made.
    ///
    /// Credentials and endpoints are those of the environment, by the variables that the stores' own
    /// tools have: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`,
    /// `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, …; `GOOGLE_APPLICATION_CREDENTIALS`, …;
    /// `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY`, …; else those of the machine it runs
    /// on (roles of instances, containers and web identities). Profiles in `~/.aws` are not read.
    /// A region that is not given is `us-east-1`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] for an unknown scheme, a bad URL, or one with a password or a query,
    /// which would be shown to others; also where the environment lacks something.
    ///
    /// ```
    /// let location = formats::Location::parse("s3://bucket/export/2024")?;
    /// assert_eq!(location.to_string(), "s3://bucket/export/2024");
    /// assert!(formats::Location::parse("ftp://host/file").is_err());
    /// # Ok::<(), formats::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Location::open(text, &StoreOptions::default())
    }

    /// The same with options, which stand over the environment.
    ///
    /// # Errors
    ///
    /// As [`Location::parse`], and for options that can't be followed.
    pub fn open(text: &str, options: &StoreOptions) -> Result<Self> {
        Ok(Location::at(url::parse(text, options)?))
    }

    fn at(url::Target { shown, store, local }: url::Target) -> Self {
        let local = local.map(|path| {
            let anchor = local::existing_ancestor(&path);
            LocalFolder { path, anchor }
        });
        Location { inner: Arc::new(Inner { shown, store, local }) }
    }

    /// A folder within this one, in the same store. Its name is taken as it is: `%20` in it is no blank.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] for what can't be the name of a folder, or is a file.
    ///
    /// ```
    /// let bucket = formats::Location::parse("s3://bucket")?;
    /// assert_eq!(bucket.folder("a/b")?.to_string(), "s3://bucket/a/b");
    /// assert!(bucket.folder("../a").is_err());
    /// # Ok::<(), formats::Error>(())
    /// ```
    pub fn folder(&self, name: &str) -> Result<Self> {
        let path = self.path(name)?;
        if let Some(folder) = self.local() {
            return Ok(Location::at(url::local(&folder.path.join(name))?));
        }
        let store = Arc::new(PrefixStore::new(self.store().clone(), path));
        Ok(Location { inner: Arc::new(Inner { shown: self.shown(name), store, local: None }) })
    }

    /// A location of its own in memory, for tests and trials.
    pub fn in_memory() -> Self {
        let store = Arc::new(object_store::memory::InMemory::new());
        Location { inner: Arc::new(Inner { shown: "memory:///".to_owned(), store, local: None }) }
    }

    /// The store, rooted here.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.inner.store
    }

    /// The folder, where it is on a local disk.
    pub fn local_path(&self) -> Option<&FilePath> {
        self.inner.local.as_ref().map(|local| local.path.as_path())
    }

    pub(crate) fn local(&self) -> Option<&LocalFolder> {
        self.inner.local.as_ref()
    }

    /// A file's name as people know it: the whole path or URL.
    pub(crate) fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.inner.shown.strip_suffix('/').unwrap_or(&self.inner.shown))
    }

    /// Checks a name and makes it the store's.
    pub(crate) fn path(&self, name: &str) -> Result<Path> {
        let refused = |why: &str| {
            Error::request(format!("{name:?} can't be the name of a file in {self}: {why}"))
        };
        if name.is_empty() || name.starts_with('/') || name.ends_with('/') {
            return Err(refused("it must be relative, and name a file"));
        }
        if name.contains('#') {
            return Err(refused("# marks unfinished files"));
        }
        Path::parse(name).map_err(|source| refused("a part of it is no name").with_source(source))
    }

    /// All files, also those in folders within, sorted by name. Unfinished ones are not among them.
    /// A folder that is not there has no files.
    ///
    /// # Errors
    ///
    /// Where the store can't be listed.
    pub async fn list(&self) -> Result<Vec<Entry>> {
        let entries = self.store().list(None).map_ok(|object| Entry::new(&object));
        let entries = entries.try_collect::<Vec<_>>().await;
        let mut entries = entries
            .map_err(|source| Error::of(format_args!("{self} could not be listed"), source))?;
        // Consoles make an object for the folder itself.
        entries.retain(|entry| !entry.name.is_empty());
        entries.sort_unstable();
        Ok(entries)
    }

    /// What is known of a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], or where the store can't be asked.
    pub async fn head(&self, name: &str) -> Result<Entry> {
        let found = self.store().head(&self.path(name)?).await;
        let found = found.map_err(|source| self.unreadable(name, source))?;
        // Stores below a prefix tell the whole path here.
        Ok(Entry { name: name.to_owned(), ..Entry::new(&found) })
    }

    /// A whole file, which must fit in memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], or where it can't be read.
    pub async fn read(&self, name: &str) -> Result<Bytes> {
        let path = self.path(name)?;
        let content = async { self.store().get(&path).await?.bytes().await };
        content.await.map_err(|source| self.unreadable(name, source))
    }

    /// The bytes of a file from `range.start` to before `range.end`; fewer where it ends before.
    ///
    /// # Errors
    ///
    /// As [`Location::read`]; also where it ends before `range.start`.
    pub async fn read_range(&self, name: &str, range: Range<u64>) -> Result<Bytes> {
        let read = self.store().get_range(&self.path(name)?, range).await;
        read.map_err(|source| self.unreadable(name, source))
    }

    /// A file in pieces of 4 MiB, of which two are held or on their way.
    ///
    /// Each is a request of its own, since a store ends a long one: a slow consumer does no harm. A file
    /// that is replaced meanwhile is an error, never a mixture.
    ///
    /// # Errors
    ///
    /// As [`Location::read`], also later, within the stream.
    pub async fn stream(&self, name: &str) -> Result<BoxStream<'static, Result<Bytes>>> {
        let path = self.path(name)?;
        let found = self.store().head(&path).await;
        let found = found.map_err(|source| self.unreadable(name, source))?;
        let starts = (0..found.size).step_by(PIECE_BYTES);
        let ranges = starts.map(move |start| start..found.size.min(start + PIECE_BYTES as u64));
        let (location, name) = (self.clone(), name.to_owned());
        let pieces = stream::iter(ranges).map(move |range| {
            let (location, name, path) = (location.clone(), name.clone(), path.clone());
            let options =
                GetOptions::new().with_range(Some(range)).with_if_match(found.e_tag.clone());
            async move {
                let piece =
                    async { location.store().get_opts(&path, options).await?.bytes().await };
                piece.await.map_err(|source| location.unreadable(&name, source))
            }
        });
        Ok(pieces.buffered(PIECES_AHEAD).boxed())
    }

    /// Writes a small file: all of it is visible, or nothing, and it is durable. It replaces a file of
    /// the same name at once.
    ///
    /// # Errors
    ///
    /// Where it can't be written; nothing of it is left then.
    pub async fn put(&self, name: &str, content: Bytes) -> Result<()> {
        let mut upload = crate::object::Upload::create(self, name).await?;
        upload.finish(content).await.map(drop)
    }

    /// As [`Location::put`], but only if there is no file of that name: of several who try at the same
    /// time, one succeeds. A store without conditional writes is asked for the file before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Exists`], or where it can't be written.
    pub async fn create(&self, name: &str, content: Bytes) -> Result<()> {
        let path = self.path(name)?;
        let failed = format!("{} could not be made", self.shown(name));
        let Some(local) = self.local() else {
            let payload = PutPayload::from(content.clone());
            return match self.store().put_opts(&path, payload, PutMode::Create.into()).await {
                Ok(_) => Ok(()),
                Err(object_store::Error::NotImplemented { .. }) => match self.contains(name).await?
                {
                    true => Err(Error::of(failed, io::Error::from(io::ErrorKind::AlreadyExists))),
                    false => self.put(name, content).await,
                },
                Err(source) => Err(Error::of(failed, source)),
            };
        };
        let (target, anchor) = (local.path.join(name), local.anchor.clone());
        let made = blocking(move || {
            let mut file = local::StagedFile::create(target, anchor)?;
            file.write_all(&content)?;
            file.persist_new()
        });
        made.await.map_err(|source| Error::of(failed, source))
    }

    /// Removes a file. It need not be there.
    ///
    /// # Errors
    ///
    /// Where it can't be removed.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        let failed = format!("{} could not be removed", self.shown(name));
        match self.local() {
            Some(local) => {
                let path = local.path.join(name);
                blocking(move || local::remove(&path)).await.map_err(|e| Error::of(failed, e))
            }
            None => match self.store().delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(source) => Err(Error::of(failed, source)),
            },
        }
    }

    /// Removes what dead writers have left, and says how many files that were. Nobody else may be
    /// writing here meanwhile.
    ///
    /// Only local disks have such files. In object stores the parts of an upload that was neither
    /// finished nor aborted are not files, can't be listed here, and cost money: let a lifecycle rule
    /// of the bucket remove them (S3: `AbortIncompleteMultipartUpload`).
    ///
    /// # Errors
    ///
    /// Where a folder can't be listed, or a file can't be removed.
    pub async fn remove_unfinished(&self) -> Result<usize> {
        let Some(local) = self.local() else { return Ok(0) };
        let path = local.path.clone();
        blocking(move || local::remove_staged(&path)).await.map_err(|source| {
            Error::of(format_args!("unfinished files in {self} could not be removed"), source)
        })
    }

    /// Reads a file and sums it up.
    ///
    /// # Errors
    ///
    /// As [`Location::read`].
    pub async fn checksum(&self, name: &str) -> Result<Checksum> {
        let mut pieces = self.stream(name).await?;
        let mut sum = RunningChecksum::default();
        while let Some(piece) = pieces.try_next().await? {
            sum.update(&piece);
        }
        Ok(sum.finish())
    }

    /// Why a file could not be read.
    pub(crate) fn unreadable(
        &self,
        name: &str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        Error::of(format_args!("{} could not be read", self.shown(name)), source)
    }

    /// Whether a file is there.
    ///
    /// # Errors
    ///
    /// Where that can't be found out.
    pub async fn contains(&self, name: &str) -> Result<bool> {
        match self.head(name).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.shown)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Location").field(&self.inner.shown).finish()
    }
}

/// Runs what blocks on a thread where that is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
}
