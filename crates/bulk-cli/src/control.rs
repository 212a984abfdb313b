//! The socket that a run listens on, so that it can be watched, paused and slowed while it goes.
//!
//! One request, one reply, and the connection ends. Who connects gets little time and little memory: no
//! client may hold the run up, whatever it sends or does not send.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::control_folder::{ControlFolder, Unbound, remove};
use crate::control_protocol::{LimitChange, Reply, Request};
use crate::exit::Failure;
use crate::run_state::RunState;

/// A client has so long for its request, and for taking the reply.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a request, at the most.
const LONGEST: u64 = 4096;
/// Clients at the same time; the others wait.
const CLIENTS: usize = 16;
/// After a failure to accept, such as too many open files.
const REST: Duration = Duration::from_millis(200);

/// A run's socket; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Control {
    path: PathBuf,
    serving: JoinHandle<()>,
}

impl Control {
    /// Listens for a run. Where that cannot be done, the run has to go without.
    ///
    /// # Errors
    ///
    /// Where the name was chosen (`is_chosen`), and another run has it.
    pub(crate) async fn listen(
        state: &Arc<RunState>,
        is_chosen: bool,
    ) -> Result<Option<Self>, Failure> {
        let name = &state.name;
        let without = |error: io::Error| {
            tracing::warn!("the run cannot be controlled by `ctl`: {error}");
            Ok(None)
        };
        let folder = match ControlFolder::open() {
            Ok(folder) => folder,
            Err(error) => return without(error),
        };
        match folder.bind(name).await {
            Ok(listener) => {
                let serving = tokio::spawn(serve(listener, Arc::clone(state)));
                Ok(Some(Control { path: folder.socket(name), serving }))
            }
            Err(Unbound::InUse) if is_chosen => Err(Failure::usage(format!(
                "a run named '{name}' is under way; choose another --run-name"
            ))),
            Err(Unbound::InUse) => without(io::ErrorKind::AddrInUse.into()),
            Err(Unbound::Failed(error)) => without(error),
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // First the file, then the listener: in between, another run may take the name.
        if let Err(error) = remove(&self.path) {
            tracing::warn!("{} cannot be removed: {error}", self.path.display());
        }
        self.serving.abort();
    }
}

async fn serve(listener: UnixListener, state: Arc<RunState>) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((client, _)) => {
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let spoken = tokio::time::timeout(PATIENCE, speak(client, &state)).await;
                    if !matches!(spoken, Ok(Ok(()))) {
                        tracing::debug!(
                            ?spoken,
                            "a client of the run's socket has gone, or is slow"
                        );
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("a client of the run's socket cannot be accepted: {error}");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Hears one request, and replies.
async fn speak(mut client: UnixStream, state: &RunState) -> io::Result<()> {
    let (reader, mut writer) = client.split();
    let mut line = Vec::new();
    BufReader::new(reader.take(LONGEST)).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        // It wanted to know whether somebody listens.
        return Ok(());
    }
    let mut reply = serde_json::to_vec(&answer(&line, state))?;
    reply.push(b'\n');
    writer.write_all(&reply).await?;
    writer.shutdown().await
}

/// What is replied to a request, which is done.
pub(crate) fn answer(line: &[u8], state: &RunState) -> Reply {
    if !line.ends_with(b"\n") && line.len() as u64 >= LONGEST {
        return Reply::Error(format!("a request is a line of at most {LONGEST} bytes"));
    }
    match serde_json::from_slice(line) {
        Ok(Request::Status) => {}
        Ok(Request::Pause) => pause(state),
        Ok(Request::Resume) => resume(state),
        Ok(Request::Set(change)) => set(state, change),
        Err(error) => {
            return Reply::Error(format!(
                "this is no request: {error}; known are status, pause, resume and set"
            ));
        }
    }
    Reply::Status(Box::new(state.status()))
}

/// Lets nothing more be sent, until [`resume`].
pub(crate) fn pause(state: &RunState) {
    if !state.pace.is_paused() {
        state.pace.pause();
        tracing::warn!("the run '{}' is paused, until it is told to resume", state.name);
    }
}

/// Goes on.
pub(crate) fn resume(state: &RunState) {
    if state.pace.is_paused() {
        state.pace.resume();
        tracing::warn!("the run '{}' goes on", state.name);
    }
}

fn set(state: &RunState, change: LimitChange) {
    if let Some(rate) = change.rows_per_second {
        state.pace.set_rows_per_second(rate);
    }
    if let Some(rate) = change.bytes_per_second {
        state.pace.set_bytes_per_second(rate);
    }
    if let Some(count) = change.max_per_node {
        state.pace.set_max_per_node(count);
    }
    tracing::info!(limits = ?state.limits(), "the limits were changed");
}

#[cfg(test)]
mod tests {
    use bulk::Pace;

    use super::*;

    fn state() -> Arc<RunState> {
        let name = "trial".parse().unwrap();
        Arc::new(RunState::new(name, "count", "shop.orders".to_owned(), Pace::default()))
    }

    /// Speaks with a run, and gives what it says until it hangs up.
    async fn say(state: &Arc<RunState>, text: &[u8]) -> String {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let state = Arc::clone(state);
        let spoken = tokio::spawn(async move { speak(theirs, &state).await });
        // It may hang up before it has heard all.
        let _ = ours.write_all(text).await;
        let _ = ours.shutdown().await;
        let mut said = String::new();
        let _ = ours.read_to_string(&mut said).await;
        let _ = spoken.await.unwrap();
        said
    }

    fn status(said: &str) -> crate::control_protocol::Status {
        match serde_json::from_str(said).unwrap() {
            Reply::Status(status) => *status,
            Reply::Error(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn limits_and_pauses_are_those_of_the_pace() {
        let state = state();
        let set = br#"{"command":"set","rows_per_second":7,"max_per_node":2}"#;
        let limits = status(&say(&state, &[set.as_slice(), b"\n"].concat()).await).limits;
        assert_eq!(limits, state.limits());
        assert_eq!(state.pace.rows_per_second().unwrap().get(), 7);
        let paused = say(&state, b"{\"command\":\"pause\"}\n").await;
        assert_eq!(status(&paused).state, crate::control_protocol::State::Paused);
        assert!(state.pace.is_paused());
        // A request without its end of line is whole all the same where nothing follows.
        say(&state, b"{\"command\":\"resume\"}").await;
        assert!(!state.pace.is_paused());
        let off = say(&state, b"{\"command\":\"set\",\"rows_per_second\":null}\n").await;
        assert_eq!(status(&off).limits.rows_per_second, None);
        assert_eq!(status(&off).limits.max_per_node.unwrap().get(), 2);
    }

    #[tokio::test]
    async fn what_is_no_request_is_answered_with_an_error_and_changes_nothing() {
        let state = state();
        for text in ["\n", "stop\n", "{\"command\":\"stop\"}\n", "\u{0}\n", "{\"command\":\"pau"] {
            let said = say(&state, text.as_bytes()).await;
            assert!(matches!(serde_json::from_str(&said), Ok(Reply::Error(_))), "{text}: {said}");
        }
        assert!(!state.pace.is_paused());
        assert_eq!(say(&state, b"").await, "");
    }

    #[tokio::test]
    async fn megabytes_are_not_read_to_their_end() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let state = state();
        let spoken = tokio::spawn(async move { speak(theirs, &state).await });
        // Whoever is hung up on cannot go on sending.
        assert!(ours.write_all(&vec![b'x'; 16 << 20]).await.is_err());
        spoken.await.unwrap().unwrap();
    }
}
