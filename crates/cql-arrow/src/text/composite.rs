//! Values that are made of others, read from JSON arrays and objects into a column.

use std::fmt;

use scylla::frame::response::result::{ColumnType, UserDefinedType};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{Next, append_text};
use super::name::{Name, duplicate};
use super::options::TextOptions;
use crate::builder::{ColumnBuilder, Values};
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};

/// Whether a column's values are made of others, so that their text is JSON.
#[inline]
pub(super) fn is_composite(column: &ColumnBuilder) -> bool {
    matches!(
        column.values,
        Values::List(_) | Values::Map(_) | Values::Vector(_) | Values::Struct(_)
    )
}

/// A value that is made of others, or null.
pub(super) struct Composite<'b>(pub(super) &'b mut ColumnBuilder, pub(super) &'b TextOptions);

impl Composite<'_> {
    /// Whether it is a JSON object; a JSON array otherwise.
    fn is_object(&self) -> bool {
        matches!(self.0.typ, ColumnType::UserDefinedType { .. })
            || matches!(self.0.values, Values::Map(_))
    }
}

impl<'de> Visitor<'de> for Composite<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = if self.is_object() { "object" } else { "array" };
        write!(f, "a JSON {shape} for {}", cql_type(&self.0.typ))
    }

    fn visit_none<E>(self) -> Result<(), E> {
        self.0.append_null();
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.is_object() {
            deserializer.deserialize_map(self)
        } else {
            deserializer.deserialize_seq(self)
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let typ = &self.0.typ;
        match &mut self.0.values {
            Values::List(lists) => {
                while seq.next_element_seed(Next(&mut lists.element, self.1))?.is_some() {}
                return lists.close().map_err(A::Error::custom);
            }
            Values::Vector(vectors) => {
                for index in 0..vectors.size {
                    if seq.next_element_seed(Next(&mut vectors.element, self.1))?.is_none() {
                        return Err(too_few(index, typ));
                    }
                }
                vectors.close();
            }
            Values::Struct(structs) => {
                for (index, child) in structs.children.iter_mut().enumerate() {
                    if seq.next_element_seed(Next(child, self.1))?.is_none() {
                        return Err(too_few(index, typ));
                    }
                }
                structs.close();
            }
            _ => return Err(A::Error::custom(format!("a JSON array is no {}", cql_type(typ)))),
        }
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::custom(format!("too many values for {}", cql_type(typ)))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let len = self.0.len();
        match (&mut self.0.values, &self.0.typ) {
            (Values::Map(maps), _) => {
                while map.next_key_seed(Key(&mut maps.key, self.1))?.is_some() {
                    map.next_value_seed(Next(&mut maps.value, self.1))?;
                }
                maps.close().map_err(A::Error::custom)
            }
            (Values::Struct(structs), ColumnType::UserDefinedType { definition, .. }) => {
                let mut next = 0;
                while let Some(index) =
                    map.next_key_seed(Name::new("field", |name| position(definition, next, name)))?
                {
                    let child = &mut structs.children[index];
                    if child.len() > len {
                        return Err(A::Error::custom(duplicate(&definition.field_types[index].0)));
                    }
                    map.next_value_seed(Next(child, self.1))?;
                    next = index + 1;
                }
                for child in &mut structs.children {
                    if child.len() == len {
                        child.append_null();
                    }
                }
                structs.close();
                Ok(())
            }
            (_, typ) => Err(A::Error::custom(format!("a JSON object is no {}", cql_type(typ)))),
        }
    }
}

fn too_few<E: serde::de::Error>(count: usize, typ: &ColumnType<'_>) -> E {
    E::custom(format!("{count} values are too few for {}", cql_type(typ)))
}

/// The field of a name; most often the one after the last.
pub(super) fn position(definition: &UserDefinedType<'_>, next: usize, name: &str) -> Option<usize> {
    let names = &definition.field_types;
    match names.get(next) {
        Some((known, _)) if known == name => Some(next),
        _ => names.iter().position(|(known, _)| known == name),
    }
}

/// A key of a map: a value in the form that a CSV field has.
struct Key<'b>(&'b mut ColumnBuilder, &'b TextOptions);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key that is a {}", cql_type(&self.0.typ))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if is_composite(self.0) && text.trim() == "null" {
            return Err(E::custom(Error::new(ErrorKind::Value, "the key of a map can't be null")));
        }
        append_text(self.0, text, self.1).map_err(E::custom)
    }
}
