//! An offset from UTC as text, for serde: `+01:00`.

use chrono::FixedOffset;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use super::literal::shown;
use super::moment::parse_offset;

pub(super) fn serialize<S: Serializer>(
    zone: &FixedOffset,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(zone)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<FixedOffset, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_offset(&text).ok_or_else(|| {
        D::Error::custom(format!("{} is no offset; write it as +01:00, or Z for UTC", shown(&text)))
    })
}
