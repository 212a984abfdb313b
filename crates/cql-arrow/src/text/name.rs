//! Keys of JSON objects that are names: of columns, and of the fields of user-defined types.
//!
//! A name stands as it is. Cassandra writes a name that is not all lower case in quotes of its own inside
//! the string (`"\"Name\""`); where no name is the key itself, that is read too.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Visitor};

use super::literal::shown;

/// Reads a key to the index that `find` knows it by.
pub(super) struct Name<F> {
    what: &'static str,
    find: F,
}

impl<F: Fn(&str) -> Option<usize>> Name<F> {
    pub(super) fn new(what: &'static str, find: F) -> Self {
        Name { what, find }
    }
}

impl<'de, F: Fn(&str) -> Option<usize>> DeserializeSeed<'de> for Name<F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<F: Fn(&str) -> Option<usize>> Visitor<'_> for Name<F> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a {}", self.what)
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<usize, E> {
        let quoted = || unquoted(key).and_then(|name| (self.find)(&name));
        (self.find)(key).or_else(quoted).ok_or_else(|| {
            E::custom(format!("unknown key {}: no {} has this name", shown(key), self.what))
        })
    }
}

/// What CQL's quotes hold.
fn unquoted(key: &str) -> Option<String> {
    let inside = key.strip_prefix('"')?.strip_suffix('"')?;
    Some(inside.replace("\"\"", "\""))
}

/// What is said of a name that comes twice.
pub(super) fn duplicate(name: &str) -> String {
    format!("duplicate key {}: give it once", shown(name))
}
