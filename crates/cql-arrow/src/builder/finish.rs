//! A built column becomes an array of exactly its field's type.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, Time64NanosecondType, TimestampMillisecondType,
};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, FixedSizeListArray, ListArray,
    MapArray, PrimitiveArray, RecordBatch, RecordBatchOptions, StringArray, StructArray,
};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use super::buffer::Fixed;
use super::column::{ColumnBuilder, Values, no_values};
use crate::error::{Error, ErrorKind, Result};

impl ColumnBuilder {
    /// All values so far, as an array of the field's type. The column is empty afterwards, also after an
    /// error.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef> {
        let arrow = |error: ArrowError| {
            Error::new(ErrorKind::Value, "a column does not fit its schema").with_source(error)
        };
        Ok(match (&mut self.values, &self.data_type) {
            (Values::Boolean(values), _) => {
                let (values, nulls) = values.take();
                Arc::new(BooleanArray::new(values, nulls))
            }
            (Values::TinyInt(values), _) => Arc::new(fixed::<Int8Type>(values).map_err(arrow)?),
            (Values::SmallInt(values), _) => Arc::new(fixed::<Int16Type>(values).map_err(arrow)?),
            (Values::Int(values), _) => Arc::new(fixed::<Int32Type>(values).map_err(arrow)?),
            (Values::BigInt(values), _) => Arc::new(fixed::<Int64Type>(values).map_err(arrow)?),
            (Values::Float(values), _) => Arc::new(fixed::<Float32Type>(values).map_err(arrow)?),
            (Values::Double(values), _) => Arc::new(fixed::<Float64Type>(values).map_err(arrow)?),
            (Values::Date(values), _) => Arc::new(fixed::<Date32Type>(values).map_err(arrow)?),
            (Values::Time(values), _) => {
                Arc::new(fixed::<Time64NanosecondType>(values).map_err(arrow)?)
            }
            (Values::Timestamp(values), DataType::Timestamp(_, zone)) => {
                let array = fixed::<TimestampMillisecondType>(values).map_err(arrow)?;
                Arc::new(array.with_timezone_opt(zone.clone()))
            }
            (Values::Decimal128(values, precision, scale), _) => {
                let array = fixed::<Decimal128Type>(values).map_err(arrow)?;
                Arc::new(array.with_precision_and_scale(*precision, *scale).map_err(arrow)?)
            }
            (Values::Decimal256(values, precision, scale), _) => {
                let array = fixed::<Decimal256Type>(values).map_err(arrow)?;
                Arc::new(array.with_precision_and_scale(*precision, *scale).map_err(arrow)?)
            }
            (Values::Uuid(values), _) => {
                let (values, nulls) = values.take();
                let values = Buffer::from_vec(values);
                Arc::new(FixedSizeBinaryArray::try_new(16, values, nulls).map_err(arrow)?)
            }
            (
                Values::Text(values)
                | Values::Varint(values)
                | Values::Decimal(values)
                | Values::Inet(values),
                _,
            ) => {
                let (offsets, data, nulls) = values.take();
                Arc::new(StringArray::try_new(offsets, data, nulls).map_err(arrow)?)
            }
            (Values::Blob(values), _) => {
                let (offsets, data, nulls) = values.take();
                Arc::new(BinaryArray::try_new(offsets, data, nulls).map_err(arrow)?)
            }
            (Values::Duration(values), DataType::Struct(fields)) => {
                let len = values.validity.len();
                let parts = std::mem::take(&mut values.parts);
                let columns: Vec<ArrayRef> = vec![
                    Arc::new(PrimitiveArray::<Int32Type>::from(parts.months)),
                    Arc::new(PrimitiveArray::<Int32Type>::from(parts.days)),
                    Arc::new(PrimitiveArray::<Int64Type>::from(parts.nanoseconds)),
                ];
                let (fields, nulls) = (fields.clone(), values.validity.finish());
                let array = StructArray::try_new_with_length(fields, columns, nulls, len);
                Arc::new(array.map_err(arrow)?)
            }
            (Values::List(values), DataType::List(field)) => {
                let (offsets, nulls) = values.slots.take();
                let element = values.element.finish()?;
                let array = ListArray::try_new(field.clone(), offsets, element, nulls);
                Arc::new(array.map_err(arrow)?)
            }
            (Values::Map(values), DataType::Map(field, sorted)) => {
                let (offsets, nulls) = values.slots.take();
                let (key, value) = (values.key.finish(), values.value.finish());
                let DataType::Struct(fields) = field.data_type() else {
                    return Err(no_values(&self.data_type));
                };
                let entries = StructArray::try_new(fields.clone(), vec![key?, value?], None);
                let entries = entries.map_err(arrow)?;
                let array = MapArray::try_new(field.clone(), offsets, entries, nulls, *sorted);
                Arc::new(array.map_err(arrow)?)
            }
            (Values::Vector(values), DataType::FixedSizeList(field, size)) => {
                let (len, nulls) = (values.validity.len(), values.validity.finish());
                let element = values.element.finish()?;
                let array = FixedSizeListArray::try_new_with_length(
                    field.clone(),
                    *size,
                    element,
                    nulls,
                    len,
                );
                Arc::new(array.map_err(arrow)?)
            }
            (Values::Struct(values), DataType::Struct(fields)) => {
                let (len, nulls) = (values.validity.len(), values.validity.finish());
                // All are finished, also after an error in one: none may keep what the others gave away.
                let columns: Vec<Result<ArrayRef>> =
                    values.children.iter_mut().map(ColumnBuilder::finish).collect();
                let columns = columns.into_iter().collect::<Result<Vec<_>>>()?;
                let array = StructArray::try_new_with_length(fields.clone(), columns, nulls, len);
                Arc::new(array.map_err(arrow)?)
            }
            _ => return Err(no_values(&self.data_type)),
        })
    }
}

/// The rows of all columns, as a batch of their schema. The columns are empty afterwards, also after an
/// error.
pub(crate) fn finish_batch(
    schema: &SchemaRef,
    columns: &mut [ColumnBuilder],
    rows: usize,
) -> Result<RecordBatch> {
    // All are finished, also after an error in one: none may keep its rows.
    let arrays: Vec<Result<ArrayRef>> = columns
        .iter_mut()
        .zip(schema.fields())
        .map(|(column, field)| column.finish().map_err(|error| error.of_column(field.name())))
        .collect();
    let arrays = arrays.into_iter().collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(|source| {
        Error::new(ErrorKind::Value, "the rows do not fit their schema").with_source(source)
    })
}

fn fixed<T: ArrowPrimitiveType>(
    values: &mut Fixed<T::Native>,
) -> Result<PrimitiveArray<T>, ArrowError> {
    let (values, nulls) = values.take();
    PrimitiveArray::try_new(ScalarBuffer::from(values), nulls)
}
