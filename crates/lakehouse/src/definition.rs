//! A table that is to be made.

use std::collections::{BTreeMap, HashMap};

use arrow_schema::SchemaRef;
use iceberg::TableCreation;
use iceberg::spec::{FormatVersion, TableMetadata, TableMetadataBuilder};

use crate::catalog::{Catalog, Table};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::schema::schema_of;
use crate::table_name::TableName;
use crate::{partition_spec, sort_order};

/// Properties of a new table where none are given: what Iceberg's own libraries set.
const DEFAULTS: [(&str, &str); 1] = [("write.parquet.compression-codec", "zstd")];

/// What a new table is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// The columns, as `cql-arrow` maps them.
    pub columns: SchemaRef,
    /// The columns of the primary key that every row has: these are required. Those that are not among the
    /// columns are passed over.
    pub key: Vec<String>,
    /// Whether the key identifies a row. It does not in a table with static columns, where a partition
    /// that has only these is a row without clustering columns.
    pub identifies: bool,
    /// The partitions, outermost first: `day(ts), bucket(16, id)`. Transforms are `identity` (the same as
    /// the column alone, though not for uuids), `bucket`, `truncate`, `year`, `month`, `day`, `hour` and
    /// `void`.
    pub partition_by: Option<String>,
    /// The order in which rows are best read: `ts desc nulls last, id`. It is noted only.
    pub sort_by: Option<String>,
    /// Properties, which go before the defaults (`write.parquet.compression-codec` is `zstd`).
    pub properties: BTreeMap<String, String>,
    /// Iceberg's format, 1 to 3; 2 where none is given.
    pub format_version: Option<u8>,
}

impl TableDefinition {
    /// Checks everything that can be without a catalog.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for partitions, an order, a property, a format
    /// version or names that can't be; [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for an
    /// Arrow type that has no Iceberg type, and for partitions of whole uuids.
    pub fn check(&self) -> Result<()> {
        self.layout().map(drop)
    }

    /// How rows lie in the table once it is made.
    ///
    /// # Errors
    ///
    /// As [`TableDefinition::check`].
    pub fn layout(&self) -> Result<Layout> {
        Layout::of(&self.metadata()?, "the new table", &self.columns)
    }

    fn metadata(&self) -> Result<TableMetadata> {
        let creation =
            TableCreation { location: Some("memory:///".to_owned()), ..self.creation("new")? };
        let metadata =
            TableMetadataBuilder::from_table_creation(creation).and_then(|builder| builder.build());
        let metadata = metadata.map_err(|source| {
            Error::request(format!("there can't be such an Iceberg table: {}", source.message()))
                .with_source(source)
        })?;
        Ok(metadata.metadata)
    }

    fn creation(&self, name: &str) -> Result<TableCreation> {
        let format_version = match self.format_version {
            Some(1) => FormatVersion::V1,
            None | Some(2) => FormatVersion::V2,
            Some(3) => FormatVersion::V3,
            Some(other) => {
                return Err(Error::request(format!(
                    "there is no format version {other} of Iceberg; give 1, 2 or 3"
                )));
            }
        };
        let schema = schema_of(&self.columns, &self.key, self.identifies)?;
        let partition_by = self.partition_by.as_deref();
        let partition_spec =
            partition_by.map(|text| partition_spec::parse(text, &schema)).transpose()?;
        let sort_by = self.sort_by.as_deref();
        let sort_order = sort_by.map(|text| sort_order::parse(text, &schema)).transpose()?;
        let mut properties: HashMap<String, String> =
            DEFAULTS.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        properties.extend(self.properties.clone());
        Ok(TableCreation {
            name: name.to_owned(),
            location: None,
            schema,
            partition_spec,
            sort_order,
            properties,
            format_version,
        })
    }
}

impl Catalog {
    /// Makes a table, without rows; its namespace too, where there is none.
    ///
    /// # Errors
    ///
    /// As [`TableDefinition::check`]; [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) where it is
    /// there already; the catalog's.
    pub async fn create(&self, name: &TableName, definition: &TableDefinition) -> Result<Table> {
        definition.check()?;
        self.create_table(name, definition.creation(name.table())?).await
    }
}
