//! A run from its first moment to its last: what watches it is set up before the cluster is asked, and is
//! told how it ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bulk::{Event, ImportProgress, Observer, Pace, Stats};
use serde_json::Value;

use crate::control::Control;
use crate::exit::Failure;
use crate::metrics_server::MetricsServer;
use crate::run_args::Conduct;
use crate::run_name::RunName;
use crate::run_state::{Figures, RunState};
use crate::signal;
use crate::summary::{self, Summary};

/// A run that goes.
#[derive(Debug)]
pub(crate) struct Running {
    state: Arc<RunState>,
    deadline: Option<Instant>,
    report: Mutex<Option<Value>>,
}

/// Runs a job in the sight of all who watch it: `ctl`, signals, metrics, and the summary at its end.
///
/// # Errors
///
/// Those of the job; or where it cannot be watched as asked for, and then it does not begin.
pub(crate) async fn watched(
    job: &'static str,
    table: String,
    conduct: &Conduct,
    work: impl AsyncFnOnce(&Running) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let watch = &conduct.watch;
    let summary = watch.summary.as_deref().map(Summary::at).transpose()?;
    let name = watch.run_name.clone().unwrap_or_else(RunName::of_process);
    let state = Arc::new(RunState::new(name, job, table, conduct.limits.pace()));
    let running = Running {
        deadline: conduct.deadline.and_then(|after| state.began().checked_add(after)),
        state,
        report: Mutex::default(),
    };
    tracing::info!(run = %running.state.name, table = running.state.table, "{job} begins");
    let result = running.work(conduct, work).await;
    let outcome = result.as_ref().err().map_or("complete", Failure::outcome);
    let seconds = running.state.began().elapsed().as_secs_f64();
    tracing::info!(run = %running.state.name, outcome, seconds, "{job} has ended");
    match summary {
        Some(summary) => running.summarize(&summary, result).await,
        None => result,
    }
}

impl Running {
    async fn work(
        &self,
        conduct: &Conduct,
        work: impl AsyncFnOnce(&Running) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let watch = &conduct.watch;
        signal::pause_by_signals(&self.state);
        // Both end with the work.
        let _metrics = match watch.metrics {
            Some(address) => Some(MetricsServer::listen(address, &self.state).await?),
            None => None,
        };
        let _control = Control::listen(&self.state, watch.run_name.is_some()).await?;
        work(self).await
    }

    /// Writes the summary; what failed before counts more than that it cannot be written.
    async fn summarize(
        &self,
        summary: &Summary,
        result: Result<(), Failure>,
    ) -> Result<(), Failure> {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner).take();
        let written = summary.write(&summary::document(&self.state, report, &result)).await;
        match (result, written) {
            (Ok(()), written) => written,
            (Err(failure), Ok(())) => Err(failure),
            (Err(failure), Err(unwritten)) => {
                tracing::error!("the summary is not written: {}", unwritten.message());
                Err(failure)
            }
        }
    }

    /// How fast it may go.
    pub(crate) fn pace(&self) -> Pace {
        self.state.pace.clone()
    }

    /// When it is to have ended.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Sees how far a run that reads is.
    pub(crate) fn observer(&self) -> Observer {
        let state = Arc::clone(&self.state);
        Observer::new(move |_: &Event, stats: &Stats| {
            state.set_figures(Figures::Read(stats.clone()))
        })
    }

    /// Sees how far an import is.
    pub(crate) fn import_observer(&self) -> impl Fn(&ImportProgress) + Send + Sync + 'static {
        let state = Arc::clone(&self.state);
        move |progress| state.set_figures(Figures::Written(*progress))
    }

    /// Keeps what the run has to report, for the summary. It is what `--output json` says.
    pub(crate) fn keep(&self, report: &Value) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.clone());
    }
}
