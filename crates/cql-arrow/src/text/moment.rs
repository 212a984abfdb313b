//! Text of moments: `date`, `time`, `timestamp`.
//!
//! The calendar is the proleptic Gregorian one, as in Cassandra (from 4.0). Cassandra reads years of
//! four digits, from 1 on; what lies outside of them is written as the number that CQL keeps: for a
//! date, days with 1970-01-01 as 2³¹ (`SimpleDateSerializer`); for a timestamp, milliseconds since 1970
//! (`TimestampSerializer`); for a time, nanoseconds since midnight (`TimeSerializer`).

use chrono::{Datelike, FixedOffset, NaiveDate, Offset, Utc};

use super::options::EpochUnit;
use super::short::Short;
use crate::wire::Decimal;

const MILLIS_PER_DAY: i64 = 86_400_000;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// Days since 1970-01-01 as `2024-02-29`.
pub(super) fn date_text(days: i32) -> Short {
    let mut text = Short::default();
    if !push_date(&mut text, days) {
        let raw = i64::from(days) + (1 << 31);
        text.push_integer(raw);
    }
    text
}

/// Milliseconds since 1970 as `2024-02-29T12:34:56.789Z`; `None` outside the years 1 to 9999.
pub(super) fn timestamp_text(millis: i64) -> Option<Short> {
    let days = i32::try_from(millis.div_euclid(MILLIS_PER_DAY)).ok()?;
    let mut text = Short::default();
    if !push_date(&mut text, days) {
        return None;
    }
    text.push(b"T");
    let millis = millis.rem_euclid(MILLIS_PER_DAY).unsigned_abs();
    push_clock(&mut text, millis / 1000);
    text.push(b".");
    text.push_padded(millis % 1000, 3);
    text.push(b"Z");
    Some(text)
}

/// Nanoseconds since midnight as `12:34:56.123456789`.
pub(super) fn time_text(nanos: i64) -> Short {
    let mut text = Short::default();
    if (0..NANOS_PER_DAY).contains(&nanos) {
        let nanos = nanos.unsigned_abs();
        push_clock(&mut text, nanos / 1_000_000_000);
        text.push(b".");
        text.push_padded(nanos % 1_000_000_000, 9);
    } else {
        text.push_integer(nanos);
    }
    text
}

fn push_date(text: &mut Short, days: i32) -> bool {
    let Some(date) = NaiveDate::from_epoch_days(days) else { return false };
    let (year, month, day) = (date.year(), date.month(), date.day());
    if !(1..=9999).contains(&year) {
        return false;
    }
    text.push_padded(u64::from(year.unsigned_abs()), 4);
    text.push(b"-");
    text.push_padded(u64::from(month), 2);
    text.push(b"-");
    text.push_padded(u64::from(day), 2);
    true
}

fn push_clock(text: &mut Short, seconds: u64) {
    text.push_padded(seconds / 3600, 2);
    text.push(b":");
    text.push_padded(seconds / 60 % 60, 2);
    text.push(b":");
    text.push_padded(seconds % 60, 2);
}

/// Days since 1970-01-01.
pub(super) fn parse_date(text: &str) -> Option<i32> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let raw: u32 = text.parse().ok()?;
        return i32::try_from(i64::from(raw) - (1 << 31)).ok();
    }
    let mut rest = Rest(text.as_bytes());
    let days = rest.date()?;
    rest.0.is_empty().then_some(days)
}

/// Milliseconds since 1970: of a number in `epoch`, or of a date and time, in `zone` without an offset.
pub(super) fn parse_timestamp(text: &str, epoch: EpochUnit, zone: FixedOffset) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return epoch_millis(number, epoch);
    }
    let mut rest = Rest(text.as_bytes());
    let Some(days) = rest.date() else { return fractional_millis(text, epoch) };
    let nanos = if rest.skip(b"Tt") || rest.skip_before_digit(b' ') { rest.clock(3)? } else { 0 };
    let offset = rest.offset(zone)?;
    rest.0.is_empty().then_some(())?;
    let local = i64::from(days) * MILLIS_PER_DAY + nanos / 1_000_000;
    Some(local - i64::from(offset.local_minus_utc()) * 1000)
}

