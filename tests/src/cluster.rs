//! The main cluster, brought up once per process, and the runtime that all tests run in.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use bulk::Operator;
use scylla::client::session::Session;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use topology::ConnectOptions;
use xtask::cluster::{Cluster, Profile};

/// No test may take longer, cluster start included: what hangs fails.
const LIMIT: Duration = Duration::from_secs(480);

/// The main cluster, with a session to it.
#[derive(Debug)]
pub struct Main {
    /// Its nodes as processes.
    pub cluster: Cluster,
    /// The session that all tests share.
    pub session: Arc<Session>,
    /// The jobs over that session.
    pub operator: Operator,
}

/// Runs a test to its end, in the runtime that all tests of the binary share.
///
/// # Panics
///
/// Where the test failed, or did not end.
#[expect(clippy::panic, reason = "this is how a test fails")]
pub fn run(test: impl Future<Output = Result<()>>) {
    static RUNTIME: OnceLock<Result<Runtime, std::io::Error>> = OnceLock::new();
    let runtime = match RUNTIME.get_or_init(Runtime::new) {
        Ok(runtime) => runtime,
        Err(error) => panic!("the runtime cannot be started: {error}"),
    };
    // On the heap: a test's thread has a small stack, and unoptimised futures are large.
    let test = Box::pin(test);
    match runtime.block_on(async { tokio::time::timeout(LIMIT, test).await }) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => panic!("{error:#}"),
        Err(_) => panic!("the test did not end within {} s", LIMIT.as_secs()),
    }
}

/// The main cluster; it is started if it does not run, and left running.
///
/// # Errors
///
/// Where it cannot be started or reached.
pub async fn main_cluster() -> Result<&'static Main> {
    static MAIN: OnceCell<Main> = OnceCell::const_new();
    MAIN.get_or_try_init(|| async {
        let cluster = Cluster::open(Profile::main(3))?;
        let starting = cluster.clone();
        tokio::task::spawn_blocking(move || starting.up(|_| {}))
            .await?
            .context("the main cluster could not be started")?;
        let session = Arc::new(session_to(&cluster.contact_points()).await?);
        let operator = Operator::new(Arc::clone(&session));
        Ok(Main { cluster, session, operator })
    })
    .await
}

/// A session to a cluster, with patience: a node may still be busy with its start.
///
/// # Errors
///
/// Where no node lets it in.
pub async fn session_to(contact_points: &[SocketAddr]) -> Result<Session> {
    let options = ConnectOptions {
        contact_points: contact_points.iter().map(ToString::to_string).collect(),
        connect_timeout: Duration::from_secs(20),
        ..ConnectOptions::default()
    };
    topology::connect(&options).await.map_err(|error| anyhow!(error))
}
