//! Who asks: a token, given or got for a credential.

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::catalog::properties::Properties;
use crate::catalog::rest::endpoint::{Endpoint, plain_url};
use crate::catalog::rest::reply::{Reply, transport};
use crate::error::{Error, ErrorKind, Result};

/// Who asks. A token that was got for a credential is kept until the server refuses it.
pub(super) struct Auth {
    token: Mutex<Option<HeaderValue>>,
    credential: Option<Credential>,
}

/// What tokens are got for: OAuth2's client credentials (RFC 6749, 4.4).
struct Credential {
    server: String,
    id: Option<String>,
    secret: SecretString,
    /// `scope`, and what else the server wants to know.
    parameters: Vec<(&'static str, String)>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

impl Auth {
    pub(super) fn of(properties: &Properties, endpoint: &Endpoint) -> Result<Self> {
        let token = properties.get("token").map(bearer).transpose()?;
        let credential = match properties.get("credential") {
            None => None,
            Some(credential) => {
                let (id, secret) = match credential.split_once(':') {
                    Some((id, secret)) => (Some(id.to_owned()), secret),
                    None => (None, credential),
                };
                let server = match properties.get("oauth2-server-uri") {
                    Some(uri) => plain_url("oauth2-server-uri", uri)?,
                    None => endpoint.tokens(),
                };
                let mut parameters =
                    vec![("scope", properties.get("scope").unwrap_or("catalog").to_owned())];
                for name in ["audience", "resource"] {
                    parameters.extend(properties.get(name).map(|value| (name, value.to_owned())));
                }
                Some(Credential { server, id, secret: SecretString::from(secret), parameters })
            }
        };
        Ok(Auth { token: Mutex::new(token), credential })
    }

    /// The same with what another has got already.
    pub(super) async fn inherit(self, other: &Auth) -> Self {
        let mut token = self.token.lock().await;
        if token.is_none() {
            *token = other.token.lock().await.clone();
        }
        drop(token);
        self
    }

    /// The header to be sent, if any is.
    pub(super) async fn header(&self, http: &reqwest::Client) -> Result<Option<HeaderValue>> {
        let mut token = self.token.lock().await;
        if token.is_none()
            && let Some(credential) = &self.credential
        {
            *token = Some(credential.exchange(http).await?);
        }
        Ok(token.clone())
    }

    /// Whether a request may be sent again after the server refused this token: not, if there is no
    /// way to another one. Of several who ask, the first one's new token is everyone's.
    pub(super) async fn renew(&self, refused: Option<&HeaderValue>) -> bool {
        let mut token = self.token.lock().await;
        if self.credential.is_none() {
            return false;
        }
        if token.as_ref() == refused {
            *token = None;
        }
        true
    }
}

impl Credential {
    async fn exchange(&self, http: &reqwest::Client) -> Result<HeaderValue> {
        let what = format!("a token could not be got from {}", self.server);
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.id.as_deref().map(|id| ("client_id", id)));
        form.push(("client_secret", self.secret.expose_secret()));
        form.extend(self.parameters.iter().map(|(name, value)| (*name, value.as_str())));
        let reply = async { Reply::of(http.post(&self.server).form(&form).send().await?).await };
        let reply = reply.await.map_err(|source| transport(&what, source))?;
        if !reply.status.is_success() {
            // RFC 6749, 5.2: a credential that is not good is 400 or 401.
            let kind = match reply.status.as_u16() {
                400 | 401 | 403 => ErrorKind::Denied,
                _ => reply.kind(),
            };
            return Err(reply.refusal(kind, &what));
        }
        let token: Token = reply.read(&what)?;
        bearer(&token.access_token)
    }
}

fn bearer(token: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        Error::request("the token for the catalog has characters that can't be sent")
    })?;
    // Not shown by those who log requests.
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.credential.as_ref().map(|credential| &credential.server);
        f.debug_struct("Auth").field("server", &server).finish_non_exhaustive()
    }
}
