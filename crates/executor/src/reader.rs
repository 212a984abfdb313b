//! Reads the work of one split from one node, page by page.
//!
//! A page is handed on before the next is asked for, and its paging state is kept with the work: so
//! whatever happens next, on whichever node, goes on after the last page that was delivered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::response::PagingStateResponse;
use tokenring::TokenRange;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, watch};

use crate::budget::Budget;
use crate::error::Error;
use crate::event::Event;
use crate::lanes::Cost;
use crate::pace::Pace;
use crate::page::Page;
use crate::progress::Progress;
use crate::query::Tally;
use crate::targets::Target;
use crate::width::RowWidth;
use crate::work::Work;

/// What every task of a run needs.
pub(crate) struct Shared {
    pub(crate) session: Arc<Session>,
    pub(crate) tally: Tally,
    pub(crate) progress: Arc<Progress>,
    pub(crate) pages: mpsc::Sender<Waiting>,
    pub(crate) budget: Budget,
    pub(crate) width: RowWidth,
    /// Rows per page, at the most.
    pub(crate) page_size: i32,
    pub(crate) pace: Pace,
    /// Places that no work waits for: what has not been begun may be shared with them.
    pub(crate) idle: AtomicUsize,
    /// How often the ring was found to be another: work that was planned before is given back.
    pub(crate) look: AtomicU64,
    /// After so long without a first page, a range is cut if there is an idle place.
    pub(crate) slow_after: Duration,
    /// Work that was taken off other work.
    pub(crate) shares: mpsc::UnboundedSender<Work>,
    /// Told when a node's limit has changed.
    pub(crate) limits: Notify,
    /// Whether no page is to be asked for, for a moment.
    pub(crate) is_silent: watch::Sender<bool>,
}

