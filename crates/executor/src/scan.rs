//! A run as a stream of pages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;
use scylla::client::session::Session;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use topology::ScanPlan;

use crate::error::Result;
use crate::options::ScanOptions;
use crate::page::Page;
use crate::progress::Progress;
use crate::query::Query;
use crate::reader::Waiting;
use crate::run::run;
use crate::stats::Stats;

/// Runs a query over every range of a plan. The run begins at once, and needs a Tokio runtime.
///
/// The crate's own documentation has an example.
pub fn scan(
    session: Arc<Session>,
    plan: impl Into<Arc<ScanPlan>>,
    query: Query,
    options: ScanOptions,
) -> Scan {
    let plan = plan.into();
    let progress = Arc::new(Progress::new(&plan, options.observer.clone()));
    // Bytes are bounded by the budget; this bounds the number of small pages.
    let (sender, pages) = mpsc::channel(plan.parallelism.unwrap_or(16).clamp(1, 1024));
    let run = run(session, plan, query, options, Arc::clone(&progress), sender);
    Scan { pages, progress, _run: AbortOnDropHandle::new(tokio::spawn(run)), over: false }
}

/// The pages of a run, as they come.
///
/// If anything that was asked for could not be delivered, the last item is an error with all that is
/// missing; a stream that ends without one has delivered every row exactly once. Dropping it stops
/// the run.
#[derive(Debug)]
pub struct Scan {
    pages: mpsc::Receiver<Waiting>,
    progress: Arc<Progress>,
    _run: AbortOnDropHandle<()>,
    over: bool,
}

impl Scan {
    /// The figures so far.
    pub fn stats(&self) -> Stats {
        self.progress.stats()
    }
}

impl Stream for Scan {
    type Item = Result<Page>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(waiting) = ready!(self.pages.poll_recv(context)) {
            return Poll::Ready(Some(Ok(waiting.page)));
        }
        self.over = true;
        Poll::Ready(self.progress.verdict().err().map(Err))
    }
}

impl FusedStream for Scan {
    fn is_terminated(&self) -> bool {
        self.over
    }
}
