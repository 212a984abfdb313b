//! What came of rounds: a line each, a JSON line each, and a table at the end.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde_json::{Value, json};

use crate::fault::{Counts, NODES};

/// Where the program's results are not what they should be; any other error is of the suite.
#[derive(Debug)]
pub(crate) struct Difference(pub(crate) String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Difference {}

/// A [`Difference`] unless it is so.
pub(crate) fn ensure_same(is_so: bool, why: impl FnOnce() -> String) -> Result<()> {
    if is_so { Ok(()) } else { Err(Difference(why()).into()) }
}

/// How a round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Complete, and the same in every cell.
    Same,
    /// Said to be complete, and different; or not complete without faults, hung, or panicked.
    Different(String),
    /// The suite could not do its part, so nothing is known.
    Invalid(String),
    /// Not possible on this machine.
    Skipped(String),
}

impl Verdict {
    /// What an outcome means.
    pub(crate) fn of(outcome: Result<Option<String>>) -> Verdict {
        match outcome {
            Ok(None) => Verdict::Same,
            Ok(Some(why)) => Verdict::Skipped(why),
            Err(why) if why.downcast_ref::<Difference>().is_some() => {
                Verdict::Different(format!("{why:#}"))
            }
            Err(why) => Verdict::Invalid(format!("{why:#}")),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::Different(_) => "DIFFERENT",
            Verdict::Invalid(_) => "invalid round",
            Verdict::Skipped(_) => "skipped",
        }
    }

    fn why(&self) -> Option<&str> {
        match self {
            Verdict::Same => None,
            Verdict::Different(why) | Verdict::Invalid(why) | Verdict::Skipped(why) => Some(why),
        }
    }
}

/// What came of a round.
#[derive(Clone, Debug)]
pub struct Report {
    /// What repeats its choices.
    pub seed: u64,
    /// What was to be done.
    pub job: String,
    /// Faults that really struck.
    pub(crate) faults: Counts,
    /// Frames struck at each node.
    pub(crate) nodes: [u64; NODES],
    /// How runs under faults ended: exit codes, or `killed`.
    pub(crate) ends: BTreeMap<String, u64>,
    /// Runs after the first.
    pub resumes: u64,
    /// Where lies what led to a difference.
    pub(crate) kept: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
}

impl Report {
    /// Whether all was as it should be, as far as it could be done here.
    pub fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Same | Verdict::Skipped(_))
    }

    /// How many faults struck.
    pub fn injected(&self) -> u64 {
        self.faults.values().sum()
    }

    /// The kinds of faults that struck, by name, and how often.
    pub fn faults(&self) -> impl Iterator<Item = (String, u64)> {
        self.faults.iter().map(|(kind, count)| (kind.to_string(), *count))
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        json!({
            "seed": self.seed, "job": self.job, "resumes": self.resumes,
            "faults": self.faults().collect::<BTreeMap<_, _>>(),
            "nodes": self.nodes, "ends": self.ends,
            "verdict": self.verdict.name(), "why": self.verdict.why(), "kept": self.kept,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}; ", self.seed, self.job)?;
        for (kind, count) in &self.faults {
            write!(f, "{kind} {count}, ")?;
        }
        write!(f, "frames by node {:?}, ends {:?}, ", self.nodes, self.ends)?;
        write!(f, "resumes {}: {}", self.resumes, self.verdict.name())?;
        self.verdict.why().map_or(Ok(()), |why| write!(f, ": {why}"))?;
        self.kept.as_ref().map_or(Ok(()), |kept| write!(f, "; kept in {kept}"))
    }
}

/// What came of many rounds.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    rounds: BTreeMap<&'static str, u64>,
    faults: BTreeMap<String, u64>,
    resumes: u64,
}

impl Sum {
    /// One more round.
    pub fn add(&mut self, report: &Report) {
        *self.rounds.entry(report.verdict.name()).or_default() += 1;
        self.resumes += report.resumes;
        for (kind, count) in report.faults() {
            *self.faults.entry(kind).or_default() += count;
        }
    }

    /// Whether no round was different, and at least one was the same.
    pub fn is_good(&self) -> bool {
        let of = |verdict: Verdict| self.rounds.get(verdict.name()).copied().unwrap_or(0);
        of(Verdict::Different(String::new())) == 0 && of(Verdict::Same) > 0
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rounds             {:>6}", self.rounds.values().sum::<u64>())?;
        for (verdict, count) in &self.rounds {
            writeln!(f, "  {verdict:<16} {count:>6}")?;
        }
        writeln!(f, "resumes            {:>6}", self.resumes)?;
        writeln!(f, "faults             {:>6}", self.faults.values().sum::<u64>())?;
        for (kind, count) in &self.faults {
            writeln!(f, "  {kind:<16} {count:>6}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::*;

    fn report(verdict: Verdict) -> Report {
        Report {
            seed: 1,
            job: "Count".into(),
            faults: Counts::new(),
            nodes: [0; NODES],
            ends: BTreeMap::new(),
            resumes: 2,
            kept: None,
            verdict,
        }
    }

    #[test]
    fn an_error_of_the_suite_is_no_difference() {
        let difference = ensure_same(false, || "1 row".into()).context("read back").unwrap_err();
        assert_eq!(Verdict::of(Err(difference)), Verdict::Different("read back: 1 row".into()));
        let own = Verdict::of(Err(anyhow!("no disk")));
        assert_eq!(own, Verdict::Invalid("no disk".into()));
        assert_eq!(Verdict::of(Ok(None)), Verdict::Same);
    }

    #[test]
    fn a_difference_or_nothing_but_invalid_rounds_is_not_good() {
        let mut sum = Sum::default();
        sum.add(&report(Verdict::Invalid("no disk".into())));
        assert!(!sum.is_good());
        sum.add(&report(Verdict::Same));
        assert!(sum.is_good());
        sum.add(&report(Verdict::Different("1 row".into())));
        assert!(!sum.is_good());
        assert!(sum.to_string().contains("resumes                 6"), "{sum}");
    }
}
