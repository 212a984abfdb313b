//! Lists that are written again are not doubled.

use anyhow::{Result, ensure};
use executor::{WriteOptions, WriteSemantics};
use integration_tests::{Proxied, RF1, RF3, Table, exactly, run};
use scylla::serialize::row::SerializeRow;
use scylla_proxy::{Reaction, ResponseReaction, ResponseRule};

use crate::{all_written, hasty, write, writer};

const ROWS: i32 = 400;

type Lists = Vec<(i32, Vec<String>)>;

fn list() -> Vec<String> {
    ["one", "two", "three"].map(str::to_owned).to_vec()
}

/// Writes lists while replies get lost, and reads what the table has then.
async fn written<R: SerializeRow>(
    (keyspace, name, subnet): (&str, &str, u8),
    cql: &str,
    semantics: WriteSemantics,
    row: impl Fn(i32) -> R,
) -> Result<Lists> {
    let table = Table::create(keyspace, name, "(id int PRIMARY KEY, l list<text>)").await?;
    let mut proxied = Proxied::start(subnet).await?;
    let options = WriteOptions { semantics, ..hasty() };
    let session = proxied.operator.session();
    let (writer, insert) = writer(session, &table, cql, options).await?;
    proxied.on_responses(&[ResponseRule(
        Proxied::some(Proxied::is_result(), 8),
        ResponseReaction::drop_frame(),
    )]);
    all_written(&write(&writer, insert, (0..ROWS).map(row)).await?)?;
    let stats = writer.stats();
    ensure!(stats.retries > 0 && stats.replays >= stats.retries, "no reply was lost: {stats:?}");
    table.rows("SELECT id, l FROM {}").await
}

#[test]
fn lists_whose_replies_were_lost_are_written_once() {
    run(async {
        let cql = "INSERT INTO {} (id, l) VALUES (?, ?)";
        let of = (RF3, "writes_lists", 62);
        let found = written(of, cql, WriteSemantics::Lists, |id| (id, list())).await?;
        exactly(found, (0..ROWS).map(|id| (id, list())))
    });
}

#[test]
fn a_bound_timestamp_does_not_stand_in_the_way() {
    run(async {
        let cql = "INSERT INTO {} (id, l) VALUES (?, ?) USING TIMESTAMP ?";
        let of = (RF1, "writes_lists_bound", 63);
        let row = |id: i32| (id, list(), 1_000_000 + i64::from(id));
        exactly(
            written(of, cql, WriteSemantics::Lists, row).await?,
            (0..ROWS).map(|id| (id, list())),
        )
    });
}

/// Why all of that: if the cluster did not do so, the later timestamps would not be needed.
#[test]
fn with_the_same_timestamp_the_cluster_doubles_them() {
    run(async {
        let cql = "INSERT INTO {} (id, l) VALUES (?, ?)";
        let of = (RF1, "writes_lists_doubled", 64);
        let found = written(of, cql, WriteSemantics::Idempotent, |id| (id, list())).await?;
        let doubled = found.iter().filter(|(_, list)| list.len() == 6).count();
        ensure!(doubled > 0, "no list was doubled");
        Ok(())
    });
}
