//! Replacing what a table has.

use std::fs::File;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use iceberg::TableUpdate;
use iceberg::spec::{
    DataContentType, DataFileBuilder, DataFileFormat, FormatVersion, MAIN_BRANCH,
    ManifestContentType, ManifestStatus, Operation, SnapshotReference, SnapshotRetention, Struct,
    Summary, Transform, UnboundPartitionSpec,
};
use parquet::arrow::ArrowWriter;

use super::fixture::{Fault, Fixture};
use crate::commit::request::Mode;
use crate::manifest::MetadataFolder;

const VERSIONS: [FormatVersion; 3] = [FormatVersion::V1, FormatVersion::V2, FormatVersion::V3];

#[tokio::test]
async fn a_reader_sees_the_new_rows_and_an_older_snapshot_keeps_its_own() {
    for version in VERSIONS {
        let fixture = Fixture::new(version);
        fixture.add("a", Mode::Append, &[1, 2]).await.unwrap();
        let old = fixture.add("b", Mode::Append, &[3]).await.unwrap();
        let new = fixture.add("c", Mode::Replace, &[4, 5]).await.unwrap();
        assert_eq!(fixture.ids().await, [4, 5]);
        assert_eq!(fixture.ids_at(old.snapshot.id).await, [1, 2, 3]);
        let summary = &new.snapshot.summary;
        assert_eq!(new.snapshot.operation, "overwrite");
        assert_eq!(summary["deleted-records"], "3");
        assert_eq!(summary["deleted-data-files"], "2");
        assert_eq!(summary["removed-files-size"], old.snapshot.summary["total-files-size"]);
        assert_eq!(summary["added-records"], "2");
        assert_eq!(summary["total-records"], "2");
        assert_eq!(summary["total-data-files"], "1");
        assert_eq!(summary["total-files-size"], summary["added-files-size"]);
        let deleted: Vec<_> = fixture.manifests().await;
        assert_eq!(deleted.iter().filter_map(|m| m.deleted_rows_count).sum::<u64>(), 3);
        // What was deleted then is of no interest to the next one.
        fixture.add("d", Mode::Replace, &[6]).await.unwrap();
        assert_eq!(fixture.ids().await, [6]);
        assert_eq!(fixture.manifests().await.len(), 2);
        // What is appended after that keeps the deletions in the list, as they are.
        fixture.add("e", Mode::Append, &[7]).await.unwrap();
        assert_eq!(fixture.ids().await, [6, 7]);
        assert_eq!(fixture.manifests().await.len(), 3);
    }
}

#[tokio::test]
async fn replacing_with_nothing_empties_the_table() {
    for version in VERSIONS {
        let fixture = Fixture::new(version);
        let empty = fixture.run(&fixture.commit_of("none", Mode::Replace, vec![])).await.unwrap();
        assert_eq!(empty.snapshot.operation, "overwrite");
        fixture.add("a", Mode::Append, &[1, 2]).await.unwrap();
        let empty = fixture.run(&fixture.commit_of("again", Mode::Replace, vec![])).await.unwrap();
        assert_eq!(fixture.ids().await, [0; 0]);
        assert_eq!(empty.snapshot.summary["total-records"], "0");
        assert_eq!(empty.snapshot.summary["total-data-files"], "0");
        assert_eq!(empty.snapshot.summary["deleted-records"], "2");
    }
}

#[tokio::test]
async fn deleted_entries_keep_their_sequence_numbers_spec_and_partition() {
    let fixture = Fixture::new(FormatVersion::V2);
    fixture.add("a", Mode::Append, &[1]).await.unwrap();
    let spec = UnboundPartitionSpec::builder()
        .add_partition_field(2, "name", Transform::Identity)
        .unwrap()
        .build();
    fixture
        .update(vec![TableUpdate::AddSpec { spec }, TableUpdate::SetDefaultSpec { spec_id: -1 }]);
    fixture.add("b", Mode::Append, &[2]).await.unwrap();
    let committed = fixture.add("c", Mode::Replace, &[3]).await.unwrap();
    assert_eq!(committed.snapshot.summary["changed-partition-count"], "2");
    let table = fixture.table();
    let mut deleted = Vec::new();
    for manifest in fixture.manifests().await {
        assert_eq!(manifest.added_snapshot_id, committed.snapshot.id);
        let content = manifest.load_manifest(table.inner.file_io()).await.unwrap();
        for entry in content.entries() {
            if entry.status() == ManifestStatus::Deleted {
                assert_eq!(entry.snapshot_id(), Some(committed.snapshot.id));
                let partition = entry.data_file().partition().fields().len();
                deleted.push((manifest.partition_spec_id, entry.sequence_number(), partition));
            }
        }
    }
    deleted.sort_unstable();
    assert_eq!(deleted, [(0, Some(1), 0), (1, Some(2), 1)]);
}

