//! Files to import that are not as an export writes them: with bad records among the good, and counters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use integration_tests::files_in;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::Value;

/// What a bad record has in place of its key, followed by its number.
const MARK: &str = "bad";

/// Copies exported files of lines, and puts bad records among the good ones. Gives how many.
pub(crate) fn spoil(
    from: &Path,
    to: &Path,
    format: &str,
    columns: usize,
    random: &mut StdRng,
) -> Result<u64> {
    std::fs::create_dir_all(to)?;
    let mut bad = 0;
    for path in files_in(from, &format!(".{format}"))? {
        let text = std::fs::read_to_string(&path)?;
        let name = path.file_name().context("a file without a name")?;
        let mut spoilt = String::with_capacity(text.len() + 1000);
        // A record may be of several lines, between quotes.
        let mut is_quoted = false;
        for line in text.split_inclusive('\n') {
            spoilt.push_str(line);
            is_quoted ^= format == "csv" && line.matches('"').count() % 2 == 1;
            if !is_quoted && random.random_bool(0.01) {
                spoilt.push_str(&record(bad, format, columns));
                bad += 1;
            }
        }
        std::fs::write(to.join(name), spoilt)?;
    }
    ensure!(bad > 0, "no record is bad");
    Ok(bad)
}

fn record(number: u64, format: &str, columns: usize) -> String {
    match format {
        "csv" => format!("{MARK}{number}{}\n", ",".repeat(columns - 1)),
        _ => format!("{{\"a\":\"{MARK}{number}\",\"b\":1}}\n"),
    }
}

/// How often each bad record is among those that an import has kept, and how many reasons there are.
pub(crate) fn kept_bad(journal: &Path) -> Result<(BTreeMap<String, u64>, u64)> {
    let (mut records, mut reasons) = (BTreeMap::new(), 0);
    for (path, text) in kept(journal, "bad")? {
        if is_reasons(&path) {
            reasons += text.lines().count() as u64;
            continue;
        }
        for (start, _) in text.match_indices(MARK) {
            let digits = text[start + MARK.len()..].chars().take_while(char::is_ascii_digit);
            *records.entry(digits.collect()).or_default() += 1;
        }
    }
    Ok((records, reasons))
}

/// Counters of a file.
pub(crate) const COUNTERS: i32 = 500;

/// Records that add 1 each, to one counter after the other, as CSV.
pub(crate) fn counters(records: i32) -> String {
    let rows = (0..records).map(|record| format!("{},1\n", record % COUNTERS));
    std::iter::once("id,n\n".to_owned()).chain(rows).collect()
}

/// How many updates of each counter may have been done or not.
pub(crate) fn kept_unknown(journal: &Path) -> Result<BTreeMap<i32, i64>> {
    let mut unknown = BTreeMap::new();
    for (path, text) in kept(journal, "unknown")? {
        for line in text.lines().skip(1).filter(|_| !is_reasons(&path)) {
            let (id, _) = line.split_once(',').with_context(|| format!("no record: {line}"))?;
            *unknown.entry(id.parse()?).or_default() += 1;
        }
    }
    Ok(unknown)
}

fn is_reasons(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_'))
}

/// The files of a folder of a journal; none where it is not there.
fn kept(journal: &Path, folder: &str) -> Result<Vec<(PathBuf, String)>> {
    let folder = journal.join(folder);
    let paths = if folder.is_dir() { files_in(&folder, "")? } else { Vec::new() };
    paths.into_iter().map(|path| Ok((path.clone(), std::fs::read_to_string(path)?))).collect()
}

/// A number of a report.
pub(crate) fn number(report: &Value, name: &str) -> Result<i64> {
    report[name].as_i64().with_context(|| format!("no {name} in {report}"))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn bad_records_stand_between_records_and_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let [from, journal] = ["from", "journal"].map(|name| folder.path().join(name));
        std::fs::create_dir_all(&from).unwrap();
        let good: String = (0..2000).map(|id| format!("{id},\"x\n\"\"y\"\n")).collect();
        std::fs::write(from.join("a.csv"), format!("id,v\n{good}")).unwrap();
        let mut random = StdRng::seed_from_u64(3);
        let bad = spoil(&from, &journal.join("bad"), "csv", 2, &mut random).unwrap();
        let text = std::fs::read_to_string(journal.join("bad/a.csv")).unwrap();
        let is_bad = |line: &&str| line.starts_with(MARK);
        let rest: Vec<&str> = text.split_inclusive('\n').filter(|line| !is_bad(line)).collect();
        assert_eq!(rest.concat(), format!("id,v\n{good}"));
        let (kept, reasons) = kept_bad(&journal).unwrap();
        assert_eq!((kept.len() as u64, reasons), (bad, 0));
        assert!(kept.values().all(|times| *times == 1), "{kept:?}");
    }
}
