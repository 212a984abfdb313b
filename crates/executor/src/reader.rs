//! Reads the work of one split from one node, page by page.
//!
//! A page is handed on before the next is asked for, and its paging state is kept with the work: so
//! whatever happens next, on whichever node, goes on after the last page that was delivered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::response::PagingStateResponse;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::budget::Budget;
use crate::error::Error;
use crate::event::Event;
use crate::page::Page;
use crate::progress::Progress;
use crate::query::Tally;
use crate::targets::Target;
use crate::width::RowWidth;
use crate::work::Work;

/// What every task of a run needs.
pub(crate) struct Shared {
    pub(crate) session: Arc<Session>,
    pub(crate) targets: Vec<Target>,
    pub(crate) tally: Tally,
    pub(crate) progress: Arc<Progress>,
    pub(crate) pages: mpsc::Sender<Waiting>,
    pub(crate) budget: Budget,
    pub(crate) width: RowWidth,
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
    /// A request failed.
    Faulted { node: usize, work: Box<Work>, took: Duration, error: Box<ExecutionError> },
    /// A pause is over.
    Ready(Box<Work>),
    /// An answer was not of the statement's shape.
    Undecodable(Error),
    /// Nobody wants the pages any more.
    Unwanted,
}

/// Reads all of the work from one node, page by page, until it is done or a request fails.
pub(crate) async fn read(shared: Arc<Shared>, mut work: Work, node: usize) -> Outcome {
    let target = &shared.targets[node];
    if !work.started {
        work.started = true;
        let event = Event::SplitStarted { split: work.split, node: target.node.address };
        shared.progress.tell(&event);
    }
    while let Some(range) = work.range() {
        let began = Instant::now();
        let page_size = shared.width.page_size(work.page_size);
        let answer = target.page(&shared.session, range, page_size, work.paging.clone()).await;
        let (result, more) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return Outcome::Faulted {
                    node,
                    work: Box::new(work),
                    took: began.elapsed(),
                    error: Box::new(error),
                };
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
    }
    Outcome::Done { node }
}
