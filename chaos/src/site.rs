//! Where rounds take place: a cluster with a proxy before each node.
//!
//! A proxy has its node's own address and another port. The driver takes the port of the host it was
//! given for all nodes, so the program is led through the proxies with `--host` alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use integration_tests::{Extra, S3, create_keyspace, main_cluster, python, session_to};
use scylla::client::session::Session;
use scylla_proxy::{Node, Proxy, RunningProxy, ShardAwareness};
use xtask::cluster::{Cluster, Profile};

use crate::fault::Faults;
use crate::job::Job;

/// Where the tables are.
pub(crate) const KEYSPACE: &str = "chaos";
/// How long proxies may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A cluster, and proxies before its nodes.
pub struct Site {
    pub(crate) cluster: Arc<Cluster>,
    /// Straight to the nodes.
    pub(crate) session: Arc<Session>,
    proxy: Option<RunningProxy>,
    port: u16,
    /// Its nodes may be killed and frozen.
    pub(crate) is_own: bool,
    /// Rounds so far, the present one included.
    pub(crate) rounds: u32,
    store: Option<S3>,
    _own: Option<Extra>,
}

impl Site {
    /// A cluster of its own, whose nodes may suffer; it is gone with its data when dropped. One that is
    /// to be kept stays up, and is taken over where it is.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub async fn own(is_kept: bool) -> Result<Site> {
        let profile = Profile::named("chaos", 90, 3);
        let (cluster, own) = if is_kept {
            let cluster = Arc::new(Cluster::open(profile)?);
            let starting = Arc::clone(&cluster);
            tokio::task::spawn_blocking(move || starting.up(|_| {})).await??;
            (cluster, None)
        } else {
            let own = Extra::up(profile).await?;
            (Arc::clone(&own.cluster), Some(own))
        };
        let session = Arc::new(session_to(&cluster.contact_points()).await?);
        let mut site = Site::over(cluster, session, 9142).await?;
        (site.is_own, site._own) = (true, own);
        Ok(site)
    }

    /// The main cluster, whose nodes nothing happens to.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub async fn main() -> Result<Site> {
        let main = main_cluster().await?;
        Site::over(Arc::new(main.cluster.clone()), Arc::clone(&main.session), 9143).await
    }

    async fn over(cluster: Arc<Cluster>, session: Arc<Session>, port: u16) -> Result<Site> {
        let replication = "{'class': 'SimpleStrategy', 'replication_factor': 3}";
        create_keyspace(&session, KEYSPACE, replication).await?;
        let mut site = Site {
            cluster,
            session,
            proxy: None,
            port,
            is_own: false,
            rounds: 0,
            store: None,
            _own: None,
        };
        site.renew().await?;
        Ok(site)
    }

    /// The object store, if a job has one; started at the first time, and `None` where it cannot be.
    pub(crate) async fn store(&mut self, job: Job) -> Result<Option<&S3>> {
        if !job.has_store() {
            return Ok(None);
        }
        if let (None, Some(python)) = (&self.store, python().await?) {
            self.store = Some(S3::start(&python).await?);
        }
        Ok(self.store.as_ref())
    }

    /// The object store, if it was started.
    pub(crate) fn opened_store(&self) -> Option<&S3> {
        self.store.as_ref()
    }

    /// New proxies that do nothing to frames: one that met a dead node takes no more connections.
    pub(crate) async fn renew(&mut self) -> Result<()> {
        if let Some(old) = self.proxy.take() {
            // Its first error is that of a node which was killed. In a task of its own, since it may
            // take a worker that is not yet gone for a bug, and panic.
            let ending = tokio::spawn(async move { old.finish().await.map_err(drop) });
            let _ = tokio::time::timeout(PATIENCE, ending).await;
        }
        let port = self.port;
        let end = Instant::now() + PATIENCE;
        loop {
            let nodes = self.cluster.contact_points().into_iter().map(|real| {
                let proxied = SocketAddr::new(real.ip(), port);
                Node::new(real, proxied, ShardAwareness::Unaware, None, None)
            });
            match Proxy::new(nodes).run().await {
                Ok(proxy) => {
                    self.proxy = Some(proxy);
                    return Ok(());
                }
                // The old one may still listen.
                Err(_) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => return Err(anyhow!("no proxy: {error}")),
            }
        }
    }

    /// All nodes up again, whatever happened to them, with proxies that do nothing to frames.
    pub(crate) async fn heal(&mut self) -> Result<()> {
        if self.is_own {
            self.nodes(|cluster| cluster.up(|_| {}).map(drop)).await?;
        }
        self.renew().await
    }

    /// What happens to frames from now on.
    pub(crate) fn strike(&mut self, faults: &Faults) {
        let nodes = self.proxy.iter_mut().flat_map(|proxy| &mut proxy.running_nodes);
        for (node, rules) in nodes.zip(&faults.of_nodes) {
            node.change_request_rules(Some(rules.requests.clone()));
            node.change_response_rules(Some(rules.replies.clone()));
        }
    }

    /// The hosts as the program is told them: through the proxies, or straight.
    pub(crate) fn hosts(&self, proxied: bool) -> String {
        let host = |real: SocketAddr| {
            let port = if proxied { self.port } else { real.port() };
            SocketAddr::new(real.ip(), port).to_string()
        };
        self.cluster.contact_points().into_iter().map(host).collect::<Vec<_>>().join(",")
    }

    /// Does something to the nodes that takes its time.
    pub(crate) async fn nodes<F>(&self, act: F) -> Result<()>
    where
        F: FnOnce(&Cluster) -> Result<()> + Send + 'static,
    {
        let cluster = Arc::clone(&self.cluster);
        tokio::task::spawn_blocking(move || act(&cluster)).await?
    }
}
