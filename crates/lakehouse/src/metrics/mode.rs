//! Which columns have metrics, as the table's properties say: `write.metadata.metrics.*`.

use std::collections::HashMap;

use iceberg::spec::{NestedField, TableMetadata, Type};

const DEFAULT: &str = "write.metadata.metrics.default";
const COLUMN: &str = "write.metadata.metrics.column.";
const MAX_INFERRED: &str = "write.metadata.metrics.max-inferred-column-defaults";
const MAX_INFERRED_DEFAULT: usize = 100;

/// What is written of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsMode {
    /// Its size only.
    None,
    /// How many values and nulls it has.
    Counts,
    /// Also bounds, of at most so many characters or bytes; not of uuids.
    Truncate(usize),
    /// Also bounds, however long, of uuids too.
    Full,
}

impl MetricsMode {
    const DEFAULT: MetricsMode = MetricsMode::Truncate(16);

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "none" => Some(MetricsMode::None),
            "counts" => Some(MetricsMode::Counts),
            "full" => Some(MetricsMode::Full),
            _ => {
                let length = text.strip_prefix("truncate(")?.strip_suffix(')')?.trim();
                length.parse().ok().filter(|length| *length > 0).map(MetricsMode::Truncate)
            }
        }
    }

    /// A mode in a property; one that can't be read is passed over, as Java's `MetricsConfig` does.
    fn read(name: &str, text: &str) -> Option<Self> {
        let mode = MetricsMode::parse(text);
        if mode.is_none() {
            tracing::warn!(
                "the table's property {name} is {text:?}, which is no mode; it is ignored"
            );
        }
        mode
    }
}

/// The modes of all columns of a table, as Java's `MetricsConfig` has them.
#[derive(Clone, Debug)]
pub(crate) struct MetricsConfig {
    columns: HashMap<i32, MetricsMode>,
}

impl MetricsConfig {
    pub(crate) fn new(table: &TableMetadata, schema: &iceberg::spec::Schema) -> Self {
        let properties = table.properties();
        let leaves = leaves(schema);
        let given = properties.get(DEFAULT).and_then(|text| MetricsMode::read(DEFAULT, text));
        let described = match given {
            Some(_) => leaves.len(),
            // Tables of very many columns would have manifests larger than what they save.
            None => properties
                .get(MAX_INFERRED)
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(MAX_INFERRED_DEFAULT),
        };
        let mode = given.unwrap_or(MetricsMode::DEFAULT);
        let mut columns: HashMap<_, _> =
            leaves.iter().take(described).map(|id| (*id, mode)).collect();
        // What rows are sorted by is what readers skip by.
        for field in &table.default_sort_order().fields {
            let bounded = match mode {
                MetricsMode::None | MetricsMode::Counts => MetricsMode::DEFAULT,
                mode => mode,
            };
            columns.insert(field.source_id, bounded);
        }
        for (name, text) in properties {
            let Some(column) = name.strip_prefix(COLUMN) else { continue };
            if let (Some(id), Some(mode)) =
                (schema.field_id_by_name(column), MetricsMode::read(name, text))
            {
                columns.insert(id, mode);
            }
        }
        MetricsConfig { columns }
    }

    pub(crate) fn mode(&self, field_id: i32) -> MetricsMode {
        self.columns.get(&field_id).copied().unwrap_or(MetricsMode::None)
    }
}

/// The ids of all columns that have values themselves, in the schema's order.
fn leaves(schema: &iceberg::spec::Schema) -> Vec<i32> {
    let mut found = Vec::new();
    let mut pending: Vec<&NestedField> =
        schema.as_struct().fields().iter().rev().map(AsRef::as_ref).collect();
    while let Some(field) = pending.pop() {
        match field.field_type.as_ref() {
            Type::Primitive(_) => found.push(field.id),
            Type::Struct(inner) => {
                pending.extend(inner.fields().iter().rev().map(AsRef::as_ref));
            }
            Type::List(list) => pending.push(&list.element_field),
            Type::Map(map) => pending.extend([map.value_field.as_ref(), map.key_field.as_ref()]),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use iceberg::spec::{
        FormatVersion, ListType, NullOrder, PartitionSpec, PrimitiveType, Schema, SortDirection,
        SortField, SortOrder, TableMetadataBuilder, Transform,
    };

    use super::*;

    fn config(columns: i32, properties: &[(&str, &str)]) -> MetricsConfig {
        let int = Type::Primitive(PrimitiveType::Int);
        let fields = (1..=columns)
            .map(|id| Arc::new(NestedField::optional(id, format!("c{id}"), int.clone())))
            .chain([Arc::new(NestedField::optional(
                columns + 1,
                "list",
                Type::List(ListType::new(Arc::new(NestedField::list_element(
                    columns + 2,
                    int.clone(),
                    false,
                )))),
            ))]);
        let schema = Schema::builder().with_fields(fields).build().unwrap();
        let sorted = SortField::builder()
            .source_id(columns)
            .transform(Transform::Identity)
            .direction(SortDirection::Ascending)
            .null_order(NullOrder::First)
            .build();
        let order = SortOrder::builder().with_sort_field(sorted).build(&schema).unwrap();
        let properties =
            properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let table = TableMetadataBuilder::new(
            schema,
            PartitionSpec::unpartition_spec(),
            order,
            "memory:///t".to_owned(),
            FormatVersion::V2,
            properties.collect(),
        )
        .unwrap()
        .build()
        .unwrap()
        .metadata;
        MetricsConfig::new(&table, table.current_schema())
    }

    #[test]
    fn modes_are_read_as_iceberg_writes_them() {
        assert_eq!(MetricsMode::parse("none"), Some(MetricsMode::None));
        assert_eq!(MetricsMode::parse(" Counts"), Some(MetricsMode::Counts));
        assert_eq!(MetricsMode::parse("full"), Some(MetricsMode::Full));
        assert_eq!(MetricsMode::parse("truncate(5)"), Some(MetricsMode::Truncate(5)));
        for wrong in ["", "truncate", "truncate(0)", "truncate(-1)", "truncate(5", "all"] {
            assert_eq!(MetricsMode::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn all_columns_of_a_narrow_table_have_bounds() {
        let config = config(5, &[]);
        assert!((1..=5).all(|id| config.mode(id) == MetricsMode::Truncate(16)));
        assert_eq!(config.mode(7), MetricsMode::Truncate(16), "the element of the list");
    }

    #[test]
    fn of_a_wide_table_the_first_columns_have_metrics_and_those_it_is_sorted_by() {
        let config = config(200, &[]);
        assert_eq!(config.mode(100), MetricsMode::Truncate(16));
        assert_eq!(config.mode(101), MetricsMode::None);
        assert_eq!(config.mode(200), MetricsMode::Truncate(16));
    }

    #[test]
    fn a_column_may_have_a_mode_of_its_own() {
        let config = config(
            200,
            &[
                (DEFAULT, "counts"),
                ("write.metadata.metrics.column.c7", "full"),
                ("write.metadata.metrics.column.c8", "nonsense"),
                ("write.metadata.metrics.column.gone", "full"),
                ("write.metadata.metrics.column.list.element", "none"),
            ],
        );
        assert_eq!(config.mode(7), MetricsMode::Full);
        assert_eq!(config.mode(8), MetricsMode::Counts);
        assert_eq!(config.mode(199), MetricsMode::Counts);
        assert_eq!(config.mode(202), MetricsMode::None);
        assert_eq!(config.mode(200), MetricsMode::Truncate(16), "what it is sorted by");
    }
}
