//! Keys of JSON objects that are names: of columns, and of the fields of user-defined types.
//!
//! A name stands as it is. Cassandra writes a name that is not all lower case in quotes of its own inside
//! the string (`"\"Name\""`); where no name is the key itself, that is read too.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Visitor};

use super::literal::shown;

/// Reads a key to what `find` knows it as.
pub(super) struct Name<F, T> {
    what: &'static str,
    find: F,
    unknown: Option<T>,
}

impl<T, F: Fn(&str) -> Option<T>> Name<F, T> {
    pub(super) fn new(what: &'static str, find: F) -> Self {
        Name { what, find, unknown: None }
    }

    /// The same, where a name that is not known is no error, if there is a value for it.
    pub(super) fn or(self, unknown: Option<T>) -> Self {
        Name { unknown, ..self }
    }
}

impl<'de, T, F: Fn(&str) -> Option<T>> DeserializeSeed<'de> for Name<F, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: Fn(&str) -> Option<T>> Visitor<'_> for Name<F, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a {}", self.what)
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<T, E> {
        let quoted = || unquoted(key).and_then(|name| (self.find)(&name));
        (self.find)(key)
            .or_else(quoted)
            .or(self.unknown)
            .ok_or_else(|| E::custom(unknown(key, self.what)))
    }
}

/// What CQL's quotes hold.
fn unquoted(key: &str) -> Option<String> {
    let inside = key.strip_prefix('"')?.strip_suffix('"')?;
    Some(inside.replace("\"\"", "\""))
}

/// What is said of a name that there is not.
pub(super) fn unknown(name: &str, what: &str) -> String {
    format!("unknown key {}: no {what} has this name", shown(name))
}

/// What is said of a name that comes twice.
pub(super) fn duplicate(name: &str) -> String {
    format!("duplicate key {}: give it once", shown(name))
}
