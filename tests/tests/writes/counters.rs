//! Counters are counted once, or told as unknown.

use std::time::Duration;

use anyhow::ensure;
use executor::{Outcome, WriteOptions, WriteSemantics};
use integration_tests::{Proxied, RF1, Table, run};
use scylla_proxy::{Reaction, RequestReaction, RequestRule, ResponseReaction, ResponseRule};

use crate::{hasty, write, writer};

const PARTITIONS: usize = 300;
const RECORDS: usize = 3000;

#[test]
fn lost_requests_and_replies_are_told_as_unknown_and_nothing_is_counted_twice() {
    run(async {
        let columns = "(id int PRIMARY KEY, n counter)";
        let table = Table::create(RF1, "writes_counters", columns).await?;
        let mut proxied = Proxied::start(61).await?;
        let session = proxied.operator.session();
        let options = WriteOptions {
            semantics: WriteSemantics::Counters,
            request_timeout: Duration::from_secs(3),
            batch_rows: 4,
            ..hasty()
        };
        let cql = "UPDATE {} SET n = n + 1 WHERE id = ?";
        let (writer, update) = writer(session, &table, cql, options).await?;
        // Not applied, and known not to be; not applied, and unknown; applied, and unknown.
        proxied.on_requests(&[
            RequestRule(
                Proxied::some(Proxied::is_batch(), 20),
                RequestReaction::forge().overloaded(),
            ),
            RequestRule(
                Proxied::some(Proxied::is_batch(), 10),
                RequestReaction::forge().server_error(),
            ),
        ]);
        proxied.on_responses(&[ResponseRule(
            Proxied::some(Proxied::is_result(), 4),
            ResponseReaction::drop_frame(),
        )]);
        let id = |record: usize| i32::try_from(record % PARTITIONS).unwrap_or(i32::MAX);
        let report = write(&writer, update, (0..RECORDS).map(|record| (id(record),))).await?;

        let (mut written, mut unknown) = ([0_i64; PARTITIONS], [0_i64; PARTITIONS]);
        for (record, outcome) in &report.outcomes {
            let partition = usize::try_from(*record)? % PARTITIONS;
            match outcome {
                Outcome::Written => written[partition] += 1,
                Outcome::Unknown { reason } => {
                    ensure!(!reason.is_empty(), "no reason");
                    unknown[partition] += 1;
                }
                other => anyhow::bail!("record {record}: {other:?}"),
            }
        }
        let stats = writer.stats();
        let told = unknown.iter().sum::<i64>();
        ensure!(told > 0 && stats.unknown == u64::try_from(told)?, "{stats:?}");
        ensure!(stats.retries > 0, "what was refused has not been sent again: {stats:?}");
        let mut counted = [0_i64; PARTITIONS];
        for (id, n) in table.rows::<(i32, i64)>("SELECT id, CAST(n AS bigint) FROM {}").await? {
            counted[usize::try_from(id)?] = n;
        }
        for partition in 0..PARTITIONS {
            let (least, unknown) = (written[partition], unknown[partition]);
            let found = counted[partition];
            let bounds = least..=least + unknown;
            ensure!(bounds.contains(&found), "partition {partition}: {found} is not in {bounds:?}");
        }
        // Both kinds of unknown were there.
        let (written, counted) = (written.iter().sum::<i64>(), counted.iter().sum::<i64>());
        ensure!(written < counted && counted < written + told, "{written} {counted} {told}");
        Ok(())
    });
}
