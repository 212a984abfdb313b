//! What is said of a table that is not there.

use std::fmt::Display;

use crate::catalog::backend::Backend;
use crate::error::{Error, ErrorKind};
use crate::table_name::TableName;

/// How many names are told.
const TOLD: usize = 5;

/// Whether the namespace or the table is missing, and what is there. Where that can't be found out
/// (who may read a table may not be allowed to list them), less is said.
pub(super) async fn error(
    catalog: &impl Display,
    backend: &dyn Backend,
    name: &TableName,
) -> Error {
    let namespace = name.namespace().join(".");
    let message = match backend.tables(name.namespace()).await {
        Ok(Some(tables)) => format!(
            "there is no table {} in the namespace {namespace} of {catalog}{}",
            name.table(),
            nearest(name.table(), tables, "the namespace is empty")
        ),
        Ok(None) => {
            let top = name.namespace().first().map(String::as_str).unwrap_or_default();
            let there = match backend.namespaces().await {
                Ok(namespaces) => nearest(top, namespaces, "it has none"),
                Err(_) => String::new(),
            };
            format!("there is no namespace {namespace} in {catalog}{there}")
        }
        Err(_) => format!("there is no table {name} in {catalog}"),
    };
    Error::new(ErrorKind::NotFound, message)
}

/// The names that are most like the one asked for.
fn nearest(wanted: &str, mut names: Vec<String>, none: &str) -> String {
    if names.is_empty() {
        return format!("; {none}");
    }
    // Those that are alike come first; the others are in order, so that the same is told each time.
    names.sort_unstable();
    names.sort_by(|a, b| {
        let likeness = |name: &str| strsim::jaro_winkler(wanted, name);
        likeness(b).total_cmp(&likeness(a))
    });
    let more = names.len().saturating_sub(TOLD);
    names.truncate(TOLD);
    match more {
        0 => format!("; there is {}", names.join(", ")),
        more => format!("; there is {} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_alike_come_first() {
        let names =
            ["zebra", "events", "order", "users", "a", "b", "c"].map(str::to_owned).to_vec();
        let told = nearest("orders", names, "");
        assert!(told.starts_with("; there is order, "), "{told}");
        assert!(told.ends_with(" and 2 more"), "{told}");
        assert_eq!(nearest("orders", Vec::new(), "it has none"), "; it has none");
    }
}
