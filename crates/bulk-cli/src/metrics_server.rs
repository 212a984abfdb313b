//! `http://ADDR/metrics`: the figures of a run, for Prometheus, as long as it goes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::exit::Failure;
use crate::metrics;
use crate::run_state::RunState;

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
/// A scrape is one short request; whoever takes longer is hung up on.
const PATIENCE: Duration = Duration::from_secs(10);
/// Clients at the same time; the others wait.
const CLIENTS: usize = 16;
/// After a failure to accept, such as too many open files.
const REST: Duration = Duration::from_millis(200);

/// The server; it ends when dropped.
#[derive(Debug)]
pub(crate) struct MetricsServer(JoinHandle<()>);

impl MetricsServer {
    /// Serves the figures of a run.
    ///
    /// # Errors
    ///
    /// Where the address cannot be listened on.
    pub(crate) async fn listen(
        address: SocketAddr,
        state: &Arc<RunState>,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::usage(format!(
                "metrics cannot be served at {address}: {error}; give another address to --metrics"
            ))
        })?;
        let registry = Arc::new(metrics::registry(Arc::clone(state)));
        Ok(MetricsServer(tokio::spawn(serve(listener, registry))))
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(listener: TcpListener, registry: Arc<Registry>) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((client, _)) => {
                let registry = Arc::clone(&registry);
                tokio::spawn(async move {
                    speak(client, registry).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("a client of the metrics cannot be accepted: {error}");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn speak(client: TcpStream, registry: Arc<Registry>) {
    let service = service_fn(move |request| {
        let reply = reply(&request, &registry);
        async move { Ok::<_, Infallible>(reply) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(client), service);
    match tokio::time::timeout(PATIENCE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("a client of the metrics has gone: {error}"),
        Err(_) => tracing::debug!("a client of the metrics is slow"),
    }
}

fn reply(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        *response.body_mut() = Full::from("metrics are at /metrics\n");
    } else if request.method() != Method::GET && request.method() != Method::HEAD {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    } else {
        match metrics::exposition(registry) {
            Ok(page) => {
                response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
                *response.body_mut() = Full::from(page);
            }
            // Writing into memory does not fail.
            Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
    response
}
