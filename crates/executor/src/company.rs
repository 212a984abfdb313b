//! Keeps a run from being felt: as long as others use the cluster, each node serves only as much of the run
//! as leaves small reads nearly as quick as they are without it.
//!
//! Whether there are others, the nodes tell ([`census`](crate::census)). How quick small reads are, reads of
//! one row of `system.local` tell, which pass the same queues, threads and collections of garbage as
//! those of others: some are sent while the run is silent for a moment, and more while it goes on. Where
//! nobody else is there, none are sent, and the pages' own times are what counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use scylla::statement::unprepared::Statement;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::census::{Census, Company, Connections, Verdict, connections};
use crate::reader::Shared;
use crate::targets::Target;

/// Between two looks at who is there; the first ones come sooner.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const FIRST_LOOKS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(200)];
/// A node that says nothing for so long tells nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two small reads of a node.
const FEEL_EVERY: Duration = Duration::from_millis(25);
/// The same while the run is silent, how many there are then, and after how long that is done again.
const QUIET_FEEL_EVERY: Duration = Duration::from_millis(10);
const QUIET_READS: u32 = 40;
/// What is under way as a silence begins is given so long.
const SETTLE: Duration = Duration::from_millis(50);
const QUIET_EVERY: Duration = Duration::from_secs(60);

/// Watches over the nodes of a run until it is dropped.
pub(crate) async fn keep(shared: Arc<Shared>, targets: watch::Receiver<Vec<Arc<Target>>>) {
    let mut censuses: HashMap<Uuid, Census> = HashMap::new();
    let (mut verdict, mut company) = (Verdict::default(), Company::Unknown);
    let mut looked = Instant::now();
    let mut quiet_since: Option<Instant> = None;
    let mut pauses = FIRST_LOOKS.into_iter();
    loop {
        let targets = connected(&shared, &targets);
        let told = join_all(targets.iter().map(|target| look(&shared, target))).await;
        let counts: Vec<_> = std::iter::zip(&targets, told)
            .map(|(target, (now, sent))| {
                censuses.entry(target.node.host_id).or_default().others(now, sent)
            })
            .collect();
        let before = std::mem::replace(&mut company, verdict.look(counts, looked.elapsed()));
        looked = Instant::now();
        if company != before {
            tracing::info!(?company, "who else uses the cluster has changed");
            quiet_since = None;
        }
        if company == Company::Others {
            if quiet_since.is_none_or(|since| since.elapsed() > QUIET_EVERY) {
                listen(&shared, &targets).await;
                quiet_since = Some(Instant::now());
            }
            join_all(targets.iter().map(|target| feel(&shared, target))).await;
        } else {
            targets.iter().for_each(|target| target.lane.alone());
            sleep(pauses.next().unwrap_or(LOOK_EVERY)).await;
        }
    }
}

/// The nodes that the session is connected to.
fn connected(shared: &Shared, targets: &watch::Receiver<Vec<Arc<Target>>>) -> Vec<Arc<Target>> {
    let state = shared.session.get_cluster_state();
    let is_live = |target: &&Arc<Target>| {
        state.get_node_by_host_id(target.node.host_id).is_some_and(|node| node.is_connected())
    };
    targets.borrow().iter().filter(is_live).map(Arc::clone).collect()
}

/// Who is connected to a node, and how many requests the run had sent there until then.
async fn look(shared: &Shared, target: &Target) -> (Option<Connections>, u64) {
    let told = timeout(PATIENCE, connections(&shared.session, target)).await.ok().flatten();
    (told, target.sent())
}

/// Finds out how quick small reads are while the run is silent.
async fn listen(shared: &Shared, targets: &[Arc<Target>]) {
    let _silent = shared.silence();
    sleep(SETTLE).await;
    join_all(targets.iter().map(async |target| {
        let mut quiet = Vec::new();
        for _ in 0..QUIET_READS {
            sleep(QUIET_FEEL_EVERY).await;
            quiet.push(small_read(shared, target).await);
        }
        target.lane.beside_others(&mut quiet);
    }))
    .await;
}

/// Finds out how quick they are while the run goes on.
async fn feel(shared: &Shared, target: &Target) {
    let until = Instant::now() + LOOK_EVERY;
    while Instant::now() < until {
        sleep(FEEL_EVERY).await;
        if target.lane.felt(small_read(shared, target).await) {
            shared.limits.notify_one();
        }
    }
}

/// How long a small read takes. One that fails has taken as long as that took to be known.
async fn small_read(shared: &Shared, target: &Target) -> Duration {
    let began = Instant::now();
    let cql = "SELECT key FROM system.local WHERE key = 'local'";
    let _ = timeout(PATIENCE, target.ask(&shared.session, Statement::new(cql))).await;
    began.elapsed()
}
