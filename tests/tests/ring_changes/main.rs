//! The ring changes in the middle of a run: nodes die, are drained, join and leave. Whatever happens, a
//! run that ends well has each row once.
//!
//! On one cluster of its own, which is changed by one case after another, so they are one test. A case that
//! fails does not keep the next from running, as long as the cluster itself does what it is told.

mod dying;
mod held;
mod joining;
mod leaving;

use std::sync::Arc;

use anyhow::{Result, ensure};
use bulk::Operator;
use integration_tests::{Extra, create_keyspace, ddl, load, run};
use xtask::cluster::{Cluster, Profile};

/// Rows of each table; its keys are 0 up to this.
const ROWS: i32 = 30_000;
/// The keyspaces by their number of replicas; each has a table `t`.
const KEYSPACES: [(&str, u8); 2] = [("rf1", 1), ("rf3", 3)];

/// Does something to the nodes that takes its time.
async fn nodes<T, F>(extra: &Extra, act: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&Cluster) -> Result<T> + Send + 'static,
{
    let cluster = Arc::clone(&extra.cluster);
    tokio::task::spawn_blocking(move || act(&cluster)).await?
}

/// What went wrong in the cases so far.
#[derive(Debug, Default)]
struct Verdict(Vec<String>);

impl Verdict {
    fn of(&mut self, case: &str, result: Result<()>) {
        if let Err(error) = result {
            self.0.push(format!("{case}: {error:#}"));
        }
    }
}

#[test]
fn each_row_comes_once_while_nodes_come_and_go() {
    run(async {
        let extra = Extra::up(Profile::named("ring-changes", 21, 3)).await?;
        let operator = extra.operator().await?;
        tables(&operator).await?;
        // One that is killed forgets what its commit log has not yet synced.
        nodes(&extra, |cluster| {
            (0..3).try_for_each(|node| cluster.nodetool(node, &["flush"]).map(drop))
        })
        .await?;
        let mut verdict = Verdict::default();
        dying::with_other_replicas(&extra, &operator, &mut verdict).await?;
        dying::alone(&extra, &operator, &mut verdict).await?;
        dying::drained(&extra, &operator, &mut verdict).await?;
        let newcomer = joining::in_the_middle(&extra, &operator, &mut verdict).await?;
        leaving::in_the_middle(&extra, &operator, newcomer, &mut verdict).await?;
        ensure!(verdict.0.is_empty(), "{:#?}", verdict.0);
        Ok(())
    });
}

async fn tables(operator: &Operator) -> Result<()> {
    let session = operator.session();
    for (keyspace, replicas) in KEYSPACES {
        let replication =
            format!("{{'class': 'SimpleStrategy', 'replication_factor': {replicas}}}");
        create_keyspace(session, keyspace, &replication).await?;
        for table in ["t", "loaded"] {
            ddl(session, &format!("CREATE TABLE {keyspace}.{table} (id int PRIMARY KEY)")).await?;
        }
        let insert = format!("INSERT INTO {keyspace}.t (id) VALUES (?)");
        load(session, &insert, (0..ROWS).map(|id| (id,))).await?;
    }
    Ok(())
}
