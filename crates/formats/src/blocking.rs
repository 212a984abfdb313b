//! Between the async store and readers that block: each file that is read this way has a thread of the
//! runtime's blocking pool, which decompresses and parses, at most a chunk ahead.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::location::Location;
use crate::records::Chunk;

/// Chunks that wait for the consumer.
const AHEAD: usize = 1;

/// Where a reader's chunks go.
pub(crate) struct ChunkSink(mpsc::Sender<Chunk>);

impl ChunkSink {
    /// Hands a chunk over, once there is room. It fails when nobody wants more.
    pub(crate) fn send(&self, chunk: Chunk) -> Result<()> {
        let gone = |_| Error::request("the records are not wanted any more");
        self.0.blocking_send(chunk).map_err(gone)
    }
}

/// Chunks that a reader on a thread of its own makes.
pub(crate) struct Chunks {
    receiver: mpsc::Receiver<Chunk>,
    reader: Option<JoinHandle<Result<()>>>,
}

impl Chunks {
    pub(crate) fn new(reader: impl FnOnce(&ChunkSink) -> Result<()> + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let reader = tokio::task::spawn_blocking(move || reader(&ChunkSink(sender)));
        Chunks { receiver, reader: Some(reader) }
    }

    /// The next chunk; after the last one, what became of the reader.
    pub(crate) async fn next(&mut self) -> Result<Option<Chunk>> {
        if let Some(chunk) = self.receiver.recv().await {
            return Ok(Some(chunk));
        }
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let ended = joined(reader.await);
        self.reader = None;
        ended.map(|()| None)
    }
}

/// Runs what blocks on a thread of its own.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    joined(tokio::task::spawn_blocking(work).await)
}

fn joined<T>(ended: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    ended.unwrap_or_else(|error| Err(Error::of_data("its reader ended unexpectedly", error)))
}

/// How many bytes of a file have been read, for whoever wants to know while it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    pub(crate) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A file's bytes, from the first to the last.
pub(crate) struct Sequential {
    runtime: Handle,
    pieces: BoxStream<'static, Result<Bytes>>,
    piece: Bytes,
    read: BytesRead,
}

impl Sequential {
    pub(crate) fn new(pieces: BoxStream<'static, Result<Bytes>>, read: BytesRead) -> Self {
        Sequential { runtime: Handle::current(), pieces, piece: Bytes::new(), read }
    }
}

impl Read for Sequential {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.pieces.next()) {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(out.len());
        out[..count].copy_from_slice(&self.piece.split_to(count));
        self.read.add(count as u64);
        Ok(count)
    }
}

/// A file's bytes at any place, a request for each read.
pub(crate) struct RandomAccess {
    runtime: Handle,
    location: Location,
    path: Path,
    size: u64,
    read: BytesRead,
}

impl RandomAccess {
    /// Waits for the store, on a thread where that is allowed.
    pub(crate) fn open(location: &Location, name: &str, read: BytesRead) -> Result<Self> {
        let runtime = Handle::current();
        let size = runtime.block_on(location.head(name))?.bytes;
        Ok(RandomAccess {
            runtime,
            path: location.path(name)?,
            location: location.clone(),
            size,
            read,
        })
    }

    /// The file's size.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of a range, which must be in the file.
    pub(crate) fn read(&self, range: Range<u64>) -> Result<Bytes> {
        if range.end > self.size || range.start > range.end {
            return Err(Error::data("it is too short"));
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.read.add(range.end - range.start);
        let read = self.runtime.block_on(self.location.store().get_range(&self.path, range));
        read.map_err(|source| Error::of_data("it can't be read", source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_dies_does_not_look_like_the_end() {
        let mut chunks = Chunks::new(|_| panic!("a bug"));
        assert!(chunks.next().await.is_err());
        assert!(chunks.next().await.unwrap().is_none());
    }
}
