//! Conditions by example, and texts that are none.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int32Array, Int64Array, LargeBinaryArray, RecordBatch, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{NestedField, PrimitiveType, Schema, SchemaRef, StructType, Type};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::error::ErrorKind;

/// A column of each type that can be compared, and one that can't.
fn schema() -> SchemaRef {
    let types = [
        ("i", PrimitiveType::Int),
        ("l", PrimitiveType::Long),
        ("f", PrimitiveType::Float),
        ("d", PrimitiveType::Double),
        ("s", PrimitiveType::String),
        ("b", PrimitiveType::Boolean),
        ("day", PrimitiveType::Date),
        ("clock", PrimitiveType::Time),
        ("ts", PrimitiveType::Timestamp),
        ("tz", PrimitiveType::Timestamptz),
        ("ns", PrimitiveType::TimestampNs),
        ("u", PrimitiveType::Uuid),
        ("n", PrimitiveType::Decimal { precision: 6, scale: 2 }),
        ("x", PrimitiveType::Binary),
        ("fixed", PrimitiveType::Fixed(2)),
        ("Strange Name", PrimitiveType::Int),
    ];
    let fields = types
        .into_iter()
        .zip(1..)
        .map(|((name, typ), id)| Arc::new(NestedField::optional(id, name, Type::Primitive(typ))));
    let part = Arc::new(NestedField::optional(51, "i", Type::Primitive(PrimitiveType::Int)));
    let nested = NestedField::optional(50, "st", Type::Struct(StructType::new(vec![part])));
    let fields = fields.chain([Arc::new(nested)]);
    Arc::new(Schema::builder().with_fields(fields).build().unwrap())
}

/// Three rows: small values, greater ones, nulls.
fn batch() -> RecordBatch {
    let uuid = |number: u128| Uuid::from_u128(number).into_bytes();
    let fixed = |one: &[u8], two: &[u8]| {
        let rows = [Some(one), Some(two), None].into_iter();
        let size = i32::try_from(one.len()).unwrap();
        Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(rows, size).unwrap())
    };
    let hour = 3_600_000_000_i64;
    let numbers = Decimal128Array::from(vec![Some(-150), Some(250), None]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![Some(-1), Some(5), None])),
        Arc::new(Int64Array::from(vec![Some(-1), Some(1 << 40), None])),
        Arc::new(Float32Array::from(vec![Some(-0.0), Some(-f32::NAN), None])),
        Arc::new(Float64Array::from(vec![Some(-0.0), Some(-f64::NAN), None])),
        Arc::new(StringArray::from(vec![Some("abc"), Some("é'x"), None])),
        Arc::new(BooleanArray::from(vec![Some(false), Some(true), None])),
        Arc::new(Date32Array::from(vec![Some(-1), Some(19_723), None])),
        Arc::new(Time64MicrosecondArray::from(vec![Some(hour), Some(2 * hour + 1), None])),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), Some(hour), None])),
        Arc::new(
            TimestampMicrosecondArray::from(vec![Some(-1), Some(hour), None])
                .with_timezone("+00:00"),
        ),
        Arc::new(TimestampNanosecondArray::from(vec![Some(-1), Some(1000 * hour), None])),
        fixed(&uuid(1), &uuid(u128::MAX)),
        Arc::new(numbers.with_precision_and_scale(6, 2).unwrap()),
        Arc::new(LargeBinaryArray::from(vec![Some(&[][..]), Some(&[0xca, 0xfe]), None])),
        fixed(&[0, 1], &[0xff, 0]),
        Arc::new(Int32Array::from(vec![Some(1), Some(2), None])),
    ];
    let arrow = schema_to_arrow_schema(&schema()).unwrap();
    let flat: Vec<usize> = (0..columns.len()).collect();
    RecordBatch::try_new(Arc::new(arrow.project(&flat).unwrap()), columns).unwrap()
}

