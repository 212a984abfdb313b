//! URLs of a server's resources.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::catalog::properties::Properties;
use crate::error::{Error, Result};

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a server's resources are.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// Without `/` at its end.
    base: String,
    /// What stands after `/v1` for the warehouse, as the server has given it.
    prefix: Option<String>,
    /// What stands between the parts of a namespace, escaped.
    separator: String,
}

impl Endpoint {
    pub(super) fn of(properties: &Properties) -> Result<Self> {
        let Some(uri) = properties.get("uri") else {
            return Err(Error::request(
                "a REST catalog needs a uri: give the server's URL before /v1",
            ));
        };
        let base = plain_url("uri", uri)?;
        let slash: &[char] = &['/'];
        let prefix = properties.get("prefix").map(|prefix| prefix.trim_matches(slash).to_owned());
        Ok(Endpoint {
            base: base.trim_end_matches('/').to_owned(),
            prefix: prefix.filter(|prefix| !prefix.is_empty()),
            separator: properties.get("namespace-separator").unwrap_or("%1F").to_owned(),
        })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn config(&self) -> String {
        format!("{}/v1/config", self.base)
    }

    pub(super) fn tokens(&self) -> String {
        format!("{}/v1/oauth/tokens", self.base)
    }

    pub(super) fn namespaces(&self) -> String {
        match &self.prefix {
            Some(prefix) => format!("{}/v1/{prefix}/namespaces", self.base),
            None => format!("{}/v1/namespaces", self.base),
        }
    }

    pub(super) fn tables(&self, namespace: &[String]) -> String {
        let parts: Vec<String> = namespace.iter().map(|part| escaped(part)).collect();
        format!("{}/{}/tables", self.namespaces(), parts.join(&self.separator))
    }

    pub(super) fn table(&self, namespace: &[String], table: &str) -> String {
        format!("{}/{}", self.tables(namespace), escaped(table))
    }
}

fn escaped(part: &str) -> String {
    utf8_percent_encode(part, RESERVED).to_string()
}

/// A URL that may be shown.
pub(super) fn plain_url(name: &str, text: &str) -> Result<String> {
    let refused = |why: &str| Err(Error::request(format!("the catalog's {name} {why}")));
    let Ok(url) = Url::parse(text) else { return refused("is not a URL") };
    if !matches!(url.scheme(), "http" | "https") {
        return refused("must begin with https:// or http://");
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return refused("must have no user, password, or query; give a token or a credential");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(entries: &[(&str, &str)]) -> Result<Endpoint> {
        Endpoint::of(&Properties::default().under(entries.iter().copied()))
    }

    #[test]
    fn names_are_escaped_and_prefixes_are_not() {
        let plain = endpoint(&[("uri", "https://host/api/")]).unwrap();
        let namespace = ["a b".to_owned(), "c/d".to_owned()];
        assert_eq!(
            plain.table(&namespace, "t?x=1#ü%"),
            "https://host/api/v1/namespaces/a%20b%1Fc%2Fd/tables/t%3Fx%3D1%23%C3%BC%25"
        );
        assert_eq!(plain.config(), "https://host/api/v1/config");
        let entries =
            [("uri", "http://host"), ("prefix", "/arn%3Aaws/x/"), ("namespace-separator", "%2E")];
        let prefixed = endpoint(&entries).unwrap();
        assert_eq!(
            prefixed.tables(&namespace),
            "http://host/v1/arn%3Aaws/x/namespaces/a%20b%2Ec%2Fd/tables"
        );
    }

    #[test]
    fn a_url_with_a_password_is_refused_without_showing_it() {
        for uri in
            ["https://me:hunter2@host", "https://host/?token=hunter2", "hunter2", "ftp://h/hunter2"]
        {
            let error = endpoint(&[("uri", uri)]).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        assert!(endpoint(&[]).is_err());
    }
}
