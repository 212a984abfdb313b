//! What a commit writes, and what it refuses.

use std::collections::HashMap;

use iceberg::TableUpdate;
use iceberg::spec::{
    DataContentType, DataFileBuilder, DataFileFormat, FormatVersion, MAIN_BRANCH, ManifestStatus,
    NestedField, PrimitiveType, Schema, SnapshotReference, SnapshotRetention, Transform, Type,
    UnboundPartitionSpec,
};

use super::fixture::{Fixture, schema};
use crate::commit::attempt::Draft;
use crate::commit::request::Mode;
use crate::error::ErrorKind;
use crate::manifest::{Manifests, MetadataFolder};
use crate::snapshot::RUN_ID;

const VERSIONS: [FormatVersion; 3] = [FormatVersion::V1, FormatVersion::V2, FormatVersion::V3];

#[tokio::test]
async fn files_are_appended_in_each_format_version() {
    for version in VERSIONS {
        let fixture = Fixture::new(version);
        let first = fixture.add("a", Mode::Append, &[1, 2]).await.unwrap();
        let second = fixture.add("b", Mode::Append, &[3]).await.unwrap();
        assert_eq!(fixture.ids().await, [1, 2, 3]);
        assert_eq!(fixture.ids_at(first.snapshot.id).await, [1, 2]);
        assert_eq!(second.snapshot.parent, Some(first.snapshot.id));
        assert_eq!(second.snapshot.operation, "append");
        let summary = &second.snapshot.summary;
        assert_eq!(summary["added-records"], "1");
        assert_eq!(summary["total-records"], "3");
        assert_eq!(summary["total-data-files"], "2");
        assert_eq!(summary["total-delete-files"], "0");
        assert_eq!(summary["changed-partition-count"], "1");
        assert_eq!(summary[RUN_ID], "b");
        assert!(!summary.contains_key("deleted-data-files"));
        assert_eq!(fixture.table().run("b"), Some(second.snapshot.clone()));
        assert_eq!(fixture.table().run("c"), None);
        let ids: Vec<_> = fixture.table().snapshots().iter().map(|snapshot| snapshot.id).collect();
        assert_eq!(ids, [first.snapshot.id, second.snapshot.id]);
    }
}

#[tokio::test]
async fn an_entry_has_sequence_numbers_metrics_and_bounds() {
    let fixture = Fixture::new(FormatVersion::V2);
    fixture.add("a", Mode::Append, &[9]).await.unwrap();
    let committed = fixture.add("b", Mode::Append, &[3, 1, 2]).await.unwrap();
    let table = fixture.table();
    let manifest = fixture.manifests().await.pop().unwrap();
    assert_eq!((manifest.sequence_number, manifest.min_sequence_number), (2, 2));
    let manifest = manifest.load_manifest(table.inner.file_io()).await.unwrap();
    let [entry] = manifest.entries() else { panic!("{:?}", manifest.entries()) };
    assert_eq!(entry.status(), ManifestStatus::Added);
    assert_eq!(entry.snapshot_id(), Some(committed.snapshot.id));
    assert_eq!(entry.sequence_number(), Some(2));
    let file = entry.data_file();
    assert_eq!(file.record_count(), 3);
    assert_eq!(file.value_counts(), &HashMap::from([(1, 3), (2, 3)]));
    assert_eq!(file.null_value_counts(), &HashMap::from([(1, 0), (2, 0)]));
    assert_eq!(file.lower_bounds()[&1], iceberg::spec::Datum::int(1));
    assert_eq!(file.upper_bounds()[&1], iceberg::spec::Datum::int(3));
    assert_eq!(file.split_offsets(), Some(&[4][..]));
    assert!(
        file.column_sizes().values().all(|size| *size > 0 && *size < file.file_size_in_bytes())
    );
}

