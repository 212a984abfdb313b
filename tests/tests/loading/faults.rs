//! Faults between the import and the cluster: what passes is sent again, what does not is told, and the
//! rest comes later. Through the library, since a program cannot be told of the proxies' addresses.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{Import, ImportOptions, ImportReport, MaxErrors, RetryPolicy, WriteOptions};
use integration_tests::{Proxied, RF3, Table, exactly, run};
use scylla_proxy::{
    Condition, Reaction, RequestReaction, RequestRule, ResponseReaction, ResponseRule,
};
use tempfile::TempDir;

use crate::{csv, row};

const ROWS: i32 = 3000;

struct Trial {
    table: Table,
    proxied: Proxied,
    folder: TempDir,
}

impl Trial {
    async fn new(name: &str, subnet: u8) -> Result<Trial> {
        let columns = "(id int PRIMARY KEY, v text)";
        let table = Table::create(RF3, name, columns).await?;
        let trial =
            Trial { table, proxied: Proxied::start(subnet).await?, folder: tempfile::tempdir()? };
        std::fs::write(trial.folder.path().join("in.csv"), csv(0..ROWS))?;
        Ok(trial)
    }

    fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("journal")
    }

    /// An import through the proxies that waits little.
    fn import(&self, patience: Duration) -> Import {
        let retry = RetryPolicy {
            min_delay: Duration::from_millis(20),
            max_delay: Duration::from_millis(200),
            max_elapsed: patience,
            ..RetryPolicy::default()
        };
        let write = WriteOptions {
            request_timeout: Duration::from_secs(2),
            retry,
            ..WriteOptions::default()
        };
        let options = ImportOptions {
            write,
            journal: Some(self.journal()),
            resume: true,
            window_bytes: 4 << 10,
            ..ImportOptions::default()
        };
        let from = self.folder.path().join("in.csv").display().to_string();
        let import = self.proxied.operator.import(self.table.keyspace(), self.table.table());
        import.from(from).options(options)
    }

    async fn holds(&self, ids: impl IntoIterator<Item = i32>) -> Result<()> {
        let found = self.table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
        exactly(found, ids.into_iter().map(row))
    }
}

async fn survives(
    name: &str,
    subnet: u8,
    rules: &[RequestRule],
    answers: &[ResponseRule],
) -> Result<()> {
    let mut trial = Trial::new(name, subnet).await?;
    trial.proxied.on_requests(rules);
    trial.proxied.on_responses(answers);
    let report = trial.import(Duration::from_secs(120)).run().await?;
    ensure!(report.complete && report.counts.written == ROWS as u64, "{report:?}");
    ensure!(report.counts.read == ROWS as u64 && report.counts.bad == 0, "{report:?}");
    ensure!(
        report.writes.retries > 0 && report.writes.replays > 0,
        "nothing has happened: {report:?}"
    );
    trial.holds(0..ROWS).await
}

#[test]
fn what_may_pass_is_sent_again() {
    run(async {
        let forge = RequestReaction::forge;
        let reactions = [
            forge().write_timeout(),
            forge().overloaded(),
            forge().unavailable(),
            forge().server_error(),
        ];
        let rules =
            reactions.map(|reaction| RequestRule(Proxied::some(Proxied::is_batch(), 5), reaction));
        survives("loading_passing", 81, &rules, &[]).await
    });
}

#[test]
fn broken_connections_and_lost_answers_are_survived() {
    run(async {
        let requests = [
            RequestRule(Proxied::some(Proxied::is_batch(), 1), RequestReaction::drop_connection()),
            RequestRule(Proxied::some(Proxied::is_batch(), 3), RequestReaction::drop_frame()),
        ];
        // The first answers are about the table, and about preparing.
        let lost =
            ResponseRule(Proxied::some(Proxied::is_result(), 3), ResponseReaction::drop_frame());
        survives("loading_broken", 82, &requests, &[lost]).await
    });
}

fn failed(ended: bulk::Result<ImportReport>) -> Result<(bulk::Error, ImportReport)> {
    match ended {
        Ok(report) => bail!("it did not fail: {report:?}"),
        Err(error) => {
            let report = error.import_report().cloned().context("no report")?;
            Ok((error, report))
        }
    }
}

#[test]
fn a_cluster_that_stays_away_ends_it_and_the_rest_comes_later() {
    run(async {
        let mut trial = Trial::new("loading_away", 83).await?;
        // Some is written, and then no more.
        let away = || RequestReaction::forge().unavailable();
        let first = Condition::TrueForLimitedTimes(200);
        let rules = [
            RequestRule(Proxied::is_batch().and(first), RequestReaction::noop()),
            RequestRule(Proxied::is_batch(), away()),
        ];
        trial.proxied.on_requests(&rules);
        let patience = Duration::from_secs(1);
        let (error, report) =
            failed(trial.import(patience).max_errors(MaxErrors::Count(100)).run().await)?;
        ensure!(error.kind() == bulk::ErrorKind::Incomplete, "{error}");
        // It is no record's fault.
        ensure!(!report.complete && report.counts.bad == 0, "{report:?}");
        ensure!(error.to_string().contains("ended by an error"), "{error}");
        ensure!(report.counts.is_balanced() && report.counts.written > 0, "{report:?}");
        let found = trial.table.rows::<(i32,)>("SELECT id FROM {}").await?;
        ensure!(found.len() as u64 >= report.counts.written, "{} rows: {report:?}", found.len());

        trial.proxied.on_requests(&[]);
        let again = trial.import(patience).run().await?;
        ensure!(again.complete && again.counts.written == ROWS as u64, "{again:?}");
        trial.holds(0..ROWS).await
    });
}

#[test]
fn silence_ends_it_too() {
    run(async {
        let mut trial = Trial::new("loading_silent", 84).await?;
        trial
            .proxied
            .on_requests(&[RequestRule(Proxied::is_batch(), RequestReaction::drop_frame())]);
        let (error, report) = failed(
            trial.import(Duration::from_secs(3)).max_errors(MaxErrors::Count(10)).run().await,
        )?;
        ensure!(error.kind() == bulk::ErrorKind::Incomplete, "{error}");
        ensure!(report.counts.written == 0 && report.counts.bad == 0, "{report:?}");
        trial.proxied.on_requests(&[]);
        trial.holds([]).await?;
        let again = trial.import(Duration::from_secs(30)).run().await?;
        ensure!(again.complete && again.counts.written == ROWS as u64, "{again:?}");
        trial.holds(0..ROWS).await
    });
}

#[test]
fn a_user_who_may_not_write_ends_it_and_can_go_on() {
    run(async {
        let mut trial = Trial::new("loading_denied", 85).await?;
        let denied = RequestReaction::forge().unauthorized();
        trial.proxied.on_requests(&[RequestRule(Proxied::is_batch(), denied)]);
        let patience = Duration::from_secs(30);
        let (error, report) = failed(trial.import(patience).run().await)?;
        ensure!(error.to_string().contains("loading_denied"), "{error}");
        // No record is at fault.
        ensure!(report.counts.bad == 0 && report.counts.written == 0, "{report:?}");
        trial.proxied.on_requests(&[]);
        let report = trial.import(patience).run().await?;
        ensure!(report.counts.written == ROWS as u64 && report.complete, "{report:?}");
        trial.holds(0..ROWS).await
    });
}
