//! Two nodes that speak nothing but TLS, and want a client's certificate and a login. The certificate of
//! the first names its address; that of the second names a host only.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use bulk::{BulkOptions, Credentials, Operator};
use integration_tests::{Ended, Extra, command, create_keyspace, ddl, load, run};
use tempfile::TempDir;
use topology::{ConnectOptions, ErrorKind, TlsOptions};
use xtask::cluster::Profile;

use super::authority::{Authority, write};
use super::refused;

const FIRST: &str = "127.0.7.11";
const SECOND: &str = "127.0.7.12";
const SECRET: &str = "correct horse battery";

/// What the test was made with.
struct Site {
    folder: TempDir,
    tls: TlsOptions,
}

impl Site {
    fn new(authority: &Authority) -> Result<Site> {
        let folder = TempDir::new()?;
        let ca = authority.write(&folder.path().join("ca.pem"))?;
        for (address, name) in [(FIRST, FIRST), (SECOND, "localhost")] {
            let node = authority.issue(name)?;
            let both = node.key + &node.certificate;
            write(&folder.path().join(format!("{address}.pem")), &both)?;
        }
        let client = authority.issue("client")?;
        let certificate = write(&folder.path().join("client.pem"), &client.certificate)?;
        let key = write(&folder.path().join("client.key"), &client.key)?;
        let tls = TlsOptions {
            ca: Some(ca),
            certificate: Some(certificate),
            key: Some(key),
            ..TlsOptions::default()
        };
        Ok(Site { folder, tls })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn options(contact_points: &[&str], tls: Option<TlsOptions>) -> ConnectOptions {
    ConnectOptions {
        contact_points: contact_points.iter().map(|&host| host.to_owned()).collect(),
        credentials: Some(Credentials::new("cassandra", "cassandra".to_owned())),
        tls,
        ..ConnectOptions::default()
    }
}

#[test]
fn certificates_and_logins() {
    run(async {
        let authority = Authority::new()?;
        let site = Site::new(&authority)?;
        let _extra = Extra::up(Profile::encrypted(site.folder.path())).await?;
        let any_name = TlsOptions { verify_hostname: false, ..site.tls.clone() };
        let operator = Operator::connect(&options(&[FIRST], Some(any_name))).await?;
        let session = operator.session();
        let replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
        create_keyspace(session, "ks", replication).await?;
        for cql in [
            "CREATE TABLE ks.t (id int PRIMARY KEY, v text)",
            &format!("CREATE ROLE reader WITH PASSWORD = '{SECRET}' AND LOGIN = true"),
            "GRANT SELECT ON ks.t TO reader",
        ] {
            ddl(session, cql).await?;
        }
        let rows = (0..100).map(|id| (id, format!("v{id}")));
        load(session, "INSERT INTO ks.t (id, v) VALUES (?, ?)", rows).await?;
        let count = operator.count_by_token_ranges("ks", "t", &BulkOptions::default()).await?;
        ensure!(count == 100, "{count} rows");

        names(&site).await.context("names of nodes")?;
        strangers(&site).await.context("strangers")?;
        logins(&site).await.context("logins")?;
        command_line(&site).await.context("the command line")
    });
}

/// Nodes that are found later are known by their address; a contact point's name is good for all.
async fn names(site: &Site) -> Result<()> {
    let tls = Some(site.tls.clone());
    let only_second = options(&[SECOND], tls.clone());
    let parts = ["is for localhost", "neither 127.0.7.12", "check of host names"];
    refused(&only_second, ErrorKind::Authentication, &parts).await?;

    // Nobody listens at localhost, but the name stands for the cluster.
    let operator = Operator::connect(&options(&["localhost", SECOND], tls)).await?;
    let count = operator.count_by_token_ranges("ks", "t", &BulkOptions::default()).await?;
    ensure!(count == 100, "{count} rows");
    Ok(())
}

/// Who is not of the cluster's authority, or does not speak its language.
async fn strangers(site: &Site) -> Result<()> {
    let refused_as = ErrorKind::Authentication;
    let anonymous = TlsOptions { certificate: None, key: None, ..site.tls.clone() };
    let parts = ["asks for a client certificate"];
    refused(&options(&[FIRST], Some(anonymous)), refused_as, &parts).await?;

    let stranger = Authority::new()?;
    let ca = Some(stranger.write(&site.path("other-ca.pem"))?);
    let other_ca = TlsOptions { ca, ..site.tls.clone() };
    let parts = ["is not signed by the authorities in", "other-ca.pem"];
    refused(&options(&[FIRST], Some(other_ca)), refused_as, &parts).await?;

    let client = stranger.issue("client")?;
    let strange = TlsOptions {
        certificate: Some(write(&site.path("strange.pem"), &client.certificate)?),
        key: Some(write(&site.path("strange.key"), &client.key)?),
        ..site.tls.clone()
    };
    let parts = ["refused the client certificate", "strange.pem"];
    refused(&options(&[FIRST], Some(strange)), refused_as, &parts).await?;

    let Err(error) = topology::connect(&options(&[FIRST], None)).await else {
        anyhow::bail!("let in without encryption");
    };
    ensure!(error.to_string().contains("turn TLS on"), "{error}");
    Ok(())
}

async fn logins(site: &Site) -> Result<()> {
    let with = |user: &str, password: &str| ConnectOptions {
        credentials: Some(Credentials::new(user, password.to_owned())),
        ..options(&[FIRST], Some(site.tls.clone()))
    };
    refused(&with("reader", "hunter2"), ErrorKind::Authentication, &["'reader'"]).await?;
    let nobody = ConnectOptions { credentials: None, ..with("", "") };
    refused(&nobody, ErrorKind::Authentication, &["none were given"]).await?;
    topology::connect(&with("reader", SECRET)).await?;
    Ok(())
}

/// Runs the program as `reader`.
async fn program(arguments: &[&str]) -> Result<Ended> {
    let mut command = command(arguments)?;
    command.args(["--host", FIRST, "--user", "reader"]);
    command.env("CASSANDRA_BULK_PASSWORD", SECRET);
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
    Ended::new(output.status, output.stdout, output.stderr)
}

async fn command_line(site: &Site) -> Result<()> {
    let file = |name: &str| site.path(name).display().to_string();
    let (ca, certificate, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
    let tls = ["--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &key];
    let with = |arguments: &[&'static str]| -> Vec<String> {
        arguments.iter().copied().chain(tls).map(str::to_owned).collect()
    };
    let run = |arguments: Vec<String>| async move {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        program(&arguments).await
    };
    let ended = run(with(&["count", "ks.t", "--tls-no-hostname-check"])).await?.with_code(0)?;
    ensure!(ended.stdout == "100\n", "{ended:?}");
    let ended = run(with(&["export", "ks.t", "--tls-no-hostname-check"])).await?.with_code(0)?;
    let rows = ended.stdout.lines().filter(|line| line.contains(r#""v":"v"#));
    ensure!(rows.count() == 100, "{ended:?}");

    let ended = program(&["count", "ks.t", "--tls-ca", &ca]).await?.with_code(3)?;
    ensure!(ended.stderr.contains("asks for a client certificate"), "{ended:?}");
    let ended = program(&["count", "ks.t", "--tls-ca", "/no/such.pem"]).await?.with_code(2)?;
    ensure!(ended.stderr.contains("/no/such.pem cannot be read"), "{ended:?}");
    let ended = program(&["count", "ks.t"]).await?.with_code(3)?;
    ensure!(ended.stderr.contains("turn TLS on"), "{ended:?}");
    Ok(())
}
