//! The table changes in the middle of a run. What had come until then is of one table and what would come
//! is of another, so each job ends with an error that names the table and the change; never as complete.
//!
//! A `TRUNCATE` is another matter: it leaves the table what it is, and to a reader it is as if its rows had
//! been deleted one by one. A run that meets one ends well, with those rows that it had read before.

mod exports;
mod jobs;
mod streams;

use anyhow::{Context as _, Result, ensure};
use bulk::{ErrorKind, TableName};
use integration_tests::{Table, create_keyspace, ddl, main_cluster};

/// Rows of each table; its keys are 0 up to this.
const ROWS: i32 = 5_000;
const COLUMNS: &str = "(id int PRIMARY KEY, v text, w int)";

/// What is done to a table, and what an error is to say of it.
struct Change {
    /// A part of the keyspace's name.
    case: &'static str,
    /// The statements; `{}` stands for the table.
    cql: &'static [&'static str],
    says: &'static str,
}

const CHANGES: [Change; 6] = [
    Change { case: "added", cql: &["ALTER TABLE {} ADD x int"], says: "\"x\" was added" },
    Change { case: "dropped", cql: &["ALTER TABLE {} DROP v"], says: "\"v\" was dropped" },
    Change { case: "unread", cql: &["ALTER TABLE {} DROP w"], says: "\"w\" was dropped" },
    Change { case: "gone", cql: &["DROP TABLE {}"], says: "was dropped" },
    Change {
        case: "anew",
        cql: &["DROP TABLE {}", "CREATE TABLE {} (id int PRIMARY KEY, v text, w int)"],
        says: "it was dropped",
    },
    Change {
        case: "other",
        cql: &["DROP TABLE {}", "CREATE TABLE {} (id bigint PRIMARY KEY, v blob)"],
        says: "it was dropped",
    },
];

impl Change {
    async fn happens(&self, table: &Table) -> Result<()> {
        for cql in self.cql {
            table.alter(cql).await?;
        }
        Ok(())
    }

    /// Sees to it that a job has ended for this reason, and says so.
    fn is_told(&self, table: &Table, error: &bulk::Error) -> Result<()> {
        let text = bulk::with_causes(error);
        ensure!(error.kind() == ErrorKind::Changed && !error.retryable(), "{error:?}");
        ensure!(text.contains(&table.name.to_string()), "the table is not named: {text}");
        ensure!(text.contains(self.says), "{:?} is not said: {text}", self.says);
        ensure!(error.stats().is_none_or(|stats| !stats.complete), "{error:?}");
        Ok(())
    }
}

/// A table in a keyspace of its own, made anew. Its `v` is the key as text.
async fn table(job: &str, case: &str) -> Result<Table> {
    let on = main_cluster().await?;
    let keyspace = format!("schema_changes_{job}_{case}");
    ddl(&on.session, &format!("DROP KEYSPACE IF EXISTS {keyspace}")).await?;
    let replication = "{'class': 'SimpleStrategy', 'replication_factor': 3}";
    create_keyspace(&on.session, &keyspace, replication).await?;
    let table = Table { on, name: TableName::new(&keyspace, "t") };
    table.alter(&format!("CREATE TABLE {{}} {COLUMNS}")).await?;
    fill(&table).await.context("the table cannot be filled")?;
    Ok(table)
}

async fn fill(table: &Table) -> Result<()> {
    let rows = (0..ROWS).map(|id| (id, id.to_string(), id));
    table.write("INSERT INTO {} (id, v, w) VALUES (?, ?, ?)", rows).await
}
