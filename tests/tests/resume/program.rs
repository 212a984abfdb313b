//! The program at work, to be watched and stopped.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Ended, Running, Table, program};

use crate::destination::Destination;

/// The table's name with all its quotes.
fn quoted(table: &Table) -> String {
    format!("{}.{}", topology::quote(table.keyspace()), topology::quote(table.table()))
}

/// The arguments of an export; the words of `options` are split at spaces.
fn arguments(table: &Table, to: &Destination, options: &str) -> Vec<String> {
    let name = quoted(table);
    let first = ["export", &name, to.text(), "--host", "127.0.0.11", "--quiet"];
    first.into_iter().chain(options.split_whitespace()).map(str::to_owned).collect()
}

/// Exports to the end.
pub(crate) async fn export(table: &Table, to: &Destination, options: &str) -> Result<Ended> {
    let arguments = arguments(table, to, options);
    program(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// Verifies an export, and counts the table.
pub(crate) async fn verify(to: &Destination) -> Result<Ended> {
    program(&["verify", to.text(), "--live", "--host", "127.0.0.11", "--quiet"]).await
}

/// Starts an export.
pub(crate) fn start(table: &Table, to: &Destination, options: &str) -> Result<Running> {
    let arguments = arguments(table, to, options);
    Running::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Kills an export; whether it was alive until then.
pub(crate) async fn kill(running: Running) -> Result<bool> {
    match running.kill().await? {
        None => Ok(true),
        Some(ended) => ended.with_code(0).context("it failed, and was not killed").map(|_| false),
    }
}

/// Options that make a run of many small pages, one after another, and many units.
pub(crate) const SLOWLY: &str =
    "--page-size 5 --parallelism 1 --splits 60 --max-file-rows 100 --files 2";

/// Kills an export once some units are whole, and more are to come.
pub(crate) async fn half_done(table: &Table, to: &Destination, options: &str) -> Result<()> {
    let mut running = start(table, to, &format!("{SLOWLY} {options}"))?;
    running.until(|| to.unit_count() >= 3).await?;
    let was_alive = kill(running).await.context("half an export")?;
    ensure!(was_alive && to.manifest()?.is_none(), "it has ended before half was done");
    ensure!(to.unit_count() >= 3, "no unit is whole");
    Ok(())
}
