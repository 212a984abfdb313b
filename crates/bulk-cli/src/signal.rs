//! Ctrl-C and SIGTERM: the first ends the run cleanly, the second at once.

use bulk::CancellationToken;

use crate::exit::INTERRUPTED;

/// A token that the first signal cancels.
pub(crate) fn cancelled_by_signals() -> CancellationToken {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        one().await;
        cancelled.cancel();
        one().await;
        std::process::exit(i32::from(INTERRUPTED));
    });
    token
}

#[cfg(unix)]
async fn one() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn one() {
    drop(tokio::signal::ctrl_c().await);
}
