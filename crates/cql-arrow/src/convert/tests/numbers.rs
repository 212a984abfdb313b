//! Numbers: integers, floats, decimals.

use arrow_array::*;
use arrow_buffer::i256;
use scylla::frame::response::result::{ColumnType, NativeType};

use super::{check, converted_to};
use crate::mapping::{DecimalMapping, MappingOptions, field};
use crate::text::TextOptions;

use ColumnType::Native;
use NativeType::*;

#[test]
fn integers_go_where_they_fit() {
    let wide = || Int64Array::from(vec![Some(-128), Some(128), None, Some(i64::MIN)]);
    check(
        &Native(TinyInt),
        wide(),
        &["-128", r#"!"128" is no tinyint"#, "null", r#"!"-9223372036854775808" is no tinyint"#],
    );
    check(&Native(Int), wide(), &["-128", "128", "null", r#"!"-9223372036854775808" is no int"#]);
    check(&Native(BigInt), wide(), &["-128", "128", "null", "-9223372036854775808"]);
    check(&Native(Counter), wide(), &["-128", "128", "null", "-9223372036854775808"]);
    check(&Native(Text), wide(), &[r#""-128""#, r#""128""#, "null", r#""-9223372036854775808""#]);
    let largest = || UInt64Array::from(vec![u64::MAX, 1 << 63, (1 << 63) - 1]);
    check(
        &Native(BigInt),
        largest(),
        &[
            r#"!"18446744073709551615" is no bigint"#,
            r#"!"9223372036854775808" is no bigint"#,
            "9223372036854775807",
        ],
    );
    check(
        &Native(Varint),
        largest(),
        &[r#""18446744073709551615""#, r#""9223372036854775808""#, "9223372036854775807"],
    );
    check(&Native(Decimal), Int8Array::from(vec![-7]), &[r#""-7""#]);
    check(&Native(SmallInt), UInt16Array::from(vec![32768]), &[r#"!"32768" is no smallint"#]);
    check(&Native(SmallInt), UInt8Array::from(vec![255]), &["255"]);
}

#[test]
fn integers_become_floats_only_if_exact() {
    let near = || Int64Array::from(vec![1 << 53, (1 << 53) + 1, i64::MAX, i64::MIN]);
    check(
        &Native(Double),
        near(),
        &[
            "9007199254740992.0",
            r#"!"9007199254740993" is no double"#,
            r#"!"9223372036854775807" is no double"#,
            "-9.223372036854776e+18",
        ],
    );
    check(
        &Native(Float),
        Int32Array::from(vec![1 << 24, (1 << 24) + 1, i32::MAX]),
        &["16777216.0", r#"!"16777217" is no float"#, r#"!"2147483647" is no float"#],
    );
}

#[test]
fn doubles_become_the_nearest_floats() {
    let doubles = || Float64Array::from(vec![0.5, 0.1, f64::NAN, f64::NEG_INFINITY, 1e300, -0.0]);
    check(
        &Native(Float),
        doubles(),
        &[
            "0.5",
            "0.1",
            r#""NaN""#,
            r#""-Infinity""#,
            &format!("!\"1{}\"… is no float", "0".repeat(59)),
            "-0.0",
        ],
    );
    check(&Native(Double), Float32Array::from(vec![0.1]), &["0.10000000149011612"]);
    // pandas has integers beside nulls as doubles. Of those beyond 2^53 nobody knows what they were.
    check(
        &Native(BigInt),
        Float64Array::from(vec![
            7.0,
            7.5,
            9_007_199_254_740_991.0,
            9_007_199_254_740_992.0,
            f64::NAN,
        ]),
        &[
            "7",
            r#"!"7.5" is no bigint"#,
            "9007199254740991",
            r#"!"9007199254740992" is no bigint"#,
            r#"!"NaN" is no bigint"#,
        ],
    );
    check(
        &Native(Varint),
        Float32Array::from(vec![16_777_215.0, 16_777_216.0]),
        &["16777215", r#"!"16777216" is no varint"#],
    );
    check(
        &Native(Decimal),
        Float64Array::from(vec![0.1, 1e-7, f64::INFINITY]),
        &[r#""0.1""#, r#""1E-7""#, r#"!"inf" is no decimal"#],
    );
}

#[test]
fn decimals_keep_their_scale() {
    let decimals = || {
        let array = Decimal128Array::from(vec![Some(150), Some(-200), None]);
        array.with_precision_and_scale(10, 2).unwrap()
    };
    check(&Native(Decimal), decimals(), &[r#""1.50""#, r#""-2.00""#, "null"]);
    check(&Native(Int), decimals(), &[r#"!"1.50" is no int"#, "-2", "null"]);
    check(&Native(Varint), decimals(), &[r#"!"1.50" is no varint"#, "-2", "null"]);
    check(&Native(Text), decimals(), &[r#""1.50""#, r#""-2.00""#, "null"]);
    let fixed = MappingOptions { decimals: DecimalMapping::Fixed { precision: 4, scale: 1 } };
    let fixed = field("c", &Native(Decimal), &fixed).unwrap();
    let rows = converted_to(&fixed, decimals(), &TextOptions::default());
    assert_eq!(rows[0], r#""1.5""#);
    let fine = Decimal64Array::from(vec![15, 10]).with_precision_and_scale(10, 2).unwrap();
    let rows = converted_to(&fixed, fine, &TextOptions::default());
    assert!(rows[0].starts_with(r#"!"0.15" does not fit decimal(4, 1) exactly"#), "{rows:?}");
    assert_eq!(rows[1], r#""0.1""#);

    let big = i256::from_string(&"9".repeat(76)).unwrap();
    let big = Decimal256Array::from(vec![big]).with_precision_and_scale(76, 0).unwrap();
    check(&Native(Varint), big, &[&format!("\"{}\"", "9".repeat(76))]);
    let thousands = Decimal32Array::from(vec![7]).with_precision_and_scale(9, -3).unwrap();
    check(&Native(Int), thousands, &["7000"]);
}
