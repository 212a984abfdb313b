//! Nodes that stop serving and come back.

use anyhow::{Context as _, Result, ensure};
use bulk::Operator;
use integration_tests::Extra;

use crate::held::{Held, connected};
use crate::{Verdict, nodes};

/// Others have its data: nobody waits for it.
pub(crate) async fn with_other_replicas(
    extra: &Extra,
    operator: &Operator,
    verdict: &mut Verdict,
) -> Result<()> {
    let held = Held::begin(operator, "rf3").await?;
    nodes(extra, |cluster| cluster.kill(1)).await?;
    verdict.of("it is killed, RF 3", finishes_without_it(held).await);
    nodes(extra, |cluster| cluster.start(1)).await?;
    connected(extra, operator, 1).await.map(drop)
}

async fn finishes_without_it(held: Held) -> Result<()> {
    let whole = held.finish().await?;
    ensure!(whole.nodes.len() >= 2 && whole.stats.retries > 0, "{whole:?}");
    Ok(())
}

/// Nobody else has its data: the run waits, and ends well once it is back.
pub(crate) async fn alone(extra: &Extra, operator: &Operator, verdict: &mut Verdict) -> Result<()> {
    let host_id = connected(extra, operator, 1).await?;
    let held = Held::begin(operator, "rf1").await?;
    let retried = held.retried();
    nodes(extra, |cluster| cluster.kill(1)).await?;
    let waits = async {
        let whole = held.finish().await?;
        ensure!(whole.nodes.contains(&host_id) && whole.stats.retries > 0, "{whole:?}");
        Ok(())
    };
    let comes_back = async {
        retried.notified().await;
        nodes(extra, |cluster| cluster.start(1)).await
    };
    let (waited, back) = tokio::join!(waits, comes_back);
    back.context("the node does not come back")?;
    verdict.of("it is killed, RF 1", waited);
    connected(extra, operator, 1).await.map(drop)
}

/// It goes in good order, as before an upgrade.
pub(crate) async fn drained(
    extra: &Extra,
    operator: &Operator,
    verdict: &mut Verdict,
) -> Result<()> {
    let held = Held::begin(operator, "rf3").await?;
    nodes(extra, |cluster| cluster.drain(2)).await?;
    verdict.of("it is drained, RF 3", finishes_without_it(held).await);
    nodes(extra, |cluster| {
        cluster.kill(2)?;
        cluster.start(2)
    })
    .await?;
    connected(extra, operator, 2).await.map(drop)
}
