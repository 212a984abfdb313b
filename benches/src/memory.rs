//! How much memory an export takes: what is exported, and the report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bulk::TableName;
use clap::ValueEnum;

use crate::report::{Run, median};
use crate::tables::table;
use crate::wide::Widths;

/// What an export of narrow rows stays below, in MiB, of whatever number of rows: pages (34), what two files hold back
/// (2 × 17, and those whose last ranges are still coming), the program, and the allocator's slack.
pub const NARROW_BOUND: f64 = 128.0;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// Rows of 150 bytes: so many.
    Narrow(u64),
    /// Rows of one wide cell: so many.
    Wide(Widths, u32),
}

impl Content {
    /// Where it is.
    pub fn table(self) -> TableName {
        match self {
            Content::Narrow(rows) => table(rows),
            Content::Wide(widths, rows) => widths.table(u64::from(rows)),
        }
    }

    /// How many rows it has.
    pub fn rows(self) -> u64 {
        match self {
            Content::Narrow(rows) => rows,
            Content::Wide(_, rows) => u64::from(rows),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Content::Narrow(_) => "150 bytes",
            Content::Wide(Widths::Even, _) => "5 MB",
            Content::Wide(Widths::Mixed, _) => "10 B to 10 MB",
        }
    }
}

/// The format of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// CSV.
    Csv,
    /// Parquet.
    Parquet,
}

impl Format {
    /// Its name, as an argument of the program.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

/// The runs of all rounds.
#[derive(Clone, Debug, Default)]
pub struct Peaks(BTreeMap<(Content, Format), Vec<Run>>);

impl Peaks {
    /// Adds a run.
    pub fn add(&mut self, content: Content, format: Format, run: Run) {
        self.0.entry((content, format)).or_default().push(run);
    }

    /// As a Markdown table: the median of the seconds, the largest of the peaks, since that is what there
    /// must be room for, and the peak as a multiple of that of the fewest narrow rows.
    pub fn markdown(&self) -> String {
        let mut text =
            "| rows of | rows | format | rounds | seconds | peak MiB | ratio | bound MiB | \
                        files MiB |\n|---|--:|---|--:|--:|--:|--:|--:|--:|\n"
                .to_owned();
        let peak = |runs: &[Run]| runs.iter().map(|run| run.spent.peak_mib).fold(0.0, f64::max);
        for ((content, format), runs) in &self.0 {
            // Contents are in order: narrow ones first, those of fewer rows before others.
            let least = self.0.iter().find(|((content, other), _)| {
                matches!(content, Content::Narrow(_)) && other == format
            });
            let ratio = least.map(|(_, least)| format!("{:.2}", peak(runs) / peak(least)));
            let bound = match content {
                Content::Narrow(_) => format!("{NARROW_BOUND:.0}"),
                Content::Wide(..) => "-".to_owned(),
            };
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {:.2} | {:.1} | {} | {bound} | {:.1} |",
                content.title(),
                content.rows(),
                format.name(),
                runs.len(),
                median(runs.iter().map(|run| run.spent.seconds)),
                peak(runs),
                ratio.as_deref().unwrap_or("-"),
                median(runs.iter().map(|run| run.bytes as f64 / (1024.0 * 1024.0))),
            );
        }
        text
    }

    /// The runs of narrow rows that took more than they may, a line for each.
    pub fn beyond_bound(&self) -> Vec<String> {
        let runs = self.0.iter().flat_map(|(key, runs)| runs.iter().map(move |run| (key, run)));
        runs.filter(|((content, _), run)| {
            matches!(content, Content::Narrow(_)) && run.spent.peak_mib > NARROW_BOUND
        })
        .map(|((content, format), run)| {
            format!(
                "{} rows to {} took {:.1} MiB, more than {NARROW_BOUND:.0}",
                content.rows(),
                format.name(),
                run.spent.peak_mib
            )
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Spent;

    fn run(seconds: f64, peak_mib: f64) -> Run {
        let spent = Spent { seconds, cpu_seconds: 1.0, peak_mib };
        Run { spent, bytes: 3 << 20, commit: None }
    }

    #[test]
    fn the_largest_peak_counts_and_is_compared_with_the_fewest_narrow_rows() {
        let mut peaks = Peaks::default();
        for (seconds, peak) in [(1.0, 40.0), (5.0, 30.0), (2.0, 20.0)] {
            peaks.add(Content::Narrow(100), Format::Csv, run(seconds, peak));
        }
        peaks.add(Content::Narrow(900), Format::Csv, run(9.0, 50.0));
        peaks.add(Content::Wide(Widths::Even, 4), Format::Csv, run(3.0, 200.0));
        peaks.add(Content::Wide(Widths::Even, 4), Format::Parquet, run(3.0, 200.0));
        let text = peaks.markdown();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let expected = [
            "| 150 bytes | 100 | csv | 3 | 2.00 | 40.0 | 1.00 | 128 | 3.0 |",
            "| 150 bytes | 900 | csv | 1 | 9.00 | 50.0 | 1.25 | 128 | 3.0 |",
            "| 5 MB | 4 | csv | 1 | 3.00 | 200.0 | 5.00 | - | 3.0 |",
            "| 5 MB | 4 | parquet | 1 | 3.00 | 200.0 | - | - | 3.0 |",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn only_narrow_rows_are_held_to_the_bound() {
        let mut peaks = Peaks::default();
        peaks.add(Content::Wide(Widths::Mixed, 4), Format::Csv, run(1.0, 500.0));
        peaks.add(Content::Narrow(9), Format::Csv, run(1.0, 128.0));
        assert!(peaks.beyond_bound().is_empty());
        peaks.add(Content::Narrow(9), Format::Parquet, run(1.0, 128.5));
        assert_eq!(peaks.beyond_bound(), ["9 rows to parquet took 128.5 MiB, more than 128"]);
    }
}
