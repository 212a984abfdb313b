//! Tables that belong to one test each, and rows in them.

use anyhow::{Context as _, Result};
use futures::{StreamExt, TryStreamExt};
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::ExecutionError;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement;
use tokio::sync::{Mutex, OnceCell};
use topology::{TableName, classify};

use crate::cluster::{Main, main_cluster};

/// The keyspace of one replica.
pub const RF1: &str = "bulk_rf1";
/// The keyspace of three replicas.
pub const RF3: &str = "bulk_rf3";
/// The keyspace whose name needs quotes; two replicas.
pub const RF2: &str = "Bulk_Mixed_RF2";

/// Rows that go into one batch: they are of many partitions, which costs the coordinator little and
/// saves most of the round trips.
const BATCH: usize = 100;
/// Batches under way.
const WRITERS: usize = 32;
/// How often a batch is sent.
const ATTEMPTS: usize = 10;

/// Changes of the schema one after another: concurrent ones disagree, and then time out.
static SCHEMA: Mutex<()> = Mutex::const_new(());

/// A table of one test.
#[derive(Clone, Debug)]
pub struct Table {
    /// The cluster it is on.
    pub on: &'static Main,
    /// Its name.
    pub name: TableName,
}

impl Table {
    /// Makes a table anew in one of the shared keyspaces. `columns` is what follows the name, in
    /// parentheses or with options after them.
    ///
    /// # Errors
    ///
    /// Where the cluster refuses it.
    pub async fn create(keyspace: &str, table: &str, columns: &str) -> Result<Table> {
        let on = main_cluster().await?;
        keyspaces(on).await?;
        let name = TableName::new(keyspace, table);
        for cql in
            [format!("DROP TABLE IF EXISTS {name}"), format!("CREATE TABLE {name} {columns}")]
        {
            ddl(&on.session, &cql).await?;
        }
        Ok(Table { on, name })
    }

    /// Runs another statement that changes the schema; `{}` stands for the table's name.
    ///
    /// # Errors
    ///
    /// Where the cluster refuses it.
    pub async fn alter(&self, cql: &str) -> Result<()> {
        ddl(&self.on.session, &cql.replace("{}", &self.name.to_string())).await
    }

    /// Writes rows through an `INSERT`, `UPDATE` or `DELETE`; `{}` stands for the table's name.
    ///
    /// # Errors
    ///
    /// Where a row could not be written to all its replicas.
    pub async fn write<R>(&self, cql: &str, rows: impl IntoIterator<Item = R>) -> Result<()>
    where
        R: SerializeRow + Send,
    {
        load(&self.on.session, &cql.replace("{}", &self.name.to_string()), rows).await
    }

    /// What the table holds on all its replicas, by a `SELECT`; `{}` stands for the table's name. One replica
    /// alone may not have yet what another acknowledged.
    ///
    /// # Errors
    ///
    /// Where the cluster refuses it, or the rows are of another type.
    pub async fn rows<R>(&self, cql: &str) -> Result<Vec<R>>
    where
        R: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata> + 'static,
    {
        let cql = cql.replace("{}", &self.name.to_string());
        let mut select = Statement::new(cql.as_str());
        select.set_consistency(Consistency::All);
        let rows = self.on.session.query_iter(select, &[]).await.context(cql)?;
        Ok(rows.rows_stream::<R>()?.try_collect().await?)
    }

    /// Runs one statement that returns nothing; `{}` stands for the table's name.
    ///
    /// # Errors
    ///
    /// Where the cluster refuses it.
    pub async fn query(&self, cql: &str) -> Result<()> {
        let cql = cql.replace("{}", &self.name.to_string());
        let done = self.on.session.query_unpaged(cql.as_str(), &[]).await;
        done.map(drop).with_context(|| cql.clone())
    }

    /// How many replicas each row has.
    pub fn replicas(&self) -> u64 {
        match self.keyspace() {
            RF1 => 1,
            RF2 => 2,
            _ => 3,
        }
    }

    /// The keyspace, as it is stored.
    pub fn keyspace(&self) -> &str {
        self.name.keyspace()
    }

    /// The table, as it is stored.
    pub fn table(&self) -> &str {
        self.name.table()
    }
}

/// The keyspaces of the main cluster that tests share.
async fn keyspaces(on: &Main) -> Result<()> {
    static MADE: OnceCell<()> = OnceCell::const_new();
    let make = || async {
        for (keyspace, replication) in [
            (RF1, "{'class': 'SimpleStrategy', 'replication_factor': 1}"),
            (RF2, "{'class': 'SimpleStrategy', 'replication_factor': 2}"),
            (RF3, "{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}"),
        ] {
            create_keyspace(&on.session, keyspace, replication).await?;
        }
        Ok(())
    };
    MADE.get_or_try_init(make).await.copied()
}

/// Makes a keyspace unless it is there.
///
/// # Errors
///
/// Where the cluster refuses it.
pub async fn create_keyspace(session: &Session, keyspace: &str, replication: &str) -> Result<()> {
    let name = topology::quote(keyspace);
    let create = format!("CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {replication}");
    ddl(session, &create).await
}

/// Changes the schema of a cluster, and waits until all its nodes know.
///
/// # Errors
///
/// Where the cluster refuses it.
pub async fn ddl(session: &Session, cql: &str) -> Result<()> {
    let _one_at_a_time = SCHEMA.lock().await;
    session.query_unpaged(cql, &[]).await.with_context(|| cql.to_owned())?;
    session.await_schema_agreement().await.with_context(|| format!("after {cql}"))?;
    Ok(())
}

/// Writes rows to all their replicas, many at a time.
///
/// # Errors
///
/// Where a row could not be written.
pub async fn load<R>(session: &Session, cql: &str, rows: impl IntoIterator<Item = R>) -> Result<()>
where
    R: SerializeRow + Send,
{
    let prepared = session.prepare(cql).await.with_context(|| cql.to_owned())?;
    let mut rows = rows.into_iter().peekable();
    let batches = std::iter::from_fn(|| {
        rows.peek()?;
        Some(rows.by_ref().take(BATCH).collect::<Vec<R>>())
    });
    futures::stream::iter(batches)
        .map(|rows| {
            let prepared = prepared.clone();
            async move { write_batch(session, &prepared, &rows).await.with_context(|| cql.to_owned()) }
        })
        .buffer_unordered(WRITERS)
        .try_for_each(|()| async { Ok(()) })
        .await
}

/// Writes rows in as few batches as the cluster takes: what is too large for it is halved.
async fn write_batch<R: SerializeRow>(
    session: &Session,
    insert: &PreparedStatement,
    rows: &[R],
) -> Result<(), ExecutionError> {
    let mut pieces = vec![rows];
    while let Some(piece) = pieces.pop() {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_consistency(Consistency::All);
        batch.set_is_idempotent(true);
        for _ in piece {
            batch.append_statement(insert.clone());
        }
        // A node that was started just now may take longer than it allows itself.
        let mut attempts = 1..ATTEMPTS;
        while let Err(error) = session.batch(&batch, piece).await {
            let (left, right) = piece.split_at(piece.len() / 2);
            if !classify(&error).retryable() && !left.is_empty() {
                pieces.extend([right, left]);
                break;
            }
            if attempts.next().is_none() {
                return Err(error);
            }
        }
    }
    Ok(())
}
