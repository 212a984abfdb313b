//! The order in which rows of a table are best read, as text and as Iceberg's sort order.
//!
//! `ts desc nulls last, bucket(16, id)`: transforms of columns, as those of a partition spec, each with
//! its direction, `asc` where none is given, and where its nulls are: first when ascending, last when
//! descending, as Spark has it. It is a wish of the table to those who rewrite its files: what an export
//! writes is in the order of the scan, and says so by having no sort order itself.

use iceberg::spec::{NullOrder, Schema, SortDirection, SortField, SortOrder};

use crate::error::{Error, Result};
use crate::term::Tokens;

/// Reads a sort order.
///
/// # Errors
///
/// [`ErrorKind::Request`](crate::ErrorKind::Request), with the column and the reason.
pub(crate) fn parse(text: &str, schema: &Schema) -> Result<SortOrder> {
    fields(text, schema)
        .map_err(|error| Error::request(format!("a table can't be sorted by {text:?}: {error}")))
}

fn fields(text: &str, schema: &Schema) -> Result<SortOrder> {
    let mut tokens = Tokens::new(text)?;
    let mut fields: Vec<SortField> = Vec::new();
    loop {
        let term = tokens.term()?;
        let direction = match tokens.keyword(&["asc", "desc"]) {
            Some("desc") => SortDirection::Descending,
            _ => SortDirection::Ascending,
        };
        let null_order = match (tokens.keyword(&["nulls"]), direction) {
            (Some(_), _) => match tokens.keyword(&["first", "last"]) {
                Some("first") => NullOrder::First,
                Some(_) => NullOrder::Last,
                None => return Err(Error::request("\"nulls\" is followed by first or last")),
            },
            (None, SortDirection::Ascending) => NullOrder::First,
            (None, SortDirection::Descending) => NullOrder::Last,
        };
        tokens.separator()?;
        let (source_id, transform) = (term.field(schema)?.id, term.transform);
        let is_same =
            |other: &SortField| other.source_id == source_id && other.transform == transform;
        if fields.iter().any(is_same) {
            return Err(Error::request(format!("column {:?} is given twice", term.column)));
        }
        fields.push(SortField { source_id, transform, direction, null_order });
        if tokens.is_empty() {
            break;
        }
    }
    SortOrder::builder()
        .with_fields(fields)
        .build(schema)
        .map_err(|source| Error::request("it is refused").with_source(source))
}

#[cfg(test)]
mod tests {
    use iceberg::spec::{NestedField, PrimitiveType, Transform, Type};

    use super::*;

    fn schema() -> Schema {
        let simple = |id, name: &str, typ| NestedField::optional(id, name, Type::Primitive(typ));
        let fields = [
            simple(1, "ts", PrimitiveType::Timestamptz).into(),
            simple(2, "desc", PrimitiveType::Int).into(),
        ];
        Schema::builder().with_fields(fields).build().unwrap()
    }

    #[test]
    fn directions_and_nulls_have_the_defaults_of_spark() {
        let text = "ts DESC, day(ts) desc nulls first, bucket(4, desc), desc asc nulls last";
        let order = parse(text, &schema()).unwrap();
        let (asc, desc) = (SortDirection::Ascending, SortDirection::Descending);
        let field = |source_id, transform, direction, null_order| SortField {
            source_id,
            transform,
            direction,
            null_order,
        };
        let expected = [
            field(1, Transform::Identity, desc, NullOrder::Last),
            field(1, Transform::Day, desc, NullOrder::First),
            field(2, Transform::Bucket(4), asc, NullOrder::First),
            field(2, Transform::Identity, asc, NullOrder::Last),
        ];
        assert_eq!(order.fields, expected);
        assert_eq!(order.order_id, 1);
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_reason() {
        for (text, reason) in [
            ("t", "no column \"t\""),
            ("ts nulls", "first or last"),
            ("ts down", "instead of \"down\""),
            ("ts, ts desc", "given twice"),
            ("year(desc)", "year does not apply"),
            ("", "its end"),
        ] {
            let error = parse(text, &schema()).unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
    }
}
