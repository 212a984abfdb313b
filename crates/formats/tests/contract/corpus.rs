//! Odd files, kept: what is read of each of them.

use std::fmt::Write as _;

use crate::reading::read_named;

/// For each file: how many rows are good, the lines of bad records, and the error at the end, in part.
const EXPECTED: &str = include_str!("../corpus/EXPECTED");

#[tokio::test]
async fn odd_files_are_read_as_ever() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "EXPECTED")
        .collect();
    names.sort();
    let mut found = String::new();
    for name in names {
        let content = std::fs::read(format!("{folder}/{name}")).unwrap();
        let told = match read_named(&name, content, |_| {}).await {
            Ok(read) => {
                let lines: Vec<_> =
                    read.bad.iter().map(|bad| bad.line.unwrap_or_default()).collect();
                let error = read.error.map_or_else(String::new, |error| format!(", then {error}"));
                format!("{} rows, bad lines {lines:?}{error}", read.rows.len())
            }
            Err(error) => error.to_string(),
        };
        writeln!(found, "{name}: {told}").unwrap();
    }
    assert_eq!(found, EXPECTED, "\n{found}");
}
