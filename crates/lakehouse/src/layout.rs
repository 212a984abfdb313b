//! How rows of Cassandra lie in the files of a table: the schema of the files, and which rows go where.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{FieldRef, Schema as ArrowSchema, SchemaRef};
use iceberg::spec::TableMetadata;

use crate::catalog::Table;
use crate::conversion::{Conversion, match_fields};
use crate::difference::mismatch;
use crate::error::{Error, ErrorKind, Result};
use crate::partition_spec::describe;
use crate::partitioning::Partitioning;

pub(crate) use crate::partition::partition_from_json;

/// Turns batches of `cql-arrow`'s types into those of a table's data files, and splits them by the
/// table's partition spec.
///
/// Columns are matched by name, and values are never changed: a column goes into a type that holds all its
/// values (`int` into `long`, `float` into `double`), or not at all. Columns that only the table has are
/// left out, so they read as null.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
/// use arrow_array::{Int16Array, RecordBatch};
/// # use arrow_schema::{DataType, Field, Schema};
/// # let field = Field::new("id", DataType::Int16, true);
/// # let columns = Arc::new(Schema::new(vec![field]));
/// let table = lakehouse::TableDefinition {
///     columns: Arc::clone(&columns), // id smallint
///     key: vec!["id".to_owned()],
///     identifies: true,
///     partition_by: Some("truncate(10, id)".to_owned()),
///     sort_by: None,
///     properties: BTreeMap::new(),
///     format_version: None,
/// };
/// let layout = table.layout()?;
/// let batch = RecordBatch::try_new(columns, vec![Arc::new(Int16Array::from(vec![17, 3, 11]))])?;
/// let parts = layout.split(&batch)?;
/// assert_eq!(parts[0].folder, "id_trunc=10");
/// assert_eq!(parts[0].partition.as_deref(), Some("[10]"));
/// assert_eq!(parts[0].rows.num_rows(), 2);
/// assert_eq!(parts[0].rows.schema_ref(), layout.schema()); // id is an Int32 now, as in Iceberg
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Layout {
    source: SchemaRef,
    schema: SchemaRef,
    /// The columns of the files, each with its place in the source.
    columns: Vec<(usize, Conversion)>,
    /// None where the spec has no fields.
    partitioning: Option<Partitioning>,
    is_partitioned: bool,
    schema_id: i32,
    spec_id: i32,
    spec: String,
}

/// The rows of a batch that are in one partition.
#[derive(Clone, Debug)]
pub struct Part {
    /// The folder for people, relative to that of the files: `ts_day=2024-01-01/id_bucket=3`, or nothing.
    /// It has letters, digits and `-_.=/` only. Two partitions may have the same.
    pub folder: String,
    /// What tells the partition exactly: a JSON array of its values. None for a table without
    /// partitions.
    pub partition: Option<String>,
    /// The rows, in their order, as the files have them.
    pub rows: RecordBatch,
}

impl Layout {
    /// How batches of `source` lie in a table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`], with a line for each difference, for columns that the table does not have
    /// or whose values its types do not hold, and for columns that the table requires and the source does
    /// not have; [`ErrorKind::Unsupported`] for partitions that this release does not know.
    pub fn new(table: &Table, source: &SchemaRef) -> Result<Self> {
        let name = format!("the table {}", table.name);
        Layout::of(table.inner.metadata(), &name, source)
    }

    pub(crate) fn of(metadata: &TableMetadata, name: &str, source: &SchemaRef) -> Result<Self> {
        let schema = metadata.current_schema();
        let mut differences = Vec::new();
        let targets = schema.as_struct().fields();
        let columns = match_fields(&[], source.fields(), targets, &mut differences);
        if !differences.is_empty() {
            return Err(mismatch(name, &differences));
        }
        let fields = columns.iter().map(|(_, column)| Arc::clone(column.field()));
        let fields = ArrowSchema::new(fields.collect::<Vec<FieldRef>>());
        let id = |(index, _): &(usize, Conversion)| {
            let name = source.field(*index).name();
            targets.iter().find(|target| target.name == *name).map_or(0, |target| target.id)
        };
        let ids: Vec<i32> = columns.iter().map(id).collect();
        let spec = metadata.default_partition_spec();
        let partitioning = match spec.fields() {
            [] => None,
            _ => Some(Partitioning::new(spec, schema, &ids)?),
        };
        Ok(Layout {
            source: Arc::clone(source),
            schema: Arc::new(fields),
            columns,
            partitioning,
            is_partitioned: !spec.is_unpartitioned(),
            schema_id: schema.schema_id(),
            spec_id: spec.spec_id(),
            spec: describe(spec, schema),
        })
    }

