//! All files of a snapshot, as its manifests list them.

use futures::{StreamExt, TryStreamExt, stream};
use iceberg::spec::{
    DataContentType, DataFileFormat, ManifestContentType, ManifestEntry, SnapshotRef, Struct,
};

use crate::catalog::Table;
use crate::deletes::DeleteFile;
use crate::error::{Error, ErrorKind, Result};

/// How many manifests are read at the same time.
const CONCURRENCY: usize = 8;

/// The files of a snapshot.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// By path.
    pub(super) data: Vec<Stored>,
    pub(super) deletes: Vec<DeleteFile>,
}

/// A file of a table, with what decides how it is read.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) format: DataFileFormat,
    pub(crate) is_encrypted: bool,
    /// When it was added, as data sequence number.
    pub(crate) sequence: i64,
    pub(crate) spec_id: i32,
    pub(crate) partition: Struct,
    /// Where its row groups begin.
    pub(crate) offsets: Option<Vec<i64>>,
}

impl Inventory {
    pub(super) async fn of(table: &Table, snapshot: &SnapshotRef) -> Result<Inventory> {
        let id = snapshot.snapshot_id();
        let unreadable = |what: String| {
            move |source| Error::of(format!("{what} of snapshot {id} can't be read"), source)
        };
        let list = table.inner.manifest_list_reader(snapshot).load().await;
        let list = list.map_err(unreadable("the manifest list".to_owned()))?;
        let files = list.entries().iter();
        let files = files.filter(|file| file.has_added_files() || file.has_existing_files());
        let manifests = stream::iter(files).map(|file| async move {
            let manifest = file.load_manifest(table.inner.file_io()).await;
            let what = format!("the manifest {}", file.manifest_path);
            Ok::<_, Error>((file, manifest.map_err(unreadable(what))?))
        });
        let mut manifests = manifests.buffered(CONCURRENCY);
        let mut all = Inventory::default();
        while let Some((file, manifest)) = manifests.try_next().await? {
            for entry in manifest.entries().iter().filter(|entry| entry.is_alive()) {
                let is_data = file.content == ManifestContentType::Data;
                if is_data != (entry.content_type() == DataContentType::Data) {
                    let (path, manifest) = (entry.file_path(), &file.manifest_path);
                    let message =
                        format!("{path} is not of the content of its manifest {manifest}");
                    return Err(Error::new(ErrorKind::Data, message));
                }
                let stored = Stored::new(entry, file.partition_spec_id);
                if is_data {
                    all.data.push(stored);
                } else {
                    all.deletes.push(DeleteFile::new(stored, entry)?);
                }
            }
        }
        all.data.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        if let Some(pair) = all.data.windows(2).find(|pair| pair[0].path == pair[1].path) {
            let message = format!("snapshot {id} lists the file {} twice", pair[0].path);
            return Err(Error::new(ErrorKind::Data, message));
        }
        Ok(all)
    }
}

impl Stored {
    fn new(entry: &ManifestEntry, spec_id: i32) -> Stored {
        let file = entry.data_file();
        Stored {
            path: file.file_path().to_owned(),
            bytes: file.file_size_in_bytes(),
            rows: file.record_count(),
            format: file.file_format(),
            is_encrypted: file.key_metadata().is_some(),
            // Version 1 has none, which stand for 0.
            sequence: entry.sequence_number().unwrap_or(0),
            spec_id,
            partition: file.partition().clone(),
            offsets: file.split_offsets().map(<[i64]>::to_vec),
        }
    }

    /// Refuses a file that can't be read, as what it is.
    pub(crate) fn check_readable(&self, what: &str) -> Result<()> {
        let path = &self.path;
        let why = match self.format {
            _ if self.is_encrypted => "is encrypted".to_owned(),
            DataFileFormat::Parquet => return Ok(()),
            other => format!("is of the format {other}"),
        };
        let remedy =
            "only plain Parquet files are read; rewrite the table by rewrite_data_files first";
        Err(Error::new(ErrorKind::Unsupported, format!("the {what} {path} {why}; {remedy}")))
    }
}
