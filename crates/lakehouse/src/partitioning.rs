//! Which rows of a batch are in which partition.

use std::collections::HashMap;

use arrow_array::{Array as _, ArrayRef, RecordBatch, UInt64Array};
use arrow_row::{RowConverter, SortField};
use arrow_schema::ArrowError;
use arrow_select::take::{take, take_record_batch};
use iceberg::arrow::arrow_primitive_to_literal;
use iceberg::spec::{Literal, PartitionSpec, PrimitiveType, Schema, Transform, Type};

use crate::error::{Error, ErrorKind, Result};
use crate::layout::Part;
use crate::partition::{folder, to_json};
use crate::term::{Term, is_computable};
use crate::transform::apply;

/// How rows fall into the partitions of a spec.
#[derive(Clone, Debug)]
pub(crate) struct Partitioning {
    fields: Vec<Field>,
}

/// A field of the spec.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    /// As it is written down, for messages.
    term: String,
    transform: Transform,
    /// The type of its values.
    typ: PrimitiveType,
    /// The column of the batches; none where all values are null.
    column: Option<usize>,
}

impl Partitioning {
    /// For batches with columns of these ids.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a transform that this release does not know, a source that is not a
    /// column itself, and values that can't be written into manifests: those of uuids.
    pub(crate) fn new(spec: &PartitionSpec, schema: &Schema, columns: &[i32]) -> Result<Self> {
        let fields = spec.fields().iter().map(|field| {
            let name = field.name.clone();
            let unsupported = |why: String| {
                let message = format!("rows can't be partitioned by the field {name:?}: {why}");
                Error::new(ErrorKind::Unsupported, message)
            };
            let is_column = |column: &&iceberg::spec::NestedFieldRef| column.id == field.source_id;
            let source = schema.as_struct().fields().iter().find(is_column);
            let is_void = field.transform == Transform::Void;
            let (term, typ) = match source.map(|source| (source, source.field_type.as_ref())) {
                Some((source, Type::Primitive(typ))) if is_computable(field.transform, typ) => {
                    (Term::describe(field.transform, &source.name), typ.clone())
                }
                // What is always null has any type.
                _ if is_void => (Term::describe(field.transform, &name), PrimitiveType::Int),
                Some((source, typ)) => {
                    return Err(unsupported(format!(
                        "it is {} of column {:?}, of type {typ}",
                        field.transform, source.name
                    )));
                }
                None => return Err(unsupported("its source is not a column".to_owned())),
            };
            let result = field.transform.result_type(&Type::Primitive(typ));
            let typ = match result {
                Ok(Type::Primitive(typ)) => typ,
                _ => return Err(unsupported("its values are of no simple type".to_owned())),
            };
            // The `iceberg` crate writes them as bytes, which its own schema of a manifest refuses.
            if typ == PrimitiveType::Uuid && !is_void {
                return Err(unsupported(format!(
                    "whole uuids can't be written as partitions yet; take bucket(16, {term})"
                )));
            }
            let column = columns.iter().position(|id| *id == field.source_id && !is_void);
            Ok(Field { name, term, transform: field.transform, typ, column })
        });
        Ok(Partitioning { fields: fields.collect::<Result<_>>()? })
    }

