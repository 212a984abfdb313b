//! Options of object stores by the names that Iceberg's programs have for them, so that one file of
//! settings serves all of them.
//!
//! They stand over the environment, one by one; but whoever gives credentials gives all of them: a
//! session token of the environment would not fit to another's key.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use object_store::StaticCredentialProvider;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as S3};
use object_store::azure::{AzureConfigKey as Azure, MicrosoftAzureBuilder};
use object_store::client::ClientConfigKey as Http;
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey as Google};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Error, Result};

const S3_CREDENTIALS: [&str; 7] = [
    "s3.access-key-id",
    "client.access-key-id",
    "s3.secret-access-key",
    "client.secret-access-key",
    "s3.session-token",
    "client.session-token",
    "s3.anonymous",
];
const GCS_CREDENTIALS: [&str; 3] = ["gcs.oauth2.token", "gcs.credentials-json", "gcs.no-auth"];
const ADLS_CREDENTIALS: [&str; 4] =
    ["adls.account-key", "adls.sas-token", "adls.token", "adls.client-secret"];
/// What would give other credentials than these, if it were passed over.
const UNKNOWN: [&str; 3] = ["s3.role-arn", "client.role-arn", "adls.connection-string"];

/// Options of object stores, by pyiceberg's names. What is not given is the environment's. Any
/// other name may be among them, and means nothing here.
///
/// - S3: `s3.endpoint`, `s3.region`, `s3.access-key-id`, `s3.secret-access-key`, `s3.session-token`
///   (the last four also as `client.…`), `s3.anonymous`, `s3.path-style-access` or its opposite
///   `s3.force-virtual-addressing`, `s3.proxy-uri`, `s3.connect-timeout` and `s3.request-timeout`
///   in seconds;
/// - GCS: `gcs.oauth2.token`, `gcs.credentials-json`, `gcs.no-auth`, `gcs.service.host`;
/// - Azure: `adls.account-name`, `adls.account-key`, `adls.sas-token` (also
///   `adls.sas-token.<host>`), `adls.token`, `adls.tenant-id`, `adls.client-id`,
///   `adls.client-secret`, `adls.account-host`.
///
/// Values are taken for secrets, and never shown.
///
/// ```
/// let options = formats::StoreOptions::default()
///     .with("s3.endpoint", "http://localhost:9000")
///     .with("s3.access-key-id", "me")
///     .with("s3.secret-access-key", "hunter2");
/// assert!(!format!("{options:?}").contains("hunter2"));
/// let location = formats::Location::open("s3://bucket/lake", &options)?;
/// assert_eq!(location.to_string(), "s3://bucket/lake");
/// # Ok::<(), formats::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct StoreOptions {
    values: BTreeMap<String, SecretString>,
}

