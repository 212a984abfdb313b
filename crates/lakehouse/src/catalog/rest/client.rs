//! Requests to a server.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::catalog::properties::Properties;
use crate::catalog::rest::auth::Auth;
use crate::catalog::rest::endpoint::Endpoint;
use crate::catalog::rest::reply::{Reply, transport};
use crate::error::{Error, ErrorKind, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a request that changes nothing is sent again.
const RETRIES: usize = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// A connection to a server, with who asks.
pub(super) struct Client {
    http: reqwest::Client,
    headers: HeaderMap,
    auth: Auth,
    pub(super) endpoint: Endpoint,
}

/// A request that has no reply.
pub(super) enum Unanswered {
    /// The server has not had it.
    NotSent(Error),
    /// The server may have had it, and done what it says.
    Lost(Error),
}

impl Unanswered {
    fn error(&self) -> &Error {
        match self {
            Unanswered::NotSent(error) | Unanswered::Lost(error) => error,
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Unanswered::NotSent(error) | Unanswered::Lost(error) => error,
        }
    }
}

impl Client {
    pub(super) fn of(properties: &Properties) -> Result<Self> {
        let timeout = match properties.get("rest.timeout-ms").map(str::parse) {
            None => TIMEOUT,
            Some(Ok(millis)) if millis > 0 => Duration::from_millis(millis),
            Some(_) => {
                return Err(Error::request("rest.timeout-ms must be a number of milliseconds"));
            }
        };
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            // A commit that is led elsewhere becomes a question, whose answer looks like success.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("cassandra-bulk/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| {
                Error::new(ErrorKind::Internal, "no HTTP client could be made").with_source(source)
            })?;
        let endpoint = Endpoint::of(properties)?;
        let auth = Auth::of(properties, &endpoint)?;
        Ok(Client { http, headers: headers(properties)?, auth, endpoint })
    }

    /// The same server with what it has told of itself.
    pub(super) async fn configured(&self, properties: &Properties) -> Result<Self> {
        let endpoint = Endpoint::of(properties)?;
        Ok(Client {
            http: self.http.clone(),
            headers: headers(properties)?,
            auth: Auth::of(properties, &endpoint)?.inherit(&self.auth).await,
            endpoint,
        })
    }

    /// Asks for something, again where the server or the connection fails.
    pub(super) async fn get(&self, what: &str, url: &str, query: &[(&str, &str)]) -> Result<Reply> {
        let pauses = ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_jitter();
        for pause in pauses.with_max_times(RETRIES).build() {
            match self.send(what, Method::GET, url, query, None).await {
                Ok(reply) if reply.kind() != ErrorKind::Unavailable => return Ok(reply),
                Err(unanswered) if !unanswered.error().retryable() => {
                    return Err(unanswered.into_error());
                }
                _ => tokio::time::sleep(pause).await,
            }
        }
        self.send(what, Method::GET, url, query, None).await.map_err(Unanswered::into_error)
    }

    /// Sends something once.
    pub(super) async fn post(
        &self,
        what: &str,
        url: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Unanswered> {
        let body = serde_json::to_vec(body).map_err(|source| {
            let what = format!("{what}: the request could not be written");
            Unanswered::NotSent(Error::new(ErrorKind::Internal, what).with_source(source))
        })?;
        self.send(what, Method::POST, url, &[], Some(body.into())).await
    }

    async fn send(
        &self,
        what: &str,
        method: Method,
        url: &str,
        query: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> Result<Reply, Unanswered> {
        let mut renewed = false;
        loop {
            let token = self.auth.header(&self.http).await.map_err(Unanswered::NotSent)?;
            let mut request =
                self.http.request(method.clone(), url).headers(self.headers.clone()).query(query);
            if let Some(token) = &token {
                request = request.header(AUTHORIZATION, token);
            }
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            let reply = async { Reply::of(request.send().await?).await };
            let reply =
                reply.await.map_err(|source| match source.is_connect() || source.is_builder() {
                    true => Unanswered::NotSent(transport(what, source)),
                    false => Unanswered::Lost(transport(what, source)),
                })?;
            // Refused for who asks: nothing was done. 419 is the protocol's for a token that has
            // expired.
            let expired = matches!(reply.status.as_u16(), 401 | 419);
            if !expired || renewed || !self.auth.renew(token.as_ref()).await {
                return Ok(reply);
            }
            renewed = true;
        }
    }
}

fn headers(properties: &Properties) -> Result<HeaderMap> {
    // What pyiceberg asks for, too: credentials for the table's files, where the server has some.
    let delegation = HeaderName::from_static("x-iceberg-access-delegation");
    let mut headers =
        HeaderMap::from_iter([(delegation, HeaderValue::from_static("vended-credentials"))]);
    for (name, value) in properties.iter() {
        let Some(name) = name.strip_prefix("header.") else { continue };
        let wrong =
            |what: &str| Error::request(format!("header.{name} has {what} that can't be sent"));
        let header = HeaderName::try_from(name).map_err(|_| wrong("a name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong("a value"))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}
