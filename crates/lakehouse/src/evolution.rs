//! Columns that a table gets later: those that Cassandra has got since.
//!
//! Only what cannot hurt is done: new columns, and new fields of user-defined types wherever these are,
//! are added at the end, as optional ones. Nothing is renamed, widened, dropped or put elsewhere, and no
//! id changes, so all files and all snapshots stay readable. What a table has and Cassandra has not stays.

use std::sync::Arc;
use std::time::Duration;

use arrow_schema::{DataType, Fields, Schema as ArrowSchema, SchemaRef};
use backon::{BackoffBuilder as _, ExponentialBuilder};
use iceberg::spec::{
    ListType, MapType, NestedField, NestedFieldRef, Schema, StructType, TableMetadata,
    TableMetadataBuilder, Type,
};
use iceberg::{TableRequirement, TableUpdate};

use crate::catalog::{Catalog, CommitFault, Table};
use crate::conversion::match_fields;
use crate::difference::{Difference, mismatch};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{FieldIds, key_and_value};

/// How often a commit that others came before is tried again.
const RETRIES: usize = 20;

impl Catalog {
    /// Adds to a table the columns that it does not have, also fields of structs, as optional ones, in a
    /// commit of its own. Gives the same table back where nothing is new, without asking the catalog.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`], with a line for each difference, where a column of the table does not hold
    /// the values of Cassandra's, or only the table has one that is required; the catalog's, after some
    /// attempts where others change the table at the same time.
    pub async fn evolve(&self, table: &Table, columns: &SchemaRef) -> Result<Table> {
        let uuid = table.uuid();
        let mut table = table.clone();
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(RETRIES)
            .with_jitter()
            .build();
        loop {
            let metadata = table.inner.metadata();
            let Some(schema) = evolved_of(&table, columns)? else { return Ok(table) };
            let requirements = vec![
                TableRequirement::UuidMatch { uuid },
                TableRequirement::CurrentSchemaIdMatch {
                    current_schema_id: metadata.current_schema_id(),
                },
                TableRequirement::LastAssignedFieldIdMatch {
                    last_assigned_field_id: metadata.last_column_id(),
                },
            ];
            let updates = vec![
                TableUpdate::AddSchema { schema },
                TableUpdate::SetCurrentSchema { schema_id: TableMetadataBuilder::LAST_ADDED },
            ];
            // It is harmless to do it once more: columns that are there are not added again.
            let error = match self.commit(&table, requirements, updates).await {
                Ok(table) => return Ok(table),
                Err(CommitFault::Refused(error)) => return Err(error),
                Err(fault) => fault.into_error(),
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            tracing::debug!(table = %table.name(), %error, "the schema is evolved once more");
            tokio::time::sleep(pause).await;
            table = self.table(table.name()).await?;
            if table.uuid() != uuid {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    format!("{} has become another table meanwhile", table.name()),
                ));
            }
        }
    }
}

impl Table {
    /// The table as [`Catalog::evolve`] would make it. Nothing is changed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`], as there.
    pub fn evolved(&self, columns: &SchemaRef) -> Result<Table> {
        let Some(schema) = evolved_of(self, columns)? else { return Ok(self.clone()) };
        let file = self.inner.metadata_location().map(str::to_owned);
        let builder = self.inner.metadata().clone().into_builder(file.clone());
        let made = builder.add_current_schema(schema).and_then(|builder| builder.build());
        let made = made.map_err(|source| {
            Error::of(format!("the table {} can't evolve", self.name()), source)
        })?;
        Table::of(self.name(), made.metadata, file, &self.stores)
    }
}

/// The schema that a table needs, with an id of its own; nothing where it has all that is wanted.
fn evolved_of(table: &Table, columns: &ArrowSchema) -> Result<Option<Schema>> {
    let metadata = table.inner.metadata();
    let current = metadata.current_schema();
    let name = format!("the table {}", table.name());
    let schema = evolved(&name, current, metadata.last_column_id(), columns)?;
    let mut differences = Vec::new();
    for column in columns.fields() {
        if is_partition_field(metadata, column.name())
            && current.field_by_name(column.name()).is_none()
        {
            differences.push(Difference::of_partition(column.name()));
        }
    }
    if !differences.is_empty() {
        return Err(mismatch(name, &differences));
    }
    let last = metadata.schemas_iter().map(|schema| schema.schema_id()).max().unwrap_or(-1);
    let schema = schema.map(|schema| schema.into_builder().with_schema_id(last + 1).build());
    schema.transpose().map_err(|source| Error::of(format!("{name} can't evolve"), source))
}

fn is_partition_field(metadata: &TableMetadata, name: &str) -> bool {
    let mut specs = metadata.partition_specs_iter();
    specs.any(|spec| spec.fields().iter().any(|field| field.name == name))
}

