//! The attempts of a commit, one after the other, until one of them is known to have succeeded.

use std::future::Future;

use iceberg::{TableRequirement, TableUpdate};
use uuid::Uuid;

use crate::catalog::{Catalog, CommitFault, Table};
use crate::commit::attempt::Draft;
use crate::commit::request::{Commit, Committed};
use crate::commit::retry::RetryPolicy;
use crate::error::{Error, ErrorKind, Result};
use crate::snapshot::Snapshot;
use crate::table_name::TableName;

/// The table that is committed to, as a catalog has it.
pub(super) trait Target: Sync {
    /// The table as it is now.
    fn load(&self) -> impl Future<Output = Result<Table>> + Send;

    /// Makes the updates if the requirements are met, in one step.
    fn commit(
        &self,
        base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> impl Future<Output = Result<Table, CommitFault>> + Send;
}

pub(super) struct InCatalog<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) table: &'a TableName,
}

impl Target for InCatalog<'_> {
    async fn load(&self) -> Result<Table> {
        self.catalog.table(self.table).await
    }

    async fn commit(
        &self,
        base: &Table,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<Table, CommitFault> {
        self.catalog.commit(base, requirements, updates).await
    }
}

/// Commits a run to a table, at most once.
pub(super) async fn commit_run<T: Target>(
    target: &T,
    commit: &Commit,
    policy: &RetryPolicy,
) -> Result<Committed> {
    commit.check()?;
    let mut attempts =
        Attempts { target, commit, table: None, draft: None, made: 0, unsettled: None };
    let outcome = attempts.run(policy).await;
    match &outcome {
        Ok((_, list)) => attempts.remove_leftovers(Some(list)).await,
        Err(_) if attempts.unsettled.is_none() => attempts.remove_leftovers(None).await,
        // They may be the table's.
        Err(_) => {}
    }
    outcome.map(|(committed, _)| committed)
}

struct Attempts<'a, T> {
    target: &'a T,
    commit: &'a Commit,
    /// The table that the first attempt found.
    table: Option<Table>,
    draft: Option<Draft<'a>>,
    made: u32,
    /// The current snapshot on top of which an attempt was made that may still be done, or have been.
    unsettled: Option<Option<i64>>,
}

/// How far an attempt came.
enum Step {
    /// With the manifest list of the committed snapshot.
    Committed(Committed, String),
    /// Someone else was first.
    Conflict(Error),
    /// The catalog does not answer, or not in a way that says what happened.
    Outage(Error),
    /// Trying again would not help.
    Failed(Error),
}

impl Step {
    fn of(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Conflict => Step::Conflict(error),
            _ if error.retryable() => Step::Outage(error),
            _ => Step::Failed(error),
        }
    }
}

impl<T: Target> Attempts<'_, T> {
    async fn run(&mut self, policy: &RetryPolicy) -> Result<(Committed, String)> {
        let mut patience = policy.begin();
        loop {
            let (error, pause) = match self.load().await {
                Ok(base) => {
                    if self.table.is_none() {
                        patience = policy.with(base.properties()).begin();
                    }
                    match self.attempt(base).await {
                        Step::Committed(committed, list) => return Ok((committed, list)),
                        Step::Conflict(error) => (error, patience.after_conflict()),
                        Step::Outage(error) => (error, patience.after_outage()),
                        Step::Failed(error) => (error, None),
                    }
                }
                Err(error) if error.retryable() => (error, patience.after_outage()),
                Err(error) => (error, None),
            };
            let Some(pause) = pause else { return Err(self.verdict(error)) };
            tracing::debug!(run = self.commit.run_id, %error, ?pause, "the commit is tried again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn load(&self) -> Result<Table> {
        self.target.load().await
    }

    async fn attempt(&mut self, base: Table) -> Step {
        let first = self.table.get_or_insert_with(|| base.clone());
        if first.uuid() != base.uuid() {
            return Step::Failed(replaced(first.name(), first.uuid(), base.uuid()));
        }
        if let Some(found) = base.snapshot_of_run(&self.commit.run_id) {
            let is_current =
                base.inner.metadata().current_snapshot_id() == Some(found.snapshot_id());
            let snapshot = Snapshot::new(found, is_current);
            let committed = Committed { snapshot, attempts: self.made, found: true };
            return Step::Committed(committed, found.manifest_list().to_owned());
        }
        let current = base.inner.metadata().current_snapshot_id();
        if self.unsettled.is_some_and(|of| of != current) {
            // It was on top of another snapshot, so it was not done and can't be any more.
            self.unsettled = None;
        }
        let draft = match &mut self.draft {
            Some(draft) => draft,
            None => match Draft::new(&base, self.commit).await {
                Ok(draft) => self.draft.insert(draft),
                Err(error) => return Step::of(error),
            },
        };
        self.made += 1;
        let attempt = match draft.attempt(&base, self.made).await {
            Ok(attempt) => attempt,
            Err(error) => return Step::of(error),
        };
        match self.target.commit(&base, attempt.requirements, attempt.updates).await {
            Ok(_) => {
                let snapshot = Snapshot::new(&attempt.snapshot, true);
                let committed = Committed { snapshot, attempts: self.made, found: false };
                Step::Committed(committed, attempt.snapshot.manifest_list().to_owned())
            }
            Err(CommitFault::Conflict(error)) => Step::Conflict(error),
            Err(CommitFault::Unavailable(error)) => Step::Outage(error),
            Err(CommitFault::Refused(error)) => Step::Failed(error),
            Err(CommitFault::Unknown(error)) => {
                self.unsettled = Some(current);
                Step::Outage(error)
            }
        }
    }

    /// What to say after the last attempt.
    fn verdict(&self, error: Error) -> Error {
        let Commit { run_id, .. } = self.commit;
        let table = match &self.table {
            Some(table) => format!("the table {}", table.name),
            None => "the table".to_owned(),
        };
        if self.unsettled.is_some() {
            let what = format!(
                "whether the run {run_id} was committed to {table} could not be found out; commit it \
                 again with the same run id: if it was, nothing is done"
            );
            return Error::new(ErrorKind::Unknown, what).with_source(error);
        }
        match error.kind() {
            ErrorKind::Conflict => {
                let what = format!(
                    "the run {run_id} was not committed: others changed {table} each of the {} times \
                     that it was tried; try again with the same run id, or raise the table's property \
                     commit.retry.num-retries",
                    self.made
                );
                Error::new(ErrorKind::Conflict, what).with_source(error)
            }
            ErrorKind::Unavailable | ErrorKind::Unknown => {
                let what = format!(
                    "the run {run_id} was not committed to {table}: the catalog or the warehouse does \
                     not answer; try again with the same run id"
                );
                Error::new(ErrorKind::Unavailable, what).with_source(error)
            }
            _ => error,
        }
    }

    /// Removes what attempts have written and the committed snapshot, if there is one, does not have.
    async fn remove_leftovers(&self, committed: Option<&str>) {
        let (Some(table), Some(draft)) = (&self.table, &self.draft) else { return };
        for path in draft.leftovers(committed) {
            // What stays does no harm but take room; maintenance of the table removes it some day.
            if let Err(error) = table.inner.file_io().delete(path).await {
                tracing::debug!(path, %error, "a leftover of a commit could not be removed");
            }
        }
    }
}

fn replaced(name: &TableName, before: Uuid, now: Uuid) -> Error {
    let what = format!(
        "the table {name} is another one than when the commit began: it was {before} and is {now}"
    );
    Error::new(ErrorKind::Mismatch, what)
}
