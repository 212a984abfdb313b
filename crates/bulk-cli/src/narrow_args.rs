//! The arguments that choose some of a table's rows.

use bulk::{BulkOptions, Condition, RangeSet, TokenRange};
use clap::Args as ClapArgs;

/// Which rows.
#[derive(Debug, ClapArgs)]
pub(crate) struct Narrow {
    /// Only rows that a CQL condition holds for, written as after WHERE.
    #[arg(long = "where", value_name = "CQL")]
    condition: Option<Condition>,
    /// Let the cluster read all rows and drop what --where does not hold for.
    #[arg(long, requires = "condition")]
    allow_filtering: bool,
    /// Only this token range: start exclusive, end inclusive; may be given several times.
    #[arg(long, value_name = "START:END", value_parser = token_range, allow_hyphen_values = true)]
    token_range: Vec<Ranges>,
}

impl Narrow {
    pub(crate) fn apply(&self, mut options: BulkOptions) -> BulkOptions {
        options = options.allow_filtering(self.allow_filtering);
        if let Some(condition) = &self.condition {
            options = options.filter(condition.clone());
        }
        if !self.token_range.is_empty() {
            let all = self.token_range.iter();
            let all = all.fold(RangeSet::new(), |all, ranges| all.union(&ranges.0));
            options = options.token_ranges(all);
        }
        options
    }
}

/// A token range as it is given; one that wraps around the ring is two.
#[derive(Clone, Debug)]
struct Ranges(RangeSet);

fn token_range(text: &str) -> Result<Ranges, String> {
    let bad = || "is no token range; write START:END, such as -9000:42".to_owned();
    let (start, end) = text.split_once(':').ok_or_else(bad)?;
    let (start, end) = (start.parse().map_err(|_| bad())?, end.parse().map_err(|_| bad())?);
    if start == end {
        return Err("begins where it ends, and so is empty".to_owned());
    }
    Ok(Ranges(TokenRange::unwrapped(start, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_may_wrap_and_must_have_two_ends() {
        assert_eq!(token_range("-5:10").unwrap().0.iter().count(), 1);
        assert_eq!(token_range("10:-5").unwrap().0.iter().count(), 2);
        for text in ["", "5", "5:5", "a:b", "1:2:3", "99999999999999999999:1"] {
            assert!(token_range(text).is_err(), "{text}");
        }
    }
}
