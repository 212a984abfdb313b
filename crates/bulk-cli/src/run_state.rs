//! The run that goes, as it is shown to others: who it is, how far it is, and how fast it may go.
//!
//! Whoever watches a run (`ctl`, metrics, the summary at its end) reads this, and nothing else.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bulk::{ImportProgress, Pace, Stats};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use crate::control_protocol::{Limited, State, Status};
use crate::run_name::RunName;
use crate::{import_output, output};

/// A run, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct RunState {
    pub(crate) name: RunName,
    /// What it does, as the command is called.
    pub(crate) job: &'static str,
    /// The table; where files are verified, their place.
    pub(crate) table: String,
    /// How fast it may go.
    pub(crate) pace: Pace,
    began: Instant,
    started: DateTime<Utc>,
    figures: Mutex<Option<Figures>>,
}

/// How far a run is.
#[derive(Clone, Debug)]
pub(crate) enum Figures {
    /// One that reads.
    Read(Stats),
    /// One that writes.
    Written(ImportProgress),
}

impl RunState {
    pub(crate) fn new(name: RunName, job: &'static str, table: String, pace: Pace) -> Self {
        RunState {
            name,
            job,
            table,
            pace,
            began: Instant::now(),
            started: Utc::now(),
            figures: Mutex::new(None),
        }
    }

    /// Takes the figures as they are now.
    pub(crate) fn set_figures(&self, figures: Figures) {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner) = Some(figures);
    }

    /// The figures; none before the cluster has been asked for rows, or a record has been read.
    pub(crate) fn figures(&self) -> Option<Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    pub(crate) fn started(&self) -> DateTime<Utc> {
        self.started
    }

    pub(crate) fn limits(&self) -> Limited {
        Limited {
            rows_per_second: self.pace.rows_per_second(),
            bytes_per_second: self.pace.bytes_per_second(),
            max_per_node: self.pace.max_per_node(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        let elapsed = self.began.elapsed().as_secs_f64();
        let figures = self.figures();
        let (rows, percent, retries) = figures.as_ref().map_or((0, None, None), |figures| {
            (figures.rows(), figures.percent(), figures.retries())
        });
        Status {
            run: self.name.to_string(),
            process: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            job: self.job.to_owned(),
            table: self.table.clone(),
            state: if self.pace.is_paused() { State::Paused } else { State::Running },
            started: moment(self.started),
            elapsed_seconds: elapsed,
            rows,
            percent,
            rows_per_second: if elapsed > 0.0 { rows as f64 / elapsed } else { 0.0 },
            retries,
            limits: self.limits(),
            figures: figures.as_ref().map(Figures::document),
        }
    }
}

impl Figures {
    /// Rows that were read, or records that were settled, by this run.
    fn rows(&self) -> u64 {
        match self {
            Figures::Read(stats) => stats.rows,
            Figures::Written(progress) => progress.settled,
        }
    }

    fn percent(&self) -> Option<f64> {
        match self {
            Figures::Read(stats) => Some(stats.percent()),
            Figures::Written(progress) => progress.percent(),
        }
    }

    /// An import tells them at its end.
    fn retries(&self) -> Option<u64> {
        match self {
            Figures::Read(stats) => Some(stats.retries),
            Figures::Written(_) => None,
        }
    }

    /// All of them, for programs.
    pub(crate) fn document(&self) -> Value {
        match self {
            Figures::Read(stats) => output::stats(stats),
            Figures::Written(progress) => import_output::progress(progress),
        }
    }
}

/// A moment as documents have it.
pub(crate) fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}
