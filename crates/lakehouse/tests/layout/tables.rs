//! Tables that are made, and get columns later.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use cql_arrow::{DecimalMapping, MappingOptions};
use lakehouse::{Catalog, CatalogKind, CatalogOptions, ErrorKind, Layout, TableName};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use proptest::prelude::*;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};

use crate::arbitrary::{columns, natives, schema, table};

/// A catalog, and the folder that it has its tables in.
async fn memory() -> (Catalog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = folder.path().display().to_string();
    let options = CatalogOptions::new(CatalogKind::Memory).with("warehouse", warehouse);
    (Catalog::open(&options).await.unwrap(), folder)
}

fn name() -> TableName {
    "ks.t".parse().unwrap()
}

fn ids(layout: &Layout) -> Vec<(String, String)> {
    let fields = layout.schema().fields().iter();
    let id = |field: &Arc<arrow_schema::Field>| field.metadata()[PARQUET_FIELD_ID_META_KEY].clone();
    fields.map(|field| (field.name().clone(), id(field))).collect()
}

/// `id`, and a list of a user-defined type with these fields.
fn with_udt(fields: &[&str]) -> SchemaRef {
    let int = || ColumnType::Native(NativeType::Int);
    let field_types = fields.iter().map(|name| ((*name).to_owned().into(), int())).collect();
    let definition =
        Arc::new(UserDefinedType { name: "u".into(), keyspace: "ks".into(), field_types });
    let udt = ColumnType::UserDefinedType { frozen: true, definition };
    let typ = CollectionType::List(Box::new(udt));
    let list = ColumnType::Collection { frozen: false, typ };
    schema([("id", &int()), ("l", &list)], MappingOptions::default().decimals)
}

