//! How a table is partitioned, as text and as Iceberg's partition spec.
//!
//! `day(ts), bucket(16, id), truncate(4, name), region`: transforms of columns, with the names that Spark
//! and Iceberg's API have for them, outermost first. A name with other characters than letters, digits
//! and the like stands in double quotes, as in CQL: `"Strange name"`, `"writetime(x)"`. Upper and lower
//! case of columns matter, quoted or not.

use iceberg::spec::{PartitionSpec, Schema, Transform, UnboundPartitionSpec};

use crate::error::{Error, Result};
use crate::term::{Term, Tokens};

/// Reads a partition spec.
///
/// # Errors
///
/// [`ErrorKind::Request`](crate::ErrorKind::Request), with the column and the reason: one that is not
/// there or nested, a transform that does not apply to it, a number of 0, a field that is there already.
pub(crate) fn parse(text: &str, schema: &Schema) -> Result<UnboundPartitionSpec> {
    fields(text, schema).map_err(|error| {
        Error::request(format!("a table can't be partitioned by {text:?}: {error}"))
    })
}

fn fields(text: &str, schema: &Schema) -> Result<UnboundPartitionSpec> {
    let mut tokens = Tokens::new(text)?;
    // A catalog of Java does not read a spec without an id.
    let mut spec = UnboundPartitionSpec::builder().with_spec_id(0);
    let mut taken: Vec<(Term, String)> = Vec::new();
    loop {
        let term = tokens.term()?;
        tokens.separator()?;
        let field = term.field(schema)?;
        let is_redundant = |(other, _): &&(Term, String)| {
            other.column == term.column
                && other.transform.dedup_name() == term.transform.dedup_name()
        };
        if let Some((other, _)) = taken.iter().find(is_redundant) {
            return Err(Error::request(format!(
                "{} and {} of the same column can't go together",
                Term::describe(other.transform, &other.column),
                Term::describe(term.transform, &term.column)
            )));
        }
        let base = field_name(&term);
        let is_free = |name: &String| {
            let is_column = schema.field_by_name(name).is_some_and(|column| {
                term.transform != Transform::Identity || column.id != field.id
            });
            !is_column && taken.iter().all(|(_, other)| other != name)
        };
        let numbered = (2_u32..).map(|n| format!("{base}_{n}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        let name = names.find(is_free).unwrap_or_else(|| base.clone());
        spec = spec
            .add_partition_field(field.id, &name, term.transform)
            .map_err(|source| Error::request(format!("{name:?} is refused")).with_source(source))?;
        taken.push((term, name));
        if tokens.is_empty() {
            return Ok(spec.build());
        }
    }
}

/// The name of a partition field as Spark and pyiceberg give it.
fn field_name(term: &Term) -> String {
    let suffix = match term.transform {
        Transform::Identity | Transform::Unknown => return term.column.clone(),
        Transform::Bucket(_) => "bucket",
        Transform::Truncate(_) => "trunc",
        Transform::Year => "year",
        Transform::Month => "month",
        Transform::Day => "day",
        Transform::Hour => "hour",
        Transform::Void => "null",
    };
    format!("{}_{suffix}", term.column)
}

/// A spec as text that [`parse`] reads; nothing for an unpartitioned table.
pub(crate) fn describe(spec: &PartitionSpec, schema: &Schema) -> String {
    let fields = spec.fields().iter().map(|field| {
        let column = schema.name_by_field_id(field.source_id).unwrap_or("?");
        Term::describe(field.transform, column)
    });
    fields.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use iceberg::spec::{NestedField, PrimitiveType, StructType, Type};

    use super::*;

    fn schema() -> Schema {
        let simple = |id, name: &str, typ| NestedField::optional(id, name, Type::Primitive(typ));
        let nested =
            Type::Struct(StructType::new(vec![simple(8, "ts", PrimitiveType::Timestamptz).into()]));
        let fields = [
            simple(1, "ts", PrimitiveType::Timestamptz),
            simple(2, "id", PrimitiveType::Uuid),
            simple(3, "name", PrimitiveType::String),
            simple(4, "Strange, \"name\"", PrimitiveType::Date),
            simple(5, "16", PrimitiveType::Int),
            simple(6, "id_bucket", PrimitiveType::Boolean),
            NestedField::optional(7, "udt", nested),
        ];
        Schema::builder().with_fields(fields.map(Into::into)).build().unwrap()
    }

    fn names_and_sources(text: &str) -> Vec<(String, i32, Transform)> {
        let spec = parse(text, &schema()).unwrap();
        let fields = spec.fields().iter();
        fields.map(|field| (field.name.clone(), field.source_id, field.transform)).collect()
    }

    #[test]
    fn transforms_are_read_with_numbers_on_either_side() {
        let read = names_and_sources(
            "day(ts),bucket(16, id), Truncate(name, 4) ,year(\"Strange, \"\"name\"\"\"),16, \
             bucket(8,16),name,void(\"id_bucket\")",
        );
        let expected = [
            ("ts_day", 1, Transform::Day),
            ("id_bucket_2", 2, Transform::Bucket(16)), // there is a column id_bucket
            ("name_trunc", 3, Transform::Truncate(4)),
            ("Strange, \"name\"_year", 4, Transform::Year),
            ("16", 5, Transform::Identity),
            ("16_bucket", 5, Transform::Bucket(8)),
            ("name", 3, Transform::Identity),
            ("id_bucket_null", 6, Transform::Void),
        ];
        assert_eq!(read, expected.map(|(name, id, transform)| (name.to_owned(), id, transform)));
        for (text, transform) in
            [("years", Transform::Year), ("MONTH", Transform::Month), ("hours", Transform::Hour)]
        {
            assert_eq!(names_and_sources(&format!("{text}(ts)"))[0].2, transform);
        }
    }

    #[test]
    fn a_spec_says_its_id_since_java_asks_for_it() {
        let spec = serde_json::to_value(parse("day(ts)", &schema()).unwrap()).unwrap();
        assert_eq!(spec["spec-id"], 0);
    }

    #[test]
    fn the_description_is_read_as_the_same_spec() {
        for text in [
            "day(ts), bucket(16, id), truncate(4, name)",
            "year(\"Strange, \"\"name\"\"\"), 16, void(name)",
        ] {
            let schema = schema();
            let spec = parse(text, &schema).unwrap().bind(schema.clone()).unwrap();
            assert_eq!(describe(&spec, &schema), text);
        }
        assert_eq!(describe(&PartitionSpec::unpartition_spec(), &schema()), "");
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_column_and_the_reason() {
        for (text, reasons) in [
            ("day(t)", &["no column \"t\"", "ts, id, name, \"Strange, \"\"name\"\"\""][..]),
            ("TS", &["no column \"TS\""]),
            ("day(id)", &["day does not apply", "\"id\"", "identity, bucket, void"]),
            ("hour(\"Strange, \"\"name\"\"\")", &["date", "year, month, day"]),
            ("bucket(4, id_bucket)", &["boolean", "identity, void"]),
            ("bucket(0, id)", &["\"id\"", "number 0", "1 to"]),
            ("truncate(4294967295, name)", &["4294967295"]),
            ("bucket(99999999999999999999, id)", &["99999999999999999999"]),
            ("bucket(id)", &["bucket(16, column)"]),
            ("bucket(x, id)", &["bucket(16, column)"]),
            ("day(ts, id)", &["day(column)"]),
            ("day(ts), year(ts)", &["day(ts) and year(ts)"]),
            ("name, identity(name)", &["name and name"]),
            ("sqrt(ts)", &["no transform \"sqrt\"", "truncate(N, column)"]),
            ("udt", &["\"udt\"", "simple type"]),
            ("udt.ts", &["no column \"udt.ts\""]),
            ("", &["a column or a transform is expected instead of its end"]),
            ("ts,", &["instead of \",\""]),
            ("ts id", &["instead of \"id\""]),
            ("day(ts", &["\",\" or \")\""]),
            ("day()", &["instead of \")\""]),
            ("\"ts", &["quote"]),
        ] {
            let error = parse(text, &schema()).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Request, "{text}");
            for reason in reasons {
                assert!(error.to_string().contains(reason), "{text}: {error}");
            }
        }
    }
}
