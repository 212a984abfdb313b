//! What cannot be read, or not reached: the message says what, why, and what to do instead.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bulk::BulkOptions;
use integration_tests::{RF1, Table, main_cluster, run};
use topology::{ConnectOptions, ErrorKind, RingSnapshot, TableName, TableSchema};

use crate::is_said;

async fn schema_of(keyspace: &str, table: &str) -> Result<Result<TableSchema, topology::Error>> {
    let main = main_cluster().await?;
    Ok(TableSchema::read(&main.session, &TableName::new(keyspace, table)).await)
}

#[test]
fn names_that_are_not_there_bring_the_closest() {
    run(async {
        let table = Table::create(RF1, "misspelt", "(id int PRIMARY KEY, amount int)").await?;
        let keyspace = schema_of("bulk_rf11", "misspelt").await?;
        is_said(
            keyspace,
            ErrorKind::NotFound,
            &["no keyspace bulk_rf11", "did you mean bulk_rf1,"],
        )?;
        let other = schema_of(RF1, "mispelt").await?;
        is_said(other, ErrorKind::NotFound, &["no table mispelt", "did you mean misspelt", RF1])?;
        let folded = schema_of(RF1, "Misspelt").await?;
        is_said(folded, ErrorKind::NotFound, &["no table \"Misspelt\"", "did you mean misspelt"])?;

        let schema = TableSchema::read(&table.on.session, &table.name).await?;
        let checked = schema.check_columns(&["id".to_owned(), "amuont".to_owned()]);
        is_said(checked, ErrorKind::NotFound, &["no column amuont", "did you mean amount"])?;
        let options = BulkOptions::default().columns(["amuont"]);
        let stream =
            table.on.operator.export_by_token_ranges::<(i32,)>(RF1, table.table(), &options).await;
        let Err(bulk::Error::Topology(error)) = stream else { bail!("{stream:?}") };
        is_said(Err::<(), _>(error), ErrorKind::NotFound, &["amuont", "amount"])?;
        is_said(
            RingSnapshot::read(&table.on.session, &TableName::new("no_such", "t")),
            ErrorKind::NotFound,
            &["no_such"],
        )
    });
}

#[test]
fn views_virtual_tables_and_local_tables_are_refused() {
    run(async {
        let table = Table::create(RF1, "viewed", "(id int PRIMARY KEY, v int)").await?;
        // A view keeps its table from being dropped: it goes at the end, whatever comes of the test.
        table
            .alter(
                "CREATE MATERIALIZED VIEW IF NOT EXISTS bulk_rf1.a_view AS SELECT id, v FROM {} \
                 WHERE v IS NOT NULL AND id IS NOT NULL PRIMARY KEY (v, id)",
            )
            .await?;
        let view = schema_of(RF1, "a_view").await;
        table.alter("DROP MATERIALIZED VIEW bulk_rf1.a_view").await?;
        let parts = ["materialized view", "bulk_rf1.viewed"];
        is_said(view?, ErrorKind::Unsupported, &parts)?;

        let table = schema_of("system_views", "clients").await?;
        is_said(table, ErrorKind::Unsupported, &["virtual table", "system_views"])?;
        let main = main_cluster().await?;
        let ring = RingSnapshot::read(&main.session, &TableName::new("system", "local"));
        is_said(ring, ErrorKind::Unsupported, &["LocalStrategy", "system"])?;
        let count =
            main.operator.count_by_token_ranges("system", "local", &BulkOptions::default()).await;
        ensure!(matches!(&count, Err(error) if error.kind() == bulk::ErrorKind::Request));
        Ok(())
    });
}

fn to(contact_points: &[&str]) -> ConnectOptions {
    ConnectOptions {
        contact_points: contact_points.iter().map(ToString::to_string).collect(),
        connect_timeout: Duration::from_secs(5),
        ..ConnectOptions::default()
    }
}

#[test]
fn each_node_that_is_not_reached_has_its_reason() {
    run(async {
        let options = to(&["127.0.0.99", "127.0.0.11:9", "no-such-host.invalid"]);
        let parts = [
            "no node could be reached",
            "127.0.0.99:9042: ",
            "127.0.0.11:9: ",
            "refused",
            "no-such-host.invalid:9042: the name cannot be resolved",
        ];
        is_said(topology::connect(&options).await, ErrorKind::Unreachable, &parts)?;
        let parts = ["127.0.0.99:9042: ", "refused"];
        is_said(topology::connect(&to(&["127.0.0.99"])).await, ErrorKind::Unreachable, &parts)?;
        is_said(topology::connect(&to(&[])).await, ErrorKind::Invalid, &["no contact point"])
    });
}

#[test]
fn one_node_that_answers_is_enough() {
    run(async {
        main_cluster().await?;
        let session = topology::connect(&to(&["127.0.0.99", "127.0.0.12", "127.0.0.11:9"])).await?;
        let ring = RingSnapshot::read(&session, &TableName::new("system_distributed", "any"))?;
        ensure!(ring.nodes().len() == 3, "{:?}", ring.nodes());
        Ok(())
    });
}

#[test]
fn a_datacenter_that_is_not_there_brings_those_that_are() {
    run(async {
        main_cluster().await?;
        let options = ConnectOptions {
            local_datacenter: Some("datacentre1".to_owned()),
            ..to(&["127.0.0.11"])
        };
        let parts = ["'datacentre1'", "datacenter1"];
        is_said(topology::connect(&options).await, ErrorKind::NotFound, &parts)
    });
}