/// What a filter says of the three rows: `t`, `f`, or `?`.
fn of_rows(text: &str) -> String {
    let filter = Filter::parse(text, &schema()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let place = |id: i32| usize::try_from(id - 1).ok();
    let rows = filter.evaluate(&batch(), &place).unwrap();
    rows.iter().map(|row| row.map_or('?', |row| if row { 't' } else { 'f' })).collect()
}

fn refused(text: &str) -> (ErrorKind, String) {
    let error = Filter::parse(text, &schema()).expect_err(text);
    (error.kind(), error.to_string())
}

#[test]
fn literals_are_of_the_types_of_their_columns() {
    for (text, rows) in [
        ("i = -1", "tf?"),
        ("i > +4", "ft?"),
        ("l = 1099511627776", "ft?"),
        ("s = 'é''x'", "ft?"),
        ("s < 'abd'", "tf?"),
        ("b", "ft?"),
        ("NOT b", "tf?"),
        ("b = false", "tf?"),
        ("day = '2024-01-01'", "ft?"),
        ("day < DATE '1970-01-01'", "tf?"),
        ("clock = '01:00'", "tf?"),
        ("clock > '02:00:00'", "ft?"),
        ("clock >= '02:00:00.000001'", "ft?"),
        ("ts = '1970-01-01 01:00:00'", "ft?"),
        ("ts < '1970-01-01'", "tf?"),
        ("ts = '1969-12-31T23:59:59.999999'", "tf?"),
        ("tz = '1970-01-01T02:00:00+01:00'", "ft?"),
        ("tz = TIMESTAMP '1970-01-01 01:00'", "ft?"),
        ("ns = '1970-01-01 01:00:00'", "ft?"),
        ("u = '00000000-0000-0000-0000-000000000001'", "tf?"),
        ("u > '7fffffff-ffff-ffff-ffff-ffffffffffff'", "ft?"),
        ("n = 2.5", "ft?"),
        ("n = 2.500", "ft?"),
        ("n <= -1.5", "tf?"),
        ("x = X'CAfe'", "ft?"),
        ("x = X''", "tf?"),
        ("fixed < X'ff00'", "tf?"),
        ("\"Strange Name\" = 2", "ft?"),
        ("I = 5 and DAY IS NOT NULL", "ftf"),
    ] {
        assert_eq!(of_rows(text), rows, "{text}");
    }
}

#[test]
fn nan_is_above_all_numbers_and_there_is_one_zero() {
    for column in ["f", "d"] {
        for (text, rows) in [
            ("= 0", "tf?"),
            ("< 0", "ff?"),
            (">= 0.0", "tt?"),
            ("= -0.0", "tf?"),
            ("> 1e30", "ft?"),
            ("!= 0", "ft?"),
            ("NOT IN (0)", "ft?"),
            ("IN (1, 0)", "tf?"),
        ] {
            let text = format!("{column} {text}");
            assert_eq!(of_rows(&text), rows, "{text}");
        }
        assert_eq!(of_rows(&format!("IS_NAN({column})")), "ft?");
        assert_eq!(of_rows(&format!("NOT isnan({column})")), "tf?");
    }
}

#[test]
fn conditions_join_as_in_sql() {
    for (text, rows) in [
        ("i = 5 OR l = -1", "tt?"),
        ("i = 5 OR i IS NULL", "ftt"),
        ("i = 5 AND i IS NULL", "ff?"),
        ("i IS NULL OR b", "ftt"),
        ("NOT (i IS NULL OR b)", "tff"),
        ("5 > i", "tf?"),
        ("i <> 5 AND NOT i = 7", "tf?"),
        ("i BETWEEN -1 AND 4", "tf?"),
        ("i NOT BETWEEN -1 AND 4", "ft?"),
        ("i IN (5, 6)", "ft?"),
        ("i NOT IN (5, 6)", "tf?"),
        ("s LIKE 'a%'", "tf?"),
        ("s NOT LIKE 'a%'", "ft?"),
        ("s LIKE 'abc'", "tf?"),
        ("s LIKE '%'", "tt?"),
        ("(((i = 5)))", "ft?"),
        ("i=5 OR i=6 OR i=7 OR i=-1 AND b", "ft?"),
    ] {
        assert_eq!(of_rows(text), rows, "{text}");
    }
}

#[test]
fn what_is_refused_is_told_with_a_remedy() {
    for (text, kind, told) in [
        ("i = ", ErrorKind::Request, "no condition of SQL"),
        ("", ErrorKind::Request, "no condition of SQL"),
        ("i = 'x", ErrorKind::Request, "Line: 1, Column: 5"),
        ("i = 5 i", ErrorKind::Request, "i at line 1, column 7 is one too many"),
        ("i = 5; DROP TABLE t", ErrorKind::Request, "one too many"),
        (
            "missing = 5",
            ErrorKind::Request,
            r#""missing" at line 1, column 1, and there is no such column; there are i, l"#,
        ),
        ("\"I\" = 5", ErrorKind::Request, r#"names "I""#),
        (
            "i = 'five'",
            ErrorKind::Request,
            r#"column "i" is int, and 'five' is not: give a number"#,
        ),
        ("i = 3000000000", ErrorKind::Request, "a whole number of 32 bits"),
        ("i = 1.5", ErrorKind::Request, "a whole number of 32 bits"),
        ("f = 1e300", ErrorKind::Request, "a number of 32 bits"),
        ("day = 5", ErrorKind::Request, "a date as '2024-01-01'"),
        ("ts = '2024-01-01T00:00:00Z'", ErrorKind::Request, "a time without zone"),
        ("tz = '2024-01-01 00:00:00.0000001'", ErrorKind::Request, "to the microsecond"),
        ("u = 'x'", ErrorKind::Request, "a uuid"),
        ("n = 1.234", ErrorKind::Request, "as many digits"),
        ("n = 10000", ErrorKind::Request, "as many digits"),
        ("x = X'abc'", ErrorKind::Request, "whole bytes"),
        ("fixed = X'ab'", ErrorKind::Request, "as many bytes"),
        ("x = 'cafe'", ErrorKind::Request, "bytes as X'cafe'"),
        ("i = NULL", ErrorKind::Request, "use IS NULL"),
        ("i LIKE 'a%'", ErrorKind::Request, "it is no text"),
        ("IS_NAN(i)", ErrorKind::Request, "it is int"),
        ("s LIKE '%a'", ErrorKind::Unsupported, "one % at its end"),
        ("s LIKE 'a_%'", ErrorKind::Unsupported, "one % at its end"),
        ("i = l", ErrorKind::Unsupported, "compare a column with a literal"),
        ("i + 1 = 5", ErrorKind::Unsupported, "compare a column with a literal"),
        ("1 = 1", ErrorKind::Unsupported, "compare a column with a literal"),
        ("i IN (SELECT 1)", ErrorKind::Unsupported, "can't be followed"),
        ("lower(s) = 'a'", ErrorKind::Unsupported, "compare a column with a literal"),
        ("(i = 5) IS TRUE", ErrorKind::Unsupported, "can't be followed"),
        ("f(i)", ErrorKind::Unsupported, "IS_NAN(column)"),
        ("st.i = 5", ErrorKind::Unsupported, "fields within columns"),
        ("st = 5", ErrorKind::Unsupported, "only IS NULL"),
        ("i", ErrorKind::Request, "which is int; compare it"),
    ] {
        let (found, message) = refused(text);
        assert_eq!(found, kind, "{text}: {message}");
        assert!(message.contains(told), "{text}: {message}");
    }
    Filter::parse("st IS NULL", &schema()).unwrap();
}

#[test]
fn conditions_may_be_long_and_not_endless() {
    let many = vec!["i = 5"; 600].join(" OR ");
    assert_eq!(of_rows(&many), "ft?");
    let numbers = (0..20_000).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    assert_eq!(of_rows(&format!("i IN ({numbers})")), "ft?");
    for endless in ["i = 5 AND ", "1 - ", "i = "] {
        let (kind, message) = refused(&format!("{}i = 5", endless.repeat(100_000)));
        assert_eq!(kind, ErrorKind::Request);
        assert!(message.contains("more than 2000 words and signs"), "{message}");
    }
    assert_eq!(of_rows("((((((((((i = 5))))))))))"), "ft?");
    let deep = [
        "(",
        "NOT ",
        "- ",
        "f(",
        "(SELECT ",
        "CASE WHEN ",
        "CAST(",
        "i[",
        "[",
        "i IN (",
        "EXISTS (",
        "{",
    ];
    for deep in deep {
        let (kind, message) = refused(&format!("{}i = 5", deep.repeat(600)));
        assert_eq!(kind, ErrorKind::Request, "{message}");
    }
}

fn texts() -> impl Strategy<Value = String> {
    let words = [
        "i",
        "s",
        "f",
        "day",
        "\"Strange Name\"",
        "st.i",
        "=",
        "<>",
        "<",
        ">=",
        "IN",
        "(",
        ")",
        ",",
        "AND",
        "OR",
        "NOT",
        "IS",
        "NULL",
        "LIKE",
        "'a%'",
        "''",
        "5",
        "-",
        "1.5e9",
        "X'ca'",
        "BETWEEN",
        "IS_NAN(",
        "DATE",
        "'2024-01-01'",
        "CASE",
        "WHEN",
        "::",
        "[",
        "]",
        "*",
        ".",
        "true",
        "SELECT",
        "--",
        "/*",
        "\u{0}",
    ];
    let word = proptest::sample::select(words.to_vec());
    proptest::collection::vec(word, 0..30).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = Filter::parse(&text, &schema());
    }

    #[test]
    fn no_words_panic(text in texts()) {
        if let Ok(filter) = Filter::parse(&text, &schema()) {
            let place = |id: i32| usize::try_from(id - 1).ok().filter(|place| *place < 16);
            let _ = filter.evaluate(&batch(), &place);
        }
    }
}