#[tokio::test]
async fn rows_of_version_3_have_ids_that_go_on() {
    let fixture = Fixture::new(FormatVersion::V3);
    fixture.add("a", Mode::Append, &[1, 2]).await.unwrap();
    fixture.add("b", Mode::Replace, &[3, 4, 5]).await.unwrap();
    fixture.add("c", Mode::Append, &[6]).await.unwrap();
    let table = fixture.table();
    let snapshots = table.snapshots();
    let range = |at: usize| {
        table.inner.metadata().snapshot_by_id(snapshots[at].id).unwrap().row_range().unwrap()
    };
    assert_eq!([range(0), range(1), range(2)], [(0, 2), (2, 3), (5, 1)]);
    assert_eq!(table.inner.metadata().next_row_id(), 6);
    let first_ids: Vec<_> =
        fixture.manifests().await.iter().map(|manifest| manifest.first_row_id).collect();
    assert!(first_ids.contains(&Some(2)) && first_ids.contains(&Some(5)), "{first_ids:?}");
}

#[tokio::test]
async fn a_run_without_files_is_written_down_all_the_same() {
    for version in VERSIONS {
        let fixture = Fixture::new(version);
        let first = fixture.run(&fixture.commit_of("none", Mode::Append, vec![])).await.unwrap();
        assert_eq!(first.snapshot.summary["total-records"], "0");
        assert_eq!(fixture.ids().await, [0; 0]);
        fixture.add("some", Mode::Append, &[1]).await.unwrap();
        fixture.run(&fixture.commit_of("none again", Mode::Append, vec![])).await.unwrap();
        assert_eq!(fixture.ids().await, [1]);
        let again = fixture.run(&fixture.commit_of("none", Mode::Append, vec![])).await.unwrap();
        assert!(again.found);
        assert_eq!((again.attempts, again.snapshot.id), (0, first.snapshot.id));
        assert!(!again.snapshot.is_current);
    }
}

#[tokio::test]
async fn entries_of_the_summary_can_not_shadow_what_is_computed() {
    let fixture = Fixture::new(FormatVersion::V2);
    let mut commit = fixture.commit_of("run", Mode::Append, vec![fixture.file(&[1], None)]);
    let given = [
        ("added-records", "77"),
        ("deleted-records", "77"),
        ("total-records", "77"),
        ("operation", "delete"),
        (RUN_ID, "another"),
        ("cassandra-bulk.source", "ks.t"),
    ];
    commit.summary = given.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    commit.properties = [("owner".to_owned(), "us".to_owned())].into();
    let committed = fixture.run(&commit).await.unwrap();
    let summary = &committed.snapshot.summary;
    assert_eq!(committed.snapshot.operation, "append");
    assert_eq!(summary["added-records"], "1");
    assert_eq!(summary["total-records"], "1");
    assert_eq!(summary[RUN_ID], "run");
    assert_eq!(summary["cassandra-bulk.source"], "ks.t");
    assert!(!summary.contains_key("deleted-records") && !summary.contains_key("operation"));
    assert_eq!(fixture.table().properties()["owner"], "us");
    // It can be written and read again.
    let metadata = fixture.table().inner.metadata().clone();
    let text = serde_json::to_string(&metadata).unwrap();
    assert_eq!(serde_json::from_str::<iceberg::spec::TableMetadata>(&text).unwrap(), metadata);
}

#[tokio::test]
async fn partitions_are_counted_and_pruned_by() {
    for version in VERSIONS {
        let fixture = Fixture::partitioned(version);
        let files = vec![
            fixture.file(&[1], Some("a")),
            fixture.file(&[2], Some("a")),
            fixture.file(&[3], Some("b/ö")),
            fixture.file(&[4], None),
        ];
        let committed = fixture.run(&fixture.commit_of("run", Mode::Append, files)).await.unwrap();
        assert_eq!(committed.snapshot.summary["changed-partition-count"], "3");
        assert_eq!(fixture.ids().await, [1, 2, 3, 4]);
        let partitions = fixture.manifests().await[0].partitions.clone().unwrap();
        assert!(partitions[0].contains_null);
        assert_eq!(partitions[0].lower_bound.as_ref().unwrap().as_ref(), b"a");
    }
}

