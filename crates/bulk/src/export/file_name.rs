//! How the files of an export are named, so that no two runs ever write the same name, and a later run
//! knows the leftovers of an earlier one by their names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use topology::TableName;

use crate::error::Error;

const NUMBER: &str = "{number}";

/// A pattern for the names of files, without folder and extension.
///
/// `{number}` stands for a number that no other file of the export has, and must be there once; `{keyspace}`
/// and `{table}` for the names of the table, where each character that is no letter, digit, `-`, `.`
/// or `_` becomes `_`.
///
/// ```
/// use bulk::FileName;
/// let name: FileName = "orders-{number}".parse()?;
/// assert!("orders".parse::<FileName>().is_err());
/// assert!("a/{number}".parse::<FileName>().is_err());
/// # Ok::<(), bulk::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl Default for FileName {
    fn default() -> Self {
        FileName(format!("{{table}}-{NUMBER}"))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> String {
        name.0
    }
}

impl TryFrom<String> for FileName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl FromStr for FileName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Err(Error::request(format!("the file name '{text}' {why}")));
        if text.matches(NUMBER).count() != 1 {
            return refuse(
                "must have {number} in it once, as in 'orders-{number}'; it tells the files apart",
            );
        }
        let plain = ["{number}", "{table}", "{keyspace}"]
            .iter()
            .fold(text.to_owned(), |rest, placeholder| rest.replace(placeholder, ""));
        if let Some(odd) = plain.chars().find(|c| !is_plain(*c)) {
            return refuse(&format!(
                "has {odd:?}; letters, digits, '-', '_', '.', and the placeholders {{number}}, {{table}} \
                 and {{keyspace}} can be in it"
            ));
        }
        if text.starts_with('.') || text.starts_with('_') {
            return refuse("begins with '.' or '_'; many readers take such files for hidden ones");
        }
        Ok(FileName(text.to_owned()))
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn plain(name: &str) -> String {
    name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

impl FileName {
    fn around_number(&self, table: &TableName) -> (String, String) {
        let filled = self
            .0
            .replace("{keyspace}", &plain(table.keyspace()))
            .replace("{table}", &plain(table.table()));
        match filled.split_once(NUMBER) {
            Some((before, after)) => (before.to_owned(), after.to_owned()),
            None => (filled, String::new()),
        }
    }

    /// The name of a file, with its extension.
    pub(crate) fn of(&self, table: &TableName, attempt: u32, file: u64, suffix: &str) -> String {
        let (before, after) = self.around_number(table);
        format!("{before}{attempt:03}-{file:06}{after}.{suffix}")
    }

    /// Whether a file, which may lie in a folder, has such a name.
    pub(crate) fn matches(&self, table: &TableName, suffix: &str, file: &str) -> bool {
        let name = file.rsplit('/').next().unwrap_or(file);
        let (before, after) = self.around_number(table);
        let number = name
            .strip_prefix(&before)
            .and_then(|rest| rest.strip_suffix(suffix)?.strip_suffix('.')?.strip_suffix(&after));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        number
            .and_then(|number| number.split_once('-'))
            .is_some_and(|(attempt, file)| digits(attempt) && digits(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_names_are_known_again_and_no_others() {
        let table = TableName::new("shop", "Order Items/2");
        for pattern in
            ["{table}-{number}", "{number}", "{keyspace}.{table}.{number}.x", "part-{number}"]
        {
            let pattern: FileName = pattern.parse().unwrap();
            let name = pattern.of(&table, 1, 1_234_567, "csv.gz");
            assert!(!name.contains([' ', '/']), "{name}");
            assert!(pattern.matches(&table, "csv.gz", &name), "{name}");
            assert!(pattern.matches(&table, "csv.gz", &format!("day=1/{name}")), "{name}");
            for other in
                ["notes.csv.gz", "part-1.csv.gz", &name.replace(".gz", ""), "", "x-1-.csv.gz"]
            {
                assert!(!pattern.matches(&table, "csv.gz", other), "{pattern} {other}");
            }
        }
    }

    #[test]
    fn names_that_would_not_work_are_refused() {
        for text in [
            "",
            "orders",
            "{number}{number}",
            "a/{number}",
            "../{number}",
            "_x{number}",
            ".{number}",
            "{number}{day}",
            "{number} x",
        ] {
            assert!(text.parse::<FileName>().is_err(), "{text}");
        }
    }
}
