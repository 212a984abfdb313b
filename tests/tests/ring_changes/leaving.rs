//! A node hands its data to the others and leaves.

use anyhow::{Result, ensure};
use bulk::Operator;
use integration_tests::Extra;

use crate::held::{Held, Whole, connected};
use crate::{Verdict, nodes};

pub(crate) async fn in_the_middle(
    extra: &Extra,
    operator: &Operator,
    node: usize,
    verdict: &mut Verdict,
) -> Result<()> {
    let host_id = connected(extra, operator, node).await?;
    let alone = Held::begin(operator, "rf1").await?;
    let shared = Held::begin(operator, "rf3").await?;
    nodes(extra, move |cluster| cluster.decommission(node)).await?;
    for (case, held) in [("export, RF 1", alone), ("export, RF 3", shared)] {
        let finished = async {
            let Whole { nodes, stats } = held.finish().await?;
            // A page or two of it may have been read before it left.
            ensure!(nodes.iter().any(|node| *node != host_id), "{nodes:?}, {stats:?}");
            ensure!(stats.replans > 0, "the run did not notice: {stats:?}");
            Ok(())
        };
        verdict.of(&format!("it leaves, {case}"), finished.await);
    }
    Ok(())
}