impl StoreOptions {
    /// These, and one more. It replaces one of the same name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), SecretString::from(value.into()));
        self
    }

    /// The first of these names that is given.
    fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|&name| self.values.get(name)).map(SecretString::expose_secret)
    }

    fn has(&self, names: &[&str]) -> bool {
        self.get(names).is_some()
    }

    fn flag(&self, name: &str) -> Result<Option<bool>> {
        let flag = self.get(&[name]).map(|value| match value.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Error::request(format!("the option {name} must be true or false"))),
        });
        flag.transpose()
    }

    /// A duration in seconds, perhaps with a fraction, in the form of the stores.
    fn seconds(&self, name: &str) -> Result<Option<String>> {
        let Some(value) = self.get(&[name]) else { return Ok(None) };
        let wrong = || Error::request(format!("the option {name} must be seconds, above 0"));
        let seconds: f64 = value.trim().parse().map_err(|_| wrong())?;
        match std::time::Duration::try_from_secs_f64(seconds) {
            Ok(duration) if !duration.is_zero() => Ok(Some(format!("{}ms", duration.as_millis()))),
            _ => Err(wrong()),
        }
    }

    fn check(&self) -> Result<()> {
        match UNKNOWN.iter().find(|name| self.has(&[name])) {
            None => Ok(()),
            Some(name) => Err(Error::request(format!(
                "the option {name} is not supported; give the credentials themselves"
            ))),
        }
    }

    /// What is to be set for S3; `bucket` for hosts that are named after it.
    pub(crate) fn s3(&self, bucket: &str) -> Result<AmazonS3Builder> {
        self.check()?;
        let mut builder = AmazonS3Builder::from_env();
        if self.has(&S3_CREDENTIALS) {
            let own = [S3::AccessKeyId, S3::SecretAccessKey, S3::Token, S3::SkipSignature];
            builder = environment("AWS_", &own)
                .fold(AmazonS3Builder::new(), |builder, (key, value)| {
                    builder.with_config(key, value)
                });
        }
        let hosted = match self.flag("s3.path-style-access")? {
            Some(path) => Some(!path),
            None => self.flag("s3.force-virtual-addressing")?,
        };
        let mut endpoint = self.get(&["s3.endpoint"]).map(str::to_owned);
        if let (Some(true), Some(url)) = (hosted, &endpoint)
            && let Some((scheme, host)) = url.split_once("://")
        {
            endpoint = Some(format!("{scheme}://{bucket}.{host}"));
        }
        let plain = endpoint.as_deref().is_some_and(is_plain);
        let settings = [
            (S3::AccessKeyId, self.given(&["s3.access-key-id", "client.access-key-id"])),
            (
                S3::SecretAccessKey,
                self.given(&["s3.secret-access-key", "client.secret-access-key"]),
            ),
            (S3::Token, self.given(&["s3.session-token", "client.session-token"])),
            (S3::Region, self.given(&["s3.region", "client.region"])),
            // Of the two that there are, this one wins over the environment's.
            (S3::S3Endpoint, endpoint),
            (S3::Client(Http::AllowHttp), plain.then(|| "true".to_owned())),
            (S3::VirtualHostedStyleRequest, hosted.map(|hosted| hosted.to_string())),
            (S3::SkipSignature, self.flag("s3.anonymous")?.map(|skip| skip.to_string())),
            (S3::Client(Http::ProxyUrl), self.given(&["s3.proxy-uri"])),
            (S3::Client(Http::ConnectTimeout), self.seconds("s3.connect-timeout")?),
            (S3::Client(Http::Timeout), self.seconds("s3.request-timeout")?),
        ];
        Ok(set(settings, builder, AmazonS3Builder::with_config))
    }

    /// What is to be set for Google's store.
    pub(crate) fn gcs(&self) -> Result<GoogleCloudStorageBuilder> {
        let mut builder = GoogleCloudStorageBuilder::from_env();
        if self.has(&GCS_CREDENTIALS) {
            let own = [
                Google::ServiceAccount,
                Google::ServiceAccountKey,
                Google::ApplicationCredentials,
                Google::SkipSignature,
            ];
            builder = environment("GOOGLE_", &own)
                .fold(GoogleCloudStorageBuilder::new(), |builder, (key, value)| {
                    builder.with_config(key, value)
                });
        }
        if let Some(token) = self.given(&["gcs.oauth2.token"]) {
            let credential = GcpCredential { bearer: token };
            builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(credential)));
        }
        let host = self.given(&["gcs.service.host", "gcs.endpoint"]);
        let plain = host.as_deref().is_some_and(is_plain);
        let settings = [
            (Google::ServiceAccountKey, self.given(&["gcs.credentials-json"])),
            (Google::SkipSignature, self.flag("gcs.no-auth")?.map(|skip| skip.to_string())),
            (Google::BaseUrl, host),
            (Google::Client(Http::AllowHttp), plain.then(|| "true".to_owned())),
        ];
        Ok(set(settings, builder, GoogleCloudStorageBuilder::with_config))
    }

    /// What is to be set for Azure; `host` is the account's, where the URL has it.
    pub(crate) fn azure(&self, host: &str) -> Result<MicrosoftAzureBuilder> {
        self.check()?;
        let account = |host: &str| host.split('.').next().unwrap_or_default().to_owned();
        let sas = self.given(&["adls.sas-token"]).or_else(|| {
            let of_host = |name: &str| {
                let host_of_token = name.strip_prefix("adls.sas-token.")?;
                (account(host_of_token) == account(host)).then_some(())
            };
            let token = self.values.iter().find(|(name, _)| of_host(name).is_some());
            token.map(|(_, value)| value.expose_secret().to_owned())
        });
        let mut builder = MicrosoftAzureBuilder::from_env();
        if sas.is_some() || self.has(&ADLS_CREDENTIALS) {
            let own = [
                Azure::AccessKey,
                Azure::SasKey,
                Azure::Token,
                Azure::ClientId,
                Azure::ClientSecret,
                Azure::AuthorityId,
                Azure::FederatedTokenFile,
                Azure::SkipSignature,
            ];
            builder = environment("AZURE_", &own)
                .fold(MicrosoftAzureBuilder::new(), |builder, (key, value)| {
                    builder.with_config(key, value)
                });
        }
        let endpoint = self.given(&["adls.account-host"]).map(|host| match host.contains("://") {
            true => host,
            false => format!("https://{host}"),
        });
        let plain = endpoint.as_deref().is_some_and(is_plain);
        let settings = [
            (Azure::AccountName, self.given(&["adls.account-name"])),
            (Azure::AccessKey, self.given(&["adls.account-key"])),
            (Azure::SasKey, sas),
            (Azure::Token, self.given(&["adls.token"])),
            (Azure::AuthorityId, self.given(&["adls.tenant-id"])),
            (Azure::ClientId, self.given(&["adls.client-id"])),
            (Azure::ClientSecret, self.given(&["adls.client-secret"])),
            (Azure::Endpoint, endpoint),
            (Azure::Client(Http::AllowHttp), plain.then(|| "true".to_owned())),
        ];
        Ok(set(settings, builder, MicrosoftAzureBuilder::with_config))
    }

    fn given(&self, names: &[&str]) -> Option<String> {
        self.get(names).map(str::to_owned)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for StoreOptions {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(options: I) -> Self {
        options
            .into_iter()
            .fold(StoreOptions::default(), |options, (name, value)| options.with(name, value))
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Whether a URL is for a connection without TLS, which stores refuse unless told otherwise.
fn is_plain(url: &str) -> bool {
    url.to_ascii_lowercase().starts_with("http://")
}

/// The environment's settings, as the builders read them, but for some.
fn environment<K: FromStr + PartialEq>(
    prefix: &'static str,
    except: &[K],
) -> impl Iterator<Item = (K, String)> {
    std::env::vars_os().filter_map(move |(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        let key: K = name.starts_with(prefix).then(|| name.to_ascii_lowercase().parse().ok())??;
        (!except.contains(&key)).then_some((key, value))
    })
}

fn set<K, B, const N: usize>(
    settings: [(K, Option<String>); N],
    builder: B,
    with: impl Fn(B, K, String) -> B,
) -> B {
    settings.into_iter().fold(builder, |builder, (key, value)| match value {
        Some(value) => with(builder, key, value),
        None => builder,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3(options: &StoreOptions, key: S3) -> Option<String> {
        options.s3("bucket").unwrap().get_config_value(&key)
    }

    #[test]
    fn the_options_of_s3_are_the_stores() {
        let options: StoreOptions = [
            ("s3.endpoint", "http://localhost:9000"),
            ("s3.access-key-id", "key"),
            ("client.secret-access-key", "secret"),
            ("s3.region", "eu-central-1"),
            ("s3.request-timeout", "1.5"),
            ("s3.path-style-access", "true"),
            ("py-io-impl", "pyiceberg.io.pyarrow.PyArrowFileIO"),
        ]
        .into_iter()
        .collect();
        assert_eq!(s3(&options, S3::S3Endpoint).unwrap(), "http://localhost:9000");
        assert_eq!(s3(&options, S3::AccessKeyId).unwrap(), "key");
        assert_eq!(s3(&options, S3::SecretAccessKey).unwrap(), "secret");
        assert_eq!(s3(&options, S3::Region).unwrap(), "eu-central-1");
        assert_eq!(s3(&options, S3::Client(Http::AllowHttp)).unwrap(), "true");
        assert_eq!(s3(&options, S3::Client(Http::Timeout)).unwrap(), "1500ms");
        assert_eq!(s3(&options, S3::VirtualHostedStyleRequest).unwrap(), "false");
        assert_eq!(s3(&options, S3::Token), None);
    }

    #[test]
    fn a_host_may_be_named_after_the_bucket() {
        let options = StoreOptions::default()
            .with("s3.endpoint", "https://store.example:9000")
            .with("s3.force-virtual-addressing", "True");
        assert_eq!(s3(&options, S3::S3Endpoint).unwrap(), "https://bucket.store.example:9000");
        assert_eq!(s3(&options, S3::VirtualHostedStyleRequest).unwrap(), "true");
    }

    #[test]
    fn the_token_of_azure_is_the_one_of_the_account() {
        let options = StoreOptions::default()
            .with("adls.sas-token.one.dfs.core.windows.net", "sv=1&sig=a")
            .with("adls.sas-token.two.dfs.core.windows.net", "sv=1&sig=b")
            .with("adls.account-name", "two");
        let of = |host| options.azure(host).unwrap().get_config_value(&Azure::SasKey);
        assert_eq!(of("two.dfs.core.windows.net").unwrap(), "sv=1&sig=b");
        assert_eq!(of("three.dfs.core.windows.net"), None);
        let key = StoreOptions::default().with("adls.account-key", "a2V5").azure("").unwrap();
        assert_eq!(key.get_config_value(&Azure::AccessKey).unwrap(), "a2V5");
    }

    #[test]
    fn the_options_of_google_are_the_stores() {
        let options = StoreOptions::default()
            .with("gcs.service.host", "http://localhost:4443")
            .with("gcs.no-auth", "true");
        let built = options.gcs().unwrap();
        assert_eq!(built.get_config_value(&Google::BaseUrl).unwrap(), "http://localhost:4443");
        assert_eq!(built.get_config_value(&Google::SkipSignature).unwrap(), "true");
    }

    #[test]
    fn what_can_not_be_followed_is_said_without_the_value() {
        for (name, value) in [
            ("s3.path-style-access", "hunter2"),
            ("s3.connect-timeout", "hunter2"),
            ("s3.request-timeout", "-1"),
            ("s3.role-arn", "hunter2"),
        ] {
            let options = StoreOptions::default().with(name, value);
            let error = options.s3("bucket").err().unwrap();
            assert!(error.to_string().contains(name), "{error}");
            assert!(!format!("{error:?}{options:?}").contains("hunter2"), "{error:?}");
        }
        assert!(StoreOptions::default().with("adls.connection-string", "x").azure("").is_err());
    }
}
