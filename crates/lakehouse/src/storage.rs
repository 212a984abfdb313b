//! The files of tables: `iceberg`'s storage over our own locations, so that metadata is written as
//! atomically and durably as data, and stores are reached in one way.
//!
//! **Paths are as they are.** Iceberg's paths only look like URLs: nothing in them is encoded, and
//! a folder `day=1%2F2` has that name on the disk. So they are cut here, and not parsed as URLs.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use formats::{Location, StoreOptions};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use iceberg::io::{
    FileIO, FileIOBuilder, FileMetadata, FileRead, FileWrite, InputFile, OutputFile, Storage,
    StorageConfig, StorageFactory,
};
use serde::{Deserialize, Serialize};

/// The stores that the files of tables are in, each opened once. Cheap to clone.
///
/// Written down and read back, it has forgotten its options, which may be secrets.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Stores {
    #[serde(skip)]
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    options: StoreOptions,
    /// By what stands before the path in a URL.
    opened: Mutex<HashMap<String, Location>>,
}

impl Stores {
    pub(crate) fn new(options: StoreOptions) -> Self {
        Stores { inner: Arc::new(Inner { options, opened: Mutex::default() }) }
    }

    /// What `iceberg` reads and writes by. It has no options of its own, since it would show them.
    pub(crate) fn file_io(&self) -> FileIO {
        FileIOBuilder::new(Arc::new(self.clone())).build()
    }

    /// The folder of this path or URL.
    pub(crate) fn folder(&self, path: &str) -> formats::Result<Location> {
        let path = path.trim_end_matches('/');
        match cut(path) {
            Place::Local(path) => self.open(if path.is_empty() { "/" } else { path }),
            Place::Store { root, name: "" } => self.store(root),
            Place::Store { root, name } => self.store(root)?.folder(name),
        }
    }

    /// The location that a file is in, and its name there.
    fn file<'a>(&self, path: &'a str) -> formats::Result<(Location, &'a str)> {
        match cut(path) {
            Place::Local(path) => {
                let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
                Ok((self.open(if folder.is_empty() { "/" } else { folder })?, name))
            }
            Place::Store { root, name } => Ok((self.store(root)?, name)),
        }
    }

    fn store(&self, root: &str) -> formats::Result<Location> {
        let mut opened = self.inner.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(location) = opened.get(root) {
            return Ok(location.clone());
        }
        let location = self.open(root)?;
        opened.insert(root.to_owned(), location.clone());
        Ok(location)
    }

    fn open(&self, text: &str) -> formats::Result<Location> {
        Location::open(text, &self.inner.options)
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").field("options", &self.inner.options).finish()
    }
}

/// Where a path or URL of Iceberg's is.
enum Place<'a> {
    Local(&'a str),
    Store { root: &'a str, name: &'a str },
}

fn cut(path: &str) -> Place<'_> {
    if let Some(local) = local_path(path) {
        return Place::Local(local);
    }
    let bucket = match path.split_once("://") {
        Some((scheme, rest)) => scheme.len() + 3 + rest.find('/').unwrap_or(rest.len()),
        None => path.len(),
    };
    let (root, name) = path.split_at(bucket);
    Place::Store { root, name: name.strip_prefix('/').unwrap_or(name) }
}

/// The path on a local disk that is meant, if one is: `file:/a`, `file:///a`, `file://localhost/a`
/// and `/a` are the same.
pub(crate) fn local_path(path: &str) -> Option<&str> {
    match path.starts_with("file:") {
        true => ["file://localhost", "file://", "file:"]
            .iter()
            .find_map(|form| path.strip_prefix(form).filter(|rest| rest.starts_with('/'))),
        false => (path.starts_with('/') || !path.contains("://")).then_some(path),
    }
}

