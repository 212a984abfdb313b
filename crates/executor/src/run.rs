//! The loop of a run: gives work to nodes, takes faults back, until all is done or given up.
//!
//! One task keeps the schedule, so nothing about it is shared; one task per split in flight talks to
//! its node. All of them belong to a `JoinSet`, so that dropping the loop stops everything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use topology::{Fault, ScanPlan, classify};

use crate::budget::Budget;
use crate::error::{Error, RangeFailure};
use crate::event::Event;
use crate::options::ScanOptions;
use crate::progress::Progress;
use crate::query::{Query, Tally};
use crate::reader::{Outcome, Shared, Waiting, read};
use crate::retry::Streak;
use crate::schedule::Schedule;
use crate::targets::targets;
use crate::width::RowWidth;
use crate::work::Work;

/// Runs a plan to its end, and leaves the outcome in `progress`.
pub(crate) async fn run(
    session: Arc<Session>,
    plan: Arc<ScanPlan>,
    query: Query,
    options: ScanOptions,
    progress: Arc<Progress>,
    pages: mpsc::Sender<Waiting>,
) {
    if let Err(error) = plan.prove() {
        progress.fail(Error::plan(error));
        return progress.finish();
    }
    let targets = tokio::select! {
        biased;
        () = options.cancel.cancelled() => {
            progress.interrupt();
            return progress.finish();
        }
        targets = targets(&session, &plan, &query, &options) => targets,
    };
    let targets = match targets {
        Ok(targets) => targets,
        Err(error) => {
            progress.fail(error);
            return progress.finish();
        }
    };
    let shared = Arc::new(Shared {
        session,
        targets,
        tally: query.tally(),
        progress: Arc::clone(&progress),
        pages,
        budget: Budget::new(options.budget_bytes),
        width: RowWidth::new(options.page_bytes),
    });
    let mut run = Run {
        schedule: schedule(&plan, &options),
        tasks: JoinSet::new(),
        last_progress: (0, Instant::now()),
        shared,
        options,
    };
    run.go().await;
    progress.finish();
}

fn schedule(plan: &ScanPlan, options: &ScanOptions) -> Schedule {
    let hosts = plan.nodes.iter().map(|node| node.host_id).collect();
    let index = |host| plan.nodes.iter().position(|node| node.host_id == host);
    let served_by = plan.splits.iter().map(|split| {
        plan.coordinators(&split.replicas).filter_map(|node| index(node.host_id)).collect()
    });
    let mut schedule = Schedule::new(hosts, served_by, plan.parallelism, options.max_per_node);
    for (index, split) in plan.splits.iter().enumerate() {
        schedule.push(Work::new(index, split.ranges.iter().copied(), options.page_size));
    }
    schedule
}

struct Run {
    schedule: Schedule,
    tasks: JoinSet<Outcome>,
    /// Pages of the run when they last were seen to have become more, and when that was.
    last_progress: (u64, Instant),
    shared: Arc<Shared>,
    options: ScanOptions,
}

impl Run {
    async fn go(&mut self) {
        let cancel = self.options.cancel.clone();
        loop {
            self.dispatch();
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    self.shared.progress.interrupt();
                    return self.tasks.shutdown().await;
                }
                ended = self.tasks.join_next() => ended,
            };
            match ended {
                None => return,
                Some(Ok(Outcome::Done { node })) => self.schedule.release(node),
                Some(Ok(Outcome::Ready(work))) => self.schedule.push_front(*work),
                Some(Ok(Outcome::Faulted { node, work, took, error })) => {
                    self.schedule.release(node);
                    if self.fault(node, *work, took, *error).is_break() {
                        return self.tasks.shutdown().await;
                    }
                }
                Some(Ok(Outcome::Undecodable(error))) => {
                    self.shared.progress.fail(error);
                    return self.tasks.shutdown().await;
                }
                Some(Ok(Outcome::Unwanted)) => {
                    self.shared.progress.interrupt();
                    return self.tasks.shutdown().await;
                }
                // A panic in an observer or the driver. What the task had is missing from the ranges
                // done, so the verdict will say so; the rest goes on where a slot is left.
                Some(Err(panic)) => tracing::error!(%panic, "a task of the run panicked"),
            }
        }
    }

    /// Gives work to nodes until all are busy.
    fn dispatch(&mut self) {
        let state = self.shared.session.get_cluster_state();
        let is_live =
            |host| state.get_node_by_host_id(host).is_some_and(|node| node.is_connected());
        while let Some((work, node)) = self.schedule.next(is_live) {
            self.tasks.spawn(read(Arc::clone(&self.shared), work, node));
        }
    }

    /// Decides what becomes of work whose request failed.
    fn fault(
        &mut self,
        node: usize,
        mut work: Work,
        took: Duration,
        error: ExecutionError,
    ) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        let Some(range) = work.range() else {
            return Continue(());
        };
        let fault = classify(&error);
        let address = self.shared.targets[node].node.address;
        work.avoid = Some(self.shared.targets[node].node.host_id);
        let policy = self.options.retry.clone();
        let streak = work.streak.get_or_insert_with(|| Streak::start(&policy));
        streak.record(fault, took);
        let (attempts, timeouts) = (streak.faults, streak.timeouts);
        let delay = streak.next_delay(&policy);

        if fault == Fault::Timeout && self.may_resplit() && self.make_smaller(&mut work, timeouts) {
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
                    self.schedule.push_front(work);
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

    /// Makes the work that timed out smaller: counts at once, since a count that timed out once will
    /// again; reads at the second time, since the first may have been the node's.
    fn make_smaller(&mut self, work: &mut Work, timeouts: u32) -> bool {
        if self.shared.tally == Tally::Rows && timeouts < 2 {
            return false;
        }
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

    fn pause(&mut self, work: Work, delay: Duration) {
        self.tasks.spawn(async move {
            tokio::time::sleep(delay).await;
            Outcome::Ready(Box::new(work))
        });
    }
}