/// The `current` schema of a table with all of `wanted` that it lacks, with ids after `last_column_id`; nothing where it lacks
/// nothing.
///
/// # Errors
///
/// [`ErrorKind::Mismatch`], with a line for each difference.
fn evolved(
    table: &str,
    current: &Schema,
    last_column_id: i32,
    wanted: &ArrowSchema,
) -> Result<Option<Schema>> {
    let old = current.as_struct().fields();
    let new = added(old, wanted.fields(), &mut FieldIds::after(last_column_id))?;
    let mut differences = Vec::new();
    match_fields(&[], wanted.fields(), new.as_deref().unwrap_or(old), &mut differences);
    if !differences.is_empty() {
        return Err(mismatch(table, &differences));
    }
    let Some(new) = new else { return Ok(None) };
    let schema = Schema::builder()
        .with_schema_id(current.schema_id())
        .with_fields(new)
        .with_identifier_field_ids(current.identifier_field_ids());
    let schema = schema.build().map_err(|source| {
        let message = format!("{table} can't have the new columns: {}", source.message());
        Error::new(ErrorKind::Mismatch, message).with_source(source)
    })?;
    Ok(Some(schema))
}

/// Fields with all that they lack; nothing where they lack nothing.
fn added(
    current: &[NestedFieldRef],
    wanted: &Fields,
    ids: &mut FieldIds,
) -> Result<Option<Vec<NestedFieldRef>>> {
    let is_new = |field: &&Arc<_>| {
        let field: &arrow_schema::Field = field;
        current.iter().all(|own| own.name != *field.name())
    };
    let new = ids.fields(wanted.iter().filter(is_new), &[])?;
    let mut is_changed = !new.is_empty();
    let mut fields = Vec::with_capacity(current.len() + new.len());
    for own in current {
        let wanted = wanted.iter().find(|field| *field.name() == own.name);
        let changed = match wanted {
            Some(wanted) => added_within(own, wanted.data_type(), ids)?,
            None => None,
        };
        is_changed |= changed.is_some();
        fields.push(changed.unwrap_or_else(|| Arc::clone(own)));
    }
    fields.extend(new);
    Ok(is_changed.then_some(fields))
}

