//! A file on its way into a store: pieces in, nothing visible, then all of it at once.

use std::io;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::task::{JoinError, JoinHandle};

use crate::checksum::{Checksum, RunningChecksum};
use crate::error::{Error, Result};
use crate::local::StagedFile;
use crate::location::{Location, blocking};

/// S3 takes no smaller part than this, but for the last one.
const PART_BYTES: usize = 5 << 20;
/// S3 takes 10 000 parts: so many of the size above are 24 GiB; the others are larger.
const SMALL_PARTS: usize = 5_000;
const LARGE_PART_BYTES: usize = 64 << 20;
/// What is written to a local disk at once.
const LOCAL_BYTES: usize = 1 << 20;

/// A file that is being written. One piece is under way while the caller fills the next.
///
/// Dropping it leaves nothing visible.
#[derive(Debug)]
pub(crate) struct Upload {
    location: Location,
    name: String,
    sink: Sink,
    sum: RunningChecksum,
}

#[derive(Debug)]
enum Sink {
    Local {
        file: Option<StagedFile>,
        writing: Option<JoinHandle<io::Result<StagedFile>>>,
    },
    Remote {
        path: Path,
        parts: Option<Parts>,
    },
    /// Finished, aborted, or failed.
    Closed,
}

/// A multipart upload, begun with its first part.
#[derive(Debug)]
struct Parts {
    upload: Box<dyn MultipartUpload>,
    count: usize,
    sending: Option<JoinHandle<object_store::Result<()>>>,
}

impl Upload {
    pub(crate) async fn create(location: &Location, name: &str) -> Result<Self> {
        let path = location.path(name)?;
        let sink = match location.local() {
            Some(local) => {
                let (target, anchor) = (local.path.join(name), local.anchor.clone());
                let file = blocking(move || StagedFile::create(target, anchor)).await;
                let file = file.map_err(|source| unwritable(location, name, source))?;
                Sink::Local { file: Some(file), writing: None }
            }
            None => Sink::Remote { path, parts: None },
        };
        let (location, name) = (location.clone(), name.to_owned());
        Ok(Upload { location, name, sink, sum: RunningChecksum::default() })
    }

    /// The size that the next piece must have, unless it is the last.
    pub(crate) fn piece_bytes(&self) -> usize {
        match &self.sink {
            Sink::Remote { parts: Some(parts), .. } if parts.count >= SMALL_PARTS => {
                LARGE_PART_BYTES
            }
            Sink::Remote { .. } => PART_BYTES,
            Sink::Local { .. } | Sink::Closed => LOCAL_BYTES,
        }
    }

    /// Bytes taken so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.sum.bytes()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The whole path or URL.
    pub(crate) fn shown(&self) -> String {
        self.location.shown(&self.name)
    }

    /// Takes a piece of at least [`Upload::piece_bytes`], after the one before has been written.
    pub(crate) async fn write(&mut self, piece: Bytes) -> Result<()> {
        self.sum.update(&piece);
        match self.send(piece).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    async fn send(&mut self, piece: Bytes) -> Result<()> {
        self.settle().await?;
        match &mut self.sink {
            Sink::Local { file, writing } => {
                if let Some(mut file) = file.take() {
                    *writing = Some(tokio::task::spawn_blocking(move || {
                        file.write_all(&piece)?;
                        Ok(file)
                    }));
                }
            }
            Sink::Remote { path, parts } => {
                let parts = match parts {
                    Some(parts) => parts,
                    None => {
                        let upload = self.location.store().put_multipart(path).await;
                        let upload = upload
                            .map_err(|source| unwritable(&self.location, &self.name, source))?;
                        parts.insert(Parts { upload, count: 0, sending: None })
                    }
                };
                parts.count += 1;
                parts.sending = Some(tokio::spawn(parts.upload.put_part(PutPayload::from(piece))));
            }
            Sink::Closed => return Err(self.closed()),
        }
        Ok(())
    }

    /// Waits for the piece under way.
    async fn settle(&mut self) -> Result<()> {
        let settled = match &mut self.sink {
            Sink::Local { file, writing } => match writing.take() {
                Some(task) => joined(task.await).map(|written| *file = Some(written)),
                None => Ok(()),
            },
            Sink::Remote { parts: Some(parts), .. } => match parts.sending.take() {
                Some(task) => {
                    let sent = task.await.unwrap_or_else(|error| Err(error.into()));
                    return sent.map_err(|error| unwritable(&self.location, &self.name, error));
                }
                None => Ok(()),
            },
            Sink::Remote { parts: None, .. } | Sink::Closed => Ok(()),
        };
        settled.map_err(|error| unwritable(&self.location, &self.name, error))
    }

    /// Takes the last piece, of any size, and makes the file visible and durable.
    pub(crate) async fn finish(&mut self, last: Bytes) -> Result<Checksum> {
        self.sum.update(&last);
        match self.complete(last).await {
            Ok(()) => {
                self.sink = Sink::Closed;
                Ok(self.sum.clone().finish())
            }
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    async fn complete(&mut self, last: Bytes) -> Result<()> {
        self.settle().await?;
        if !last.is_empty() && !matches!(self.sink, Sink::Remote { parts: None, .. }) {
            self.send(last.clone()).await?;
            self.settle().await?;
        }
        match &mut self.sink {
            Sink::Local { file, .. } => {
                let Some(file) = file.take() else { return Err(self.closed()) };
                let persisted = blocking(move || file.persist()).await;
                persisted.map_err(|source| unwritable(&self.location, &self.name, source))
            }
            Sink::Remote { path, parts: None } => {
                let put = self.location.store().put(path, PutPayload::from(last)).await;
                put.map(drop).map_err(|source| unwritable(&self.location, &self.name, source))
            }
            Sink::Remote { parts: Some(parts), .. } => {
                let completed = parts.upload.complete().await;
                completed.map(drop).map_err(|source| unwritable(&self.location, &self.name, source))
            }
            Sink::Closed => Err(self.closed()),
        }
    }

    /// Removes what has been written. What can't be removed is not visible, and found by
    /// [`Location::remove_unfinished`] or the store's lifecycle rule.
    pub(crate) async fn abort(&mut self) {
        match std::mem::replace(&mut self.sink, Sink::Closed) {
            Sink::Local { writing: Some(task), .. } => drop(task.await),
            Sink::Local { file, .. } => drop(file),
            Sink::Remote { parts: Some(parts), .. } => parts.abort().await,
            Sink::Remote { parts: None, .. } | Sink::Closed => {}
        }
    }

    /// What is told to whoever goes on after a failure.
    pub(crate) fn closed(&self) -> Error {
        let file = self.location.shown(&self.name);
        Error::request(format!(
            "{file} can't be written any more: a write of it failed or was given up"
        ))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // A local file removes itself. Parts in a store take a request.
        if let Sink::Remote { parts: Some(parts), .. } =
            std::mem::replace(&mut self.sink, Sink::Closed)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(parts.abort());
        }
    }
}

impl Parts {
    async fn abort(mut self) {
        if let Some(task) = self.sending.take() {
            task.abort();
            let _ = task.await;
        }
        let _ = self.upload.abort().await;
    }
}

/// What a task has done, that did not die.
fn joined<T>(ended: Result<io::Result<T>, JoinError>) -> io::Result<T> {
    ended.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn unwritable(
    location: &Location,
    name: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::of(format_args!("{} could not be written", location.shown(name)), source)
}
