//! The names of the fields of a file's first object.

use std::fmt;
use std::io;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use crate::window::Window;

/// No object is looked at that is longer.
const LONGEST: usize = 32 << 20;

/// The keys of the first object, in its order. Nothing is passed in the window. `None` where no object
/// is first.
pub(crate) fn first_keys(window: &mut Window) -> io::Result<Option<Vec<String>>> {
    let mut ahead = 1 << 10;
    loop {
        window.fill_to(ahead)?;
        let rest = window.rest();
        let whole = rest.len() < ahead || ahead >= LONGEST;
        let text = rest.strip_prefix("\u{feff}".as_bytes()).unwrap_or(rest).trim_ascii_start();
        let text = text.strip_prefix(b"[").unwrap_or(text);
        let mut json = serde_json::Deserializer::from_slice(text);
        match json.deserialize_map(Keys) {
            Err(error) if error.is_eof() && !whole => ahead *= 2,
            keys => return Ok(keys.ok()),
        }
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Vec<String>, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = object.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(keys)
    }
}
