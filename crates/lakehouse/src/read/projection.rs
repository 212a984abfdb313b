//! The columns of a table in a data file: found by field ids, or else known without the file.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array, new_null_array};
use arrow_schema::{
    DataType, Field, FieldRef, Fields, Schema as ArrowSchema, SchemaRef as ArrowSchemaRef,
};
use arrow_select::take::take;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{
    Literal, MappedField, NestedFieldRef, PrimitiveLiteral, Schema, SchemaRef, TableMetadata,
    Transform,
};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::inventory::Stored;
use super::promotion::promote;
use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::constant;

/// A column of the table that is wanted of a file.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) field: NestedFieldRef,
    /// As which it is in batches.
    pub(crate) arrow: FieldRef,
    /// The value in all rows of files that lack it.
    absent: Option<PrimitiveLiteral>,
}

impl Wanted {
    pub(crate) fn new(field: NestedFieldRef) -> Result<Wanted> {
        let name = field.name.clone();
        let unsupported = |source| Error::of(format!("the column {name:?} can't be read"), source);
        let alone = Schema::builder().with_fields([field.clone()]).build().map_err(unsupported)?;
        let has_default =
            |nested: &NestedFieldRef| nested.id != field.id && nested.initial_default.is_some();
        if let Some(nested) = alone.field_id_to_fields().values().find(|nested| has_default(nested))
        {
            let message = format!(
                "the field {:?} in the column {:?} has an initial default, which is not supported within \
                 columns; leave the column out",
                nested.name, field.name
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let arrow = schema_to_arrow_schema(&alone).map_err(unsupported)?;
        let absent = match &field.initial_default {
            Some(Literal::Primitive(value)) => Some(value.clone()),
            _ => None,
        };
        Ok(Wanted { arrow: Arc::new(arrow.field(0).clone()), absent, field })
    }

    /// A column of this id: of the schema that is read, or of the newest one that has it.
    pub(crate) fn by_id(table: &Table, schema: &SchemaRef, id: i32) -> Result<Wanted> {
        let mut others: Vec<&SchemaRef> = table.inner.metadata().schemas_iter().collect();
        others.sort_by_key(|schema| std::cmp::Reverse(schema.schema_id()));
        let mut all = [schema].into_iter().chain(others);
        let field = all.find_map(|schema| schema.as_struct().field_by_id(id).cloned());
        let field = field.ok_or_else(|| {
            let message = format!(
                "the table {} has deletes by the field {id}, which is no column of its own; compact it by \
                 rewrite_data_files first",
                table.name
            );
            Error::new(ErrorKind::Unsupported, message)
        })?;
        // One of another schema may lack values that were never asked for.
        Ok(Wanted::new(field)?.optional())
    }

    /// The same, where there may be nulls.
    pub(crate) fn optional(mut self) -> Wanted {
        self.arrow = Arc::new(self.arrow.as_ref().clone().with_nullable(true));
        self
    }

    /// Where the file lacks the column, a partition of the file by the column's value has it.
    pub(super) fn in_file(mut self, file: &Stored, metadata: &TableMetadata) -> Result<Wanted> {
        let spec = metadata.partition_spec_by_id(file.spec_id).ok_or_else(|| {
            let message = format!(
                "{} is of the partition spec {}, which is not there",
                file.path, file.spec_id
            );
            Error::new(ErrorKind::Data, message)
        })?;
        let is_ours = |field: &iceberg::spec::PartitionField| {
            field.source_id == self.field.id && field.transform == Transform::Identity
        };
        if let Some(place) = spec.fields().iter().position(is_ours)
            && let Some(Some(Literal::Primitive(value))) = file.partition.fields().get(place)
        {
            self.absent = Some(value.clone());
        }
        Ok(self)
    }
}

/// How a file's batches become those of the table.
pub(super) struct Projection {
    columns: Vec<Source>,
    schema: ArrowSchemaRef,
    /// Columns of the file that are read, ascending.
    roots: Vec<usize>,
}

enum Source {
    /// By its place among those that are read, and as what it is in the file.
    Read(usize, FieldRef),
    /// An array of one row.
    Constant(ArrayRef),
    Null,
}

impl Projection {
    /// `file` is the file's schema, with field ids.
    pub(super) fn new(file: &ArrowSchema, wanted: &[Wanted]) -> Result<Projection> {
        let places: HashMap<i32, usize> = file
            .fields()
            .iter()
            .enumerate()
            .filter_map(|(place, field)| Some((id(field)?, place)))
            .collect();
        let mut roots: Vec<usize> =
            wanted.iter().filter_map(|column| places.get(&column.field.id).copied()).collect();
        roots.sort_unstable();
        roots.dedup();
        let columns =
            wanted.iter().map(|column| match (places.get(&column.field.id), &column.absent) {
                (Some(place), _) => {
                    let read = roots.partition_point(|root| root < place);
                    Ok(Source::Read(read, Arc::new(file.field(*place).clone())))
                }
                (None, Some(value)) => {
                    Ok(Source::Constant(constant(value, column.arrow.data_type())?))
                }
                (None, None) if column.arrow.is_nullable() => Ok(Source::Null),
                (None, None) => {
                    let message = format!("it lacks the required column {:?}", column.field.name);
                    Err(Error::new(ErrorKind::Data, message))
                }
            });
        let schema =
            ArrowSchema::new(wanted.iter().map(|column| column.arrow.clone()).collect::<Vec<_>>());
        Ok(Projection { columns: columns.collect::<Result<_>>()?, schema: Arc::new(schema), roots })
    }

    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    pub(super) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let columns =
            self.columns.iter().zip(self.schema.fields()).map(|(source, field)| match source {
                Source::Read(place, from) => {
                    let array = batch.columns().get(*place).ok_or_else(|| {
                        Error::new(
                            ErrorKind::Internal,
                            format!("{:?} has not been read", field.name()),
                        )
                    })?;
                    promote(array, from, field)
                }
                Source::Constant(value) => {
                    let places = UInt64Array::from(vec![0; rows]);
                    take(value, &places, None).map_err(|source| {
                        Error::new(ErrorKind::Internal, "a constant can't be repeated")
                            .with_source(source)
                    })
                }
                Source::Null => Ok(new_null_array(field.data_type(), rows)),
            });
        let columns = columns.collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(
            |source| {
                Error::new(ErrorKind::Data, "it has nulls where the table allows none")
                    .with_source(source)
            },
        )
    }
}

/// The field id of a field of a file.
pub(super) fn id(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}

/// Fields of a file without ids, with those of a name mapping.
pub(super) fn mapped(fields: &Fields, mapping: &[MappedField]) -> Fields {
    fields.iter().map(|field| map(field, mapping.iter())).collect()
}

fn map<'a>(field: &FieldRef, mut mapping: impl Iterator<Item = &'a MappedField>) -> FieldRef {
    let Some(found) = mapping.find(|mapped| mapped.names().contains(field.name())) else {
        return Arc::clone(field);
    };
    let below = |field: &FieldRef| map(field, found.fields().iter().map(AsRef::as_ref));
    // The parts of lists and maps have fixed names in a mapping, whatever the file calls them.
    let part = |field: &FieldRef, name: &str| {
        let named = Arc::new(field.as_ref().clone().with_name(name));
        let mapped = map(&named, found.fields().iter().map(AsRef::as_ref));
        Arc::new(mapped.as_ref().clone().with_name(field.name()))
    };
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(below).collect()),
        DataType::List(element) => DataType::List(part(element, "element")),
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(pair) if pair.len() == 2 => {
                let pair = vec![part(&pair[0], "key"), part(&pair[1], "value")];
                let entries =
                    entries.as_ref().clone().with_data_type(DataType::Struct(pair.into()));
                DataType::Map(Arc::new(entries), *sorted)
            }
            _ => field.data_type().clone(),
        },
        other => other.clone(),
    };
    let mut mapped = field.as_ref().clone().with_data_type(data_type);
    if let Some(id) = found.field_id() {
        mapped.metadata_mut().insert(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string());
    }
    Arc::new(mapped)
}
