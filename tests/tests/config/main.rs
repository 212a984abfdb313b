//! Settings from files and variables, as the program takes them to a cluster that asks for a login; and
//! that no secret is anywhere to be seen afterwards. One node of its own, started once; so the cases are one
//! test.

mod layers;
mod place;
mod secrets;

use anyhow::Context as _;
use bulk::{Credentials, Operator};
use integration_tests::{Extra, create_keyspace, ddl, load, run};
use topology::ConnectOptions;
use xtask::cluster::Profile;

/// The part of the password that looks the same however the rest is escaped.
const PASSWORD_CORE: &str = "Hunter2Core";

/// With all that files, shells, and formats take for their own.
const PASSWORD: &str = "%(x)s \"Hunter2Core\" \\ ;#=:$[~]{ö}&";

/// How many rows `ks.t` has.
const ROWS: i32 = 100;

#[test]
fn settings_and_secrets() {
    run(async {
        let extra = Extra::up(Profile::secured_single()).await?;
        let credentials = Some(Credentials::new("cassandra", "cassandra".to_owned()));
        let options = ConnectOptions { credentials, ..extra.connect_options() };
        let operator = Operator::connect(&options).await?;
        let session = operator.session();
        let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
        create_keyspace(session, "ks", replication).await?;
        for cql in [
            "CREATE TABLE ks.t (id int PRIMARY KEY, v text)",
            "CREATE TABLE ks.copy (id int PRIMARY KEY, v text)",
            &format!("CREATE ROLE ann WITH PASSWORD = '{PASSWORD}' AND LOGIN = true"),
            "GRANT SELECT ON KEYSPACE ks TO ann",
            "GRANT MODIFY ON KEYSPACE ks TO ann",
        ] {
            ddl(session, cql).await?;
        }
        let rows = (0..ROWS).map(|id| (id, format!("row {id}")));
        load(session, "INSERT INTO ks.t (id, v) VALUES (?, ?)", rows).await?;

        layers::each_place_lets_in().await.context("each place lets in")?;
        layers::the_list_tells_where_values_come_from().await.context("the list")?;
        layers::errors_name_file_and_line().await.context("errors of files")?;
        secrets::nothing_shows_a_secret().await.context("secrets")
    });
}
