//! The commands: arguments in, result out.

use std::io::Write;
use std::time::Duration;

use bulk::{BulkOptions, Operator, RetryPolicy, ScanOptions, Stats};

use crate::args::{Args, By, Command, Count, Iceberg, Output, Plan};
use crate::connection_args::Common;
use crate::exit::Failure;
use crate::progress::Progress;
use crate::run_args::Run;
use crate::running::{Running, watched};
use crate::{connect, logging, output, signal};

/// How long the driver's tasks may take to end once the result is there.
const SHUTDOWN: Duration = Duration::from_millis(100);

/// Runs the command to its end.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    logging::start(args.command.shown())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Setup(format!("the runtime cannot be started: {error}")))?;
    let result = runtime.block_on(async {
        match args.command {
            Command::Count(count) => {
                let (table, conduct) = (count.table.to_string(), &count.run.conduct);
                watched("count", table, conduct, async |running| count.run(running).await).await
            }
            Command::Plan(plan) => plan.run().await,
            Command::Export(export) => {
                let (table, conduct) = (export.table.to_string(), &export.run.conduct);
                watched("export", table, conduct, async |running| export.run(running).await).await
            }
            Command::Import(import) => {
                let (table, conduct) = (import.table.to_string(), &import.conduct);
                watched("import", table, conduct, async |running| import.run(running).await).await
            }
            Command::Verify(verify) => {
                let (place, conduct) = (verify.place()?, &verify.run.conduct);
                let table = place.to_string();
                let work = async |running: &Running| verify.run(&place, running).await;
                watched("verify", table, conduct, work).await
            }
            Command::Iceberg(Iceberg::Snapshots(snapshots)) => snapshots.run().await,
            Command::Ctl(ctl) => ctl.run().await,
            Command::Config(config) => config.run(),
        }
    });
    runtime.shutdown_timeout(SHUTDOWN);
    result
}

impl Run {
    /// The options of a run that shows itself and can be interrupted.
    pub(crate) fn options(&self, common: &Common, running: &Running) -> (Progress, BulkOptions) {
        let (progress, observer) = Progress::start(self.conduct.quiet);
        let scan = ScanOptions {
            consistency: common.consistency,
            request_timeout: common.request_timeout,
            retry: RetryPolicy {
                max_elapsed: self.conduct.max_retry_time,
                ..RetryPolicy::default()
            },
            observer: observer.and(running.observer()),
            pace: running.pace(),
            deadline: running.deadline(),
            cancel: signal::cancelled_by_signals(),
            ..ScanOptions::default()
        };
        (progress, self.split.apply(BulkOptions::default().scan(scan)))
    }

    /// Says how a run ended, on standard error, unless that is not wanted.
    pub(crate) fn conclude(&self, stats: &Stats) {
        if !self.conduct.quiet {
            // Where standard error is closed, the result still stands.
            let _ = writeln!(std::io::stderr(), "{}", output::summary(stats));
        }
    }

    /// The figures of a run that ended badly: what is there is said before what is not.
    pub(crate) fn conclude_failed(&self, common: &Common, error: &bulk::Error) {
        if let (Output::Text, Some(stats)) = (common.shown.output, error.stats()) {
            self.conclude(stats);
        }
    }
}

fn print(text: impl std::fmt::Display) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

impl Count {
    async fn run(&self, running: &Running) -> Result<(), Failure> {
        if self.top.is_some() && self.by != Some(By::Partition) {
            return Err(Failure::usage("--top goes with --by partition"));
        }
        let operator = connect::connect(&self.common).await?;
        let (progress, options) = self.run.options(&self.common, running);
        let options = self.narrow.apply(options);
        let result = match self.by {
            Some(By::Partition) => self.partitions(&operator, &options, progress, running).await,
            by => self.rows(&operator, &options, by, progress, running).await,
        };
        if let Err(Failure::Job(error)) = &result {
            self.run.conclude_failed(&self.common, error);
            if error.stats().is_some() {
                let document = output::failure(error);
                running.keep(&document);
                if self.common.shown.output == Output::Json {
                    print(document)?;
                }
            }
        }
        result
    }

    async fn rows(
        &self,
        operator: &Operator,
        options: &BulkOptions,
        by: Option<By>,
        progress: Progress,
        running: &Running,
    ) -> Result<(), Failure> {
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let report = operator.count_by_token_ranges_with_stats(keyspace, table, options).await;
        drop(progress);
        let report = report?;
        let document = output::count(&report, by == Some(By::Range), by == Some(By::Node));
        running.keep(&document);
        match self.common.shown.output {
            Output::Json => print(document),
            Output::Text => {
                self.run.conclude(&report.stats);
                match by {
                    Some(By::Range) => print(output::by_range(&report)),
                    Some(By::Node) => print(output::by_node(&report)),
                    _ => print(report.rows),
                }
            }
        }
    }

    async fn partitions(
        &self,
        operator: &Operator,
        options: &BulkOptions,
        progress: Progress,
        running: &Running,
    ) -> Result<(), Failure> {
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let top = usize::try_from(self.top.unwrap_or(10)).unwrap_or(usize::MAX);
        let found = operator.largest_partitions(keyspace, table, top, options).await;
        drop(progress);
        let found = found?;
        let document = output::partitions(&self.table.to_string(), &found);
        running.keep(&document);
        match self.common.shown.output {
            Output::Json => print(document),
            Output::Text => {
                self.run.conclude(&found.stats);
                print(output::by_partition(&found))
            }
        }
    }
}

impl Plan {
    async fn run(&self) -> Result<(), Failure> {
        let operator = connect::connect(&self.common).await?;
        let options = self.split.apply(BulkOptions::default());
        let plan = operator.plan(self.table.keyspace(), self.table.table(), &options).await?;
        match self.common.shown.output {
            Output::Text => print(output::plan(&plan)),
            Output::Json => print(output::plan_json(&plan)),
        }
    }
}
