//! URLs and paths of locations, and the stores they mean.

use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreScheme};
use url::Url;

use crate::error::{Error, Result};
use crate::store_options::StoreOptions;

/// What may stand before `://`.
const SCHEMES: &str = "file, s3, s3a, gs, az, abfs, abfss, adl, azure";

/// What a text means.
pub(crate) struct Target {
    /// How it is shown to people.
    pub(crate) shown: String,
    /// The store, rooted there.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Its folder, on a local disk.
    pub(crate) local: Option<PathBuf>,
}

/// Reads a path or a URL.
pub(crate) fn parse(text: &str, options: &StoreOptions) -> Result<Target> {
    if text.is_empty() {
        return Err(Error::request("a location is missing: give a folder or a URL"));
    }
    let is_url = text.contains("://") || text.starts_with("file:");
    if text.starts_with('/') || !is_url {
        return local(FilePath::new(text));
    }
    // The text may have a password in it, so it is not told again before that is known.
    let url = Url::parse(text)
        .map_err(|source| Error::request("the location is not a URL").with_source(source))?;
    let shown = shown(&url);
    if url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::request(format!(
            "the URL {shown} must have no password, query, or fragment; credentials and options are \
             taken from the environment or from options"
        )));
    }
    if url.scheme() == "file" {
        let path = url.to_file_path();
        let path = path.map_err(|()| Error::request(format!("{shown} is not a local path")))?;
        return local(&path);
    }
    remote(&url, shown, options)
}

fn remote(url: &Url, shown: String, options: &StoreOptions) -> Result<Target> {
    let bad = |source: object_store::Error| {
        Error::request(format!("{shown} can't be used")).with_source(source)
    };
    let known = ["s3", "s3a", "gs", "az", "abfs", "abfss", "adl", "azure"].contains(&url.scheme());
    let parsed = ObjectStoreScheme::parse(url).ok().filter(|_| known);
    let Some((scheme, prefix)) = parsed else {
        return Err(Error::request(format!(
            "{shown} is in no store that is known here; give a folder, or a URL with one of {SCHEMES}, \
             and a bucket"
        )));
    };
    let azure = scheme == ObjectStoreScheme::MicrosoftAzure;
    if !azure && !url.username().is_empty() {
        return Err(Error::request(format!(
            "the URL {shown} must have no user; credentials are taken from the environment or from options"
        )));
    }
    let host = url.host_str().unwrap_or_default();
    let store: Arc<dyn ObjectStore> = match scheme {
        ObjectStoreScheme::AmazonS3 => {
            Arc::new(options.s3(host)?.with_url(url.as_str()).build().map_err(bad)?)
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            Arc::new(options.gcs()?.with_url(url.as_str()).build().map_err(bad)?)
        }
        _ => Arc::new(options.azure(host)?.with_url(url.as_str()).build().map_err(bad)?),
    };
    Ok(Target { shown, store: Arc::new(PrefixStore::new(store, prefix)), local: None })
}

/// A local folder, whose path is as it is.
pub(crate) fn local(path: &FilePath) -> Result<Target> {
    let shown = path.display().to_string();
    let bad = |source: Box<dyn std::error::Error + Send + Sync>| {
        Error::request(format!("{shown} can't be used as a folder")).with_source(source)
    };
    let path = std::path::absolute(path).map_err(|source| bad(source.into()))?;
    // `..` is left in by `absolute`, since a link may stand before it.
    let path = match path.components().any(|part| part == Component::ParentDir) {
        true => resolved(&path).map_err(|source| bad(source.into()))?,
        false => path,
    };
    if path.exists() && !path.is_dir() {
        return Err(Error::request(format!("{shown} is a file; a folder is needed")));
    }
    let prefix = Path::from_absolute_path(&path).map_err(|source| bad(source.into()))?;
    let store = PrefixStore::new(LocalFileSystem::new(), prefix);
    let shown = path.display().to_string();
    Ok(Target { shown, store: Arc::new(store), local: Some(path) })
}

/// A path without `..`, as the file system follows it; what is not there yet has no links.
fn resolved(path: &FilePath) -> std::io::Result<PathBuf> {
    let mut done = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                if done.exists() {
                    done = done.canonicalize()?;
                }
                done.pop();
            }
            part => done.push(part),
        }
    }
    Ok(done)
}

/// A URL without what may be secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for URLs that can't have them.
    let _ = url.set_password(None);
    if !matches!(url.scheme(), "abfs" | "abfss" | "az") {
        let _ = url.set_username("");
    }
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn parse(text: &str) -> Result<Target> {
        super::parse(text, &StoreOptions::default())
    }

    #[test]
    fn no_secret_is_ever_told() {
        for text in [
            "s3://key:hunter2@bucket/a",
            "s3://hunter2@bucket/a",
            "az://container/a?sig=hunter2",
            "gs://bucket/a#hunter2",
            "ftp://key:hunter2@host/a",
            "abfs://me:hunter2@account.dfs.core.windows.net/a",
            "s3://key:hunter2@bucket:port/a",
        ] {
            let error = parse(text).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Request, "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn unknown_schemes_are_told_the_known_ones() {
        let error = parse("hdfs://host/a").err().unwrap().to_string();
        assert!(error.contains("hdfs://host/a") && error.contains("abfs"), "{error}");
        for text in ["http://host/a", "memory:///", "s3:///a", ""] {
            assert_eq!(parse(text).err().unwrap().kind(), ErrorKind::Request, "{text}");
        }
    }

    #[test]
    fn paths_become_absolute() {
        let here = std::env::current_dir().unwrap();
        let local = |text: &str| parse(text).unwrap().local.unwrap();
        assert_eq!(local("a/b"), here.join("a/b"));
        assert_eq!(local("./a/"), here.join("a"));
        assert_eq!(local("none/../a"), here.join("a"));
        assert_eq!(local("/tmp/a://b%20c"), FilePath::new("/tmp/a:/b%20c"));
        assert_eq!(local("file:///tmp/x%20y"), FilePath::new("/tmp/x y"));
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = parse(file.path().to_str().unwrap()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Request);
    }

    #[test]
    fn prefixes_are_shown_as_given() {
        assert_eq!(parse("s3a://bucket/a%20b/c").unwrap().shown, "s3a://bucket/a%20b/c");
        assert_eq!(parse("gs://bucket").unwrap().shown, "gs://bucket");
    }
}
