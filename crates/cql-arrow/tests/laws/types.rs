//! CQL types in Arrow schemas.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::Schema;
use cql_arrow::{DecimalMapping, MappingOptions, column_type, cql_type, schema};
use proptest::prelude::*;
use scylla::frame::response::result::{ColumnType, NativeType};

use crate::arbitrary;

/// A schema as it comes out of a stream that it went into.
fn streamed(schema: &Schema) -> Schema {
    let batch = RecordBatch::new_empty(Arc::new(schema.clone()));
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let bytes = writer.into_inner().unwrap();
    StreamReader::try_new(bytes.as_slice(), None).unwrap().schema().as_ref().clone()
}

proptest! {
    #[test]
    fn a_schema_tells_its_cql_types_exactly(
        types in proptest::collection::vec(arbitrary::types(), 1..4),
        decimals in prop_oneof![
            Just(DecimalMapping::Text),
            (1..=76_u8, 0..=76_u8).prop_map(|(precision, scale)| DecimalMapping::Fixed {
                precision,
                scale: scale.min(precision),
            }),
        ],
    ) {
        let columns = types.iter().map(|typ| ("c", typ));
        let schema = schema(columns, &MappingOptions { decimals }).unwrap();
        for schema in [schema.clone(), streamed(&schema)] {
            for (field, typ) in schema.fields().iter().zip(&types) {
                prop_assert_eq!(&column_type(field).unwrap(), typ);
            }
        }
    }

    #[test]
    fn a_field_that_says_anything_else_is_an_error_at_most(text: String, typ in arbitrary::types()) {
        let field = cql_arrow::field("c", &typ, &MappingOptions::default()).unwrap();
        let metadata = [(cql_arrow::CQL_TYPE.to_owned(), text)].into();
        // Either an error, or a type whose values are laid out as the field's are.
        if let Ok(typ) = column_type(&field.clone().with_metadata(metadata)) {
            let other = cql_arrow::field("c", &typ, &MappingOptions::default()).unwrap();
            prop_assert!(other.data_type().equals_datatype(field.data_type()), "{}", cql_type(&typ));
        }
    }
}

#[test]
fn an_unknown_field_is_an_error_that_names_it() {
    let typ = ColumnType::Native(NativeType::Int);
    let field = cql_arrow::field("weight", &typ, &MappingOptions::default()).unwrap();
    let plain = field.with_metadata([].into());
    let error = column_type(&plain).unwrap_err();
    assert_eq!(error.to_string(), "field \"weight\" has no CQL type: its metadata has no cql.type");
}
