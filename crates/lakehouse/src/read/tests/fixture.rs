//! A table in memory, to which files of all kinds are committed with the spec-level API of Iceberg.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::Schema as ArrowSchema;
use futures::TryStreamExt;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::io::FileIO;
use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, FormatVersion, ManifestFile,
    ManifestListWriter, ManifestWriterBuilder, NestedField, Operation, PrimitiveType, Schema,
    SchemaRef, Snapshot, SnapshotReference, SnapshotRetention, SortOrder, Struct, Summary,
    TableMetadata, TableMetadataBuilder, Type, UnboundPartitionSpec,
};
use iceberg::writer::file_writer::{FileWriter, FileWriterBuilder, ParquetWriterBuilder};
use parquet::file::properties::WriterProperties;

use crate::catalog::Table;
use crate::error::Result;
use crate::read::{PinnedRead, ReadOptions};
use crate::table_name::TableName;

pub(super) const LOCATION: &str = "memory://warehouse/table";

/// The time of the first snapshot, in milliseconds; one more second for each that follows.
pub(super) const FIRST: i64 = 1_700_000_000_000;

pub(super) struct Fixture {
    pub(super) io: FileIO,
    pub(super) metadata: TableMetadata,
    manifests: Vec<ManifestFile>,
    snapshots: i64,
}

pub(super) fn field(id: i32, name: &str, typ: PrimitiveType) -> Arc<NestedField> {
    Arc::new(NestedField::optional(id, name, Type::Primitive(typ)))
}

pub(super) fn schema(fields: impl IntoIterator<Item = Arc<NestedField>>) -> Schema {
    Schema::builder().with_fields(fields).build().unwrap()
}

/// `id int, name string, n long`
pub(super) fn three() -> Schema {
    schema([
        field(1, "id", PrimitiveType::Int),
        field(2, "name", PrimitiveType::String),
        field(3, "n", PrimitiveType::Long),
    ])
}

/// A row of [`three`].
type Row<'a> = (Option<i32>, Option<&'a str>, Option<i64>);