#[tokio::test]
async fn delete_files_go_with_the_rows_that_they_were_for() {
    for version in [FormatVersion::V2, FormatVersion::V3] {
        let fixture = Fixture::new(version);
        fixture.add("a", Mode::Append, &[1, 2, 3]).await.unwrap();
        delete_first_row(&fixture).await;
        assert_eq!(fixture.ids().await, [2, 3]);
        let committed = fixture.add("b", Mode::Replace, &[4, 5]).await.unwrap();
        assert_eq!(fixture.ids().await, [4, 5]);
        let summary = &committed.snapshot.summary;
        assert_eq!(summary["removed-delete-files"], "1");
        assert_eq!(summary["removed-position-delete-files"], "1");
        assert_eq!(summary["removed-position-deletes"], "1");
        assert_eq!(summary["deleted-records"], "3");
        assert_eq!(summary["total-delete-files"], "0");
        assert_eq!(summary["total-position-deletes"], "0");
        let manifests = fixture.manifests().await;
        let of_deletes: Vec<_> = manifests
            .iter()
            .filter(|manifest| manifest.content == ManifestContentType::Deletes)
            .collect();
        assert_eq!(of_deletes.len(), 1);
        assert!(!of_deletes[0].has_added_files() && !of_deletes[0].has_existing_files());
    }
}

#[tokio::test]
async fn a_conflict_while_replacing_takes_out_what_the_other_has_added() {
    let fixture = Fixture::new(FormatVersion::V2);
    fixture.add("a", Mode::Append, &[1]).await.unwrap();
    fixture.fail([Fault::OtherFirst, Fault::OtherFirst]);
    let committed = fixture.add("b", Mode::Replace, &[2]).await.unwrap();
    assert_eq!(committed.attempts, 3);
    assert_eq!(fixture.ids().await, [2]);
    assert_eq!(committed.snapshot.summary["deleted-records"], "3");
    assert_eq!(committed.snapshot.summary["deleted-data-files"], "3");
    // Of the attempts only what the last one used is left: three deletions, the new file, the list.
    let of_run = fixture.current_files().await;
    assert_eq!(of_run.len(), 5);
    assert!(of_run.iter().all(|name| fixture.metadata_files().contains(name)));
    // The others' two lists and manifests, and the first commit's.
    assert_eq!(fixture.metadata_files().len(), 5 + 4 + 2);
}

/// Adds a file that deletes the first row of the table's first file.
async fn delete_first_row(fixture: &Fixture) {
    let table = fixture.table();
    let metadata = table.inner.metadata();
    let manifests = fixture.manifests().await;
    let manifest = manifests[0].load_manifest(table.inner.file_io()).await.unwrap();
    let data = manifest.entries()[0].file_path().to_owned();

    let field = |name: &str, kind, id: &str| {
        let id = ("PARQUET:field_id".to_owned(), id.to_owned());
        Field::new(name, kind, false).with_metadata([id].into())
    };
    let schema = Arc::new(Schema::new(vec![
        field("file_path", DataType::Utf8, "2147483546"),
        field("pos", DataType::Int64, "2147483545"),
    ]));
    let path = format!("{}/data/deletes.parquet", table.location());
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![Arc::new(StringArray::from(vec![data])), Arc::new(Int64Array::from(vec![0]))],
    )
    .unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();

    let id = 4711;
    let folder = MetadataFolder::new(&table, id);
    let location = format!("{}/metadata/deletes.avro", table.location());
    let (schema, spec) = (metadata.current_schema(), metadata.default_partition_spec());
    let content = ManifestContentType::Deletes;
    let mut writer =
        folder.manifest(&location, content, schema.clone(), spec.as_ref().clone()).unwrap();
    let file = DataFileBuilder::default()
        .content(DataContentType::PositionDeletes)
        .file_path(path.clone())
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .partition_spec_id(0)
        .record_count(1)
        .file_size_in_bytes(std::fs::metadata(&path).unwrap().len())
        .build()
        .unwrap();
    writer.add_file(file, -1).unwrap();
    let deletes = writer.write_manifest_file().await.unwrap();
    let list = format!("{}/metadata/snap-deletes.avro", table.location());
    let all = manifests.into_iter().chain([deletes]).collect();
    let next_row = folder.write_list(&list, &table, all).await.unwrap();
    let snapshot = iceberg::spec::Snapshot::builder()
        .with_snapshot_id(id)
        .with_parent_snapshot_id(metadata.current_snapshot_id())
        .with_sequence_number(metadata.next_sequence_number())
        .with_timestamp_ms(metadata.last_updated_ms())
        .with_manifest_list(list)
        .with_schema_id(0)
        .with_summary(Summary {
            operation: Operation::Delete,
            additional_properties: Default::default(),
        });
    let snapshot = match next_row {
        Some(next) => snapshot.with_row_range(next, 0).build(),
        None => snapshot.build(),
    };
    let reference = SnapshotReference::new(id, SnapshotRetention::branch(None, None, None));
    fixture.update(vec![
        TableUpdate::AddSnapshot { snapshot },
        TableUpdate::SetSnapshotRef { ref_name: MAIN_BRANCH.to_owned(), reference },
    ]);
}
