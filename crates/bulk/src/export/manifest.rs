//! The manifest: what an export consists of. `docs/manifest.md` describes it for other readers.

use std::collections::HashMap;

use bytes::Bytes;
use formats::Location;
use serde::{Deserialize, Serialize};
use tokenring::RangeSet;
use topology::{ColumnKind, RingSnapshot, TableSchema};
use uuid::Uuid;

use super::ranges;
use super::settings::Settings;
use crate::document::parse;
use crate::error::{Error, Result};

/// Where the manifest lies in its destination.
pub const MANIFEST: &str = "_bulk/manifest.json";
/// The version that this release writes, and the only one it reads.
pub(crate) const VERSION: u32 = 1;

/// What a finished export consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this document: 1.
    pub version: u32,
    /// The program that wrote it.
    pub written_by: String,
    /// The export's own id, the same for all its runs.
    pub export_id: Uuid,
    /// When the first run began, RFC 3339.
    pub started: String,
    /// When the last one ended.
    pub finished: String,
    /// How many runs it took.
    pub attempts: u32,
    /// What decides content and form of the files.
    pub settings: Settings,
    /// The statements that make the table again.
    pub ddl: Vec<String>,
    /// The ring as it was when the last run began.
    pub ring: RingRecord,
    /// Rows of all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// The files, by name.
    pub files: Vec<FileRecord>,
}

/// A column of the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRecord {
    /// Its name.
    pub name: String,
    /// Its CQL type.
    pub cql_type: String,
    /// Its part in the table; none for write times and TTLs.
    pub kind: Option<String>,
    /// Its Arrow type.
    pub arrow_type: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name, from the destination.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its bytes, as it lies there.
    pub bytes: u64,
    /// The SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
    /// The values of the partition that its rows are of, where it is a file of an Iceberg table: a JSON
    /// array of single values as the table's partition spec has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The ranges that its rows are of. A range may have rows in several files.
    #[serde(with = "ranges")]
    pub token_ranges: RangeSet,
}

/// The nodes of the cluster, and who held which ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingRecord {
    /// The nodes.
    pub nodes: Vec<NodeRecord>,
    /// Ranges with the indexes of their replicas in `nodes`.
    pub ranges: Vec<(String, String, Vec<usize>)>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Its host id.
    pub host_id: Uuid,
    /// Its address.
    pub address: String,
    /// Its datacenter.
    pub datacenter: Option<String>,
    /// Its rack.
    pub rack: Option<String>,
}

impl RingRecord {
    pub(crate) fn new(ring: &RingSnapshot) -> Self {
        let nodes = ring.nodes();
        let places: HashMap<Uuid, usize> =
            nodes.iter().enumerate().map(|(place, node)| (node.host_id, place)).collect();
        let ranges = ring.ranges().map(|(range, replicas)| {
            let held_by = replicas.hosts().iter().filter_map(|host| places.get(host).copied());
            (range.start().to_string(), range.end().to_string(), held_by.collect())
        });
        let nodes = nodes.iter().map(|node| NodeRecord {
            host_id: node.host_id,
            address: node.address.to_string(),
            datacenter: node.datacenter.clone(),
            rack: node.rack.clone(),
        });
        RingRecord { ranges: ranges.collect(), nodes: nodes.collect() }
    }
}

impl ColumnRecord {
    pub(crate) fn of(schema: &arrow_schema::Schema, table: &TableSchema) -> Vec<Self> {
        let kind = |name: &str| {
            let column = table.columns().iter().find(|column| column.name == name)?;
            Some(match column.kind {
                ColumnKind::PartitionKey => "partition_key",
                ColumnKind::Clustering => "clustering",
                ColumnKind::Static => "static",
                ColumnKind::Regular => "regular",
            })
        };
        let fields = schema.fields().iter();
        fields
            .map(|field| ColumnRecord {
                name: field.name().clone(),
                cql_type: field.metadata().get(cql_arrow::CQL_TYPE).cloned().unwrap_or_default(),
                kind: kind(field.name()).map(str::to_owned),
                arrow_type: field.data_type().to_string(),
            })
            .collect()
    }
}

impl Manifest {
    /// Reads the manifest of a destination; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the destination cannot be read, or the manifest is not one that this release knows.
    pub async fn read(location: &Location) -> Result<Option<Manifest>> {
        let text = match location.read(MANIFEST).await {
            Ok(text) => text,
            Err(error) if error.kind() == formats::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let what = format!("{MANIFEST} of {location}");
        Ok(Some(parse(&what, VERSION, &text)?))
    }

    pub(crate) async fn write(&self, location: &Location) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(Error::internal)?;
        Ok(location.put(MANIFEST, Bytes::from(text)).await?)
    }
}
