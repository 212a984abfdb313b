//! How much a bulk job is felt by others: the phases of the benchmark, and its report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;

use crate::contender::{Contender, Peer};
use crate::foreground::Latency;
use crate::report::median;

/// What goes on while the reads are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Phase {
    /// Nothing.
    Alone,
    /// An export that finds its parallelism by itself.
    Export,
    /// An export of 48 splits at a time, whatever the cluster says.
    Export48,
    /// An export of one split at a time.
    Export1,
    /// An import with its defaults.
    Import,
}

impl Contender for Phase {
    const FLOOR: Self = Phase::Alone;

    fn title(self) -> &'static str {
        match self {
            Phase::Alone => "alone",
            Phase::Export => "export, default",
            Phase::Export48 => "export, `--parallelism 48`",
            Phase::Export1 => "export, `--parallelism 1`",
            Phase::Import => "import, default",
        }
    }

    fn peer(self) -> Option<Peer> {
        None
    }
}

impl Phase {
    /// The number of splits at a time, where it is fixed.
    pub fn parallelism(self) -> Option<u32> {
        match self {
            Phase::Export48 => Some(48),
            Phase::Export1 => Some(1),
            Phase::Alone | Phase::Export | Phase::Import => None,
        }
    }
}

/// One phase of one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// Of the reads.
    pub latency: Latency,
    /// Of the job, if there was one.
    pub rows_per_second: Option<f64>,
}

/// The phases of all rounds.
#[derive(Clone, Debug, Default)]
pub struct Rounds(BTreeMap<Phase, BTreeMap<u32, Observed>>);

impl Rounds {
    /// Adds a phase of a round.
    pub fn add(&mut self, round: u32, phase: Phase, observed: Observed) {
        self.0.entry(phase).or_default().insert(round, observed);
    }

    /// The medians over the rounds, as a Markdown table. The ratios are to the same round's reads alone:
    /// the machine is another one in each round.
    pub fn markdown(&self) -> String {
        let mut text = "| beside the reads | rounds | reads | failed | p50 ms | p90 ms | p99 ms | \
                        p99.9 ms | p50 / alone | p99 / alone | rows/s of the job |\n\
                        |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
        for (phase, rounds) in &self.0 {
            let of = |figure: fn(&Latency) -> f64| {
                median(rounds.values().map(|round| figure(&round.latency)))
            };
            let speed = rounds.values().filter_map(|round| round.rows_per_second);
            let speed: Vec<f64> = speed.collect();
            let speed =
                if speed.is_empty() { "-".to_owned() } else { format!("{:.0}", median(speed)) };
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} | {speed} |",
                phase.title(),
                rounds.len(),
                rounds.values().map(|round| round.latency.reads).sum::<u64>(),
                rounds.values().map(|round| round.latency.failed).sum::<u64>(),
                of(|latency| latency.p50),
                of(|latency| latency.p90),
                of(|latency| latency.p99),
                of(|latency| latency.p999),
                self.ratio(*phase, |latency| latency.p50),
                self.ratio(*phase, |latency| latency.p99),
            );
        }
        text
    }

    fn ratio(&self, phase: Phase, figure: fn(&Latency) -> f64) -> String {
        let (Some(rounds), Some(alone)) = (self.0.get(&phase), self.0.get(&Phase::Alone)) else {
            return "-".to_owned();
        };
        let ratios: Vec<f64> = rounds
            .iter()
            .filter_map(|(round, with)| {
                let alone = alone.get(round)?;
                Some(figure(&with.latency) / figure(&alone.latency))
            })
            .collect();
        if ratios.is_empty() { "-".to_owned() } else { format!("{:.2}", median(ratios)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(p99: f64, rows_per_second: Option<f64>) -> Observed {
        let latency = Latency { reads: 100, failed: 1, p50: 1.0, p90: 2.0, p99, p999: 40.0 };
        Observed { latency, rows_per_second }
    }

    #[test]
    fn ratios_are_within_a_round_and_medians_over_rounds() {
        let mut rounds = Rounds::default();
        for (round, alone, with) in [(1, 2.0, 4.0), (2, 10.0, 15.0), (3, 4.0, 20.0)] {
            rounds.add(round, Phase::Alone, observed(alone, None));
            rounds.add(round, Phase::Export, observed(with, Some(1000.0 * f64::from(round))));
        }
        let text = rounds.markdown();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        // The ratios of the rounds are 2, 1.5 and 5; the ratio of the medians would be 15 / 4.
        let expected = [
            "| alone | 3 | 300 | 3 | 1.00 | 2.00 | 4.00 | 40.00 | 1.00 | 1.00 | - |",
            "| export, default | 3 | 300 | 3 | 1.00 | 2.00 | 15.00 | 40.00 | 1.00 | 2.00 | 2000 |",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn without_reads_alone_there_is_no_ratio() {
        let mut rounds = Rounds::default();
        rounds.add(1, Phase::Export1, observed(5.0, Some(9.0)));
        rounds.add(2, Phase::Alone, observed(5.0, None));
        let text = rounds.markdown();
        assert!(text.contains("| 5.00 | 40.00 | - | - | 9 |"), "{text}");
    }
}