/// As long as it lives, no page is asked for.
pub(crate) struct Silence<'s>(&'s watch::Sender<bool>);

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl Shared {
    /// Asks for no pages for as long as what it gives lives.
    pub(crate) fn silence(&self) -> Silence<'_> {
        self.is_silent.send_replace(true);
        Silence(&self.is_silent)
    }

    /// Waits while there is to be silence.
    async fn broken_silence(&self) {
        if *self.is_silent.borrow() {
            // The sender lives as long as this does.
            let _ = self.is_silent.subscribe().wait_for(|is_silent| !is_silent).await;
        }
    }

    /// Takes an idle place, if there is one.
    fn take_idle(&self) -> bool {
        let take = |idle: usize| idle.checked_sub(1);
        self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Gives half of what the work has not begun to an idle place.
    fn share(&self, work: &mut Work) {
        if work.ranges.len() > 1
            && self.take_idle()
            && let Some(part) = work.share()
        {
            // The run is there as long as its tasks are.
            let _ = self.shares.send(part);
        }
    }

    /// Ends when a range of which nothing has come is better cut: it is slow, and a place is idle.
    async fn too_slow(&self, work: &Work) {
        const LOOK_EVERY: Duration = Duration::from_millis(250);
        if work.delivered || work.range().and_then(TokenRange::bisect).is_none() {
            return std::future::pending().await;
        }
        tokio::time::sleep(self.slow_after).await;
        while !self.take_idle() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// A page that waits for the consumer. Its bytes count against the budget until it is taken: what a
/// consumer keeps is the consumer's own, and can't bring the run to a halt.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) page: Page,
    _budget: OwnedSemaphorePermit,
}

/// How a task ended.
pub(crate) enum Outcome {
    /// Everything it had is done.
    Done { node: usize },
    /// The node is to serve fewer, or the ring is another: what is left.
    GivenBack { node: usize, work: Box<Work> },
    /// Nothing has come for long, and others have nothing to do.
    Slow { node: usize, work: Box<Work> },
    /// A request failed.
    Faulted { node: usize, work: Box<Work>, took: Duration, error: Box<ExecutionError> },
    /// A pause is over.
    Ready(Box<Work>),
    /// The table was compared with what it was; the change, if there is one.
    Checked(Option<Box<Error>>),
    /// An answer was not of the statement's shape.
    Undecodable(Error),
    /// Nobody wants the pages any more.
    Unwanted,
}

/// Reads all of the work from one node, page by page, until it is done or a request fails.
pub(crate) async fn read(
    shared: Arc<Shared>,
    mut work: Work,
    node: usize,
    target: Arc<Target>,
) -> Outcome {
    if !work.started {
        work.started = true;
        let event = Event::SplitStarted { split: work.split, node: target.node.address };
        shared.progress.tell(&event);
    }
    while let Some(range) = work.range() {
        shared.pace.unpaused().await;
        shared.broken_silence().await;
        let began = Instant::now();
        let page_size = page_size(&shared, &work);
        let answer = tokio::select! {
            biased;
            answer = target.page(&shared.session, range, page_size, work.paging.clone()) => answer,
            () = shared.too_slow(&work) => return Outcome::Slow { node, work: Box::new(work) },
        };
        let took = began.elapsed();
        let (result, more) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let (work, error) = (Box::new(work), Box::new(error));
                return Outcome::Faulted { node, work, took, error };
            }
        };
        let undecodable = |error: Box<dyn std::error::Error + Send + Sync>| {
            let what = format!("a page of range {range} from node {} is malformed", target.node);
            Outcome::Undecodable(Error::decode(what, error, shared.progress.stats()))
        };
        let result = match result.into_rows_result() {
            Ok(result) => result,
            Err(error) => return undecodable(error.into()),
        };
        let tally = match shared.tally.of(&result) {
            Ok(tally) => tally,
            Err(error) => return undecodable(error),
        };
        let answered = result.request_coordinator().node();
        if answered.host_id != target.node.host_id {
            let address = SocketAddr::new(answered.address.ip(), answered.address.port());
            shared.progress.misrouted(&Event::Misrouted {
                split: work.split,
                asked: target.node.address,
                answered: address,
            });
        }
        let bytes = result.rows_bytes_size();
        shared.width.learn(result.rows_num(), bytes);
        let cost = match shared.tally {
            Tally::Rows => Cost::Bytes(bytes as u64),
            Tally::Counts => Cost::Counted(tally),
        };
        let (rest, has_changed) = target.lane.answered(took, cost);
        if has_changed {
            shared.limits.notify_one();
        }
        let Some(budget) = shared.budget.take(bytes).await else {
            return Outcome::Unwanted;
        };
        let last = matches!(more, PagingStateResponse::NoMorePages);
        let page = Page { split: work.split, range, node: answered.host_id, last, tally, result };
        if shared.pages.send(Waiting { page, _budget: budget }).await.is_err() {
            return Outcome::Unwanted;
        }
        work.rows += tally;
        work.streak = None;
        work.avoid = None;
        // Pages that were made smaller after faults become larger again.
        work.page_size = work.page_size.saturating_mul(2).min(shared.page_size);
        shared.progress.page(work.split, range, tally, bytes as u64);
        match more {
            PagingStateResponse::HasMorePages { state } => {
                work.paging = state;
                work.delivered = true;
            }
            PagingStateResponse::NoMorePages => {
                shared.progress.range_done(work.split, range, work.rows);
                work.next_range();
            }
        }
        // A rest before more is asked for: what the rates want, and what the node does.
        shared.pace.pass(usize::try_from(tally).unwrap_or(usize::MAX), bytes).await;
        tokio::time::sleep(rest).await;
        if work.range().is_some() {
            let is_planned_anew = work.look != shared.look.load(Ordering::Relaxed);
            if is_planned_anew || target.lane.is_given_back() {
                return Outcome::GivenBack { node, work: Box::new(work) };
            }
            shared.share(&mut work);
        }
    }
    Outcome::Done { node }
}

/// Rows to ask for: at most a second's worth where there is a rate, so that it is kept evenly. A count is one
/// row, and there the size of pages is how many rows the server counts at once.
fn page_size(shared: &Shared, work: &Work) -> i32 {
    if shared.tally == Tally::Counts {
        return work.page_size;
    }
    let most = |rate: std::num::NonZeroU32| i32::try_from(rate.get()).unwrap_or(i32::MAX);
    let rows = shared.pace.rows_per_second().map_or(i32::MAX, most);
    let bytes = shared.pace.bytes_per_second();
    let bytes = bytes.map_or(usize::MAX, |rate| usize::try_from(rate.get()).unwrap_or(usize::MAX));
    shared.width.page_size(work.page_size.min(rows), bytes)
}
