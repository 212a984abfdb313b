//! Between the async store and readers that block: each file that is read this way has a thread of the
//! runtime's blocking pool, which decompresses and parses, at most a few batches ahead.

use std::io::{self, Read, Seek, SeekFrom};

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::location::Location;

/// Batches of a file, in its order. It ends after the first error.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// How many rows a batch has that is read from text, at most.
pub(crate) const BATCH_ROWS: usize = 8192;
/// How many bytes of text make a batch, about.
pub(crate) const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait for the consumer.
const AHEAD: usize = 2;

/// Where a reader's batches go.
pub(crate) struct BatchSink(mpsc::Sender<RecordBatch>);

impl BatchSink {
    /// Hands a batch over, once there is room. It fails when nobody wants more.
    pub(crate) fn send(&self, batch: RecordBatch) -> Result<()> {
        let gone = |_| Error::request("the batches are not wanted any more");
        self.0.blocking_send(batch).map_err(gone)
    }
}

/// Runs a reader on a thread of its own.
pub(crate) fn batches(
    reader: impl FnOnce(&BatchSink) -> Result<()> + Send + 'static,
) -> BatchStream {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || reader(&BatchSink(sender)));
    stream::unfold((receiver, Some(reader)), next).boxed()
}

type Reading = (mpsc::Receiver<RecordBatch>, Option<JoinHandle<Result<()>>>);

/// The next batch; after the last one, what became of the reader.
async fn next((mut receiver, mut reader): Reading) -> Option<(Result<RecordBatch>, Reading)> {
    if let Some(batch) = receiver.recv().await {
        return Some((Ok(batch), (receiver, reader)));
    }
    let ended = reader.take()?.await;
    let ended =
        ended.unwrap_or_else(|error| Err(Error::of("the reader ended unexpectedly", error)));
    ended.err().map(|error| (Err(error), (receiver, None)))
}

/// A file's bytes, from the first to the last.
pub(crate) struct Sequential {
    runtime: Handle,
    pieces: BoxStream<'static, Result<Bytes>>,
    piece: Bytes,
}

impl Sequential {
    pub(crate) fn new(pieces: BoxStream<'static, Result<Bytes>>) -> Self {
        Sequential { runtime: Handle::current(), pieces, piece: Bytes::new() }
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
        Ok(count)
    }
}

/// A file's bytes at any place, a request for each read: the reader reads in large pieces.
pub(crate) struct RandomAccess {
    runtime: Handle,
    location: Location,
    path: Path,
    size: u64,
    position: u64,
}

impl RandomAccess {
    pub(crate) async fn open(location: &Location, name: &str) -> Result<Self> {
        let path = location.path(name)?;
        let found = location.store().head(&path).await;
        let size = found.map_err(|source| location.unreadable(name, source))?.size;
        let (runtime, location) = (Handle::current(), location.clone());
        Ok(RandomAccess { runtime, location, path, size, position: 0 })
    }
}

impl Read for RandomAccess {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let end = self.size.min(self.position.saturating_add(out.len() as u64));
        if end <= self.position {
            return Ok(0);
        }
        let read = self.location.store().get_range(&self.path, self.position..end);
        let bytes = self.runtime.block_on(read).map_err(io::Error::other)?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for RandomAccess {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is too short"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_dies_does_not_look_like_the_end() {
        let mut batches = batches(|_| panic!("a bug"));
        assert!(batches.next().await.unwrap().is_err());
        assert!(batches.next().await.is_none());
    }
}
