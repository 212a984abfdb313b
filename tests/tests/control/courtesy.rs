//! Who a run holds back for: those who use the cluster, and not other runs.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{main_cluster, run, session_to};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

use crate::{ROWS, Trial};

/// Between two reads: many more in a second than the drivers' own.
const EVERY: Duration = Duration::from_millis(20);
/// Some looks of the run at who is there, if the machine has time for them.
const LOOKS: Duration = Duration::from_secs(5);
const HOLDS_BACK: &str = "company=Others";

/// Reads again and again.
async fn reads(session: &Session) -> Result<()> {
    loop {
        let read = session.query_unpaged("SELECT key FROM system.local WHERE key = 'local'", &[]);
        read.await.context("a read failed")?;
        tokio::time::sleep(EVERY).await;
    }
}

/// Does something while somebody reads.
async fn beside<T>(session: &Session, doing: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = doing => done,
        Err(error) = reads(session) => Err(error),
    }
}

#[test]
fn a_run_holds_back_for_others_and_not_for_other_runs() {
    run(async {
        let trial = Trial::new("control_courtesy", ROWS).await?;
        let hosts = main_cluster().await?.cluster.contact_points();
        let of_a_run = session_to(&hosts).await?;
        let of_a_service = SessionBuilder::new().known_nodes_addr(&hosts).build().await?;

        let log = || std::fs::read_to_string(trial.path("run.log"));
        let options = format!("-v --log-file {} --rows-per-second 20", trial.place("run.log"));
        let mut count = trial.start("count", &options)?;
        trial.until(&mut count, |_| true).await?;
        beside(&of_a_run, async {
            tokio::time::sleep(LOOKS).await;
            Ok(())
        })
        .await?;
        ensure!(!log()?.contains(HOLDS_BACK), "{}", log()?);
        beside(&of_a_service, async {
            while !log()?.contains(HOLDS_BACK) {
                ensure!(!count.has_ended()?, "it has not seen anybody: {}", log()?);
                tokio::time::sleep(EVERY).await;
            }
            Ok(())
        })
        .await?;
        trial.tell("set rate=off").await?;
        let (_, ended) = count.end().await?;
        ended.with_code(0)?;
        Ok(())
    });
}
