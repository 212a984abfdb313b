//! Signals. Ctrl-C and SIGTERM: the first ends the run cleanly, the second at once. SIGUSR1 pauses it, and
//! SIGUSR2 lets it go on.

use std::sync::Arc;

use bulk::CancellationToken;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::control::{pause, resume};
use crate::exit::INTERRUPTED;
use crate::run_state::RunState;

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

async fn one() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// Pauses and resumes a run by signals, from now on.
pub(crate) fn pause_by_signals(state: &Arc<RunState>) {
    on(SignalKind::user_defined1(), state, pause);
    on(SignalKind::user_defined2(), state, resume);
}

fn on(kind: SignalKind, state: &Arc<RunState>, act: impl Fn(&RunState) + Send + 'static) {
    match signal(kind) {
        Ok(mut signals) => {
            let state = Arc::clone(state);
            tokio::spawn(async move {
                while Signal::recv(&mut signals).await.is_some() {
                    act(&state);
                }
            });
        }
        Err(error) => tracing::warn!("signal {} is not heeded: {error}", kind.as_raw_value()),
    }
}
