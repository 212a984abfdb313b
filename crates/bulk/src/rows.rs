//! A run as a stream of typed rows.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use executor::{Page, Scan, Stats};
use futures::stream::FusedStream;
use futures::{Stream, StreamExt};
use scylla::deserialize::row::DeserializeRow;

use crate::error::{Error, Result};

/// The rows of a table, decoded page by page as they are asked for.
///
/// If anything could not be delivered, the last item is an error with all that is missing. Dropping the
/// stream stops the run.
pub struct RowStream<R> {
    scan: Scan,
    page: std::vec::IntoIter<R>,
    over: bool,
}

impl<R> RowStream<R> {
    pub(crate) fn new(scan: Scan) -> Self {
        RowStream { scan, page: Vec::new().into_iter(), over: false }
    }

    /// The figures so far.
    pub fn stats(&self) -> Stats {
        self.scan.stats()
    }
}

impl<R> RowStream<R>
where
    R: for<'page> DeserializeRow<'page, 'page>,
{
    fn decode(&self, page: &Page) -> Result<Vec<R>, executor::Error> {
        let malformed = |error: Box<dyn std::error::Error + Send + Sync>| {
            let what = format!(
                "the rows of range {} do not fit the type they are decoded as",
                page.range()
            );
            executor::Error::decode(what, error, self.stats())
        };
        let rows = page.rows::<R>().map_err(|error| malformed(error.into()))?;
        rows.collect::<Result<Vec<R>, _>>().map_err(|error| malformed(error.into()))
    }
}

// Rows are moved out of it, never pinned in it.
impl<R> Unpin for RowStream<R> {}

impl<R> Stream for RowStream<R>
where
    R: for<'page> DeserializeRow<'page, 'page>,
{
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.page.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            if self.over {
                return Poll::Ready(None);
            }
            let next = ready!(self.scan.poll_next_unpin(context));
            match next.map(|page| page.and_then(|page| self.decode(&page))) {
                Some(Ok(rows)) => self.page = rows.into_iter(),
                Some(Err(error)) => {
                    self.over = true;
                    return Poll::Ready(Some(Err(Error::Run(error))));
                }
                None => self.over = true,
            }
        }
    }
}

impl<R> FusedStream for RowStream<R>
where
    R: for<'page> DeserializeRow<'page, 'page>,
{
    fn is_terminated(&self) -> bool {
        self.over && self.page.len() == 0
    }
}

impl<R> fmt::Debug for RowStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").field("scan", &self.scan).finish_non_exhaustive()
    }
}