/// A field with what its type lacks. Iceberg does not let keys of maps change.
fn added_within(
    own: &NestedFieldRef,
    wanted: &DataType,
    ids: &mut FieldIds,
) -> Result<Option<NestedFieldRef>> {
    let typ = match (own.field_type.as_ref(), wanted) {
        (Type::Struct(own), DataType::Struct(wanted)) => {
            added(own.fields(), wanted, ids)?.map(|fields| Type::Struct(StructType::new(fields)))
        }
        (Type::List(own), DataType::List(wanted) | DataType::FixedSizeList(wanted, _)) => {
            added_within(&own.element_field, wanted.data_type(), ids)?
                .map(|element| Type::List(ListType::new(element)))
        }
        (Type::Map(own), DataType::Map(entries, _)) => match key_and_value(entries) {
            Some((_, value)) => added_within(&own.value_field, value.data_type(), ids)?
                .map(|value| Type::Map(MapType::new(Arc::clone(&own.key_field), value))),
            None => None,
        },
        _ => None,
    };
    Ok(typ.map(|typ| {
        let own = NestedField::clone(own);
        Arc::new(NestedField { field_type: Box::new(typ), ..own })
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow_schema::Field;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::schema::schema_of;

    fn structure(fields: Vec<Field>) -> DataType {
        DataType::Struct(Fields::from(fields))
    }

    fn list(element: DataType) -> DataType {
        DataType::List(Arc::new(Field::new("element", element, true)))
    }

    fn map(key: DataType, value: DataType) -> DataType {
        let pairs = vec![Field::new("key", key, false), Field::new("value", value, true)];
        DataType::Map(Arc::new(Field::new("entries", structure(pairs), false)), false)
    }

    fn columns(fields: Vec<(&str, DataType)>) -> ArrowSchema {
        let fields = fields.into_iter().map(|(name, typ)| Field::new(name, typ, true));
        ArrowSchema::new(fields.collect::<Vec<_>>())
    }

    fn ids(schema: &Schema) -> BTreeMap<String, i32> {
        let names = schema.field_id_to_name_map().iter();
        names.map(|(id, name)| (name.clone(), *id)).collect()
    }

    #[test]
    fn new_columns_and_fields_are_optional_with_ids_that_no_field_ever_had() {
        let text = || ("a", DataType::Utf8);
        let udt = |names: &[&str]| {
            structure(names.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect())
        };
        let old = columns(vec![
            text(),
            ("l", list(udt(&["x"]))),
            ("m", map(DataType::Utf8, list(udt(&["x"])))),
        ]);
        let current = schema_of(&old, &["a".to_owned()], true).unwrap();
        let new = columns(vec![
            ("b", udt(&["z"])),
            ("m", map(DataType::Utf8, list(udt(&["x", "y"])))),
            ("l", list(udt(&["w", "x"]))),
            text(),
        ]);
        let evolved = evolved("the table", &current, 100, &new).unwrap().unwrap();
        let mut expected = ids(&current);
        let added = [("b", 101), ("b.z", 102), ("l.element.w", 103), ("m.value.element.y", 104)];
        expected.extend(added.map(|(name, id)| (name.to_owned(), id)));
        assert_eq!(ids(&evolved), expected);
        for (name, _) in added {
            assert!(!evolved.field_by_name(name).unwrap().required);
        }
        let names: Vec<_> =
            evolved.as_struct().fields().iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["a", "l", "m", "b"]);
        assert!(evolved.field_by_name("a").unwrap().required);
        assert_eq!(evolved.identifier_field_ids().collect::<Vec<_>>(), [1]);
        assert!(super::evolved("the table", &evolved, 104, &new).unwrap().is_none());
        // A table keeps what Cassandra no longer has.
        assert!(super::evolved("the table", &evolved, 104, &old).unwrap().is_none());
    }

    #[test]
    fn all_that_does_not_go_together_is_told_in_a_line_each() {
        let udt = |typ| structure(vec![Field::new("x", typ, true)]);
        let old = columns(vec![
            ("id", DataType::Int32),
            ("price", DataType::Decimal128(9, 2)),
            ("l", list(udt(DataType::Int64))),
            ("m", map(udt(DataType::Int32), DataType::Int32)),
            ("s", DataType::Utf8),
        ]);
        let key = ["id".to_owned()];
        let current = schema_of(&old, &key, true).unwrap();
        let text = Field::new("price", DataType::Utf8, true);
        let cql = [(cql_arrow::CQL_TYPE.to_owned(), "decimal".to_owned())];
        let wider = structure(vec![
            Field::new("x", DataType::Int32, true),
            Field::new("y", DataType::Int32, true),
        ]);
        let new = ArrowSchema::new(vec![
            text.with_metadata(cql.into()),
            Field::new("l", list(udt(DataType::Utf8)), true),
            Field::new("m", map(wider, DataType::Int64), true),
            Field::new("s", list(DataType::Utf8), true),
        ]);
        let error = evolved("the table a.b", &current, 20, &new).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let expected = [
            "the columns do not fit the table a.b",
            "  column id: the table requires its int, Cassandra has none",
            "  column price: the table has decimal(9, 2), Cassandra's is decimal",
            "  column l.element.x: the table has long, Cassandra's is Utf8",
            "  column m.key.y: the table has none, Cassandra's is Int32",
            "  column m.value: the table has int, Cassandra's is Int64",
            "  column s: the table has string, Cassandra's is List(Utf8, field: 'element')",
        ];
        assert_eq!(error.to_string(), expected.join("\n"));
    }

    /// A type, and the same with less in it.
    fn types() -> impl Strategy<Value = (DataType, DataType)> {
        let simple = prop::sample::select(vec![DataType::Utf8, DataType::Int32, DataType::Float64]);
        let simple = simple.prop_map(|typ| (typ.clone(), typ));
        simple.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|(typ, less)| (list(typ), list(less))),
                inner.clone().prop_map(|(typ, less)| {
                    (map(DataType::Utf8, typ), map(DataType::Utf8, less))
                }),
                vec((inner, any::<bool>()), 1..5).prop_map(|fields| {
                    let (all, less) = with_less(fields);
                    (structure(all), structure(less))
                }),
            ]
        })
    }

    /// Fields, and the same without some of them; the first is always kept.
    fn with_less(fields: Vec<((DataType, DataType), bool)>) -> (Vec<Field>, Vec<Field>) {
        let field = |index: usize, typ| Field::new(format!("f{index}"), typ, true);
        let fields = || fields.iter().enumerate();
        let all = fields().map(|(index, ((typ, _), _))| field(index, typ.clone()));
        let less = fields().filter(|(index, (_, kept))| *index == 0 || *kept);
        let less = less.map(|(index, ((_, less), _))| field(index, less.clone()));
        (all.collect(), less.collect())
    }

    proptest! {
        #[test]
        fn no_id_changes_and_all_that_is_wanted_is_there(
            columns in vec((types(), any::<bool>()), 1..5),
            spare in 0..3_i32,
        ) {
            let (wanted, old) = with_less(columns);
            let (wanted, old) = (ArrowSchema::new(wanted), ArrowSchema::new(old));
            let current = schema_of(&old, &[], true).unwrap();
            let last = current.highest_field_id() + spare;
            let evolved = evolved("the table", &current, last, &wanted).unwrap();
            let whole = ids(&schema_of(&wanted, &[], true).unwrap());
            let Some(evolved) = evolved else {
                prop_assert_eq!(ids(&current).len(), whole.len());
                return Ok(());
            };
            let found = ids(&evolved);
            prop_assert!(found.keys().eq(whole.keys()));
            let before = ids(&current);
            for (name, id) in &found {
                match before.get(name) {
                    Some(old) => prop_assert_eq!(id, old),
                    None => prop_assert!(*id > last),
                }
            }
            let highest = evolved.highest_field_id();
            prop_assert!(super::evolved("the table", &evolved, highest, &wanted).unwrap().is_none());
        }
    }
}
