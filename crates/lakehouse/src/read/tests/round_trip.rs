//! Columns of every CQL type, into a table and back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};
use cql_arrow::{Conversion, TextOptions};
use formats::{FileOptions, FileWriter, Format};
use futures::TryStreamExt;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType, UserDefinedType};
use tempfile::TempDir;

use crate::read::ReadOptions;
use crate::{
    Catalog, CatalogKind, CatalogOptions, Commit, Layout, Mode, NewFile, TableDefinition, TableName,
};

/// A type, and the texts of two of its values.
fn types() -> Vec<(ColumnType<'static>, [&'static str; 2])> {
    use ColumnType::Native;
    use NativeType::*;
    let list = |typ| ColumnType::Collection {
        frozen: false,
        typ: CollectionType::List(Box::new(Native(typ))),
    };
    let set = |typ| ColumnType::Collection {
        frozen: false,
        typ: CollectionType::Set(Box::new(Native(typ))),
    };
    let map = |key, value: ColumnType<'static>| ColumnType::Collection {
        frozen: false,
        typ: CollectionType::Map(Box::new(Native(key)), Box::new(value)),
    };
    let udt = UserDefinedType {
        name: "u".into(),
        keyspace: "k".into(),
        field_types: vec![
            ("Id".into(), Native(SmallInt)),
            ("spans".into(), list(Duration)),
            ("blob".into(), Native(Blob)),
        ],
    };
    let uuid = ["f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "00000000-0000-1000-8000-000000000000"];
    vec![
        (Native(Ascii), ["a", "~"]),
        (Native(Text), ["", "é\n𝄞"]),
        (Native(TinyInt), ["-128", "127"]),
        (Native(SmallInt), ["-32768", "32767"]),
        (Native(Int), ["-2147483648", "2147483647"]),
        (Native(BigInt), ["-9223372036854775808", "9223372036854775807"]),
        (Native(Varint), ["-123456789012345678901234567890", "0"]),
        (Native(Decimal), ["1.50", "-1E+400"]),
        (Native(Float), ["-0.1", "NaN"]),
        (Native(Double), ["1e308", "-Infinity"]),
        (Native(Boolean), ["true", "false"]),
        (Native(Blob), ["0x", "0xcafe"]),
        (Native(Uuid), uuid),
        (Native(Timeuuid), uuid),
        (Native(Timestamp), ["1969-12-31T23:59:59.999Z", "9999-12-31T00:00:00.001Z"]),
        (Native(Date), ["0001-01-01", "2024-02-29"]),
        (Native(Time), ["00:00:00.000000001", "23:59:59.999999999"]),
        (Native(Duration), ["1mo2d3ns", "-1mo2d3ns"]),
        (Native(Inet), ["127.0.0.1", "2001:db8::1"]),
        (list(Time), [r#"["00:00:00.000000001"]"#, "[]"]),
        (set(Timestamp), [r#"["2024-01-01T00:00:00.001Z"]"#, "[]"]),
        (
            map(Timeuuid, list(TinyInt)),
            [r#"{"f81d4fae-7dec-11d0-a765-00a0c91e6bf6":[1,-1]}"#, "{}"],
        ),
        (
            ColumnType::Vector { typ: Box::new(Native(Float)), dimensions: 2 },
            ["[1.5,-0.5]", "[0,0]"],
        ),
        (
            ColumnType::Tuple(vec![Native(Inet), set(Date)]),
            [r#"["::1",["2024-01-01"]]"#, "[null,null]"],
        ),
        (
            ColumnType::UserDefinedType { frozen: true, definition: Arc::new(udt) },
            [
                r#"{"Id":-7,"spans":["1mo"],"blob":"0x00"}"#,
                r#"{"Id":null,"spans":null,"blob":null}"#,
            ],
        ),
    ]
}

/// The values of a target's type that texts stand for.
fn values(texts: ArrayRef, target: &Field) -> ArrayRef {
    let source = Field::new(target.name(), texts.data_type().clone(), true);
    let converted =
        Conversion::new(&source, target, &TextOptions::default()).unwrap().convert(&texts);
    assert_eq!(converted.failures.len(), 0, "{:?}", converted.failures);
    converted.array
}

#[tokio::test]
async fn columns_of_all_cql_types_come_back_as_they_were() {
    let types = types();
    let names: Vec<String> = (0..types.len()).map(|place| format!("c{place}")).collect();
    let key = ColumnType::Native(NativeType::Int);
    let columns = names.iter().map(String::as_str).zip(types.iter().map(|(typ, _)| typ));
    let columns = [("id", &key)].into_iter().chain(columns);
    let columns = Arc::new(cql_arrow::schema(columns, &Default::default()).unwrap());
    let arrays = columns.fields().iter().enumerate().map(|(place, field)| {
        let texts = match place.checked_sub(1) {
            Some(place) => vec![Some(types[place].1[0]), None, Some(types[place].1[1])],
            None => vec![Some("1"), Some("2"), Some("3")],
        };
        values(Arc::new(StringArray::from(texts)), field)
    });
    let batch = RecordBatch::try_new(columns.clone(), arrays.collect()).unwrap();

    let folder = TempDir::new().unwrap();
    let options = CatalogOptions::new(CatalogKind::Sql)
        .with("uri", format!("sqlite:///{}", folder.path().join("catalog.db").display()))
        .with("warehouse", folder.path().join("warehouse").to_str().unwrap());
    let catalog = Catalog::open(&options).await.unwrap();
    let name: TableName = "ns.all".parse().unwrap();
    let definition = TableDefinition {
        columns: columns.clone(),
        key: vec!["id".to_owned()],
        identifies: true,
        partition_by: Some("bucket(2, id)".to_owned()),
        sort_by: None,
        properties: BTreeMap::new(),
        format_version: None,
    };
    let table = catalog.create(&name, &definition).await.unwrap();
    let layout = Layout::new(&table, &columns).unwrap();
    let location = table.folder("data/run").unwrap();
    let parquet = FileOptions { format: Format::Parquet(Default::default()), ..Default::default() };
    let mut files = Vec::new();
    for (place, part) in layout.split(&batch).unwrap().into_iter().enumerate() {
        let (file, schema) = (format!("{place}.parquet"), layout.schema().clone());
        let mut writer = FileWriter::create(&location, &file, schema, &parquet).await.unwrap();
        writer.write(&part.rows).await.unwrap();
        let written = writer.finish().await.unwrap();
        files.push(NewFile {
            path: format!("{}/data/run/{}", table.location(), written.name),
            partition: part.partition,
            rows: written.rows,
            bytes: written.bytes,
        });
    }
    let commit = Commit {
        run_id: "run".to_owned(),
        mode: Mode::Append,
        schema_id: layout.schema_id(),
        spec_id: layout.spec_id(),
        files,
        summary: BTreeMap::new(),
        properties: BTreeMap::new(),
    };
    catalog.commit_run(&name, &commit).await.unwrap();

    let table = catalog.table(&name).await.unwrap();
    let read = table.read(&ReadOptions { split_bytes: 1, ..Default::default() }).await.unwrap();
    let mut found = HashMap::new();
    for task in read.tasks() {
        let batches: Vec<RecordBatch> = read.batches(task).unwrap().try_collect().await.unwrap();
        for back in batches {
            let back = columns.fields().iter().zip(back.schema_ref().fields()).zip(back.columns());
            let back = back.map(|((target, source), array)| {
                let conversion = Conversion::new(source, target, &TextOptions::default()).unwrap();
                let converted = conversion.convert(array);
                assert_eq!(converted.failures.len(), 0, "{:?}", converted.failures);
                converted.array
            });
            let back = RecordBatch::try_new(columns.clone(), back.collect()).unwrap();
            for row in 0..back.num_rows() {
                let row = back.slice(row, 1);
                found.insert(format!("{:?}", row.column(0)), row);
            }
        }
    }
    assert_eq!(found.len(), 3);
    for row in 0..3 {
        let before = batch.slice(row, 1);
        let after = &found[&format!("{:?}", before.column(0))];
        for (place, field) in columns.fields().iter().enumerate() {
            let (before, after) = (before.column(place), after.column(place));
            assert_eq!(before.is_null(0), after.is_null(0));
            // A NaN is not equal to itself, but shown as one.
            match field.data_type() {
                DataType::Float32 => assert_eq!(format!("{before:?}"), format!("{after:?}")),
                _ => assert_eq!(before, after, "{field}"),
            }
        }
    }
}
