//! The stream of chunks of a file.

use std::fmt;

use super::chunk::Chunk;
use super::open::{Input, open_exactly};
use super::options::RecordOptions;
use crate::blocking::{BytesRead, ChunkSink, Chunks};
use crate::error::Result;

/// The records of a file, chunk by chunk, in the file's order.
///
/// They are read on a thread of its own, which is a chunk ahead. Dropping it ends the reading.
pub struct Records {
    header: Option<Vec<u8>>,
    chunks: Chunks,
    read: BytesRead,
}

/// Reads the records of a file of which format and compression are known.
///
/// See [`open`](crate::open) for others, which this is short for.
///
/// # Errors
///
/// As [`open`](crate::open) and [`Opened::records`](crate::Opened::records).
pub async fn read_records(input: Input, options: RecordOptions) -> Result<Records> {
    open_exactly(input, &options.file).await?.records(options)
}

impl Records {
    pub(super) fn new(
        header: Option<Vec<u8>>,
        read: BytesRead,
        reader: impl FnOnce(&ChunkSink) -> Result<()> + Send + 'static,
    ) -> Self {
        Records { header, chunks: Chunks::new(reader), read }
    }

    /// The next records; `None` after the last ones. It may be given up and asked again: nothing is lost.
    ///
    /// # Errors
    ///
    /// What is wrong with the file as a whole, as one that was cut, or a store that fails. It ends there;
    /// the chunks before are good.
    pub async fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        self.chunks.next().await
    }

    /// About how many bytes of the file, as it lies there, have been read so far; it is ahead of the chunks
    /// that have been taken. For Parquet it is the share of the rows; of readers and batches nothing is known.
    pub fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    /// The line of the header of a CSV, without its end, as UTF-8; so that bad records can be written
    /// under it. `None` where there is none.
    pub fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}