/// Rows of [`three`].
pub(super) fn rows(rows: &[Row<'_>]) -> Vec<ArrayRef> {
    vec![
        Arc::new(rows.iter().map(|row| row.0).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<Int64Array>()),
    ]
}

/// Rows of [`three`] with these ids, and names and numbers made of them.
pub(super) fn numbered(ids: std::ops::Range<i32>) -> Vec<ArrayRef> {
    let names: Vec<String> = ids.clone().map(|id| format!("name {id}")).collect();
    let all: Vec<_> = ids
        .zip(&names)
        .map(|(id, name)| (Some(id), Some(name.as_str()), Some(id.into())))
        .collect();
    rows(&all)
}

impl Fixture {
    pub(super) fn new(schema: Schema) -> Fixture {
        Fixture::partitioned(schema, UnboundPartitionSpec::builder().build())
    }

    pub(super) fn partitioned(schema: Schema, spec: UnboundPartitionSpec) -> Fixture {
        let builder = TableMetadataBuilder::new(
            schema,
            spec,
            SortOrder::unsorted_order(),
            LOCATION.to_owned(),
            FormatVersion::V2,
            Default::default(),
        );
        let metadata = builder.unwrap().build().unwrap().metadata;
        let (io, manifests) = (FileIO::new_with_memory(), Vec::new());
        let mut fixture = Fixture { io, metadata, manifests, snapshots: 0 };
        fixture.change(Ok);
        fixture
    }

    pub(super) fn change(
        &mut self,
        change: impl FnOnce(TableMetadataBuilder) -> iceberg::Result<TableMetadataBuilder>,
    ) {
        let builder = self.metadata.clone().into_builder(None);
        let metadata = change(builder).unwrap().build().unwrap().metadata;
        // As if it had been done then, before the snapshots that follow.
        let mut json = serde_json::to_value(metadata).unwrap();
        let last = self.metadata.history().last().map_or(FIRST, |log| log.timestamp_ms());
        let logged =
            json["snapshot-log"].as_array().and_then(|log| log.last()?["timestamp-ms"].as_i64());
        json["last-updated-ms"] = logged.unwrap_or(last).into();
        self.metadata = serde_json::from_value(json).unwrap();
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.metadata.current_schema().clone()
    }

    pub(super) fn table(&self) -> Table {
        let name: TableName = "test.t".parse().unwrap();
        let inner = iceberg::table::Table::builder()
            .file_io(self.io.clone())
            .metadata(self.metadata.clone())
            .metadata_location(format!("{LOCATION}/metadata/v.metadata.json"))
            .identifier(name.ident().unwrap())
            .runtime(iceberg::Runtime::current())
            .build()
            .unwrap();
        Table { name, inner, stores: Default::default() }
    }

    /// A file of columns of the table's schema.
    pub(super) async fn write(&self, name: &str, columns: Vec<ArrayRef>) -> DataFileBuilder {
        self.write_as(name, &self.schema(), columns, 1000).await
    }

    pub(super) async fn write_as(
        &self,
        name: &str,
        schema: &SchemaRef,
        columns: Vec<ArrayRef>,
        group_rows: usize,
    ) -> DataFileBuilder {
        let arrow = Arc::new(schema_to_arrow_schema(schema).unwrap());
        self.write_arrow(name, schema, arrow, columns, group_rows).await
    }

    /// A file whose columns need not be in the order of the schema.
    pub(super) async fn write_arrow(
        &self,
        name: &str,
        schema: &SchemaRef,
        arrow: Arc<ArrowSchema>,
        columns: Vec<ArrayRef>,
        group_rows: usize,
    ) -> DataFileBuilder {
        let batch = RecordBatch::try_new(arrow, columns).unwrap();
        let properties =
            WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
        let output = self.io.new_output(format!("{LOCATION}/data/{name}")).unwrap();
        let builder = ParquetWriterBuilder::new(properties, schema.clone());
        let mut writer = builder.build(output).await.unwrap();
        writer.write(&batch).await.unwrap();
        let mut file = writer.close().await.unwrap().remove(0);
        file.content(DataContentType::Data)
            .partition_spec_id(self.metadata.default_partition_spec_id());
        file
    }

    /// A file of position deletes.
    pub(super) async fn positions(&self, name: &str, rows: &[(&str, i64)]) -> DataFileBuilder {
        let schema = Arc::new(schema([
            Arc::new(NestedField::required(
                2_147_483_546,
                "file_path",
                Type::Primitive(PrimitiveType::String),
            )),
            Arc::new(NestedField::required(
                2_147_483_545,
                "pos",
                Type::Primitive(PrimitiveType::Long),
            )),
        ]));
        let paths = rows.iter().map(|(file, _)| Some(format!("{LOCATION}/data/{file}")));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(paths.collect::<StringArray>()),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, position)| *position))),
        ];
        let mut file = self.write_as(name, &schema, columns, 1000).await;
        file.content(DataContentType::PositionDeletes);
        file
    }

    /// A file of equality deletes by these fields.
    pub(super) async fn equality(
        &self,
        name: &str,
        ids: &[i32],
        columns: Vec<ArrayRef>,
    ) -> DataFileBuilder {
        let all = self.schema();
        let fields = ids.iter().map(|id| all.field_by_id(*id).unwrap().clone());
        let schema = Arc::new(schema(fields));
        let mut file = self.write_as(name, &schema, columns, 1000).await;
        file.content(DataContentType::EqualityDeletes).equality_ids(Some(ids.to_vec()));
        file
    }

    /// One more snapshot, with these files besides those there are.
    pub(super) async fn commit(&mut self, files: Vec<DataFile>) -> i64 {
        let spec = self.metadata.default_partition_spec_id();
        self.commit_as(spec, files).await
    }

    pub(super) async fn commit_as(&mut self, spec: i32, files: Vec<DataFile>) -> i64 {
        self.snapshots += 1;
        let (id, sequence) = (1000 + self.snapshots, self.snapshots);
        let (data, deletes): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.content_type() == DataContentType::Data);
        let spec = self.metadata.partition_spec_by_id(spec).unwrap();
        for (content, files) in [("data", data), ("deletes", deletes)] {
            if files.is_empty() {
                continue;
            }
            let path = format!("{LOCATION}/metadata/{content}-{id}.avro");
            let output = self.io.new_output(path).unwrap();
            let builder =
                ManifestWriterBuilder::new(output, Some(id), self.schema(), spec.as_ref().clone());
            let mut writer = match content {
                "data" => builder.build_v2_data(),
                _ => builder.build_v2_deletes(),
            };
            for file in files {
                writer.add_file(file, sequence).unwrap();
            }
            self.manifests.push(writer.write_manifest_file().await.unwrap());
        }
        let parent = self.metadata.current_snapshot_id();
        let list = format!("{LOCATION}/metadata/snap-{id}.avro");
        let output = self.io.new_output(&list).unwrap().writer().await.unwrap();
        let mut writer = ManifestListWriter::v2(output, id, parent, sequence);
        writer.add_manifests(self.manifests.clone().into_iter()).unwrap();
        writer.close().await.unwrap();
        for manifest in &mut self.manifests {
            if manifest.sequence_number < 0 {
                manifest.sequence_number = sequence;
                manifest.min_sequence_number = sequence;
            }
        }
        let snapshot = Snapshot::builder()
            .with_snapshot_id(id)
            .with_parent_snapshot_id(parent)
            .with_sequence_number(sequence)
            .with_timestamp_ms(FIRST + (sequence - 1) * 1000)
            .with_manifest_list(list)
            .with_summary(Summary {
                operation: Operation::Append,
                additional_properties: Default::default(),
            })
            .with_schema_id(self.metadata.current_schema_id())
            .build();
        self.change(|builder| builder.set_branch_snapshot(snapshot, "main"));
        id
    }

    /// Makes a snapshot that there is the current one.
    pub(super) fn roll_back(&mut self, id: i64) {
        let retention = SnapshotRetention::branch(None, None, None);
        self.change(|builder| builder.set_ref("main", SnapshotReference::new(id, retention)));
    }
}