#[tokio::test]
async fn files_of_an_older_spec_and_an_older_schema_are_committed_as_such() {
    let fixture = Fixture::new(FormatVersion::V2);
    let before = fixture.commit_of("before", Mode::Append, vec![fixture.file(&[1], Some("a"))]);
    let spec = UnboundPartitionSpec::builder()
        .add_partition_field(2, "name", Transform::Identity)
        .unwrap()
        .build();
    let fields = schema().as_struct().fields().to_vec();
    let added = NestedField::optional(3, "more", Type::Primitive(PrimitiveType::String));
    let evolved =
        Schema::builder().with_fields(fields.into_iter().chain([added.into()])).build().unwrap();
    fixture.update(vec![
        TableUpdate::AddSchema { schema: evolved },
        TableUpdate::SetCurrentSchema { schema_id: -1 },
        TableUpdate::AddSpec { spec },
        TableUpdate::SetDefaultSpec { spec_id: -1 },
    ]);
    let committed = fixture.run(&before).await.unwrap();
    assert_eq!(
        committed.snapshot.schema_id,
        Some(1),
        "the snapshot has the table's current schema"
    );
    let after = fixture.commit_of("after", Mode::Append, vec![fixture.file(&[2], Some("b"))]);
    assert_eq!((after.schema_id, after.spec_id), (1, 1));
    fixture.run(&after).await.unwrap();
    assert_eq!(fixture.ids().await, [1, 2]);
    let specs: Vec<_> =
        fixture.manifests().await.iter().map(|manifest| manifest.partition_spec_id).collect();
    assert_eq!(specs, [0, 1]);
}

#[tokio::test]
async fn how_long_the_branch_keeps_snapshots_stays_as_it_was() {
    let fixture = Fixture::new(FormatVersion::V2);
    let first = fixture.add("a", Mode::Append, &[1]).await.unwrap();
    let retention = SnapshotRetention::branch(Some(7), Some(8), None);
    let reference = SnapshotReference::new(first.snapshot.id, retention.clone());
    let ref_name = MAIN_BRANCH.to_owned();
    fixture.update(vec![TableUpdate::SetSnapshotRef { ref_name, reference }]);
    fixture.add("b", Mode::Append, &[2]).await.unwrap();
    let metadata = serde_json::to_value(fixture.table().inner.metadata()).unwrap();
    let main: SnapshotReference =
        serde_json::from_value(metadata["refs"][MAIN_BRANCH].clone()).unwrap();
    assert_eq!(main.retention, retention);
}

