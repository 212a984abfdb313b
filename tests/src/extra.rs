//! Further clusters, for what the main one is not or must not suffer: several
//! datacenters, logins, other partitioners, nodes that die.

use std::sync::Arc;

use anyhow::Result;
use bulk::Operator;
use tokio::sync::{Mutex, MutexGuard};
use topology::ConnectOptions;
use xtask::cluster::{Cluster, Profile};

use crate::cluster::session_to;

/// Memory is for one further cluster at a time.
static ONE: Mutex<()> = Mutex::const_new(());

/// A cluster that is started for a test, and gone with its data when dropped.
#[derive(Debug)]
pub struct Extra {
    /// Its nodes as processes.
    pub cluster: Arc<Cluster>,
    _one_at_a_time: MutexGuard<'static, ()>,
}

impl Extra {
    /// Starts it anew, once no other one runs.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub async fn up(profile: Profile) -> Result<Extra> {
        let guard = ONE.lock().await;
        let cluster = Arc::new(Cluster::open(profile)?);
        let starting = Arc::clone(&cluster);
        // From here on it is taken down, whatever happens.
        let extra = Extra { cluster, _one_at_a_time: guard };
        let start = move || -> Result<()> {
            starting.wipe()?;
            starting.up(|_| {})?;
            Ok(())
        };
        tokio::task::spawn_blocking(start).await??;
        Ok(extra)
    }

    /// How to reach it.
    pub fn connect_options(&self) -> ConnectOptions {
        let nodes = self.cluster.contact_points();
        ConnectOptions {
            contact_points: nodes.iter().map(ToString::to_string).collect(),
            ..ConnectOptions::default()
        }
    }

    /// The jobs over a session to it.
    ///
    /// # Errors
    ///
    /// Where no node lets it in.
    pub async fn operator(&self) -> Result<Operator> {
        Ok(Operator::new(Arc::new(session_to(&self.cluster.contact_points()).await?)))
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        // The test has its verdict by now; what could not be stopped shows at the next start.
        let _ = self.cluster.wipe();
    }
}