    /// Splits a batch. Rows keep their order within a part, and parts are in the order in which they come
    /// first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] for a value that has no partition.
    pub(crate) fn split(&self, batch: &RecordBatch) -> Result<Vec<Part>> {
        let values = self.fields.iter().map(|field| {
            let Some(column) = field.column else { return Ok(None) };
            let values = apply(field.transform, batch.column(column));
            values.map(Some).map_err(|source| {
                let message = format!("a row can't be partitioned by {}: {source}", field.term);
                Error::new(source.kind(), message)
            })
        });
        let values = values.collect::<Result<Vec<_>>>()?;
        let present: Vec<ArrayRef> = values.iter().flatten().cloned().collect();
        let groups = Groups::new(&present, batch.num_rows()).map_err(unsplit)?;
        let parts = self.tuples(&values, &groups.first)?.into_iter().map(|tuple| {
            let tuple = tuple.iter().map(Option::as_ref);
            let folders = self.fields.iter().zip(tuple.clone());
            let folders = folders.filter(|(field, _)| field.transform != Transform::Void);
            let folders = folders
                .map(|(field, value)| folder(&field.name, field.transform, &field.typ, value));
            Ok((folders.collect::<Vec<_>>().join("/"), to_json(tuple)?))
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let batches = groups.batches(batch).map_err(unsplit)?;
        let parts = parts.into_iter().zip(batches);
        Ok(parts
            .map(|((folder, partition), rows)| Part { folder, partition: Some(partition), rows })
            .collect())
    }

    /// The tuples of these rows.
    fn tuples(
        &self,
        values: &[Option<ArrayRef>],
        rows: &[u64],
    ) -> Result<Vec<Vec<Option<Literal>>>> {
        let rows = UInt64Array::from(rows.to_vec());
        let mut tuples = vec![Vec::with_capacity(self.fields.len()); rows.len()];
        for (field, values) in self.fields.iter().zip(values) {
            let literals = match values {
                None => vec![None; rows.len()],
                Some(values) => {
                    let values = take(values, &rows, None).map_err(unsplit)?;
                    arrow_primitive_to_literal(&values, &Type::Primitive(field.typ.clone()))
                        .map_err(|source| {
                            let message = format!("{} has no values of a partition", field.term);
                            Error::new(ErrorKind::Internal, message).with_source(source)
                        })?
                }
            };
            for (tuple, literal) in tuples.iter_mut().zip(literals) {
                tuple.push(literal);
            }
        }
        Ok(tuples)
    }
}

/// Rows with the same values.
struct Groups {
    /// The group of each row.
    of_rows: Vec<usize>,
    /// The first row of each group.
    first: Vec<u64>,
    /// The rows in each group.
    sizes: Vec<usize>,
}

impl Groups {
    fn new(values: &[ArrayRef], rows: usize) -> Result<Self, ArrowError> {
        if values.is_empty() || rows == 0 {
            let some = usize::from(rows > 0);
            return Ok(Groups {
                of_rows: vec![0; rows],
                first: vec![0; some],
                sizes: vec![rows; some],
            });
        }
        let fields = values.iter().map(|values| SortField::new(values.data_type().clone()));
        let keys = RowConverter::new(fields.collect())?.convert_columns(values)?;
        let mut groups =
            Groups { of_rows: Vec::with_capacity(rows), first: Vec::new(), sizes: Vec::new() };
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        let mut last: Option<(&[u8], usize)> = None;
        for row in 0..rows {
            let key = keys.row(row).data();
            // Rows of a partition often come together.
            let group = match last {
                Some((same, group)) if same == key => group,
                _ => *known.entry(key).or_insert_with(|| {
                    groups.first.push(row as u64);
                    groups.sizes.push(0);
                    groups.sizes.len() - 1
                }),
            };
            last = Some((key, group));
            groups.of_rows.push(group);
            groups.sizes[group] += 1;
        }
        Ok(groups)
    }

    /// The rows of each group. All are sorted by group at once, and each group is a slice of them.
    fn batches(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, ArrowError> {
        if let [_] = self.sizes.as_slice() {
            return Ok(vec![batch.clone()]);
        }
        let mut starts = Vec::with_capacity(self.sizes.len());
        let mut next = 0;
        for size in &self.sizes {
            starts.push(next);
            next += size;
        }
        let mut free = starts.clone();
        let mut sorted = vec![0_u64; self.of_rows.len()];
        for (row, group) in self.of_rows.iter().enumerate() {
            sorted[free[*group]] = row as u64;
            free[*group] += 1;
        }
        let sorted = take_record_batch(batch, &UInt64Array::from(sorted))?;
        let slices = starts.iter().zip(&self.sizes);
        Ok(slices.map(|(start, size)| sorted.slice(*start, *size)).collect())
    }
}

fn unsplit(source: ArrowError) -> Error {
    Error::new(ErrorKind::Internal, "a batch could not be split into partitions")
        .with_source(source)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Int32Type;
    use arrow_array::{Date32Array, FixedSizeBinaryArray, Int32Array, Int64Array, StringArray};
    use iceberg::arrow::{RecordBatchPartitionSplitter, schema_to_arrow_schema};
    use iceberg::spec::{NestedField, Struct};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::partition::partition_from_json;
    use crate::partition_spec::parse;

    fn schema() -> Schema {
        let fields = [
            ("row", PrimitiveType::Int),
            ("id", PrimitiveType::Uuid),
            ("n", PrimitiveType::Long),
            ("s", PrimitiveType::String),
            ("d", PrimitiveType::Date),
        ];
        let fields = (1..)
            .zip(fields)
            .map(|(id, (name, typ))| NestedField::optional(id, name, Type::Primitive(typ)).into());
        Schema::builder().with_fields(fields).build().unwrap()
    }

    fn batch(values: &[Option<i32>]) -> RecordBatch {
        let (rows, values) = ((0..).take(values.len()), || values.iter().copied());
        let ids = values().map(|n| n.map(|n| i128::from(n).to_be_bytes()));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from_iter_values(rows)),
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16).unwrap()),
            Arc::new(values().map(|n| n.map(i64::from)).collect::<Int64Array>()),
            Arc::new(values().map(|n| n.map(|n| n.to_string())).collect::<StringArray>()),
            Arc::new(values().collect::<Date32Array>()),
        ];
        let schema = schema_to_arrow_schema(&schema()).unwrap();
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    fn rows(batch: &RecordBatch) -> Vec<i32> {
        batch.column(0).as_primitive::<Int32Type>().values().to_vec()
    }

    proptest! {
        /// That of the `iceberg` crate has all the types and transforms that are chosen here right.
        #[test]
        fn partitions_are_those_of_another_splitter(
            values in vec(prop::option::weighted(0.9, -100..100_i32), 1..80),
            by in prop::sample::subsequence(
                vec!["bucket(5, id)", "truncate(7, n)", "truncate(1, s)", "month(d)", "s", "void(d)"],
                1..4,
            ),
        ) {
            let schema = Arc::new(schema());
            let spec = Arc::new(parse(&by.join(","), &schema).unwrap().bind(schema.clone()).unwrap());
            let batch = batch(&values);
            let ours = Partitioning::new(&spec, &schema, &[1, 2, 3, 4, 5]).unwrap();
            let ours: HashMap<Struct, Vec<i32>> = ours
                .split(&batch)
                .unwrap()
                .iter()
                .map(|part| {
                    let text = part.partition.as_deref().unwrap();
                    (partition_from_json(text, &spec, &schema).unwrap(), rows(&part.rows))
                })
                .collect();
            if spec.is_unpartitioned() {
                prop_assert_eq!(ours.len(), 1);
                return Ok(());
            }
            let theirs = RecordBatchPartitionSplitter::try_new_with_computed_values(
                Arc::clone(&schema),
                Arc::clone(&spec),
            );
            let theirs: HashMap<Struct, Vec<i32>> = theirs
                .unwrap()
                .split(&batch)
                .unwrap()
                .into_iter()
                .map(|(key, batch)| (key.data().clone(), rows(&batch)))
                .collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
