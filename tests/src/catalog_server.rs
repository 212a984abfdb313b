//! A real REST catalog, one for all tests of a binary; each has a namespace of its own.
//!
//! It lives no longer than the tests' process, however that ends: the server ends when its standard
//! input does.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::OnceCell;
use xtask::peers::IcebergRest;

/// The server of this process.
#[derive(Debug)]
pub struct CatalogServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The folder that its tables are in.
    pub warehouse: PathBuf,
    _stdin: ChildStdin,
    _server: Child,
}

impl CatalogServer {
    /// The address by which a client finds it.
    pub fn uri(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The server; it is fetched and started if it does not run.
///
/// # Errors
///
/// Where it does not start; the message has what it said.
pub async fn catalog_server() -> Result<&'static CatalogServer> {
    static SERVER: OnceCell<CatalogServer> = OnceCell::const_new();
    SERVER.get_or_try_init(start).await
}

async fn start() -> Result<CatalogServer> {
    let rest = tokio::task::spawn_blocking(|| IcebergRest::fetch(|_| {})).await??;
    let mut command = Command::from(rest.serve());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = command.kill_on_drop(true).spawn()?;
    let stdin = server.stdin.take().context("no standard input")?;
    let stdout = server.stdout.take().context("no standard output")?;
    let mut complaints = server.stderr.take().context("no standard error")?;
    let Some(line) = BufReader::new(stdout).lines().next_line().await? else {
        let mut said = String::new();
        complaints.read_to_string(&mut said).await?;
        anyhow::bail!("the catalog's server ended as it began: {said}");
    };
    // It tells each error that it answers with; nobody reads that, and it must not wait for a reader.
    tokio::spawn(async move { tokio::io::copy(&mut complaints, &mut tokio::io::sink()).await });
    let (port, warehouse) = line.split_once(' ').with_context(|| format!("it printed {line:?}"))?;
    let (port, warehouse) = (port.parse()?, warehouse.into());
    Ok(CatalogServer { port, warehouse, _stdin: stdin, _server: server })
}
