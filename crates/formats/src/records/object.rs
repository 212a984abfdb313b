//! A row of a Parquet or Arrow file as a JSON object, so that people can see it, and put it right.

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_json::writer::{EncoderOptions, make_encoder};
use arrow_schema::FieldRef;
use cql_arrow::TextColumn;

/// A row with its fields under their names.
pub(super) fn object(batch: &RecordBatch, row: usize) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if out.len() > 1 {
            out.push(b',');
        }
        append_string(field.name(), &mut out);
        out.push(b':');
        // One row, so that nothing is prepared for others.
        append_value(field, array.slice(row, 1).as_ref(), &mut out);
    }
    out.push(b'}');
    out
}

/// Appends the only value of an array: as CQL has it where it is of a CQL type, else as Arrow has it.
fn append_value(field: &FieldRef, array: &dyn Array, out: &mut Vec<u8>) {
    if array.is_null(0) {
        return out.extend_from_slice(b"null");
    }
    let start = out.len();
    if let Ok(column) = TextColumn::new(field, array) {
        if column.write_json(0, out).is_ok() {
            return;
        }
        out.truncate(start);
    }
    if let Ok(mut encoder) = make_encoder(field, array, &EncoderOptions::default()) {
        if encoder.is_null(0) {
            return out.extend_from_slice(b"null");
        }
        return encoder.encode(0, out);
    }
    // Types that Arrow has no JSON for, as a map whose keys are numbers.
    let shown = ArrayFormatter::try_new(array, &FormatOptions::new())
        .and_then(|formatter| formatter.value(0).try_to_string());
    append_string(&shown.unwrap_or_else(|_| format!("a {}", array.data_type())), out);
}

fn append_string(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{Int32Builder, MapBuilder, StringBuilder};
    use arrow_array::types::Int32Type;
    use arrow_array::{
        ArrayRef, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    #[test]
    fn every_type_has_a_text() {
        let mut map = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
        map.keys().append_value(1);
        map.values().append_value("x");
        map.append(true).unwrap();
        let words: DictionaryArray<Int32Type> = [Some("w")].into_iter().collect();
        let time = TimestampMicrosecondArray::from(vec![1_700_000_000_123_456]);
        let decimal = Decimal128Array::from(vec![1234]).with_precision_and_scale(10, 2).unwrap();
        let bytes = FixedSizeBinaryArray::try_from_iter([[0_u8, 255]].iter()).unwrap();
        let columns: [(&str, ArrayRef); 8] = [
            ("a \"b\"", Arc::new(Int64Array::from(vec![i64::MAX]))),
            ("none", Arc::new(StringArray::from(vec![None::<&str>]))),
            ("text", Arc::new(StringArray::from(vec!["ä\n"]))),
            ("time", Arc::new(time)),
            ("decimal", Arc::new(decimal)),
            ("bytes", Arc::new(bytes)),
            ("words", Arc::new(words)),
            ("map", Arc::new(map.finish())),
        ];
        let text = object(&RecordBatch::try_from_iter(columns).unwrap(), 0);
        let text = std::str::from_utf8(&text).unwrap();
        let expected = r#"{"a \"b\"":9223372036854775807,"none":null,"text":"ä\n","time":"2023-11-14T22:13:20.123456","decimal":12.34,"bytes":"00ff","words":"w","map":"{1: x}"}"#;
        assert_eq!(text, expected);
    }
}
