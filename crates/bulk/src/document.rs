//! Small JSON documents that outlive a run: manifests, journals, settings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Reads a document of ours: its version first, so that a newer one is told as that.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(
    what: &str,
    version: u32,
    text: &[u8],
) -> Result<T> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |error: serde_json::Error| {
        Error::request(format!(
            "{what} cannot be read: it is damaged, or not ours; begin anew in another place"
        ))
        .with_source(error)
    };
    let Versioned { version: found } = serde_json::from_slice(text).map_err(damaged)?;
    if found != version {
        return Err(Error::request(format!(
            "{what} has version {found}; this release knows version {version} only"
        )));
    }
    serde_json::from_slice(text).map_err(damaged)
}

/// What is different in two documents, a line for each.
pub(crate) fn differences<T: Serialize>(theirs: &T, ours: &T) -> Vec<String> {
    let mut found = Vec::new();
    // A value of plain data always becomes JSON.
    let of = |document: &T| serde_json::to_value(document).unwrap_or_default();
    compare("", &of(theirs), &of(ours), &mut found);
    found
}

fn compare(name: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let all = theirs.keys().chain(ours.keys().filter(|key| !theirs.contains_key(*key)));
            for key in all {
                let inner = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                let of = |map: &Map<String, Value>| map.get(key).cloned();
                let (theirs, ours) = (of(theirs), of(ours));
                compare(&inner, &theirs.unwrap_or_default(), &ours.unwrap_or_default(), found);
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (at, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                let known = theirs["name"].as_str().filter(|_| theirs["name"] == ours["name"]);
                let element = known.map_or_else(|| at.to_string(), str::to_owned);
                compare(&format!("{name}[{element}]"), theirs, ours, found);
            }
        }
        (theirs, ours) if theirs != ours => {
            found.push(format!("{name}: {theirs} there, {ours} now"))
        }
        _ => {}
    }
}
