//! Ranges that nodes refuse to read, since too much was deleted in them: smaller ones are not refused, and
//! what cannot be made small enough is named.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, Error, Operator, RetryPolicy, ScanOptions};
use executor::ErrorKind;
use integration_tests::{Extra, create_keyspace, ddl, load, run};
use tokenring::Token;
use xtask::cluster::Profile;

/// How many tombstones a node reads for one request.
const THRESHOLD: i32 = 200;

#[test]
fn ranges_full_of_tombstones_are_cut_until_they_are_read() {
    run(async {
        let yaml = format!(
            "tombstone_warn_threshold: {}\ntombstone_failure_threshold: {THRESHOLD}\n",
            THRESHOLD / 2
        );
        let extra = Extra::up(Profile::named("slow", 22, 1).extra_yaml(&yaml)).await?;
        let operator = extra.operator().await?;
        let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
        create_keyspace(operator.session(), "ks", replication).await?;
        spread(&operator).await.context("spread over many partitions")?;
        in_one_partition(&operator).await.context("in one partition")
    });
}

fn options() -> BulkOptions {
    let retry = RetryPolicy {
        max_elapsed: Duration::from_secs(3),
        max_delay: Duration::from_millis(200),
        ..RetryPolicy::default()
    };
    let scan = ScanOptions { retry, ..ScanOptions::default() };
    BulkOptions::default().scan(scan).split_count(2)
}

/// Each partition has a few tombstones: a range of few partitions is read.
async fn spread(operator: &Operator) -> Result<()> {
    let session = operator.session();
    let create = "CREATE TABLE ks.spread (id int, seq int, PRIMARY KEY (id, seq))";
    ddl(session, create).await?;
    let insert = "INSERT INTO ks.spread (id, seq) VALUES (?, ?)";
    load(session, insert, (0..500).map(|id| (id, 0))).await?;
    let gone = (0..500).flat_map(|id| (1..=10).map(move |seq| (id, seq)));
    load(session, "DELETE FROM ks.spread WHERE id = ? AND seq = ?", gone).await?;
    let report = operator.count_by_token_ranges_with_stats("ks", "spread", &options()).await?;
    ensure!(report.rows == 500 && report.stats.complete, "{:?}", report.stats);
    ensure!(report.stats.resplits > 0, "nothing had to be cut: {:?}", report.stats);
    Ok(())
}

/// One partition has more than a node reads: no range that has it can be read, and all others can.
async fn in_one_partition(operator: &Operator) -> Result<()> {
    let session = operator.session();
    ddl(session, "CREATE TABLE ks.deep (id int, seq int, PRIMARY KEY (id, seq))").await?;
    let insert = "INSERT INTO ks.deep (id, seq) VALUES (?, ?)";
    load(session, insert, (0..500).map(|id| (id, 0))).await?;
    let gone = (1..=THRESHOLD * 2).map(|seq| (7, seq));
    load(session, "DELETE FROM ks.deep WHERE id = ? AND seq = ?", gone).await?;
    let counted = operator.count_by_token_ranges_with_stats("ks", "deep", &options()).await;
    let Err(Error::Run(error)) = counted else { bail!("{counted:?}") };
    ensure!(error.kind() == ErrorKind::Incomplete, "{error}");
    let token = Token::of_partition_key(&[7_i32.to_be_bytes()])?;
    ensure!(error.missing().contains(token), "{} has not its token", error.missing());
    let counted: u64 = error.counts().iter().map(|count| count.rows).sum();
    // Cut to the bone: little beside that partition is missing.
    ensure!((490..500).contains(&counted), "{counted} rows were counted: {error}");
    Ok(())
}
