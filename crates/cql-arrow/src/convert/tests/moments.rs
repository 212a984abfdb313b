//! Moments and spans of time.

use std::sync::Arc;

use arrow_array::types::{IntervalDayTime, IntervalMonthDayNano};
use arrow_array::*;
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::FixedOffset;
use scylla::frame::response::result::{ColumnType, NativeType};

use super::{check, converted_to, refused, target};
use crate::error::ErrorKind;
use crate::text::{EpochUnit, TextOptions};

use ColumnType::Native;
use NativeType::*;

#[test]
fn timestamps_are_moments_of_whole_milliseconds() {
    let moment = r#""2024-02-29T12:34:56.789Z""#;
    check(
        &Native(Timestamp),
        TimestampMicrosecondArray::from(vec![1_709_210_096_789_000, 1]),
        &[moment, r#"!"1 us since 1970" is no timestamp"#],
    );
    let named = TimestampNanosecondArray::from(vec![1_709_210_096_789_000_000]);
    check(&Native(Timestamp), named.with_timezone("Europe/Berlin"), &[moment]);
    check(
        &Native(Timestamp),
        TimestampSecondArray::from(vec![-1, i64::MAX]),
        &[
            r#""1969-12-31T23:59:59.000Z""#,
            r#"!"9223372036854775807 s since 1970" is no timestamp"#,
        ],
    );
    check(&Native(Timestamp), Date32Array::from(vec![1]), &[r#""1970-01-02T00:00:00.000Z""#]);
    check(&Native(Timestamp), Int64Array::from(vec![1]), &[r#""1970-01-01T00:00:00.001Z""#]);

    let zone = FixedOffset::east_opt(3600).unwrap();
    let options = TextOptions { zone, epoch: EpochUnit::Microseconds, ..TextOptions::default() };
    let target = target(&Native(Timestamp));
    let local = TimestampMillisecondArray::from(vec![3_600_000, i64::MIN]);
    assert_eq!(
        converted_to(&target, local, &options),
        [
            r#""1970-01-01T00:00:00.000Z""#,
            r#"!"-9223372036854775808 ms since 1970" is no timestamp"#
        ]
    );
    let known = TimestampSecondArray::from(vec![0]).with_timezone("+05:00");
    assert_eq!(converted_to(&target, known, &options), [r#""1970-01-01T00:00:00.000Z""#]);
    let day = Date64Array::from(vec![86_400_000]);
    assert_eq!(converted_to(&target, day, &options), [r#""1970-01-01T23:00:00.000Z""#]);
    let number = Int64Array::from(vec![1000, 1]);
    assert_eq!(
        converted_to(&target, number, &options),
        [r#""1970-01-01T00:00:00.001Z""#, r#"!"1" is no timestamp"#]
    );
}

#[test]
fn days_are_whole() {
    check(
        &Native(Date),
        Date64Array::from(vec![86_400_000, 1, i64::MAX]),
        &[
            r#""1970-01-02""#,
            r#"!"1 ms since 1970" is no date"#,
            r#"!"9223372036854775807 ms since 1970" is no date"#,
        ],
    );
    let midnight = || TimestampSecondArray::from(vec![-86_400, 3600]);
    check(&Native(Date), midnight(), &[r#""1969-12-31""#, r#"!"3600 s since 1970" is no date"#]);
    check(
        &Native(Date),
        midnight().with_timezone("-01:00"),
        &[r#"!"-86400 s since 1970" is no date"#, r#""1970-01-01""#],
    );
    check(
        &Native(Date),
        midnight().with_timezone("Etc/UTC"),
        &[r#""1969-12-31""#, r#"!"3600 s since 1970" is no date"#],
    );
    for zone in ["Europe/Berlin", "Etc/GMT+1"] {
        let named = DataType::Timestamp(TimeUnit::Second, Some(zone.into()));
        assert_eq!(refused(&named, &Native(Date)).kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn times_are_of_one_day() {
    check(
        &Native(Time),
        Time32SecondArray::from(vec![86_399, 86_400, -1]),
        &[
            r#""23:59:59.000000000""#,
            r#"!"86400000000000 ns" is no time"#,
            r#"!"-1000000000 ns" is no time"#,
        ],
    );
    check(
        &Native(Time),
        Int64Array::from(vec![1, 86_399_999_999_999, 86_400_000_000_000, -1]),
        &[
            r#""00:00:00.000000001""#,
            r#""23:59:59.999999999""#,
            r#"!"86400000000000" is no time"#,
            r#"!"-1" is no time"#,
        ],
    );
    check(&Native(Time), Time32MillisecondArray::from(vec![1]), &[r#""00:00:00.001000000""#]);
    check(
        &Native(Time),
        Time64MicrosecondArray::from(vec![1, i64::MAX]),
        &[r#""00:00:00.000001000""#, r#"!"9223372036854775807000 ns" is no time"#],
    );
    // Of equal types, but Arrow has times that CQL has not.
    check(
        &Native(Time),
        Time64NanosecondArray::from(vec![1, -1]),
        &[r#""00:00:00.000000001""#, r#"!"-1 ns" is no time"#],
    );
}

#[test]
fn durations_are_of_one_sign() {
    check(
        &Native(Duration),
        DurationSecondArray::from(vec![-1, i64::MAX]),
        &[r#""-1s""#, r#"!"0 months 0 days 9223372036854775807000000000 ns" is no duration"#],
    );
    check(&Native(Duration), DurationMillisecondArray::from(vec![1]), &[r#""1ms""#]);
    check(&Native(Duration), DurationMicrosecondArray::from(vec![1]), &[r#""1us""#]);
    check(&Native(Duration), DurationNanosecondArray::from(vec![1]), &[r#""1ns""#]);
    check(&Native(Duration), IntervalYearMonthArray::from(vec![13]), &[r#""1y1mo""#]);
    check(
        &Native(Duration),
        IntervalDayTimeArray::from(vec![IntervalDayTime::new(1, 2)]),
        &[r#""1d2ms""#],
    );
    check(
        &Native(Duration),
        IntervalMonthDayNanoArray::from(vec![
            IntervalMonthDayNano::new(1, 2, 3),
            IntervalMonthDayNano::new(1, -2, 0),
        ]),
        &[r#""1mo2d3ns""#, r#"!"1 months -2 days 0 ns" is no duration"#],
    );
    let part = |name, values: Vec<Option<i64>>| {
        let array: ArrayRef = Arc::new(Int64Array::from(values));
        (Arc::new(Field::new(name, DataType::Int64, true)), array)
    };
    let parts = StructArray::from(vec![
        part("days", vec![Some(1), None, Some(1 << 31)]),
        part("months", vec![Some(2), Some(0), Some(0)]),
        part("nanoseconds", vec![Some(3), Some(0), Some(0)]),
    ]);
    let lacks = "!a duration lacks one of its parts, or has one too large";
    check(&Native(Duration), parts, &[r#""2mo1d3ns""#, lacks, lacks]);
}
