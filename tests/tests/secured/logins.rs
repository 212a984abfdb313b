//! A cluster that asks for a login: who is let in, who is told what to do, and that the password goes
//! nowhere it could be seen.

use std::io::Write as _;

use anyhow::{Context as _, Result, bail, ensure};
use bulk::{BulkOptions, Credentials, Operator};
use integration_tests::{Ended, Extra, command, create_keyspace, ddl, load, run};
use topology::{ConnectOptions, ErrorKind, TlsOptions};
use xtask::cluster::Profile;

use super::refused;

const SECRET: &str = "correct horse battery";

fn as_user(extra: &Extra, user: &str, password: &str) -> ConnectOptions {
    let credentials = Some(Credentials::new(user, password.to_owned()));
    ConnectOptions { credentials, ..extra.connect_options() }
}

#[test]
fn logins_and_permissions() {
    run(async {
        let extra = Extra::up(Profile::secured_single()).await?;
        let operator = Operator::connect(&as_user(&extra, "cassandra", "cassandra")).await?;
        let session = operator.session();
        let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
        create_keyspace(session, "ks", replication).await?;
        for cql in [
            "CREATE TABLE ks.t (id int PRIMARY KEY)",
            "CREATE TABLE ks.hidden (id int PRIMARY KEY)",
            &format!("CREATE ROLE reader WITH PASSWORD = '{SECRET}' AND LOGIN = true"),
            "GRANT SELECT ON ks.t TO reader",
        ] {
            ddl(session, cql).await?;
        }
        load(session, "INSERT INTO ks.t (id) VALUES (?)", (0..100).map(|id| (id,))).await?;

        connecting(&extra).await.context("connecting")?;
        permissions(&extra).await.context("permissions")?;
        command_line(&extra).await.context("the command line")
    });
}

async fn connecting(extra: &Extra) -> Result<()> {
    let Err(error) = topology::connect(&extra.connect_options()).await else {
        bail!("let in without credentials");
    };
    ensure!(error.kind() == ErrorKind::Authentication && !error.retryable(), "{error:?}");
    ensure!(error.to_string().contains("none were given"), "{error}");

    let Err(error) = topology::connect(&as_user(extra, "reader", "hunter2")).await else {
        bail!("let in with a wrong password");
    };
    ensure!(error.kind() == ErrorKind::Authentication, "{error:?}");
    ensure!(error.to_string().contains("'reader'"), "{error}");
    ensure!(!format!("{error:?} {error}").contains("hunter2"), "the password is told: {error:?}");

    let tls = Some(TlsOptions { verify: false, ..TlsOptions::default() });
    let encrypted = ConnectOptions { tls, ..as_user(extra, "reader", SECRET) };
    refused(&encrypted, ErrorKind::Invalid, &["does not speak TLS on this port"]).await
}

async fn permissions(extra: &Extra) -> Result<()> {
    let operator = Operator::connect(&as_user(extra, "reader", SECRET)).await?;
    let options = BulkOptions::default();
    let rows = operator.count_by_token_ranges("ks", "t", &options).await?;
    ensure!(rows == 100, "{rows} rows");
    let denied = operator.count_by_token_ranges("ks", "hidden", &options).await;
    let Err(bulk::Error::Run(error)) = denied else { bail!("{denied:?}") };
    ensure!(error.kind() == executor::ErrorKind::Refused && !error.retryable(), "{error}");
    ensure!(error.to_string().contains("does not let this user read"), "{error}");
    ensure!(error.stats().retries == 0, "{:?}", error.stats());
    Ok(())
}

/// Runs the program with a password in its environment, or none.
async fn counting(arguments: &[&str], password: Option<&str>) -> Result<Ended> {
    let mut all = vec!["count", "ks.t", "--host", "127.0.2.11"];
    all.extend(arguments);
    let mut command = command(&all)?;
    if let Some(password) = password {
        command.env("CASSANDRA_BULK_PASSWORD", password);
    }
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
    Ended::new(output.status, output.stdout, output.stderr)
}

async fn command_line(_extra: &Extra) -> Result<()> {
    let ended = counting(&[], None).await?.with_code(3)?;
    ensure!(ended.stderr.contains("none were given") && ended.stdout.is_empty(), "{ended:?}");
    let ended = counting(&["--user", "reader"], Some("hunter2")).await?.with_code(3)?;
    ensure!(ended.stderr.contains("'reader'") && !ended.stderr.contains("hunter2"), "{ended:?}");
    // No terminal to ask at.
    let ended = counting(&["--user", "reader"], None).await?.with_code(2)?;
    ensure!(ended.stderr.contains("--password-file"), "{ended:?}");
    let ended = counting(&["--user", "reader"], Some(SECRET)).await?.with_code(0)?;
    ensure!(ended.stdout == "100\n", "{ended:?}");

    let mut file = tempfile::NamedTempFile::new()?;
    writeln!(file, "{SECRET}")?;
    let path = file.path().to_str().context("a path that is not text")?;
    let arguments = ["--user", "reader", "--password-file", path, "-vvv"];
    let ended = counting(&arguments, None).await?.with_code(0)?;
    ensure!(ended.stdout == "100\n", "{ended:?}");
    ensure!(!ended.stderr.contains(SECRET), "the log has the password");

    let missing = ["--user", "reader", "--password-file", "/no/such/file"];
    let ended = counting(&missing, None).await?.with_code(2)?;
    ensure!(ended.stderr.contains("/no/such/file"), "{ended:?}");

    let ended = counting(&["--user", "reader", "--password", SECRET], None).await?.with_code(2)?;
    ensure!(ended.stdout.is_empty(), "{ended:?}");
    Ok(())
}
