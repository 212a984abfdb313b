//! Every page is served by a replica of its split, and holds rows of its range only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::ensure;
use bulk::{BulkOptions, ScanOptions, Token, TokenRange};
use executor::Query;
use futures::TryStreamExt;
use integration_tests::{RF1, RF2, RF3, Table, exactly, run};

#[test]
fn each_page_comes_from_a_replica_and_holds_its_range() {
    run(async {
        for (keyspace, splits) in [(RF1, 3), (RF1, 100), (RF2, 30), (RF3, 1), (RF3, 48)] {
            let table =
                Table::create(keyspace, &format!("routing_{splits}"), "(id int PRIMARY KEY)")
                    .await?;
            table.write("INSERT INTO {} (id) VALUES (?)", (0..4000).map(|id| (id,))).await?;
            let options = BulkOptions::default().split_count(splits);
            let operator = &table.on.operator;
            let plan = operator.plan(keyspace, table.table(), &options).await?;
            let plan = Arc::new(plan);
            let run = ScanOptions { page_size: 40, ..ScanOptions::default() };
            let query = Query::rows(&plan.table);
            let session = Arc::clone(operator.session());
            let mut pages = executor::scan(session, Arc::clone(&plan), query, run);

            let mut ids = Vec::new();
            let mut ended: BTreeSet<TokenRange> = BTreeSet::new();
            let mut served: BTreeMap<_, u64> = BTreeMap::new();
            while let Some(page) = pages.try_next().await? {
                let split = &plan.splits[page.split()];
                ensure!(split.ranges.contains(&page.range()), "{} is of no split", page.range());
                ensure!(split.replicas.contains(page.node()), "{} read elsewhere", page.range());
                ensure!(!ended.contains(&page.range()), "{} went on after its end", page.range());
                if page.is_last() {
                    ended.insert(page.range());
                }
                for row in page.rows::<(i32,)>()? {
                    let (id,) = row?;
                    let token = Token::of_partition_key(&[id.to_be_bytes()])?;
                    ensure!(page.range().contains(token), "row {id} is not of {}", page.range());
                    ids.push(id);
                }
                *served.entry(page.node()).or_default() += 1;
            }
            exactly(ids, 0..4000)?;
            exactly(ended, plan.splits.iter().flat_map(|split| split.ranges.clone()))?;
            ensure!(pages.stats().misrouted == 0, "{:?}", pages.stats());
            // With many splits, no node idles and none serves most of the table.
            if splits > 10 {
                ensure!(served.len() == plan.nodes.len(), "only {served:?} served");
            }
        }
        Ok(())
    });
}

#[test]
fn by_node_is_what_each_node_holds() {
    run(async {
        let table = Table::create(RF2, "by_node", "(id int PRIMARY KEY)").await?;
        table.write("INSERT INTO {} (id) VALUES (?)", (0..3000).map(|id| (id,))).await?;
        let operator = &table.on.operator;
        let options = BulkOptions::default();
        let report =
            operator.count_by_token_ranges_with_stats(RF2, table.table(), &options).await?;
        let ring = topology::RingSnapshot::read(operator.session(), &table.name)?;
        let mut held: BTreeMap<_, u64> = BTreeMap::new();
        for id in 0..3000_i32 {
            let token = Token::of_partition_key(&[id.to_be_bytes()])?;
            for host in ring.replicas(token).hosts() {
                *held.entry(*host).or_default() += 1;
            }
        }
        exactly(report.by_node().into_iter().map(|(node, rows)| (node.host_id, rows)), held)
    });
}
