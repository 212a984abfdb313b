//! Where settings come from, seen from outside.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::place::{HOST, Place};
use crate::{PASSWORD, PASSWORD_CORE, ROWS};

/// The password as a text of TOML: every character that is special there is one of JSON, too.
fn toml() -> String {
    json!(PASSWORD).to_string()
}

/// Counts, and finds all rows; gives what was said on standard error.
async fn counts(place: &Place, more: &[&str], variables: &[(&str, &str)]) -> Result<String> {
    let line: Vec<_> = ["count", "ks.t", "--quiet"].iter().chain(more).copied().collect();
    let ended = place.run(&line, variables).await?.with_code(0)?;
    ensure!(ended.stdout == format!("{ROWS}\n"), "{ended:?}");
    Ok(ended.stderr)
}

pub(crate) async fn each_place_lets_in() -> Result<()> {
    let place = Place::new()?;
    let password_file = place.file("secret", &format!("{PASSWORD}\nmore\n"))?;
    let password_file = password_file.to_str().context("a path that is not text")?;
    let login = ["--host", HOST, "--user", "ann"];

    counts(&place, &login, &[("CASSANDRA_BULK_PASSWORD", PASSWORD)]).await?;
    let with_file = ["--host", HOST, "--user", "ann", "--password-file", password_file];
    // An argument is stronger than a variable.
    counts(&place, &with_file, &[("CASSANDRA_BULK_PASSWORD", "wrong")]).await?;
    let variables = [
        ("CASSANDRA_BULK_HOST", HOST),
        ("CASSANDRA_BULK_USER", "ann"),
        ("CASSANDRA_BULK_PASSWORD_FILE", password_file),
    ];
    counts(&place, &[], &variables).await?;

    // cqlsh's files, in each of the places that cqlsh has.
    let cqlshrc = format!("[connection]\nhostname = {HOST}\n");
    let legacy = format!("{cqlshrc}[authentication]\nusername = ann\npassword = {PASSWORD}\n");
    let path = place.file(".cassandra/cqlshrc", &legacy)?;
    ensure!(counts(&place, &[], &[]).await?.is_empty(), "a warning");
    place.mode(&path, 0o644)?;
    let warned = counts(&place, &[], &[]).await?;
    ensure!(warned.matches("chmod 600").count() == 1, "{warned}");
    place.file(".cassandra/cqlshrc", &cqlshrc)?;
    for section in ["plain_text_auth", "PlainTextAuthProvider"] {
        let text = format!("[{section}]\nusername = ann\npassword = {PASSWORD}\n");
        place.file(".cassandra/credentials", &text)?;
        counts(&place, &[], &[]).await?;
    }
    // A configuration is stronger, and a profile in it stronger still.
    place
        .config(&format!("user = 'ann'\npassword = {}\n[profiles.bad]\npassword = 'x'", toml()))?;
    place.remove(".cassandra/credentials")?;
    counts(&place, &[], &[]).await?;
    place.run(&["count", "ks.t", "--profile", "bad"], &[]).await?.with_code(3)?;
    place.config("hosts = ['127.0.2.11']\nuser = 'ann'\npassword_file = '../../secret'")?;
    place.remove(".cassandra/cqlshrc")?;
    counts(&place, &[], &[]).await?;
    Ok(())
}

pub(crate) async fn the_list_tells_where_values_come_from() -> Result<()> {
    let place = Place::new()?;
    let path = place.config(&format!("user = 'ann'\nport = 9042\npassword = {}", toml()))?;
    place.file(".cassandra/cqlshrc", "[connection]\nhostname = db1\nport = 1\n")?;
    let variables = [("CASSANDRA_BULK_LOCAL_DC", "dc1")];
    let line = ["config", "--output", "json", "--request-timeout", "7"];
    let ended = place.run(&line, &variables).await?.with_code(0)?;
    let list: Value = serde_json::from_str(&ended.stdout)?;
    let find = |name: &str| {
        let all = list["settings"].as_array().into_iter().flatten();
        let found: Vec<_> = all.filter(|setting| setting["name"] == name).collect();
        found
            .first()
            .map(|setting| json!([setting["value"], setting["source"]]))
            .unwrap_or_default()
    };
    let config = |line: u32| json!({ "kind": "config", "path": path, "line": line });
    ensure!(find("user") == json!(["ann", config(1)]), "{list}");
    ensure!(find("port") == json!(["9042", config(2)]), "{list}");
    ensure!(find("password") == json!(["********", config(3)]), "{list}");
    let cqlsh = path.with_file_name("../../.cassandra/cqlshrc");
    let cqlsh = cqlsh.canonicalize()?;
    ensure!(find("host") == json!(["db1", { "kind": "cqlsh", "path": cqlsh }]), "{list}");
    let variable = json!({ "kind": "variable", "name": "CASSANDRA_BULK_LOCAL_DC" });
    ensure!(find("local-dc") == json!(["dc1", variable]), "{list}");
    let flag = json!({ "kind": "flag", "name": "--request-timeout" });
    ensure!(find("request-timeout") == json!(["7", flag]), "{list}");
    ensure!(find("connect-timeout") == json!(["5", { "kind": "default" }]), "{list}");

    let ended = place.run(&["config"], &[]).await?.with_code(0)?;
    let of_file = format!("{}:3", path.display());
    ensure!(ended.stdout.contains("********") && ended.stdout.contains(&of_file), "{ended:?}");
    ensure!(!ended.stdout.contains(PASSWORD_CORE), "{ended:?}");
    Ok(())
}

pub(crate) async fn errors_name_file_and_line() -> Result<()> {
    let place = Place::new()?;
    for (text, told) in [
        ("\nhsots = 'x'", ":2: there is no setting 'hsots'; is 'hosts' meant?"),
        ("port = 99999", ":1: 'port' cannot be '99999'"),
        ("port = ", ":1: "),
    ] {
        let path = place.config(text)?;
        let ended = place.run(&["count", "ks.t"], &[]).await?.with_code(2)?;
        ensure!(ended.stderr.contains(&format!("{}{told}", path.display())), "{ended:?}");
        ensure!(ended.stdout.is_empty(), "{ended:?}");
    }
    let path = place.config("user = 'ann'\npassword = 'x'")?;
    place.mode(&path, 0o644)?;
    let ended = place.run(&["config"], &[]).await?.with_code(2)?;
    ensure!(ended.stderr.contains("everybody can read it"), "{ended:?}");
    place.remove(".config/cassandra-bulk/config.toml")?;
    let ended = place.run(&["count", "ks.t", "--config", "/no/such"], &[]).await?.with_code(2)?;
    ensure!(ended.stderr.contains("/no/such"), "{ended:?}");
    let ended = place.run(&["count", "ks.t", "--password-file", "x"], &[]).await?.with_code(2)?;
    ensure!(ended.stderr.contains("--user"), "{ended:?}");
    Ok(())
}
