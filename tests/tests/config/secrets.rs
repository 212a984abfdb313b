//! Every secret that the program is told, looked for in all that it says and writes.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use integration_tests::{S3, python};
use serde_json::json;

use crate::place::{HOST, Place};
use crate::{PASSWORD, PASSWORD_CORE, ROWS};

const WRONG: &str = "WrongPasswordCore";
const KEY: &str = "PrivateKeyCore";
const S3_SECRET: &str = "S3SecretCore";
const TOKEN: &str = "CatalogTokenCore";
const CREDENTIAL: &str = "CatalogCredentialCore";
const CATALOG_PASSWORD: &str = "CatalogPasswordCore";
const SECRETS: [&str; 7] =
    [PASSWORD_CORE, WRONG, KEY, S3_SECRET, TOKEN, CREDENTIAL, CATALOG_PASSWORD];

/// The forms that a secret may be shown in: text, and bytes as Rust and as tools for bytes write them.
fn forms(secret: &str) -> Vec<String> {
    let bytes: Vec<_> = secret.bytes().collect();
    let listed = format!("{bytes:?}");
    vec![
        secret.to_lowercase(),
        listed.trim_matches(['[', ']']).to_owned(),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    ]
}

pub(crate) async fn nothing_shows_a_secret() -> Result<()> {
    let place = Place::new()?;
    place.config(&format!("hosts = ['{HOST}']\nuser = 'ann'\npassword = {}", json!(PASSWORD)))?;

    runs(&place).await.context("runs that go well")?;
    in_the_process_list(&place).await.context("the process list")?;
    logins(&place).await.context("logins that fail")?;
    files(&place).await.context("files that are wrong")?;
    stores(&place).await.context("stores and catalogs")?;

    let traces = place.traces()?;
    ensure!(traces.iter().any(|(name, _)| name.ends_with("manifest.json")), "no manifest");
    ensure!(traces.iter().any(|(name, _)| name.contains("/bad/")), "no bad records");
    let logs = traces.iter().filter(|(name, _)| name.ends_with(".log"));
    let logged: usize = logs.map(|(_, text)| text.len()).sum();
    ensure!(logged > 10_000, "only {logged} bytes of logs: they say too little to prove anything");
    ensure!(traces.iter().any(|(_, text)| shows(text, "ann").is_some()), "no trace has the user");
    for (name, bytes) in &traces {
        for secret in SECRETS {
            ensure!(
                shows(bytes, secret).is_none(),
                "{name} shows {secret} as {:?}",
                shows(bytes, secret)
            );
        }
        ensure!(shows(bytes, "panicked").is_none(), "{name} has a panic");
    }
    Ok(())
}

/// The form in which a text shows a secret, if it does.
fn shows(text: &[u8], secret: &str) -> Option<String> {
    let text = String::from_utf8_lossy(text).to_lowercase();
    forms(secret).into_iter().find(|form| text.contains(form))
}

#[test]
fn a_secret_is_found_in_each_form_that_programs_write() {
    let bytes = PASSWORD.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    for text in [
        PASSWORD.to_owned(),
        format!("{PASSWORD:?}"),
        json!(PASSWORD).to_string(),
        format!("log {bytes:?}"),
        hex,
    ] {
        assert!(shows(text.as_bytes(), PASSWORD_CORE).is_some(), "{text}");
    }
    assert_eq!(shows(b"nothing of it", PASSWORD_CORE), None);
}

async fn runs(place: &Place) -> Result<()> {
    let log = |name: &str| place.output(&format!("{name}.log"));
    let count_log = log("count")?;
    let line = ["count", "ks.t", "-vvv", "--log-file", &count_log, "--output", "json"];
    let ended = place.run(&line, &[]).await?.with_code(0)?;
    ensure!(ended.stdout.contains(&format!("{ROWS}")), "{ended:?}");
    place.run(&["count", "ks.t", "-vvv"], &[]).await?.with_code(0)?;

    let (folder, export_log) = (place.output("export")?, log("export")?);
    let line = ["export", "ks.t", &folder, "--format", "csv", "-vvv", "--log-file", &export_log];
    place.run(&line, &[]).await?.with_code(0)?;

    let (journal, import_log) = (place.output("journal")?, log("import")?);
    let source = place.file("rows.csv", "id,v\n1,a\nno number,b\n")?;
    let source = source.to_str().context("a path that is not text")?;
    let line = ["import", "ks.copy", "--from", source, "--journal", &journal, "-vvv", "--log-file"];
    let line: Vec<_> = line.into_iter().chain([import_log.as_str(), "--output", "json"]).collect();
    place.run(&line, &[]).await?.with_code(4)?;

    place.run(&["config", "-vvv"], &[]).await?.with_code(0)?;
    place.run(&["config", "-vvv", "--output", "json"], &[]).await?.with_code(0)?;
    Ok(())
}

