//! A value of any type, read from JSON into a column.
//!
//! Scalars are taken as they stand in the text ([`RawValue`]), so that no digit of a number is lost on the
//! way through a float. What fails halfway leaves parts of a value in the column; who calls takes them
//! back with [`ColumnBuilder::truncate`].

use serde::de::{DeserializeSeed, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::composite::{Composite, is_composite};
use super::cql_literal::append_cql;
use super::literal::{append_literal, is_null, may_be_bare, shown};
use super::options::TextOptions;
use crate::builder::ColumnBuilder;
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};

/// Appends a value, or a null, from what a CSV field holds.
#[inline]
pub(crate) fn append_plain(
    column: &mut ColumnBuilder,
    text: &str,
    options: &TextOptions,
) -> Result<()> {
    if is_null(column, text, options) {
        column.append_null();
        return Ok(());
    }
    append_text(column, text, options)
}

/// Appends a value from what a CSV field, or the key of a JSON object, holds.
#[inline]
pub(super) fn append_text(
    column: &mut ColumnBuilder,
    text: &str,
    options: &TextOptions,
) -> Result<()> {
    if is_composite(column) {
        append_composite(column, text, options)
    } else {
        append_literal(column, text, options)
    }
}

/// Appends a value that is made of others: from JSON, or else from a CQL literal.
fn append_composite(column: &mut ColumnBuilder, text: &str, options: &TextOptions) -> Result<()> {
    let len = column.len();
    let Err(no_json) = append_json(column, text, options) else { return Ok(()) };
    column.truncate(len);
    append_cql(column, text, options).map_err(|no_cql| {
        // Of what is JSON, only not of this type, nobody needs to hear that it is no CQL either.
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => no_json,
            Err(_) => {
                Error::new(ErrorKind::Value, format!("{no_json}; as a CQL literal, {no_cql}"))
            }
        }
    })
}

/// Appends one JSON value.
pub(super) fn append_json(
    column: &mut ColumnBuilder,
    json: &str,
    options: &TextOptions,
) -> Result<()> {
    read(json, Next(column, options))
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
pub(super) struct Next<'b>(pub(super) &'b mut ColumnBuilder, pub(super) &'b TextOptions);

impl<'de> DeserializeSeed<'de> for Next<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if is_composite(self.0) {
            return deserializer.deserialize_option(Composite(self.0, self.1));
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        append_raw(self.0, raw, self.1).map_err(D::Error::custom)
    }
}

/// Appends a scalar from a JSON value as it stands in the text.
fn append_raw(column: &mut ColumnBuilder, raw: &str, options: &TextOptions) -> Result<()> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inside {
        Some(text) if is_null(column, text, options) => {
            column.append_null();
            Ok(())
        }
        Some(text) if !text.contains('\\') => append_literal(column, text, options),
        Some(_) => {
            let text: String = serde_json::from_str(raw).map_err(|error| {
                let message = format!("{} is no JSON string", shown(raw));
                Error::new(ErrorKind::Value, message).with_source(error)
            })?;
            append_literal(column, &text, options)
        }
        None if raw == "null" => {
            column.append_null();
            Ok(())
        }
        None if may_be_bare(column) => append_literal(column, raw, options),
        None => {
            let message =
                format!("{} is no JSON string of a {}", shown(raw), cql_type(&column.typ));
            Err(Error::new(ErrorKind::Value, message))
        }
    }
}
