//! A proxy in front of a REST catalog, which does to calls what networks and busy servers do to them, and
//! lets a test act at the very moment of a commit.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What waits for a call that never comes must not wait for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A proxy; gone when dropped.
#[derive(Debug)]
pub struct HttpProxy {
    address: SocketAddr,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

/// Kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// Every one.
    All,
    /// Those that give a table a snapshot.
    Commits,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// This status instead of its own answer, and nothing is done.
    Refused(u16),
    /// No answer: the connection ends, and nothing is done.
    HungUp,
    /// All is done, and then the answer is this status.
    DoneAs(u16),
    /// All is done, and then the connection ends without an answer.
    Lost,
    /// Done as it should be, so much later.
    Late(Duration),
}

/// When a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the catalog has seen it.
    Before,
    /// When it is done, and has not been answered.
    Done,
}

/// A call that is to be held: the next of its kind.
#[derive(Debug)]
pub struct Held {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl Held {
    /// Waits until there is one.
    ///
    /// # Errors
    ///
    /// Where none comes, the proxy is gone, or it holds another one instead.
    pub async fn reached(&mut self) -> Result<()> {
        let reached = tokio::time::timeout(PATIENCE, &mut self.reached).await;
        reached.context("no call came that was to be held")?.context("no call is held any more")
    }

    /// Lets it go on. Dropping this instead ends its connection.
    pub fn release(self) {
        // Where nobody waits any more, its client is gone.
        let _ = self.release.send(());
    }
}

/// What the other end of [`Held`] has.
#[derive(Debug)]
struct Hold {
    calls: Calls,
    moment: Moment,
    reached: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

#[derive(Debug)]
struct Fault {
    calls: Calls,
    fate: Fate,
    times: Option<u32>,
}

#[derive(Debug)]
struct State {
    to: String,
    client: reqwest::Client,
    orders: Mutex<Orders>,
}

#[derive(Debug, Default)]
struct Orders {
    fault: Option<Fault>,
    strikes: u32,
    hold: Option<Hold>,
    commits: u32,
}

impl HttpProxy {
    /// Starts one on a free port of this machine, in front of an address such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    ///
    /// Where there is no port.
    pub async fn start(to: &str) -> Result<HttpProxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let state = Arc::new(State { to: to.to_owned(), client, orders: Mutex::default() });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&state)));
        Ok(HttpProxy { address, state, _serving: serving })
    }

    /// Its own address.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets calls fail from now on, so many or all until [`heal`](Self::heal), and others, if any failed
    /// before, no longer.
    pub fn fail(&self, calls: Calls, fate: Fate, times: Option<u32>) {
        let mut orders = self.state.orders();
        orders.fault = Some(Fault { calls, fate, times });
        orders.strikes = 0;
    }

    /// Lets nothing fail any more; gives how many calls failed since [`fail`](Self::fail).
    pub fn heal(&self) -> u32 {
        let mut orders = self.state.orders();
        orders.fault = None;
        orders.strikes
    }

    /// Holds the next call of a kind.
    pub fn hold(&self, calls: Calls, moment: Moment) -> Held {
        let (reached, is_reached) = oneshot::channel();
        let (release, released) = oneshot::channel();
        self.state.orders().hold = Some(Hold { calls, moment, reached, released });
        Held { reached: is_reached, release }
    }

    /// How many commits have come, whatever became of them.
    pub fn commits(&self) -> u32 {
        self.state.orders().commits
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    // What is served ends with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let answer = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { state.answer(request).await }
    });
    // That it ended early is what some tests ask for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

impl State {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error ends the connection without an answer.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let is_commit = head.method == Method::POST && adds_snapshot(&body);
        let hold = self.orders().hold_for(is_commit);
        let is_early = hold.as_ref().is_some_and(|hold| hold.moment == Moment::Before);
        let (before, after) = if is_early { (hold, None) } else { (None, hold) };
        wait(before).await?;
        let fate = self.orders().fate_of(is_commit);
        match fate {
            Some(Fate::Refused(status)) => return refusal(status),
            Some(Fate::HungUp) => bail!("told to hang up"),
            Some(Fate::Late(time)) => tokio::time::sleep(time).await,
            Some(Fate::DoneAs(_) | Fate::Lost) | None => {}
        }
        let answer = self.forward(head, body).await?;
        wait(after).await?;
        match fate {
            Some(Fate::DoneAs(status)) => refusal(status),
            Some(Fate::Lost) => bail!("told to lose the answer"),
            _ => Ok(answer),
        }
    }

    async fn forward(
        &self,
        head: hyper::http::request::Parts,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        for of_the_connection in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(of_the_connection);
        }
        let url = format!("{}{path}", self.to);
        let call = self.client.request(head.method, url).headers(headers).body(body);
        let answer = call.send().await?;
        let mut forwarded = Response::builder().status(answer.status());
        if let Some(kind) = answer.headers().get(CONTENT_TYPE) {
            forwarded = forwarded.header(CONTENT_TYPE, kind);
        }
        Ok(forwarded.body(Full::new(answer.bytes().await?))?)
    }
}

impl Orders {
    /// Whether a call that has come is held.
    fn hold_for(&mut self, is_commit: bool) -> Option<Hold> {
        self.commits += u32::from(is_commit);
        self.hold.take_if(|hold| hold.calls.has(is_commit))
    }

    /// What becomes of a call.
    fn fate_of(&mut self, is_commit: bool) -> Option<Fate> {
        let fault = self.fault.as_ref().filter(|fault| fault.calls.has(is_commit));
        let fault = fault.filter(|fault| fault.times.is_none_or(|times| self.strikes < times));
        let fate = fault.map(|fault| fault.fate);
        self.strikes += u32::from(fate.is_some());
        fate
    }
}

