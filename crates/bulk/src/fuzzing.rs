//! The laws of what reads documents of earlier runs, and what users type, on any bytes: what is read is written,
//! and read again to the same; all else is an error.
//!
//! The fuzz targets in `fuzz/` call these functions, and the test below calls them with each seed.
#![expect(clippy::unwrap_used, reason = "a law that is broken ends the run")]

use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::document::{differences, parse};
use crate::export::{Manifest, Start, UnitRecord};
use crate::{Condition, FileName, IcebergTableName, TableName, Token, iceberg, import};

fn document<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let read: T = parse("a document", 1, data).ok()?;
    let text = serde_json::to_vec(&read).unwrap();
    assert_eq!(parse::<T>("a document", 1, &text).unwrap(), read);
    assert!(differences(&read, &read).is_empty());
    Some(read)
}

/// An entry of an export's journal.
pub fn export_journal(data: &[u8]) {
    document::<Start>(data);
    if let Some(unit) = document::<UnitRecord>(data) {
        let ranges = || unit.token_ranges.iter();
        ranges().collect::<crate::RangeSet>().is_exact_partition(ranges()).unwrap();
    }
}

/// The manifest of an export.
pub fn manifest(data: &[u8]) {
    document::<Manifest>(data);
}

/// A document of an import's journal.
pub fn import_journal(data: &[u8]) {
    document::<import::Start>(data);
    if let Some(progress) = document::<import::Progress>(data) {
        let _ = progress.counts.is_balanced();
        for file in &progress.files {
            let rest = file.sending.difference(&file.settled);
            assert_eq!(rest.union(&file.settled), file.sending.union(&file.settled));
        }
    }
}

/// The mark that an export into an Iceberg table has left in it.
pub fn iceberg_mark(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = TableName::new("ks", "t");
    let properties = HashMap::from([(iceberg::property(&source), text.to_owned())]);
    match iceberg::last(&source, &properties) {
        Ok(mark) => assert_eq!(mark, text.parse().ok(), "{text:?}"),
        Err(error) => assert!(error.to_string().contains("microseconds"), "{error}"),
    }
}

fn word<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Debug,
{
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string().parse::<T>().unwrap(), read, "{text:?}");
    }
}

/// What users type: names, tokens, and conditions, none of which may end the statement it stands in.
pub fn arguments(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    word::<TableName>(text);
    word::<IcebergTableName>(text);
    word::<FileName>(text);
    word::<Token>(text);
    word::<Condition>(text);
    if let Ok(condition) = text.parse::<Condition>() {
        // A second condition after it is still outside of its quotes.
        assert!(format!("{condition} ;").parse::<Condition>().is_err(), "{text:?}");
        assert!(format!("{condition} AND a = 1").parse::<Condition>().is_ok(), "{text:?}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_keep_the_laws() {
        seeds::keep("export_journal", super::export_journal);
        seeds::keep("manifest", super::manifest);
        seeds::keep("import_journal", super::import_journal);
        seeds::keep("iceberg_mark", super::iceberg_mark);
        seeds::keep("arguments", super::arguments);
    }
}
