//! The name of a run: what `ctl` finds it by, and so a part of a file's name.

use std::fmt;
use std::str::FromStr;

/// A name of 1 to 64 letters, digits, `-`, `_` and `.`, not beginning with `.` or `-`.
///
/// Nothing else, since it is a file's name, a label of metrics, and typed into shells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunName(String);

/// The address of a Unix socket has room for about a hundred bytes, with its folder.
const LONGEST: usize = 64;

impl RunName {
    /// The name of a run that was given none.
    pub(crate) fn of_process() -> Self {
        RunName(std::process::id().to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let begins_well = !text.starts_with(['.', '-']);
        if (1..=LONGEST).contains(&text.len()) && begins_well && text.chars().all(is_good) {
            Ok(RunName(text.to_owned()))
        } else {
            Err(format!("is to be 1 to {LONGEST} letters, digits, '-', '_' or '.'"))
        }
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_plain_file_name() {
        assert_eq!("nightly-2.a_B".parse(), Ok(RunName("nightly-2.a_B".to_owned())));
        for text in ["", "a/b", "..", ".hidden", "-x", "a b", "ä", &"x".repeat(65)] {
            assert!(text.parse::<RunName>().is_err(), "{text}");
        }
        assert!(RunName::of_process().as_str().parse::<RunName>().is_ok());
    }
}
