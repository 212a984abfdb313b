//! CQL ↔ Arrow, without loss, for every type of Cassandra.
//!
//! | from | to | with |
//! |---|---|---|
//! | CQL types | an Arrow schema | [`schema`], [`field`] |
//! | an Arrow schema | the same CQL types | [`column_type`] |
//! | pages of rows | batches | [`Decoder`] |
//! | batches | values bound to a statement | [`BoundRows`] |
//! | batches | text and JSON | [`TextColumn`], [`JsonRows`] |
//! | text and JSON | batches | [`TextBuilder`], [`JsonRowsBuilder`], as [`TextOptions`] say |
//! | columns of other tools' files | columns of CQL types | [`Conversion`] |
//!
//! ```
//! use cql_arrow::{MappingOptions, column_type, schema};
//! use scylla::frame::response::result::{CollectionType, ColumnType, NativeType};
//!
//! let tags = CollectionType::Set(Box::new(ColumnType::Native(NativeType::Text)));
//! let tags = ColumnType::Collection { frozen: false, typ: tags };
//! let columns = [("id", ColumnType::Native(NativeType::Timeuuid)), ("tags", tags)];
//! let schema = schema(
//!     columns.iter().map(|(name, typ)| (*name, typ)),
//!     &MappingOptions::default(),
//! )?;
//! for (field, (_, typ)) in schema.fields().iter().zip(&columns) {
//!     assert_eq!(column_type(field)?, *typ); // a timeuuid is no uuid, and a set no list
//! }
//! # Ok::<(), cql_arrow::Error>(())
//! ```
//!
//! # Why not `CqlValue`, or serde?
//!
//! Both put a value of its own between the wire and the column: an enum for each cell, a `Vec` for each
//! row, a `String` for each text. What is read here is whole tables, billions of cells, all of a column
//! alike; so the type is looked up once for a column, and a cell is copied once, from the page into the
//! array. Both also lose what a backup must keep: a `Row` has no place for the types, and serde's data
//! model has neither a decimal with a scale, nor a duration, nor a set.
//!
//! # What is kept
//!
//! A batch holds all that CQL can tell apart, with three exceptions, each named where it is made: the
//! "empty" values of other types than text and blob ([`EmptyValues`]), sign bytes that a `varint` or
//! `decimal` does not need, and, by choice only, the scale of a decimal ([`DecimalMapping::Fixed`]). What
//! is kept is proven by the tests: rows that the driver writes are decoded and encoded again to the very
//! same bytes, for any nesting of types.
//!
//! Nothing here does I/O, and no bytes and no text can make it panic.
#![forbid(unsafe_code)]

mod builder;
mod convert;
mod cql_type;
mod decode;
mod encode;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod mapping;
mod text;
mod wire;

pub use convert::{Conversion, Converted};
pub use cql_type::cql_type;
pub use decode::{DecodeOptions, Decoder, EmptyValues};
pub use encode::{BoundRow, BoundRows, Nulls};
pub use error::{Error, ErrorKind, Result};
pub use mapping::{CQL_TYPE, DecimalMapping, MappingOptions, column_type, field, schema};
pub use text::{
    BlobText, EpochUnit, FieldPolicy, JsonRows, JsonRowsBuilder, TextBuilder, TextColumn,
    TextOptions,
};