    /// The schema of the files. Each field, also within others, has its id in the metadata
    /// `PARQUET:field_id`; UUIDs have the extension type `arrow.uuid`.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Turns the rows of a batch into those of the files, by partition, in the order in which the
    /// partitions come first. Without rows there are no parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] for a value that the table's type does not hold, a null in a required column,
    /// or a value that has no partition, with the name of the column; [`ErrorKind::Internal`] for a batch
    /// of another schema.
    pub fn split(&self, batch: &RecordBatch) -> Result<Vec<Part>> {
        let is_same = Arc::ptr_eq(batch.schema_ref(), &self.source)
            || batch.schema_ref().fields() == self.source.fields();
        if !is_same {
            return Err(Error::new(
                ErrorKind::Internal,
                "a batch has another schema than announced",
            ));
        }
        if batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let columns =
            self.columns.iter().map(|(index, column)| column.column(batch.column(*index)));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|source| {
            Error::new(ErrorKind::Internal, "a batch could not be made").with_source(source)
        })?;
        match &self.partitioning {
            None => Ok(vec![Part { folder: String::new(), partition: None, rows }]),
            Some(partitioning) => partitioning.split(&rows),
        }
    }

    /// The table's schema that the files are of.
    pub fn schema_id(&self) -> i32 {
        self.schema_id
    }

    /// The table's partition spec that the files are of.
    pub fn spec_id(&self) -> i32 {
        self.spec_id
    }

    /// Whether rows of a batch may go to more than one folder.
    pub fn is_partitioned(&self) -> bool {
        self.is_partitioned
    }

    /// The partition spec as it is given to a [`TableDefinition`](crate::TableDefinition); nothing for a
    /// table without partitions.
    pub fn describe_spec(&self) -> String {
        self.spec.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Float64Type, Int64Type};
    use arrow_array::{Float32Array, Int8Array, Int32Array};
    use arrow_schema::{DataType, Field};
    use iceberg::spec::{
        FormatVersion, NestedField, PrimitiveType, Schema, SortOrder, TableMetadataBuilder,
        Transform, Type, UnboundPartitionSpec,
    };

    use super::*;

    /// A table that someone else has made.
    fn table(fields: Vec<NestedField>, spec: UnboundPartitionSpec) -> TableMetadata {
        let fields = fields.into_iter().map(Into::into);
        let schema = Schema::builder().with_fields(fields).build().unwrap();
        let (order, version) = (SortOrder::unsorted_order(), FormatVersion::V2);
        let location = "memory:///t".to_owned();
        TableMetadataBuilder::new(schema, spec, order, location, version, HashMap::new())
            .and_then(|table| table.build())
            .unwrap()
            .metadata
    }

    fn simple(id: i32, name: &str, typ: PrimitiveType) -> NestedField {
        NestedField::optional(id, name, Type::Primitive(typ))
    }

    fn source(fields: &[(&str, DataType)]) -> SchemaRef {
        let fields = fields.iter().map(|(name, typ)| Field::new(*name, typ.clone(), true));
        Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()))
    }

    #[test]
    fn columns_are_widened_and_those_that_are_lacking_left_out() {
        let fields = vec![
            simple(1, "lacking", PrimitiveType::String),
            simple(2, "d", PrimitiveType::Double),
            simple(3, "tiny", PrimitiveType::Long),
            simple(4, "n", PrimitiveType::Long),
        ];
        let spec = UnboundPartitionSpec::builder()
            .add_partition_field(1, "lacking", Transform::Identity)
            .and_then(|spec| spec.add_partition_field(4, "n_bucket", Transform::Bucket(7)))
            .unwrap();
        let table = table(fields, spec.build());
        let source =
            source(&[("n", DataType::Int32), ("tiny", DataType::Int8), ("d", DataType::Float32)]);
        let layout = Layout::of(&table, "the table", &source).unwrap();
        let batch = RecordBatch::try_new(
            source,
            vec![
                Arc::new(Int32Array::from(vec![34])),
                Arc::new(Int8Array::from(vec![-128])),
                Arc::new(Float32Array::from(vec![0.1])),
            ],
        );
        let parts = layout.split(&batch.unwrap()).unwrap();
        let rows = &parts[0].rows;
        let names: Vec<_> =
            layout.schema().fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["d", "tiny", "n"]);
        assert_eq!(rows.column(0).as_primitive::<Float64Type>().value(0), f64::from(0.1_f32));
        assert_eq!(rows.column(1).as_primitive::<Int64Type>().value(0), -128);
        assert_eq!(rows.column(2).as_primitive::<Int64Type>().value(0), 34);
        // The hash of 34 is 2017239379, as an int and as a long.
        let bucket = 2_017_239_379 % 7;
        assert_eq!(parts[0].folder, format!("lacking=null/n_bucket={bucket}"));
        assert_eq!(parts[0].partition, Some(format!("[null,{bucket}]")));
        assert_eq!(layout.describe_spec(), "lacking, bucket(7, n)");
    }

    #[test]
    fn what_the_table_does_not_hold_is_told_whole() {
        let fields = vec![
            NestedField::required(1, "must", Type::Primitive(PrimitiveType::Int)),
            simple(2, "n", PrimitiveType::Int),
            simple(3, "day", PrimitiveType::Timestamptz),
            simple(4, "t", PrimitiveType::Time),
            simple(5, "price", PrimitiveType::Decimal { precision: 9, scale: 2 }),
        ];
        let table = table(fields, UnboundPartitionSpec::default());
        let source = source(&[
            ("n", DataType::Int64),
            ("day", DataType::Date32),
            ("t", DataType::Time64(arrow_schema::TimeUnit::Nanosecond)),
            ("price", DataType::Decimal128(10, 2)),
            ("new", DataType::Utf8),
        ]);
        let error = Layout::of(&table, "the table a.b", &source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let expected = [
            "the columns do not fit the table a.b",
            "  column new: the table has none, Cassandra's is Utf8",
            "  column must: the table requires its int, Cassandra has none",
            "  column n: the table has int, Cassandra's is Int64",
            "  column day: the table has timestamptz, Cassandra's is Date32",
            "  column t: the table has time, Cassandra's is Time64(ns)",
            "  column price: the table has decimal(9, 2), Cassandra's is Decimal128(10, 2)",
        ];
        assert_eq!(error.to_string(), expected.join("\n"));
    }

    #[test]
    fn partitions_that_can_not_be_computed_are_refused() {
        let spec = UnboundPartitionSpec::builder()
            .add_partition_field(1, "n_bucket", Transform::Bucket(0))
            .unwrap();
        let table = table(vec![simple(1, "n", PrimitiveType::Int)], spec.build());
        let source = source(&[("n", DataType::Int32)]);
        let error = Layout::of(&table, "the table", &source).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("n_bucket"), "{error}");
    }
}