impl Calls {
    fn has(self, is_commit: bool) -> bool {
        self == Calls::All || is_commit
    }
}

async fn wait(hold: Option<Hold>) -> Result<()> {
    let Some(hold) = hold else { return Ok(()) };
    // Where the test does not wait for it, it may release it all the same.
    let _ = hold.reached.send(());
    Ok(hold.released.await?)
}

fn adds_snapshot(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let updates = body["updates"].as_array().map(Vec::as_slice).unwrap_or_default();
    updates.iter().any(|update| update["action"] == "add-snapshot")
}

/// An error as the REST specification has it.
fn refusal(status: u16) -> Result<Response<Full<Bytes>>> {
    let kind = match status {
        400 => "BadRequestException",
        401 => "NotAuthorizedException",
        403 => "ForbiddenException",
        404 => "NoSuchTableException",
        409 => "CommitFailedException",
        429 | 503 => "ServiceUnavailableException",
        502 | 504 => "CommitStateUnknownException",
        _ => "InternalServerError",
    };
    let error = json!({ "error": { "message": "told to fail", "type": kind, "code": status } });
    let answer = Response::builder()
        .status(StatusCode::from_u16(status)?)
        .header(CONTENT_TYPE, "application/json");
    Ok(answer.body(Full::new(error.to_string().into()))?)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use anyhow::ensure;

    use super::*;
    use crate::run;

    /// A server that counts what it has done, and answers with that.
    async fn counting() -> Result<(String, JoinSet<()>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let uri = format!("http://{}", listener.local_addr()?);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let done = Arc::new(std::sync::atomic::AtomicU32::new(0));
            while let Ok((stream, _)) = listener.accept().await {
                let done = Arc::clone(&done);
                let service = service_fn(move |_: Request<Incoming>| {
                    let done = done.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                    async move { Ok::<_, Infallible>(Response::new(done.to_string())) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok((uri, serving))
    }

    struct Client(reqwest::Client, String);

    impl Client {
        /// The status and the body; `None`: no answer.
        async fn call(&self, action: &str) -> Option<(u16, String)> {
            let body = json!({ "updates": [{ "action": action }] }).to_string();
            let answer = self.0.post(&self.1).body(body).send().await.ok()?;
            Some((answer.status().as_u16(), answer.text().await.ok()?))
        }
    }

    async fn started() -> Result<(HttpProxy, Client, JoinSet<()>)> {
        let (uri, serving) = counting().await?;
        let proxy = HttpProxy::start(&uri).await?;
        // A client of many connections: one that was cut is tried again only if it was idle.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
        let client = Client(client, proxy.uri());
        Ok((proxy, client, serving))
    }

    fn is(answer: Option<&(u16, String)>, status: u16, body: &str) -> bool {
        answer.is_some_and(|(found, text)| *found == status && text.contains(body))
    }

    #[test]
    fn each_fate_befalls_the_calls_it_is_meant_for() {
        run(async {
            let (proxy, client, _serving) = started().await?;
            proxy.fail(Calls::Commits, Fate::Refused(503), Some(1));
            let answers = [
                client.call("set-properties").await,
                client.call("add-snapshot").await,
                client.call("add-snapshot").await,
            ];
            let [first, second, third] = &answers;
            ensure!(is(first.as_ref(), 200, "1") && is(third.as_ref(), 200, "2"), "{answers:?}");
            ensure!(is(second.as_ref(), 503, "ServiceUnavailableException"), "{answers:?}");
            ensure!(proxy.heal() == 1 && proxy.commits() == 2);
            for (fate, is_done) in [(Fate::HungUp, false), (Fate::Lost, true)] {
                let before = client.call("").await.context("no answer")?.1.parse::<u32>()?;
                proxy.fail(Calls::All, fate, None);
                ensure!(client.call("").await.is_none(), "{fate:?}");
                ensure!(proxy.heal() == 1, "{fate:?}");
                let after = client.call("").await.context("no answer")?.1.parse::<u32>()?;
                ensure!(after == before + 1 + u32::from(is_done), "{fate:?}: {before}, {after}");
            }
            proxy.fail(Calls::All, Fate::DoneAs(504), Some(1));
            ensure!(is(client.call("").await.as_ref(), 504, "CommitStateUnknown"));
            proxy.fail(Calls::All, Fate::Late(Duration::from_millis(1)), Some(1));
            ensure!(is(client.call("").await.as_ref(), 200, "9"), "{:?}", client.call("").await);
            Ok(())
        });
    }

    #[test]
    fn a_call_is_held_before_it_is_done_or_after() {
        run(async {
            let (proxy, client, _serving) = started().await?;
            let mut held = proxy.hold(Calls::Commits, Moment::Before);
            let (answer, other) = tokio::join!(client.call("add-snapshot"), async {
                held.reached().await?;
                let other = client.call("").await;
                held.release();
                Ok::<_, anyhow::Error>(other)
            });
            ensure!(is(other?.as_ref(), 200, "1") && is(answer.as_ref(), 200, "2"));
            let mut held = proxy.hold(Calls::Commits, Moment::Done);
            let (answer, other) = tokio::join!(client.call("add-snapshot"), async {
                held.reached().await?;
                let other = client.call("").await;
                drop(held);
                Ok::<_, anyhow::Error>(other)
            });
            ensure!(is(other?.as_ref(), 200, "4") && answer.is_none(), "{answer:?}");
            Ok(())
        });
    }
}