/// A count of units since 1970 in milliseconds, if that is exact.
pub(crate) fn epoch_millis(number: i64, unit: EpochUnit) -> Option<i64> {
    match unit {
        EpochUnit::Seconds => number.checked_mul(1000),
        EpochUnit::Milliseconds => Some(number),
        EpochUnit::Microseconds => (number % 1000 == 0).then_some(number / 1000),
        EpochUnit::Nanoseconds => (number % 1_000_000 == 0).then_some(number / 1_000_000),
    }
}

/// The same of a number with a point or an exponent, as other tools write those of seconds.
fn fractional_millis(text: &str, unit: EpochUnit) -> Option<i64> {
    let Decimal { unscaled, scale } = Decimal::parse(text)?;
    let millis = Decimal { unscaled, scale: scale.checked_add(unit.digits() - 3)? };
    i64::try_from(millis.to_integer()?.to_i128()?).ok()
}

/// `Z`, `UTC`, `+01`, `+0130`, `+01:30`, and no more.
pub(crate) fn parse_offset(text: &str) -> Option<FixedOffset> {
    let mut rest = Rest(text.as_bytes());
    let offset = rest.offset(Utc.fix())?;
    (rest.0.is_empty() && !text.trim().is_empty()).then_some(offset)
}

/// Nanoseconds since midnight.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    if let Ok(nanos) = text.parse() {
        return Some(nanos);
    }
    let mut rest = Rest(text.as_bytes());
    let nanos = rest.clock(9)?;
    rest.0.is_empty().then_some(nanos)
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Takes one byte, if it is one of these.
    fn skip(&mut self, any: &[u8]) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if any.contains(first) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes this byte, if a digit comes next.
    fn skip_before_digit(&mut self, byte: u8) -> bool {
        self.0.get(1).is_some_and(u8::is_ascii_digit) && self.skip(&[byte])
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = digits.iter().try_fold(0_u32, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
        })?;
        self.0 = rest;
        Some(number)
    }

    /// `2024-02-29`, as days since 1970-01-01.
    fn date(&mut self) -> Option<i32> {
        let year = i32::try_from(self.digits(4)?).ok()?;
        let month = self.skip(b"-").then(|| self.digits(2))??;
        let day = self.skip(b"-").then(|| self.digits(2))??;
        Some(NaiveDate::from_ymd_opt(year, month, day)?.to_epoch_days())
    }

    /// `12:34`, `12:34:56`, or `12:34:56.789`, as nanoseconds. Only `precise` digits of the fraction may
    /// be other than zero: more cannot be kept.
    fn clock(&mut self, precise: usize) -> Option<i64> {
        let hour = self.digits(2).filter(|hour| *hour < 24)?;
        let minute = self.skip(b":").then(|| self.digits(2))?.filter(|minute| *minute < 60)?;
        let (mut second, mut nanos) = (0, 0);
        if self.skip(b":") {
            second = self.digits(2).filter(|second| *second < 60)?;
            if self.skip(b".") {
                nanos = self.fraction(precise)?;
            }
        }
        Some(i64::from(hour * 3600 + minute * 60 + second) * 1_000_000_000 + nanos)
    }

    fn fraction(&mut self, precise: usize) -> Option<i64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        let (kept, lost) = digits.split_at(count.min(precise));
        if kept.is_empty() || lost.iter().any(|digit| *digit != b'0') {
            return None;
        }
        let padded = kept.iter().copied().chain(std::iter::repeat(b'0')).take(9);
        Some(padded.fold(0, |nanos, digit| nanos * 10 + i64::from(digit - b'0')))
    }

    /// `Z`, `UTC`, `GMT`, `+01`, `+0130`, `+01:30`, with seconds after one more colon, also after a space; or
    /// nothing, which is `zone`.
    fn offset(&mut self, zone: FixedOffset) -> Option<FixedOffset> {
        if self.0.is_empty() {
            return Some(zone);
        }
        if matches!(self.0, [b' ', _, ..]) {
            self.0 = &self.0[1..];
        }
        if matches!(self.0, b"Z" | b"z" | b"UTC" | b"GMT") {
            self.0 = b"";
            return Some(Utc.fix());
        }
        let sign = if self.skip(b"-") { -1 } else { self.skip(b"+").then_some(1)? };
        let hours = self.digits(2).filter(|hours| *hours <= 18)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.skip(b":");
            self.digits(2).filter(|minutes| *minutes < 60)?
        };
        let seconds =
            if self.skip(b":") { self.digits(2).filter(|seconds| *seconds < 60)? } else { 0 };
        let seconds = i32::try_from(hours * 3600 + minutes * 60 + seconds).ok()?;
        FixedOffset::east_opt(sign * seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAP: i64 = 1_709_210_096_789;

    fn parse_timestamp(text: &str) -> Option<i64> {
        super::parse_timestamp(text, EpochUnit::Milliseconds, Utc.fix())
    }

    #[test]
    fn timestamps_have_milliseconds_and_a_zone() {
        let check = |millis, text: &str| {
            assert_eq!(timestamp_text(millis).unwrap().as_str(), text);
            assert_eq!(parse_timestamp(text), Some(millis));
        };
        check(0, "1970-01-01T00:00:00.000Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(LEAP, "2024-02-29T12:34:56.789Z");
        check(-62_135_596_800_000, "0001-01-01T00:00:00.000Z");
        check(253_402_300_799_999, "9999-12-31T23:59:59.999Z");
        for millis in [-62_135_596_800_001, 253_402_300_800_000, i64::MIN, i64::MAX] {
            assert!(timestamp_text(millis).is_none());
            assert_eq!(parse_timestamp(&millis.to_string()), Some(millis));
        }
    }

    #[test]
    fn timestamps_of_other_tools_are_read() {
        for text in [
            "2024-02-29 12:34:56.789",
            "2024-02-29t12:34:56.789000z",
            "2024-02-29 12:34:56.789 UTC",
            "2024-02-29 12:34:56.789+0000",
            "2024-02-29T13:34:56.789+01",
            "2024-02-29T18:04:56.789 +05:30",
            "2024-02-28T23:34:56.789-13:00",
            "2024-02-29 12:34:56.789000+0000",
            "2024-02-29T12:34:56.789000000Z",
            "2024-02-29T13:34:56.789+0100",
            "2024-02-29 13:34:56.789+01:00",
        ] {
            assert_eq!(parse_timestamp(text), Some(LEAP), "{text}");
        }
        assert_eq!(parse_timestamp("1970-01-02"), Some(MILLIS_PER_DAY));
        assert_eq!(parse_timestamp("1970-01-02+01:00"), Some(MILLIS_PER_DAY - 3_600_000));
        assert_eq!(parse_timestamp("1970-01-01T00:01Z"), Some(60_000));
        assert_eq!(parse_timestamp("1970-01-01 00:00:00.5"), Some(500));
    }

    #[test]
    fn numbers_are_counted_in_the_unit_that_was_chosen() {
        let parse = |text, epoch| super::parse_timestamp(text, epoch, Utc.fix());
        let table = [
            (EpochUnit::Seconds, "1709210096", Some(1_709_210_096_000)),
            (EpochUnit::Seconds, "1709210096.789", Some(LEAP)),
            (EpochUnit::Seconds, "1.709210096789E9", Some(LEAP)),
            (EpochUnit::Seconds, "-1.5", Some(-1500)),
            (EpochUnit::Seconds, "0.0001", None),
            (EpochUnit::Seconds, "9223372036854775", Some(9_223_372_036_854_775_000)),
            (EpochUnit::Seconds, "9223372036854776", None),
            (EpochUnit::Milliseconds, "1709210096789", Some(LEAP)),
            (EpochUnit::Milliseconds, "1709210096789.0", Some(LEAP)),
            (EpochUnit::Milliseconds, "1709210096789.5", None),
            (EpochUnit::Microseconds, "1709210096789000", Some(LEAP)),
            (EpochUnit::Microseconds, "-1000", Some(-1)),
            (EpochUnit::Microseconds, "1709210096789001", None),
            (EpochUnit::Nanoseconds, "1709210096789000000", Some(LEAP)),
            (EpochUnit::Nanoseconds, "-1000000", Some(-1)),
            (EpochUnit::Nanoseconds, "1709210096789000001", None),
            (EpochUnit::Nanoseconds, "9223372036854775807", None),
            (EpochUnit::Nanoseconds, "9223372036854000000000", Some(9_223_372_036_854_000)),
            (EpochUnit::Nanoseconds, "1e2147483647", None),
            (EpochUnit::Nanoseconds, "1e-2147483647", None),
            (EpochUnit::Seconds, "1e2147483648", None),
        ];
        for (epoch, text, millis) in table {
            assert_eq!(parse(text, epoch), millis, "{text} {epoch:?}");
        }
        // What is no number is the same in any unit.
        assert_eq!(parse("2024-02-29T12:34:56.789Z", EpochUnit::Seconds), Some(LEAP));
    }

    #[test]
    fn moments_without_an_offset_are_in_the_zone_that_was_chosen() {
        let zone = FixedOffset::east_opt(5 * 3600 + 1800).unwrap();
        let parse = |text| super::parse_timestamp(text, EpochUnit::Milliseconds, zone);
        assert_eq!(parse("2024-02-29T18:04:56.789"), Some(LEAP));
        assert_eq!(parse("2024-02-29"), Some(LEAP - LEAP % MILLIS_PER_DAY - 19_800_000));
        for text in ["2024-02-29T12:34:56.789Z", "2024-02-29 13:34:56.789 +01", "1709210096789"] {
            assert_eq!(parse(text), Some(LEAP), "{text}");
        }
    }

    #[test]
    fn an_offset_by_itself_is_read() {
        for (text, seconds) in [
            ("Z", 0),
            ("UTC", 0),
            ("+00:00", 0),
            ("+01", 3600),
            ("-0330", -12_600),
            ("+05:30", 19_800),
            ("+00:00:01", 1),
        ] {
            let offset = parse_offset(text).unwrap();
            assert_eq!(offset.local_minus_utc(), seconds, "{text}");
            assert_eq!(parse_offset(&offset.to_string()), Some(offset));
        }
        for text in ["", " ", "CET", "01:00", "+1", "+19", "+01:60", "+01:00:60", "+01:00 "] {
            assert_eq!(parse_offset(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_or_would_lose_digits_is_refused() {
        for text in [
            "",
            "x",
            "2024-02-30",
            "2024-2-3",
            "2024-02-29T",
            "2024-02-29 ",
            "2024-02-29T24:00:00",
            "2024-02-29T12",
            "2024-02-29T12:60",
            "2024-02-29T12:34:60",
            "2024-02-29T12:34:56.",
            "2024-02-29T12:34:56.7891",
            "2024-02-29T12:34:56ZZ",
            "2024-02-29T12:34:56+19:00",
            "2024-02-29T12:34:56+01:0",
            "2024-02-29T12:34:56 CET",
            "9223372036854775808",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn dates_beyond_the_calendar_are_days_as_cassandra_counts_them() {
        let check = |days, text: &str| {
            assert_eq!(date_text(days).as_str(), text);
            assert_eq!(parse_date(text), Some(days));
        };
        check(0, "1970-01-01");
        check(19_782, "2024-02-29");
        check(-719_162, "0001-01-01");
        check(-719_163, "2146764485");
        check(2_932_896, "9999-12-31");
        check(2_932_897, "2150416545");
        check(i32::MIN, "0");
        check(i32::MAX, "4294967295");
        for text in ["", "4294967296", "-1", "2024-02-29T", "2024-02-30", "24-02-29"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn times_have_nine_digits_after_the_point() {
        let check = |nanos, text: &str| {
            assert_eq!(time_text(nanos).as_str(), text);
            assert_eq!(parse_time(text), Some(nanos));
        };
        check(0, "00:00:00.000000000");
        check(1, "00:00:00.000000001");
        check(NANOS_PER_DAY - 1, "23:59:59.999999999");
        check(NANOS_PER_DAY, "86400000000000");
        check(i64::MIN, "-9223372036854775808");
        assert_eq!(parse_time("12:34"), Some(45_240_000_000_000));
        assert_eq!(parse_time("00:00:01.5"), Some(1_500_000_000));
        assert_eq!(parse_time("00:00:00.0000000010"), Some(1));
        for text in ["", "24:00:00", "1:2:3", "00:00:00.0000000001", "00:00:00.", "00:00:00Z"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
