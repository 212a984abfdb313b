//! What becomes of work that failed, or that is slow: once more, elsewhere, smaller, or given up.
//!
//! What kind of fault it is, and what helps, is told by [`topology::Fault`]; here it is done.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scylla::errors::ExecutionError;
use topology::{Fault, Node, Remedy, classify};

use super::Run;
use crate::error::RangeFailure;
use crate::event::Event;
use crate::query::Tally;
use crate::reader::Outcome;
use crate::retry::Streak;
use crate::work::Work;

impl Run {
    /// Decides what becomes of work whose request failed.
    pub(super) fn fault(
        &mut self,
        node: usize,
        mut work: Work,
        took: Duration,
        error: ExecutionError,
    ) -> ControlFlow<()> {
        use ControlFlow::{Break, Continue};
        let Some(range) = work.range() else {
            return Continue(());
        };
        let fault = classify(&error);
        let Node { address, host_id, .. } = self.targets[node].node;
        work.avoid = Some(host_id);
        let policy = self.options.retry.clone();
        let streak = work.streak.get_or_insert_with(|| Streak::start(&policy));
        streak.record(fault, took);
        let (attempts, timeouts) = (streak.faults, streak.timeouts);
        let delay = streak.next_delay(&policy);

        if matches!(fault, Fault::Timeout | Fault::Overloaded) {
            self.targets[node].lane.pushed_back();
        }
        let is_alone = work.nodes.len() < 2;
        let smaller_helps = match fault.remedy() {
            Remedy::Resplit if fault == Fault::Failure => attempts > 1 || is_alone,
            Remedy::Resplit => self.shared.tally == Tally::Counts || timeouts > 1,
            _ => false,
        };
        if smaller_helps && self.may_resplit() && self.make_smaller(&mut work) {
            self.pause(work, policy.min_delay);
            return Continue(());
        }
        let refused = !fault.retryable();
        match delay.filter(|_| !refused) {
            Some(delay) => {
                let event = Event::Retry {
                    split: work.split,
                    range,
                    node: address,
                    fault,
                    reason: error.to_string(),
                    delay,
                };
                tracing::debug!(%range, node = %address, ?fault, %error, "retrying");
                self.shared.progress.retry(&event);
                self.pause(work, delay);
            }
            None => {
                let failure = RangeFailure {
                    split: work.split,
                    range,
                    node: address,
                    attempts,
                    rows_delivered: work.rows,
                    fault,
                    error: Arc::new(error),
                };
                tracing::info!(%failure, "a range is given up");
                self.shared.progress.failed(failure, refused);
                if refused {
                    return Break(());
                }
                // The streak goes on: of the split's other ranges, each is tried once, and given up at
                // once unless something has changed. So a dead node costs its bound once, not once a
                // range.
                work.next_range();
                if work.range().is_some() {
                    self.push(work);
                }
            }
        }
        Continue(())
    }

    /// Whether anything has been read lately. In a run where nothing moves at all, smaller ranges
    /// would only be more ranges that fail.
    fn may_resplit(&mut self) -> bool {
        let pages = self.shared.progress.stats().pages;
        if pages != self.last_progress.0 {
            self.last_progress = (pages, Instant::now());
        }
        self.last_progress.1.elapsed() < self.options.retry.max_stalled
    }

    /// Makes work that was too much for a node smaller. Counts are at once, since a count that timed out
    /// will again; reads at the second time, since the first may have been the node's.
    fn make_smaller(&mut self, work: &mut Work) -> bool {
        if let Some((half, halves)) = work.bisect() {
            work.streak = None;
            self.shared.progress.resplit(&Event::Resplit { split: work.split, halves });
            self.pause(half, self.options.retry.min_delay);
            return true;
        }
        let (Some(range), true) = (work.range(), work.page_size > 1) else {
            return false;
        };
        work.page_size = (work.page_size / 4).max(1);
        let (split, page_size) = (work.split, work.page_size);
        self.shared.progress.resplit(&Event::SmallerPages { split, range, page_size });
        true
    }

    /// Nothing has come of a range for long, and places are idle: both halves begin anew.
    pub(super) fn cut_slow(&mut self, mut work: Work) {
        if let Some((half, halves)) = work.bisect() {
            self.shared.progress.resplit(&Event::Resplit { split: work.split, halves });
            self.push(half);
        }
        self.push(work);
    }

    fn pause(&mut self, work: Work, delay: Duration) {
        self.tasks.spawn(async move {
            tokio::time::sleep(delay).await;
            Outcome::Ready(Box::new(work))
        });
    }
}