pub(super) fn built(file: DataFileBuilder) -> DataFile {
    file.build().unwrap()
}

pub(super) fn in_partition(mut file: DataFileBuilder, partition: Struct) -> DataFile {
    file.partition(partition).build().unwrap()
}

/// A deletion vector, of which only the manifest is there.
pub(super) fn deletion_vector(of: &str) -> DataFile {
    DataFileBuilder::default()
        .content(DataContentType::PositionDeletes)
        .file_path(format!("{LOCATION}/data/deletes.puffin"))
        .file_format(DataFileFormat::Puffin)
        .record_count(1)
        .file_size_in_bytes(100)
        .referenced_data_file(Some(format!("{LOCATION}/data/{of}")))
        .content_offset(Some(4))
        .content_size_in_bytes(Some(40))
        .build()
        .unwrap()
}

pub(super) fn filter(text: &str) -> ReadOptions {
    ReadOptions { filter: Some(text.to_owned()), ..Default::default() }
}

/// All batches of all tasks.
pub(super) async fn batches(read: &PinnedRead) -> Result<Vec<RecordBatch>> {
    let mut all = Vec::new();
    for task in read.tasks() {
        let batches: Vec<RecordBatch> = read.batches(task)?.try_collect().await?;
        for batch in &batches {
            assert_eq!(batch.schema_ref(), read.schema());
            assert!(batch.num_rows() > 0);
        }
        all.extend(batches);
    }
    Ok(all)
}

/// The values of a column of `int`s or `long`s.
pub(super) async fn column(read: &PinnedRead, name: &str) -> Result<Vec<Option<i64>>> {
    let mut all = Vec::new();
    for batch in batches(read).await? {
        let column = batch.column_by_name(name).unwrap();
        match column.as_primitive_opt::<Int32Type>() {
            Some(ints) => all.extend(ints.iter().map(|int| int.map(i64::from))),
            None => all.extend(column.as_primitive::<Int64Type>()),
        }
    }
    Ok(all)
}

/// The ids that a filter leaves.
pub(super) async fn ids(table: &Table, options: &ReadOptions) -> Vec<i64> {
    let read = table.read(options).await.unwrap();
    let ids = column(&read, "id").await.unwrap();
    ids.into_iter().map(Option::unwrap).collect()
}