#[tokio::test]
async fn a_file_that_is_not_what_the_commit_says_is_refused_by_name() {
    let fixture = Fixture::new(FormatVersion::V2);
    let good = fixture.file(&[1, 2], None);
    let rows = crate::NewFile { rows: 3, ..good.clone() };
    let bytes = crate::NewFile { bytes: good.bytes + 1, ..good.clone() };
    let gone = crate::NewFile { path: good.path.replace(".parquet", "x.parquet"), ..good.clone() };
    let text = format!("{}/data/text.parquet", fixture.table().location());
    std::fs::write(&text, "not a Parquet file, but long enough to be one").unwrap();
    let length = std::fs::metadata(&text).unwrap().len();
    let text = crate::NewFile { path: text, bytes: length, ..good.clone() };
    for file in [rows, bytes, gone, text] {
        let path = file.path.clone();
        let error =
            fixture.run(&fixture.commit_of("run", Mode::Append, vec![good.clone(), file])).await;
        let error = error.unwrap_err();
        if path == good.path {
            assert_eq!(error.kind(), ErrorKind::Request, "{error}");
        } else {
            assert_eq!(error.kind(), ErrorKind::Data, "{error}");
        }
        assert!(error.to_string().contains(&path), "{error}");
    }
    for file in [
        crate::NewFile { rows: 3, ..good.clone() },
        crate::NewFile { bytes: good.bytes - 1, ..good.clone() },
    ] {
        let error = fixture.run(&fixture.commit_of("run", Mode::Append, vec![file])).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{error}");
        assert!(error.to_string().contains(&good.path), "{error}");
    }
    assert!(fixture.table().snapshots().is_empty());
    assert_eq!(fixture.metadata_files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_commit_that_does_not_fit_the_table_is_refused() {
    let fixture = Fixture::partitioned(FormatVersion::V2);
    let good = fixture.file(&[1], Some("a"));
    let commit = |file: &crate::NewFile| fixture.commit_of("run", Mode::Append, vec![file.clone()]);
    let mut cases = vec![
        (commit(&crate::NewFile { partition: None, ..good.clone() }), ErrorKind::Request),
        (
            commit(&crate::NewFile { partition: Some("[1]".to_owned()), ..good.clone() }),
            ErrorKind::Data,
        ),
        (
            commit(&crate::NewFile { path: "/elsewhere/f".to_owned(), ..good.clone() }),
            ErrorKind::Request,
        ),
    ];
    let mut schema = commit(&good);
    schema.schema_id = 9;
    let mut spec = commit(&good);
    spec.spec_id = 9;
    let mut reserved = commit(&good);
    reserved.properties = [("format-version".to_owned(), "3".to_owned())].into();
    let mut nameless = commit(&good);
    nameless.run_id.clear();
    cases.extend([
        (schema, ErrorKind::Mismatch),
        (spec, ErrorKind::Mismatch),
        (reserved, ErrorKind::Request),
        (nameless, ErrorKind::Request),
    ]);
    for (commit, kind) in cases {
        let error = fixture.run(&commit).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}: {commit:?}");
    }
    assert!(fixture.table().snapshots().is_empty());
}

#[tokio::test]
async fn another_format_version_between_two_attempts_makes_new_manifests() {
    let fixture = Fixture::new(FormatVersion::V1);
    fixture.add("before", Mode::Append, &[1]).await.unwrap();
    let commit = fixture.commit_of("run", Mode::Replace, vec![fixture.file(&[2], None)]);
    let mut draft = Draft::new(&fixture.table(), &commit).await.unwrap();
    let lost = draft.attempt(&fixture.table(), 1).await.unwrap();
    let format_version = FormatVersion::V2;
    fixture.update(vec![TableUpdate::UpgradeFormatVersion { format_version }]);
    let attempt = draft.attempt(&fixture.table(), 2).await.unwrap();
    assert_ne!(lost.snapshot.manifest_list(), attempt.snapshot.manifest_list());
    fixture.update(attempt.updates);
    assert_eq!(fixture.ids().await, [2]);
    let table = fixture.table();
    for manifest in fixture.manifests().await {
        let manifest = manifest.load_manifest(table.inner.file_io()).await.unwrap();
        assert_eq!(*manifest.metadata().format_version(), FormatVersion::V2);
        let sequence = manifest.entries()[0].sequence_number();
        let is_added = manifest.entries()[0].status() == ManifestStatus::Added;
        assert_eq!(sequence, Some(i64::from(is_added)));
    }
    // A deletion, an addition and a list of each attempt; those of the first one are left over.
    assert_eq!(draft.leftovers(Some(attempt.snapshot.manifest_list())).len(), 3);
}

#[tokio::test]
async fn very_many_files_are_in_several_manifests() {
    let fixture = Fixture::new(FormatVersion::V2);
    let table = fixture.table();
    let metadata = table.inner.metadata();
    let file = |number: u64| {
        DataFileBuilder::default()
            .content(DataContentType::Data)
            .file_path(format!("{}/data/{number}.parquet", table.location()))
            .file_format(DataFileFormat::Parquet)
            .record_count(number)
            .file_size_in_bytes(1)
            .build()
            .unwrap()
    };
    let (schema, spec) = (metadata.current_schema(), metadata.default_partition_spec());
    let files = (0..5001).map(file).collect();
    let mut manifests = Manifests::new(files, schema.clone(), spec.clone());
    manifests.begin(FormatVersion::V2);
    let folder = MetadataFolder::new(&table, 1);
    let written = manifests.added(&folder).await.unwrap();
    let counts: Vec<_> = written.iter().map(|manifest| manifest.added_files_count).collect();
    assert_eq!(counts, [Some(5000), Some(1)]);
    assert_eq!(written[1].added_rows_count, Some(5000));
    // The next attempt has the same ones.
    assert_eq!(manifests.added(&folder).await.unwrap(), written);
    assert_eq!(manifests.paths().len(), 2);
    assert_eq!(fixture.metadata_files().len(), 2);
}
