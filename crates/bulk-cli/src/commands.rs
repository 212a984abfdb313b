//! The commands: arguments in, result out.

use std::io::Write;
use std::time::Duration;

use bulk::{BulkOptions, Operator, RetryPolicy, ScanOptions, Stats};

use crate::args::{Args, By, Command, Common, Count, Iceberg, Output, Plan, Run, Split};
use crate::exit::Failure;
use crate::progress::Progress;
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
            Command::Count(count) => count.run().await,
            Command::Plan(plan) => plan.run().await,
            Command::Export(export) => export.run().await,
            Command::Import(import) => import.run().await,
            Command::Verify(verify) => verify.run().await,
            Command::Iceberg(Iceberg::Snapshots(snapshots)) => snapshots.run().await,
        }
    });
    runtime.shutdown_timeout(SHUTDOWN);
    result
}

impl Split {
    pub(crate) fn apply(&self, mut options: BulkOptions) -> BulkOptions {
        if let Some(splits) = self.splits {
            options = options.split_count(usize::try_from(splits).unwrap_or(usize::MAX));
        }
        if let Some(parallelism) = self.parallelism {
            options = options.parallelism(usize::try_from(parallelism).unwrap_or(usize::MAX));
        }
        options
    }
}

impl Run {
    /// The options of a run that shows itself and can be interrupted.
    pub(crate) fn options(&self, common: &Common) -> (Progress, BulkOptions) {
        let (progress, observer) = Progress::start(self.conduct.quiet);
        let scan = ScanOptions {
            consistency: common.consistency,
            request_timeout: common.request_timeout,
            retry: RetryPolicy {
                max_elapsed: self.conduct.max_retry_time,
                ..RetryPolicy::default()
            },
            observer,
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
    async fn run(&self) -> Result<(), Failure> {
        if self.top.is_some() && self.by != Some(By::Partition) {
            return Err(Failure::usage("--top goes with --by partition"));
        }
        let operator = connect::connect(&self.common).await?;
        let (progress, options) = self.run.options(&self.common);
        let options = self.narrow.apply(options);
        let result = match self.by {
            Some(By::Partition) => self.partitions(&operator, &options, progress).await,
            by => self.rows(&operator, &options, by, progress).await,
        };
        if let Err(Failure::Job(error)) = &result {
            self.run.conclude_failed(&self.common, error);
            if self.common.shown.output == Output::Json && error.stats().is_some() {
                print(output::failure(error))?;
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
    ) -> Result<(), Failure> {
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let report = operator.count_by_token_ranges_with_stats(keyspace, table, options).await;
        drop(progress);
        let report = report?;
        match (self.common.shown.output, by) {
            (Output::Json, by) => {
                let (range, node) = (by == Some(By::Range), by == Some(By::Node));
                print(output::count(&report, range, node))
            }
            (Output::Text, by) => {
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
    ) -> Result<(), Failure> {
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let top = usize::try_from(self.top.unwrap_or(10)).unwrap_or(usize::MAX);
        let found = operator.largest_partitions(keyspace, table, top, options).await;
        drop(progress);
        let found = found?;
        match self.common.shown.output {
            Output::Json => print(output::partitions(&self.table.to_string(), found)),
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