/// What `ps` shows of a run while it goes.
async fn in_the_process_list(place: &Place) -> Result<()> {
    let command = place.command(&["count", "ks.t"], &[("CASSANDRA_BULK_PASSWORD", PASSWORD)])?;
    let mut command = tokio::process::Command::from(command);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn()?;
    let pid = child.id().context("the program has ended")?;
    let mut seen = 0;
    while child.try_wait()?.is_none() {
        // It may end between the two.
        if let Ok(arguments) = std::fs::read(format!("/proc/{pid}/cmdline")) {
            seen += usize::from(!arguments.is_empty());
            place.note(String::from_utf8_lossy(&arguments).into_owned());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ensure!(seen > 0, "the program was not seen");
    Ok(())
}

async fn logins(place: &Place) -> Result<()> {
    let log = place.output("login.log")?;
    let wrong = [("CASSANDRA_BULK_PASSWORD", WRONG)];
    place.run(&["count", "ks.t", "-vvv", "--log-file", &log], &wrong).await?.with_code(3)?;
    let nobody = ["count", "ks.t", "-vvv", "--user", "nobody"];
    place.run(&nobody, &wrong).await?.with_code(3)?;
    let output = place.output("refused")?;
    place.run(&["export", "ks.t", &output, "--output", "json"], &wrong).await?.with_code(3)?;
    // Written where it must not be, it is not told again.
    let argument = format!("--password={WRONG}");
    let ended = place.run(&["count", "ks.t", "--user", "ann"], &wrong).await?.with_code(3)?;
    ensure!(ended.stderr.contains("'ann'"), "{ended:?}");
    // Of what the user types, the record here has the argument itself; so this one is looked at alone.
    let command = place.command(&["count", "ks.t", &argument], &[])?;
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    place.note(String::from_utf8(output.stderr)?);
    Ok(())
}

async fn files(place: &Place) -> Result<()> {
    for text in [
        format!("password = \"{WRONG}"),
        format!("password = {WRONG}"),
        format!("passwort = \"{WRONG}\""),
        format!("password = [\"{WRONG}\"]"),
        format!("password = '{WRONG}'\nport = 99999"),
    ] {
        let path = place.file("bad.toml", &text)?;
        let path = path.to_str().context("a path that is not text")?;
        place.run(&["count", "ks.t", "-vvv", "--config", path], &[]).await?.with_code(2)?;
    }
    let cqlshrc = place.file("bad.cqlshrc", &format!("[authentication]\n= {WRONG}\n"))?;
    let cqlshrc = cqlshrc.to_str().context("a path that is not text")?;
    place.run(&["count", "ks.t", "-vvv", "--cqlshrc", cqlshrc], &[]).await?.with_code(2)?;

    for text in [
        KEY.to_owned(),
        format!("-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{KEY}"),
    ] {
        let path = place.file("key.pem", &text)?;
        let path = path.to_str().context("a path that is not text")?;
        let line = ["count", "ks.t", "-vvv", "--tls-cert", path, "--tls-key", path];
        let ended = place.run(&line, &[]).await?;
        ensure!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    }
    Ok(())
}

async fn stores(place: &Place) -> Result<()> {
    // Without Python, there is no server; that was said.
    if let Some(python) = python().await? {
        in_a_store(place, &S3::start(&python).await?).await?;
    }
    catalogs(place).await
}

async fn in_a_store(place: &Place, s3: &S3) -> Result<()> {
    let mut variables = s3.environment();
    for (name, value) in &mut variables {
        if name == "AWS_SECRET_ACCESS_KEY" {
            *value = S3_SECRET.to_owned();
        }
    }
    let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    ensure!(variables.iter().any(|(_, value)| *value == S3_SECRET), "{variables:?}");
    let (url, log) = (s3.url("secrets"), place.output("s3.log")?);
    let line = ["export", "ks.t", &url, "-vvv", "--log-file", &log];
    place.run(&line, &variables).await?.with_code(0)?;
    place.run(&["verify", &url, "-vvv"], &variables).await?.with_code(0)?;
    for (name, text) in objects(s3, place).await? {
        place.note(format!("{name} {text}"));
    }
    // Nobody listens there.
    let nowhere = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", S3_SECRET),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_ALLOW_HTTP", "true"),
    ];
    place.run(&["verify", "s3://nowhere/x", "-vvv"], &nowhere).await?.with_code(5)?;
    Ok(())
}

async fn catalogs(place: &Place) -> Result<()> {
    let catalog = integration_tests::catalog_server().await?;
    let uri = catalog.uri();
    let secrets = [("CASSANDRA_BULK_CATALOG_TOKEN", TOKEN)];
    let log = place.output("catalog.log")?;
    let line = ["iceberg", "snapshots", "no.such", "--catalog", "rest", "--catalog-uri", &uri];
    let line: Vec<_> = line.into_iter().chain(["-vvv", "--log-file", log.as_str()]).collect();
    let ended = place.run(&line, &secrets).await?;
    ensure!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    let credential = format!("id:{CREDENTIAL}");
    let secrets = [("CASSANDRA_BULK_CATALOG_CREDENTIAL", credential.as_str())];
    let ended = place.run(&line, &secrets).await?;
    ensure!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    // In an address, where it should not be, but is.
    let uri = format!("http://user:{CATALOG_PASSWORD}@127.0.0.1:1");
    let secrets = [("CASSANDRA_BULK_CATALOG_URI", uri.as_str())];
    let line = ["export", "ks.t", "iceberg:a.b", "--catalog", "rest", "-vvv"];
    let ended = place.run(&line, &secrets).await?;
    ensure!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    let line = ["iceberg", "snapshots", "a.b", "--catalog", "rest", "-vvv"];
    place.run(&line, &secrets).await?;
    Ok(())
}

/// What lies in the store after an export.
async fn objects(s3: &S3, place: &Place) -> Result<Vec<(String, String)>> {
    let folder = place.out.path().join("from-s3");
    s3.download("secrets", &folder).await?;
    let objects = s3.objects().await?;
    if objects.is_empty() {
        bail!("the export wrote nothing");
    }
    Ok(objects.into_iter().map(|(name, size)| (name, size.to_string())).collect())
}