#[tokio::test]
async fn a_table_is_made_as_it_was_defined_and_only_once() {
    let (catalog, _folder) = memory().await;
    let columns = natives(&[("id", NativeType::Uuid), ("ts", NativeType::Timestamp)]);
    let mut definition = table(&columns, Some("day(ts), bucket(16, id)"));
    definition.key = vec!["id".to_owned()];
    definition.sort_by = Some("ts desc".to_owned());
    definition.properties.insert("owner".to_owned(), "me".to_owned());
    for version in [None, Some(1), Some(2), Some(3)] {
        definition.format_version = version;
        let name = format!("a.b.t{}", version.unwrap_or(0)).parse().unwrap();
        let table = catalog.create(&name, &definition).await.unwrap();
        assert_eq!(table.format_version(), version.unwrap_or(2));
        assert_eq!(table.properties()["owner"], "me");
        assert_eq!(table.properties()["write.parquet.compression-codec"], "zstd");
        let layout = Layout::new(&table, &columns).unwrap();
        let dry = definition.layout().unwrap();
        assert_eq!(layout.schema(), dry.schema());
        assert_eq!(layout.describe_spec(), "day(ts), bucket(16, id)");
        assert_eq!((layout.schema_id(), layout.spec_id()), (dry.schema_id(), dry.spec_id()));
        let error = catalog.create(&name, &definition).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}

#[tokio::test]
async fn a_definition_that_can_not_be_is_refused_before_anything_is_made() {
    let (catalog, _folder) = memory().await;
    let columns = natives(&[("id", NativeType::Uuid), ("ts", NativeType::Timestamp)]);
    let good = table(&columns, None);
    good.check().unwrap();
    let mut bad = vec![good.clone(), good.clone(), good.clone(), good.clone()];
    bad[0].partition_by = Some("day(t)".to_owned());
    bad[1].sort_by = Some("t".to_owned());
    bad[2].format_version = Some(4);
    bad[3].properties.insert("format-version".to_owned(), "2".to_owned());
    for definition in bad {
        assert_eq!(definition.check().unwrap_err().kind(), ErrorKind::Request);
        let error = catalog.create(&name(), &definition).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }
    assert!(catalog.find(&name()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_table_gets_new_columns_and_fields_and_its_files_keep_their_ids() {
    let (catalog, _folder) = memory().await;
    let old = with_udt(&["x"]);
    let made = catalog.create(&name(), &table(&old, Some("bucket(4, id)"))).await.unwrap();
    // Where nothing is new, nothing is done.
    let same = catalog.evolve(&made, &old).await.unwrap();
    assert_eq!(Layout::new(&same, &old).unwrap().schema_id(), 0);

    let new = with_udt(&["x", "y"]);
    let mut fields = new.fields().to_vec();
    fields.extend(natives(&[("v", NativeType::Text)]).fields().iter().cloned());
    let new = Arc::new(arrow_schema::Schema::new(fields));
    let error = Layout::new(&made, &new).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let trial = Layout::new(&made.evolved(&new).unwrap(), &new).unwrap();
    let evolved = catalog.evolve(&made, &new).await.unwrap();
    assert_eq!(trial.schema(), Layout::new(&evolved, &new).unwrap().schema());
    let layout = Layout::new(&evolved, &new).unwrap();
    assert_eq!(layout.schema_id(), 1);
    let expected = [("id", "1"), ("l", "2"), ("v", "5")];
    assert_eq!(ids(&layout), expected.map(|(name, id)| (name.to_owned(), id.to_owned())));
    // Whoever still has the old table finds the new one, and does nothing.
    let found = catalog.evolve(&made, &new).await.unwrap();
    assert_eq!(Layout::new(&found, &new).unwrap().schema_id(), 1);
    // The old columns still go into it.
    let stored = catalog.table(&name()).await.unwrap();
    assert_eq!(Layout::new(&stored, &old).unwrap().schema_id(), 1);
}

#[tokio::test]
async fn two_who_add_columns_at_the_same_time_both_succeed() {
    let (catalog, _folder) = memory().await;
    let base = natives(&[("id", NativeType::Int)]);
    let made = catalog.create(&name(), &table(&base, None)).await.unwrap();
    let wanted: Vec<SchemaRef> = (0..4)
        .map(|n| {
            let own = format!("c{n}");
            natives(&[("id", NativeType::Int), ("both", NativeType::Text), (&own, NativeType::Int)])
        })
        .collect();
    let evolving = wanted.iter().map(|columns| catalog.evolve(&made, columns));
    let evolved = futures::future::join_all(evolving).await;
    assert!(evolved.iter().all(Result::is_ok), "{evolved:?}");
    let table = catalog.table(&name()).await.unwrap();
    for columns in &wanted {
        Layout::new(&table, columns).unwrap();
    }
}

#[tokio::test]
async fn a_column_with_the_name_of_a_partition_field_is_refused() {
    let (catalog, _folder) = memory().await;
    let old = natives(&[("id", NativeType::Int)]);
    let made = catalog.create(&name(), &table(&old, Some("bucket(4, id)"))).await.unwrap();
    let new = natives(&[("id", NativeType::Int), ("id_bucket", NativeType::Int)]);
    let error = catalog.evolve(&made, &new).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("column id_bucket"), "{error}");
    let other = natives(&[("id", NativeType::Text)]);
    let error = catalog.evolve(&made, &other).await.unwrap_err();
    assert!(error.to_string().contains("column id: the table has int, Cassandra's is text"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_table_of_any_columns_is_made_as_the_dry_run_says(columns in columns()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let definition = table(&columns, None);
            let (catalog, _folder) = memory().await;
            let made = catalog.create(&name(), &definition).await.unwrap();
            let layout = Layout::new(&made, &columns).unwrap();
            let dry = definition.layout().unwrap();
            prop_assert_eq!(layout.schema(), dry.schema());
            Ok(())
        })?;
    }
}

#[test]
fn decimals_beyond_iceberg_are_text() {
    let decimal = ColumnType::Native(NativeType::Decimal);
    let fixed = |precision| DecimalMapping::Fixed { precision, scale: 2 };
    for (precision, typ) in
        [(38, arrow_schema::DataType::Decimal128(38, 2)), (39, arrow_schema::DataType::Utf8)]
    {
        let columns = schema([("c", &decimal)], fixed(precision));
        let layout = table(&columns, None).layout().unwrap();
        assert_eq!(layout.schema().field(0).data_type(), &typ);
    }
}
