//! A condition on rows, as a user writes it, that can stand in the statement of every split.
//!
//! The text goes into the statement as it is: the server knows CQL better than anyone. But what
//! follows it in the statement is ours, so a text that would end the condition, or ask for something
//! that has another meaning for a part of the ring than for all of it (`LIMIT`), is refused here.

use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;

/// A CQL condition, as after `WHERE`, without bind markers.
///
/// ```
/// use executor::Condition;
/// let condition: Condition = "country = 'DE' AND total > 9.5".parse()?;
/// assert_eq!(condition.to_string(), "country = 'DE' AND total > 9.5");
/// assert!("country = 'DE' LIMIT 5".parse::<Condition>().is_err());
/// assert!("country = 'no LIMIT; really'".parse::<Condition>().is_ok());
/// # Ok::<(), executor::ConditionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(String);

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    text: String,
    reason: String,
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the condition '{}' {}", self.text, self.reason)
    }
}

impl StdError for ConditionError {}

/// Words that begin another part of a statement.
const CLAUSES: [&str; 6] = ["limit", "per", "allow", "group", "order", "where"];

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let text = text.trim();
        let refuse = |reason: String| ConditionError { text: text.to_owned(), reason };
        if text.is_empty() {
            return Err(refuse("is empty; write it as after WHERE in CQL".to_owned()));
        }
        let bare = unquoted(text).map_err(|quote| refuse(format!("has an open {quote}")))?;
        for (stranger, remedy) in [
            (";", "write one condition, without the end of a statement"),
            ("--", "leave comments out"),
            ("//", "leave comments out"),
            ("/*", "leave comments out"),
            ("?", "write the value itself"),
        ] {
            if bare.contains(stranger) {
                return Err(refuse(format!("has '{stranger}'; {remedy}")));
            }
        }
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let words = bare.split(|c| !word(c)).filter(|word| !word.is_empty());
        for found in words {
            if CLAUSES.contains(&found.to_lowercase().as_str()) {
                return Err(refuse(format!(
                    "has the word {found}, which begins another clause; every split would apply it to \
                     its own part of the table (a column of that name needs double quotes)"
                )));
            }
        }
        Ok(Condition(text.to_owned()))
    }
}

/// The text without what is quoted: strings, names, and strings between double dollars. A doubled
/// quote inside is an end and a begin, which comes to the same.
fn unquoted(text: &str) -> Result<String, &'static str> {
    let mut bare = String::new();
    let mut rest = text;
    loop {
        let next = ["'", "\"", "$$"]
            .into_iter()
            .filter_map(|quote| rest.find(quote).map(|at| (at, quote)))
            .min();
        let Some((at, quote)) = next else {
            bare.push_str(rest);
            return Ok(bare);
        };
        bare.push_str(&rest[..at]);
        bare.push(' ');
        let inside = &rest[at + quote.len()..];
        let end = inside.find(quote).ok_or(quote)?;
        rest = &inside[end + quote.len()..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_pass_as_they_are() {
        for text in [
            "a = 1",
            "\"limit\" = 5 AND b IN ('x;y', 'it''s -- fine')",
            "tags CONTAINS $$who? me$$",
            "limits > 5",
            "c > '2024-01-01T00:00:00Z'",
        ] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_would_change_the_statement_is_refused() {
        for text in [
            "",
            "   ",
            "a = 1; DROP TABLE x",
            "a = 1 LIMIT 5",
            "a = 1 allow filtering",
            "a = ?",
            "a = 1 -- b",
            "a = 1 /* b",
            "a = 'x",
            "a = $$x",
            "\"a = 1",
            "a = 'x' PER PARTITION LIMIT 1",
            "WHERE a = 1",
            "a = '' LIMIT 1 AND b = ''",
        ] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
    }
}
