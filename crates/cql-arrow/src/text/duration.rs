//! Text of durations, as Cassandra's `Duration` writes and reads it.
//!
//! A duration has three parts that are never folded into each other: months, days, nanoseconds. All have
//! one sign, which CQL demands; Arrow does not, so a duration of mixed signs is an error when written.
//! Cassandra writes a duration of zero as nothing at all, and cannot read that; here it is `0s`.

use super::short::Short;

/// Months, days, nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Duration {
    pub(crate) months: i32,
    pub(crate) days: i32,
    pub(crate) nanoseconds: i64,
}

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

#[derive(Clone, Copy)]
enum Part {
    Months,
    Days,
    Nanoseconds,
}

/// The units of a notation, in the order in which they must stand; equal ranks are one unit.
type Units = [(&'static str, u8, Part, u64)];

const STANDARD: &Units = &[
    ("y", 0, Part::Months, 12),
    ("mo", 1, Part::Months, 1),
    ("w", 2, Part::Days, 7),
    ("d", 3, Part::Days, 1),
    ("h", 4, Part::Nanoseconds, HOUR),
    ("m", 5, Part::Nanoseconds, MINUTE),
    ("s", 6, Part::Nanoseconds, SECOND),
    ("ms", 7, Part::Nanoseconds, MILLI),
    ("us", 8, Part::Nanoseconds, MICRO),
    ("\u{b5}s", 8, Part::Nanoseconds, MICRO),
    ("\u{3bc}s", 8, Part::Nanoseconds, MICRO),
    ("ns", 9, Part::Nanoseconds, 1),
];

/// ISO 8601, between `P` and `T`.
const ISO_DATE: &Units = &[
    ("Y", 0, Part::Months, 12),
    ("M", 1, Part::Months, 1),
    ("W", 2, Part::Days, 7),
    ("D", 3, Part::Days, 1),
];

/// ISO 8601, after `T`.
const ISO_TIME: &Units = &[
    ("H", 0, Part::Nanoseconds, HOUR),
    ("M", 1, Part::Nanoseconds, MINUTE),
    ("S", 2, Part::Nanoseconds, SECOND),
];

impl Duration {
    /// Whether CQL has it.
    pub(crate) fn is_of_one_sign(self) -> bool {
        let Duration { months, days, nanoseconds } = self;
        let negative = months < 0 || days < 0 || nanoseconds < 0;
        !negative || months <= 0 && days <= 0 && nanoseconds <= 0
    }

    /// `1y2mo25d5h6m7s8ms9us10ns`; `None` where the signs are mixed.
    pub(super) fn text(self) -> Option<Short> {
        if !self.is_of_one_sign() {
            return None;
        }
        let Duration { months, days, nanoseconds } = self;
        let negative = months < 0 || days < 0 || nanoseconds < 0;
        let mut text = Short::default();
        if negative {
            text.push(b"-");
        }
        let start = text.as_bytes().len();
        let months = u64::from(months.unsigned_abs());
        let days = u64::from(days.unsigned_abs());
        let nanoseconds = nanoseconds.unsigned_abs();
        for (number, unit) in [
            (months / 12, &b"y"[..]),
            (months % 12, b"mo"),
            (days, b"d"),
            (nanoseconds / HOUR, b"h"),
            (nanoseconds % HOUR / MINUTE, b"m"),
            (nanoseconds % MINUTE / SECOND, b"s"),
            (nanoseconds % SECOND / MILLI, b"ms"),
            (nanoseconds % MILLI / MICRO, b"us"),
            (nanoseconds % MICRO, b"ns"),
        ] {
            if number > 0 {
                text.push_integer(number);
                text.push(unit);
            }
        }
        if text.as_bytes().len() == start {
            text.push(b"0s");
        }
        Some(text)
    }

    /// Reads Cassandra's standard notation (`1y2mo3w4d5h6m7s8ms9us10ns`, units in this order, each once,
    /// upper or lower case) and ISO 8601 with designators (`P1Y2M3DT4H5M6S`, `P3W`).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut sums = Sums::default();
        match text.strip_prefix('P') {
            None => sums.read(text, STANDARD)?,
            Some(iso) => match iso.split_once('T') {
                None => sums.read(iso, ISO_DATE)?,
                Some(("", time)) => sums.read(time, ISO_TIME)?,
                Some((date, time)) => {
                    sums.read(date, ISO_DATE)?;
                    sums.read(time, ISO_TIME)?;
                }
            },
        }
        let signed = |sum: u64| if negative { -i128::from(sum) } else { i128::from(sum) };
        Some(Duration {
            months: i32::try_from(signed(sums.months)).ok()?,
            days: i32::try_from(signed(sums.days)).ok()?,
            nanoseconds: i64::try_from(signed(sums.nanoseconds)).ok()?,
        })
    }
}

#[derive(Default)]
struct Sums {
    months: u64,
    days: u64,
    nanoseconds: u64,
}

impl Sums {
    /// Adds numbers with units, at least one; `None` where the text is anything else.
    fn read(&mut self, text: &str, units: &Units) -> Option<()> {
        let mut rest = text;
        let mut next_rank = 0;
        loop {
            let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
            let (unit, after) = split_where(after, |c| c.is_ascii_digit());
            let (_, rank, part, size) =
                units.iter().find(|(known, ..)| known.eq_ignore_ascii_case(unit))?;
            if *rank < next_rank {
                return None;
            }
            next_rank = rank + 1;
            let sum = match part {
                Part::Months => &mut self.months,
                Part::Days => &mut self.days,
                Part::Nanoseconds => &mut self.nanoseconds,
            };
            *sum = number.parse::<u64>().ok()?.checked_mul(*size)?.checked_add(*sum)?;
            if after.is_empty() {
                return Some(());
            }
            rest = after;
        }
    }
}

fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duration(months: i32, days: i32, nanoseconds: i64) -> Duration {
        Duration { months, days, nanoseconds }
    }

    #[test]
    fn durations_are_written_as_cassandra_writes_them() {
        let check = |months, days, nanoseconds, text: &str| {
            let duration = duration(months, days, nanoseconds);
            assert_eq!(duration.text().unwrap().as_str(), text);
            assert_eq!(Duration::parse(text), Some(duration));
        };
        check(0, 0, 0, "0s");
        check(14, 25, 18_367_008_009_010, "1y2mo25d5h6m7s8ms9us10ns");
        check(-14, -25, -18_367_008_009_010, "-1y2mo25d5h6m7s8ms9us10ns");
        check(0, 0, 1, "1ns");
        check(
            i32::MAX,
            i32::MAX,
            i64::MAX,
            "178956970y7mo2147483647d2562047h47m16s854ms775us807ns",
        );
        check(
            i32::MIN,
            i32::MIN,
            i64::MIN,
            "-178956970y8mo2147483648d2562047h47m16s854ms775us808ns",
        );
    }

    #[test]
    fn mixed_signs_have_no_text() {
        assert!(duration(1, -1, 0).text().is_none());
        assert!(duration(0, -1, 1).text().is_none());
    }

    #[test]
    fn other_notations_of_cassandra_are_read() {
        for text in ["1y2mo3w4d5h6m7s", "1Y2MO3W4D5H6M7S", "P1Y2M3W4DT5H6M7S"] {
            assert_eq!(Duration::parse(text), Some(duration(14, 25, 18_367_000_000_000)), "{text}");
        }
        assert_eq!(Duration::parse("-P3W"), Some(duration(0, -21, 0)));
        assert_eq!(Duration::parse("PT1M"), Some(duration(0, 0, 60_000_000_000)));
        assert_eq!(Duration::parse("P1M"), Some(duration(1, 0, 0)));
        assert_eq!(Duration::parse("1\u{b5}s2ns"), Some(duration(0, 0, 1002)));
        for text in [
            "",
            "-",
            "P",
            "PT",
            "P1DT",
            "1",
            "d",
            "1x",
            "1d1mo",
            "1d1d",
            "1us1\u{b5}s",
            "1.5s",
            "--1d",
            "+1d",
            "1 d",
            "2147483648mo",
            "9223372036854775808ns",
            "99999999999999999999d",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }
}
