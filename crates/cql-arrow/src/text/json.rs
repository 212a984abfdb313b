//! A value of any type, read from JSON into a column.
//!
//! Scalars are taken as they stand in the text ([`RawValue`]), so that no digit of a number is lost on the
//! way through a float. What fails halfway leaves parts of a value in the column; who calls takes them
//! back with [`ColumnBuilder::truncate`].

use serde::de::{DeserializeSeed, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::composite::{Composite, is_composite};
use super::literal::{append_literal, may_be_bare, shown};
use crate::builder::ColumnBuilder;
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};

/// Appends a value from what a CSV field, or the key of a JSON object, holds.
#[inline]
pub(super) fn append_text(column: &mut ColumnBuilder, text: &str) -> Result<()> {
    if is_composite(column) { append_json(column, text) } else { append_literal(column, text) }
}

/// Appends one JSON value.
pub(super) fn append_json(column: &mut ColumnBuilder, json: &str) -> Result<()> {
    read(json, Next(column))
}

/// Reads a text that is exactly one JSON value.
pub(super) fn read<'de>(json: &'de str, seed: impl DeserializeSeed<'de, Value = ()>) -> Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = seed.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    read.map_err(|error| {
        let message = if error.is_data() {
            error.to_string()
        } else {
            format!("{} is no JSON: {error}", shown(json))
        };
        Error::new(ErrorKind::Value, message)
    })
}

/// The next JSON value goes into this column.
pub(super) struct Next<'b>(pub(super) &'b mut ColumnBuilder);

impl<'de> DeserializeSeed<'de> for Next<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if is_composite(self.0) {
            return deserializer.deserialize_option(Composite(self.0));
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        append_raw(self.0, raw).map_err(D::Error::custom)
    }
}

/// Appends a scalar from a JSON value as it stands in the text.
fn append_raw(column: &mut ColumnBuilder, raw: &str) -> Result<()> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inside {
        Some(text) if !text.contains('\\') => append_literal(column, text),
        Some(_) => {
            let text: String = serde_json::from_str(raw).map_err(|error| {
                let message = format!("{} is no JSON string", shown(raw));
                Error::new(ErrorKind::Value, message).with_source(error)
            })?;
            append_literal(column, &text)
        }
        None if raw == "null" => {
            column.append_null();
            Ok(())
        }
        None if may_be_bare(column) => append_literal(column, raw),
        None => {
            let message =
                format!("{} is no JSON string of a {}", shown(raw), cql_type(&column.typ));
            Err(Error::new(ErrorKind::Value, message))
        }
    }
}
