//! What readers of Iceberg look at in a Parquet file: ids, logical types, and what is required.

use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{LogicalType, Repetition, TimeUnit};
use parquet::schema::types::Type;
use proptest::prelude::*;
use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};

use crate::arbitrary::{all_fields, batch, columns, schema, table};

/// The types of a file that Iceberg has fields for: not the groups that Parquet puts around elements.
fn fields(schema: &Type) -> Vec<&Type> {
    fn visit<'a>(typ: &'a Type, out: &mut Vec<&'a Type>) {
        if typ.get_basic_info().repetition() != Repetition::REPEATED {
            out.push(typ);
        }
        if typ.is_group() {
            typ.get_fields().iter().for_each(|field| visit(field, out));
        }
    }
    let mut out = Vec::new();
    schema.get_fields().iter().for_each(|field| visit(field, &mut out));
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn files_have_an_id_for_each_field_and_give_the_rows_back(
        columns in columns(),
        seed in any::<u64>(),
    ) {
        let layout = table(&columns, None).layout().unwrap();
        let rows = layout.split(&batch(&columns, 7, seed)).unwrap().remove(0).rows;
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, Arc::clone(layout.schema()), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        let parquet = reader.parquet_schema().root_schema();
        let ids: Vec<i32> = fields(parquet).iter().map(|typ| typ.get_basic_info().id()).collect();
        let expected: Vec<i32> = all_fields(layout.schema())
            .iter()
            .map(|field| field.metadata()["PARQUET:field_id"].parse().unwrap())
            .collect();
        prop_assert_eq!(&ids, &expected, "{:?}", parquet);
        let read: Vec<_> = reader.build().unwrap().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(read[0].columns(), rows.columns());
    }
}

#[test]
fn uuids_timestamps_and_keys_are_told_as_iceberg_wants_them() {
    let uuid = ColumnType::Native(NativeType::Timeuuid);
    let at = ColumnType::Native(NativeType::Timestamp);
    let typ = CollectionType::Map(Box::new(uuid.clone()), Box::new(at));
    let map = ColumnType::Collection { frozen: false, typ };
    let columns = schema([("id", &uuid), ("m", &map)], Default::default());
    let mut table = table(&columns, None);
    table.key = vec!["id".to_owned()];
    let layout = table.layout().unwrap();
    let mut file = Vec::new();
    let writer = ArrowWriter::try_new(&mut file, Arc::clone(layout.schema()), None).unwrap();
    writer.close().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    let parquet = reader.parquet_schema().root_schema();
    let found: Vec<_> = fields(parquet)
        .iter()
        .map(|typ| {
            let info = typ.get_basic_info();
            (info.name(), info.id(), info.repetition(), info.logical_type_ref().cloned())
        })
        .collect();
    let micros = LogicalType::Timestamp { is_adjusted_to_u_t_c: true, unit: TimeUnit::MICROS };
    let expected = [
        ("id", 1, Repetition::REQUIRED, Some(LogicalType::Uuid)),
        ("m", 2, Repetition::OPTIONAL, Some(LogicalType::Map)),
        ("key", 3, Repetition::REQUIRED, Some(LogicalType::Uuid)),
        ("value", 4, Repetition::OPTIONAL, Some(micros)),
    ];
    assert_eq!(found, expected);
}