#[typetag::serde(name = "cassandra-bulk")]
impl StorageFactory for Stores {
    fn build(&self, _: &StorageConfig) -> iceberg::Result<Arc<dyn Storage>> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
#[typetag::serde(name = "cassandra-bulk")]
impl Storage for Stores {
    async fn exists(&self, path: &str) -> iceberg::Result<bool> {
        let (location, name) = self.file(path).map_err(failed)?;
        location.contains(name).await.map_err(failed)
    }

    async fn metadata(&self, path: &str) -> iceberg::Result<FileMetadata> {
        let (location, name) = self.file(path).map_err(failed)?;
        let entry = location.head(name).await.map_err(failed)?;
        Ok(FileMetadata { size: entry.bytes })
    }

    async fn read(&self, path: &str) -> iceberg::Result<Bytes> {
        let (location, name) = self.file(path).map_err(failed)?;
        location.read(name).await.map_err(failed)
    }

    async fn reader(&self, path: &str) -> iceberg::Result<Box<dyn FileRead>> {
        let (location, name) = self.file(path).map_err(failed)?;
        Ok(Box::new(Reader { location, name: name.to_owned() }))
    }

    async fn write(&self, path: &str, content: Bytes) -> iceberg::Result<()> {
        let (location, name) = self.file(path).map_err(failed)?;
        location.put(name, content).await.map_err(failed)
    }

    async fn writer(&self, path: &str) -> iceberg::Result<Box<dyn FileWrite>> {
        let (location, name) = self.file(path).map_err(failed)?;
        let content = Some(BytesMut::new());
        Ok(Box::new(Writer { location, name: name.to_owned(), content }))
    }

    async fn delete(&self, path: &str) -> iceberg::Result<()> {
        let (location, name) = self.file(path).map_err(failed)?;
        location.delete(name).await.map_err(failed)
    }

