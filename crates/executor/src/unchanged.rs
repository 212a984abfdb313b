//! Whether a table is still the one that was begun with: asked when the driver has news of the cluster, and
//! before anything is called complete.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use topology::{Fault, TableSchema};

use crate::error::{Error, Result};
use crate::retry::{RetryPolicy, Streak};

/// Between two looks at what the driver knows of the cluster.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The change, if there is one that the cluster tells.
pub(crate) async fn change(session: &Session, table: &TableSchema) -> Option<Error> {
    match table.check_unchanged(session).await {
        Err(error) if error.kind() == topology::ErrorKind::Changed => {
            Some(Error::changed(table.name(), error))
        }
        _ => None,
    }
}

/// Asks until the cluster answers, or has not for as long as the policy allows.
pub(crate) async fn confirm(
    session: &Session,
    table: &TableSchema,
    policy: &RetryPolicy,
) -> Result<()> {
    let mut streak = Streak::start(policy);
    loop {
        let began = Instant::now();
        let error = match table.check_unchanged(session).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == topology::ErrorKind::Changed => {
                return Err(Error::changed(table.name(), error));
            }
            Err(error) => error,
        };
        streak.record(Fault::Unavailable, began.elapsed());
        match streak.next_delay(policy) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(Error::unconfirmed(table.name(), error)),
        }
    }
}

/// Ends with the first change of the table.
pub(crate) async fn watch(session: &Session, table: &TableSchema) -> Error {
    let mut seen = session.get_cluster_state();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let state = session.get_cluster_state();
        if !Arc::ptr_eq(&seen, &state) {
            seen = state;
            if let Some(error) = change(session, table).await {
                return error;
            }
        }
    }
}
