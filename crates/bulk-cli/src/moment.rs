//! A moment as people write it, as Cassandra counts write times.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// Microseconds since 1970: from a number of them, or from a date and time (UTC where it names no
/// offset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) i64);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(micros) = text.parse() {
            return Ok(Moment(micros));
        }
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Ok(Moment(moment.timestamp_micros()));
        }
        let date = || NaiveDate::from_str(text).map(|date| date.and_time(NaiveTime::MIN));
        let local = NaiveDateTime::from_str(text).or_else(|_| date());
        local.map(|moment| Moment(moment.and_utc().timestamp_micros())).map_err(|_| {
            format!(
                "{text:?} is no time; write 2024-02-29T12:00:00Z, 2024-02-29, or microseconds since 1970"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        for (text, micros) in [
            ("1970-01-01T00:00:01Z", 1_000_000),
            ("1970-01-01T01:00:00.000001+01:00", 1),
            ("1970-01-02", 86_400_000_000),
            ("1970-01-01T00:00:01", 1_000_000),
            ("-5", -5),
        ] {
            assert_eq!(text.parse(), Ok(Moment(micros)), "{text}");
        }
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