    async fn delete_prefix(&self, path: &str) -> iceberg::Result<()> {
        let location = self.folder(path).map_err(failed)?;
        for entry in location.list().await.map_err(failed)? {
            location.delete(&entry.name).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn delete_stream(&self, mut paths: BoxStream<'static, String>) -> iceberg::Result<()> {
        while let Some(path) = paths.next().await {
            Storage::delete(self, &path).await?;
        }
        Ok(())
    }

    fn new_input(&self, path: &str) -> iceberg::Result<InputFile> {
        Ok(InputFile::new(Arc::new(self.clone()), path.to_owned()))
    }

    fn new_output(&self, path: &str) -> iceberg::Result<OutputFile> {
        Ok(OutputFile::new(Arc::new(self.clone()), path.to_owned()))
    }
}

struct Reader {
    location: Location,
    name: String,
}

#[async_trait]
impl FileRead for Reader {
    async fn read(&self, range: Range<u64>) -> iceberg::Result<Bytes> {
        self.location.read_range(&self.name, range).await.map_err(failed)
    }
}

/// A file of metadata on its way: it is written when it is whole. (Files of rows have the writers
/// of `formats`, which keep less in memory.)
struct Writer {
    location: Location,
    name: String,
    /// None: closed.
    content: Option<BytesMut>,
}

#[async_trait]
impl FileWrite for Writer {
    async fn write(&mut self, piece: Bytes) -> iceberg::Result<()> {
        match &mut self.content {
            Some(content) => content.extend_from_slice(&piece),
            None => return Err(self.closed()),
        }
        Ok(())
    }

    async fn close(&mut self) -> iceberg::Result<()> {
        let Some(content) = self.content.take() else { return Err(self.closed()) };
        self.location.put(&self.name, content.freeze()).await.map_err(failed)
    }
}

impl Writer {
    fn closed(&self) -> iceberg::Error {
        iceberg::Error::new(
            iceberg::ErrorKind::PreconditionFailed,
            format!("{} in {} has been closed", self.name, self.location),
        )
    }
}

/// An error as `iceberg` hands it through; [`Error::of`](crate::Error) finds the kind again.
fn failed(error: formats::Error) -> iceberg::Error {
    let kind = match error.kind() {
        formats::ErrorKind::NotFound | formats::ErrorKind::Data => iceberg::ErrorKind::DataInvalid,
        _ => iceberg::ErrorKind::Unexpected,
    };
    iceberg::Error::new(kind, error.to_string())
        .with_retryable(error.retryable())
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stores() -> Stores {
        let options = [("s3.access-key-id", "me"), ("s3.secret-access-key", "hunter2")];
        Stores::new(options.into_iter().collect())
    }

    #[tokio::test]
    async fn all_forms_of_a_local_path_are_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let plain = format!("{}/deep/a%20b é.json", folder.path().display());
        let io = stores().file_io();
        io.new_output(&plain).unwrap().write(Bytes::from_static(b"0123456789")).await.unwrap();
        assert_eq!(std::fs::read(&plain).unwrap(), b"0123456789");
        for path in
            [format!("file:{plain}"), format!("file://{plain}"), format!("file://localhost{plain}")]
        {
            let input = io.new_input(&path).unwrap();
            assert!(input.exists().await.unwrap(), "{path}");
            assert_eq!(input.metadata().await.unwrap().size, 10);
            let reader = input.reader().await.unwrap();
            assert_eq!(reader.read(2..5).await.unwrap(), "234");
        }
        io.delete(format!("file://{plain}")).await.unwrap();
        assert!(!io.exists(&plain).await.unwrap());
        io.delete(&plain).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_is_not_there_before_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("file://{}/a.avro", folder.path().display());
        let io = stores().file_io();
        let mut writer = io.new_output(&path).unwrap().writer().await.unwrap();
        writer.write(Bytes::from_static(b"ab")).await.unwrap();
        writer.write(Bytes::from_static(b"c")).await.unwrap();
        assert!(!io.exists(&path).await.unwrap());
        writer.close().await.unwrap();
        assert_eq!(io.new_input(&path).unwrap().read().await.unwrap(), "abc");
        assert!(writer.close().await.is_err());
        assert!(writer.write(Bytes::new()).await.is_err());
        io.delete_prefix(format!("file://{}", folder.path().display())).await.unwrap();
        assert!(!io.exists(&path).await.unwrap());
    }

    #[tokio::test]
    async fn errors_have_the_whole_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("{}/none/a.json", folder.path().display());
        let input = stores().file_io().new_input(format!("file:{path}")).unwrap();
        for error in [
            input.read().await.unwrap_err(),
            input.reader().await.unwrap().read(0..1).await.unwrap_err(),
        ] {
            assert!(error.message().contains(&path), "{error}");
            assert_eq!(error.kind(), iceberg::ErrorKind::DataInvalid);
        }
        let error =
            stores().file_io().new_input("hdfs://host/a").unwrap().read().await.unwrap_err();
        assert!(error.message().contains("hdfs://host"), "{error}");
    }

    #[test]
    fn keys_in_a_store_are_taken_as_they_are() {
        let stores = stores();
        let (location, name) = stores.file("s3://bucket/a/day=1%2F2/b.parquet").unwrap();
        assert_eq!((location.to_string().as_str(), name), ("s3://bucket", "a/day=1%2F2/b.parquet"));
        assert_eq!(stores.folder("s3://bucket/a%20b/").unwrap().to_string(), "s3://bucket/a%20b");
        assert_eq!(stores.folder("s3://bucket").unwrap().to_string(), "s3://bucket");
        // One client for the bucket.
        assert_eq!(stores.inner.opened.lock().unwrap().len(), 1);
    }

    #[test]
    fn no_secret_leaves_it() {
        let stores = stores();
        let factory: &dyn StorageFactory = &stores;
        let text = serde_json::to_string(factory).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        let back: Box<dyn StorageFactory> = serde_json::from_str(&text).unwrap();
        back.build(&StorageConfig::new()).unwrap();
        assert!(!format!("{:?}", stores.file_io()).contains("hunter2"));
    }
}
