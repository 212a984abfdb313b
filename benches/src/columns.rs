//! Readings as columns, and back.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_schema::SchemaRef;
use cql_arrow::MappingOptions;
use scylla::frame::response::result::{ColumnType, NativeType};
use scylla::value::CqlTimestamp;

use crate::dataset::Reading;

/// The columns of [`create_table`](crate::dataset::create_table).
///
/// # Errors
///
/// None: every one of the types is known.
pub fn schema() -> Result<SchemaRef> {
    let columns = [
        ("sensor", NativeType::BigInt),
        ("sequence", NativeType::Int),
        ("at", NativeType::Timestamp),
        ("place", NativeType::Text),
        ("value", NativeType::Double),
        ("valid", NativeType::Boolean),
        ("unit", NativeType::Text),
        ("note", NativeType::Text),
    ]
    .map(|(name, typ)| (name, ColumnType::Native(typ)));
    let columns = columns.iter().map(|(name, typ)| (*name, typ));
    Ok(Arc::new(cql_arrow::schema(columns, &MappingOptions::default())?))
}

/// Rows as a batch of the [`schema`].
///
/// # Errors
///
/// None: the arrays are of its types.
pub fn batch(readings: &[Reading]) -> Result<RecordBatch> {
    let moments = readings.iter().map(|row| row.at.0);
    let texts = |text: fn(&Reading) -> &String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(readings.iter().map(text)))
    };
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(readings.iter().map(|row| row.sensor))),
        Arc::new(Int32Array::from_iter_values(readings.iter().map(|row| row.sequence))),
        Arc::new(TimestampMillisecondArray::from_iter_values(moments).with_timezone("UTC")),
        texts(|row| &row.place),
        Arc::new(Float64Array::from_iter_values(readings.iter().map(|row| row.value))),
        Arc::new(BooleanArray::from_iter(readings.iter().map(|row| Some(row.valid)))),
        texts(|row| &row.unit),
        texts(|row| &row.note),
    ];
    Ok(RecordBatch::try_new(schema()?, arrays)?)
}

/// The rows of a batch of the [`schema`], whatever the order of its columns.
///
/// # Errors
///
/// Where a column is missing.
pub fn readings(batch: &RecordBatch) -> Result<Vec<Reading>> {
    let column = |name: &str| batch.column_by_name(name).context("a column is missing");
    let sensor = column("sensor")?.as_primitive::<Int64Type>();
    let sequence = column("sequence")?.as_primitive::<Int32Type>();
    let at = column("at")?.as_primitive::<TimestampMillisecondType>();
    let place = column("place")?.as_string::<i32>();
    let value = column("value")?.as_primitive::<Float64Type>();
    let valid = column("valid")?.as_boolean();
    let unit = column("unit")?.as_string::<i32>();
    let note = column("note")?.as_string::<i32>();
    let reading = |row| Reading {
        sensor: sensor.value(row),
        sequence: sequence.value(row),
        at: CqlTimestamp(at.value(row)),
        place: place.value(row).to_owned(),
        value: value.value(row),
        valid: valid.value(row),
        unit: unit.value(row).to_owned(),
        note: note.value(row).to_owned(),
    };
    Ok((0..batch.num_rows()).map(reading).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_their_columns() {
        let rows: Vec<Reading> =
            (0..20).map(|row| Reading::of(i64::from(row / 5), row % 5)).collect();
        assert_eq!(readings(&batch(&rows).unwrap()).unwrap(), rows);
    }
}
