//! A run as a stream of Arrow batches.

use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use cql_arrow::{DecodeOptions, Decoder, MappingOptions};
use executor::{Page, Scan, Stats};
use futures::stream::{self, Stream, StreamExt};

use crate::error::{Error, Result};
use crate::limit::RowLimit;
use crate::selection::{Selection, WriteWindow};

/// How rows become Arrow batches.
#[derive(Clone, Debug)]
pub struct BatchOptions {
    /// How CQL types are mapped.
    pub mapping: MappingOptions,
    /// What is done about values that Arrow does not have.
    pub decode: DecodeOptions,
    /// Only rows that were written in this window.
    pub written: WriteWindow,
    /// Rows in all, at the most; the run ends when there are as many.
    pub limit: Option<u64>,
    /// A batch is handed on when it holds so many bytes. One page more may be in it.
    pub batch_bytes: usize,
}

impl Default for BatchOptions {
    fn default() -> Self {
        BatchOptions {
            mapping: MappingOptions::default(),
            decode: DecodeOptions::default(),
            written: WriteWindow::default(),
            limit: None,
            batch_bytes: 1 << 20,
        }
    }
}

/// Pages in, batches out: decodes, drops what was read only to choose by, and keeps to the limit.
pub(crate) struct PageDecoder {
    selection: Arc<Selection>,
    decoder: Decoder,
    limit: RowLimit,
    batch_bytes: usize,
}

impl PageDecoder {
    pub(crate) fn new(
        selection: &Arc<Selection>,
        options: &BatchOptions,
        limit: &RowLimit,
    ) -> Result<Self> {
        let selection = Arc::clone(selection);
        let decoder = Decoder::new(Arc::clone(&selection.wire), options.decode)?;
        let batch_bytes = options.batch_bytes.max(1);
        Ok(PageDecoder { selection, decoder, limit: limit.clone(), batch_bytes })
    }

    /// Adds the rows of a page.
    pub(crate) fn append(&mut self, page: &Page) -> Result<()> {
        Ok(self.decoder.append(page.result())?)
    }

    /// Rows that wait to become a batch.
    pub(crate) fn rows(&self) -> usize {
        self.decoder.rows()
    }

    /// Whether there is enough for a batch.
    pub(crate) fn is_full(&self) -> bool {
        self.decoder.bytes() >= self.batch_bytes
    }

    /// The rows so far, which may be none.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch> {
        let batch = self.selection.trim(self.decoder.finish()?)?;
        let granted = self.limit.take(batch.num_rows());
        Ok(batch.slice(0, granted))
    }
}

/// The rows of a table as Arrow batches; see
/// [`Operator::export_batches`](crate::Operator::export_batches).
pub struct BatchStream {
    scan: Scan,
    decoder: PageDecoder,
    /// Why rows are missing; told after the rows that are not.
    failure: Option<executor::Error>,
    over: bool,
}

impl BatchStream {
    pub(crate) fn new(scan: Scan, decoder: PageDecoder) -> Self {
        BatchStream { scan, decoder, failure: None, over: false }
    }

    /// The schema of the batches; each field has its CQL type in its metadata.
    pub fn schema(&self) -> &SchemaRef {
        &self.decoder.selection.schema
    }

    /// The figures so far. They are complete at the end, also where that is the limit of rows.
    pub fn stats(&self) -> Stats {
        let mut stats = self.scan.stats();
        stats.complete |= self.over && self.decoder.limit.is_reached();
        stats
    }

    /// The next batch, never an empty one; `None` when every row has come.
    ///
    /// # Errors
    ///
    /// For a value that cannot be decoded, and where the run ends without all rows. What had come
    /// before is returned first.
    pub async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        while !self.over {
            match self.scan.next().await {
                Some(Ok(page)) => {
                    self.decoder.append(&page)?;
                    if !self.decoder.is_full() {
                        continue;
                    }
                }
                Some(Err(error)) => {
                    self.over = true;
                    self.failure = Some(error).filter(|_| !self.decoder.limit.is_reached());
                }
                None => self.over = true,
            }
            let batch = self.decoder.finish()?;
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
        match self.failure.take() {
            Some(error) => Err(Error::Run(error)),
            None => Ok(None),
        }
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<RecordBatch>> {
        stream::try_unfold(self, |mut batches| async move {
            Ok(batches.next_batch().await?.map(|batch| (batch, batches)))
        })
    }
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream").field("scan", &self.scan).finish_non_exhaustive()
    }
}
