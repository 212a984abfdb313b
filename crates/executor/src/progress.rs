//! What has been done so far: the figures, the covered ranges, the failures. Shared by all tasks of a run.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokenring::{RangeSet, TokenRange};
use topology::{ScanPlan, TableName};

use crate::error::{Error, Partial, RangeFailure};
use crate::event::{Event, Observer};
use crate::stats::Stats;

/// How a run ended, where not by doing everything.
#[derive(Debug)]
enum Ending {
    Running,
    Over,
    Interrupted,
    TooLate,
    Failed(Box<Error>),
}

#[derive(Debug)]
struct State {
    stats: Stats,
    done: RangeSet,
    /// Ranges of each split not yet done.
    open: Vec<usize>,
    failures: Vec<RangeFailure>,
    refused: Option<RangeFailure>,
    ending: Ending,
}

/// The ledger of a run.
///
/// **Invariant**: `complete` is set only after the ranges done were found equal to those asked for.
#[derive(Debug)]
pub(crate) struct Progress {
    table: TableName,
    asked: RangeSet,
    started: Instant,
    observer: Observer,
    state: Mutex<State>,
    /// Held while the observer is told, so that events come one at a time, with matching figures.
    telling: Mutex<()>,
}

/// A panic of an observer must not hide the figures: what was written before it stays true.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    pub(crate) fn new(plan: &ScanPlan, observer: Observer) -> Self {
        let stats = Stats {
            ranges_total: plan.range_count() as u64,
            splits_total: plan.splits.len() as u64,
            tokens_asked: plan.asked.coverage(),
            ..Stats::default()
        };
        let state = State {
            stats,
            done: RangeSet::new(),
            open: plan.splits.iter().map(|split| split.ranges.len()).collect(),
            failures: Vec::new(),
            refused: None,
            ending: Ending::Running,
        };
        Progress {
            table: plan.table.name().clone(),
            asked: plan.asked.clone(),
            started: Instant::now(),
            observer,
            state: Mutex::new(state),
            telling: Mutex::new(()),
        }
    }

    /// Changes the ledger and tells the observer, as one step.
    fn record(&self, event: &Event, change: impl FnOnce(&mut State)) {
        let _one_at_a_time = lock(&self.telling);
        let stats = {
            let mut state = lock(&self.state);
            change(&mut state);
            state.stats.elapsed = self.started.elapsed();
            state.stats.clone()
        };
        self.observer.tell(event, &stats);
    }

    pub(crate) fn tell(&self, event: &Event) {
        self.record(event, |_| {});
    }

    pub(crate) fn page(&self, split: usize, range: TokenRange, rows: u64, bytes: u64) {
        self.record(&Event::Page { split, range, rows, bytes }, |state| {
            state.stats.rows += rows;
            state.stats.pages += 1;
            state.stats.bytes += bytes;
        });
    }

    pub(crate) fn range_done(&self, split: usize, range: TokenRange, rows: u64) {
        let mut split_done = false;
        self.record(&Event::RangeDone { split, range, rows }, |state| {
            state.done.insert(range);
            state.stats.ranges_done += 1;
            state.stats.tokens_done += u128::from(range.size());
            state.open[split] -= 1;
            if state.open[split] == 0 {
                split_done = true;
                state.stats.splits_done += 1;
            }
        });
        if split_done {
            self.tell(&Event::SplitDone { split });
        }
    }

    pub(crate) fn resplit(&self, event: &Event) {
        self.record(event, |state| {
            state.stats.resplits += 1;
            if let Event::Resplit { split, .. } = event {
                state.stats.ranges_total += 1;
                state.open[*split] += 1;
            }
        });
    }

    /// Ranges of a split have become more, since the ring has new borders.
    pub(crate) fn recut(&self, split: usize, more: usize) {
        let mut state = lock(&self.state);
        state.stats.resplits += more as u64;
        state.stats.ranges_total += more as u64;
        state.open[split] += more;
    }

    pub(crate) fn replanned(&self, event: &Event) {
        self.record(event, |state| state.stats.replans += 1);
    }

    pub(crate) fn retry(&self, event: &Event) {
        self.record(event, |state| state.stats.retries += 1);
    }

    pub(crate) fn misrouted(&self, event: &Event) {
        self.record(event, |state| state.stats.misrouted += 1);
    }

    /// A range is given up; with `refused`, the whole run is.
    pub(crate) fn failed(&self, failure: RangeFailure, refused: bool) {
        let event = Event::RangeFailed {
            split: failure.split,
            range: failure.range,
            reason: failure.error.to_string(),
        };
        self.record(&event, |state| {
            state.stats.errors += 1;
            if refused && state.refused.is_none() {
                state.refused = Some(failure);
            } else {
                state.failures.push(failure);
            }
        });
    }

    /// The run is over: compares what was done with what was asked for.
    pub(crate) fn finish(&self) {
        self.record(&Event::Finished, |state| {
            if matches!(state.ending, Ending::Running) {
                state.ending = Ending::Over;
            }
            state.stats.complete = matches!(state.ending, Ending::Over)
                && state.failures.is_empty()
                && state.refused.is_none()
                && state.done == self.asked;
        });
    }

    /// Whether all that was asked for has been read.
    pub(crate) fn is_all_done(&self) -> bool {
        let state = lock(&self.state);
        matches!(state.ending, Ending::Running) && state.done == self.asked
    }

    /// The deadline is over.
    pub(crate) fn too_late(&self) {
        lock(&self.state).ending = Ending::TooLate;
    }

    pub(crate) fn interrupt(&self) {
        lock(&self.state).ending = Ending::Interrupted;
    }

    pub(crate) fn fail(&self, error: Error) {
        lock(&self.state).ending = Ending::Failed(Box::new(error));
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = lock(&self.state);
        let running = matches!(state.ending, Ending::Running);
        let elapsed = if running { self.started.elapsed() } else { state.stats.elapsed };
        Stats { elapsed, ..state.stats.clone() }
    }

    /// How the run ended. A run that stopped without saying so (a panic) is incomplete too.
    pub(crate) fn verdict(&self) -> Result<(), Error> {
        let mut state = lock(&self.state);
        if state.stats.complete {
            return Ok(());
        }
        let mut partial = Partial {
            stats: state.stats.clone(),
            failures: std::mem::take(&mut state.failures),
            missing: self.asked.difference(&state.done),
            ..Partial::default()
        };
        let refused = state.refused.take();
        match std::mem::replace(&mut state.ending, Ending::Over) {
            Ending::Failed(error) => Err(error.with_partial(partial)),
            Ending::TooLate => Err(Error::too_late(&self.table, partial)),
            Ending::Interrupted => Err(Error::interrupted(&self.table, partial)),
            Ending::Running | Ending::Over => Err(match refused {
                Some(failure) => {
                    partial.failures.push(failure.clone());
                    Error::refused(&self.table, &failure, partial)
                }
                None => Error::incomplete(&self.table, partial),
            }),
        }
    }
}
