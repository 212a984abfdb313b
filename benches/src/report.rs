//! The reports of the benchmarks, as Markdown tables.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::contender::Contender;
use crate::process::Spent;
use crate::warehouse::CommitTime;

/// A contender's medians.
#[derive(Clone, Debug)]
pub struct Line {
    /// What was measured.
    pub name: String,
    /// Splits; `None`: the default.
    pub splits: Option<usize>,
    /// Requests at a time; `None`: the default.
    pub at_once: Option<usize>,
    /// Rows of the table.
    pub rows: u64,
    /// Wall time.
    pub seconds: f64,
    /// Wall time as a multiple of the floor's.
    pub ratio: f64,
    /// Peak resident memory.
    pub peak_mib: f64,
}

/// The middle one, or the lower of the two in the middle; 0 of nothing.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

/// A Markdown table of all lines.
pub fn markdown(lines: &[Line]) -> String {
    let mut text = "| what | splits | at once | rows | seconds | rows/s | ratio | peak MiB |\n\
                    |---|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    let chosen =
        |number: Option<usize>| number.map_or_else(|| "default".to_owned(), |n| n.to_string());
    for line in lines {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.2} | {:.0} | {:.2} | {:.1} |",
            line.name,
            chosen(line.splits),
            chosen(line.at_once),
            line.rows,
            line.seconds,
            line.rows as f64 / line.seconds,
            line.ratio,
            line.peak_mib,
        );
    }
    text
}

/// What a whole program took, and the size of the files that it wrote or read.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// What it took.
    pub spent: Spent,
    /// Bytes of the files.
    pub bytes: u64,
    /// Its commit, if it ended in one.
    pub commit: Option<CommitTime>,
}

/// The runs of each contender over so many rows, in the order of the contenders.
#[derive(Clone, Debug)]
pub struct Runs<C>(BTreeMap<(u64, C), Vec<Run>>);

impl<C> Default for Runs<C> {
    fn default() -> Self {
        Runs(BTreeMap::new())
    }
}

impl<C: Contender> Runs<C> {
    /// Adds a run.
    pub fn add(&mut self, contender: C, rows: u64, run: Run) {
        self.0.entry((rows, contender)).or_default().push(run);
    }

    /// The medians, as a Markdown table. The ratio is to the floor over as many rows.
    pub fn markdown(&self) -> String {
        let mut text = "| what | rows | rounds | seconds | rows/s | ratio | client CPU s | \
                        peak MiB | files MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
        let seconds = |runs: &[Run]| median(runs.iter().map(|run| run.spent.seconds));
        for ((rows, contender), runs) in &self.0 {
            let floor = self.0.get(&(*rows, C::FLOOR));
            let ratio = floor.map(|floor| format!("{:.2}", seconds(runs) / seconds(floor)));
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {rows} | {} | {:.2} | {:.0} | {} | {:.2} | {:.1} | {:.1} |",
                contender.title(),
                runs.len(),
                seconds(runs),
                *rows as f64 / seconds(runs),
                ratio.as_deref().unwrap_or("-"),
                median(runs.iter().map(|run| run.spent.cpu_seconds)),
                median(runs.iter().map(|run| run.spent.peak_mib)),
                median(runs.iter().map(|run| run.bytes as f64 / (1024.0 * 1024.0))),
            );
        }
        text
    }

    /// What some contender took, as multiples of what another one took over as many rows: a line for each
    /// number of rows that both have run over.
    pub fn ratios(&self, of: C, to: C) -> String {
        let mut text = String::new();
        for ((rows, contender), runs) in &self.0 {
            let others = self.0.get(&(*rows, to)).filter(|_| *contender == of);
            let Some(others) = others else { continue };
            let ratio = |figure: fn(&Run) -> f64| {
                median(runs.iter().map(figure)) / median(others.iter().map(figure))
            };
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{rows} rows: {} takes {:.2} times the seconds, {:.2} times the client CPU and {:.2} \
                 times the peak memory of {}",
                of.title(),
                ratio(|run| run.spent.seconds),
                ratio(|run| run.spent.cpu_seconds),
                ratio(|run| run.spent.peak_mib),
                to.title(),
            );
        }
        text
    }

    /// The medians of the commits, as a Markdown table; nothing where there were none.
    pub fn commits(&self) -> String {
        let mut text = String::new();
        for ((rows, contender), runs) in &self.0 {
            let commits = || runs.iter().filter_map(|run| run.commit);
            if commits().next().is_none() {
                continue;
            }
            if text.is_empty() {
                text.push_str("| what | rows | files | commit ms |\n|---|--:|--:|--:|\n");
            }
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {rows} | {:.0} | {:.0} |",
                contender.title(),
                median(commits().map(|commit| commit.files as f64)),
                1000.0 * median(commits().map(|commit| commit.seconds)),
            );
        }
        text
    }
}

/// Writes a report, with the folder it is to be in.
///
/// # Errors
///
/// Where it can't be written.
pub fn save(text: &str, path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't create {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exporter::Exporter;

    #[test]
    fn the_median_is_one_of_the_figures() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.0);
        assert_eq!(median([]), 0.0);
    }

    #[test]
    fn a_ratio_is_to_the_floor_over_as_many_rows() {
        let mut runs = Runs::default();
        let run = |seconds| Run {
            spent: Spent { seconds, cpu_seconds: 0.5, peak_mib: 8.0 },
            bytes: 1024 * 1024,
            commit: None,
        };
        for seconds in [2.0, 1.0, 3.0] {
            runs.add(Exporter::BarePages, 100, run(seconds));
        }
        runs.add(Exporter::Csv, 100, run(5.0));
        runs.add(Exporter::Csv, 700, run(7.0));
        let text = runs.markdown();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].ends_with("| 100 | 3 | 2.00 | 50 | 1.00 | 0.50 | 8.0 | 1.0 |"), "{text}");
        assert!(lines[1].ends_with("| 100 | 1 | 5.00 | 20 | 2.50 | 0.50 | 8.0 | 1.0 |"), "{text}");
        assert!(lines[2].ends_with("| 700 | 1 | 7.00 | 100 | - | 0.50 | 8.0 | 1.0 |"), "{text}");
    }

    #[test]
    fn contenders_are_compared_over_as_many_rows_and_commits_are_listed() {
        let mut runs = Runs::default();
        let run = |seconds, cpu_seconds, commit| Run {
            spent: Spent { seconds, cpu_seconds, peak_mib: 8.0 },
            bytes: 0,
            commit,
        };
        let commit = |seconds| Some(CommitTime { files: 3, seconds });
        runs.add(Exporter::Parquet, 100, run(2.0, 1.0, None));
        runs.add(Exporter::Iceberg, 100, run(3.0, 1.25, commit(0.025)));
        assert_eq!(runs.ratios(Exporter::Parquet, Exporter::Csv), "");
        let ratios = runs.ratios(Exporter::Iceberg, Exporter::Parquet);
        assert!(ratios.starts_with("100 rows: ") && ratios.lines().count() == 1, "{ratios}");
        for ratio in ["1.50 times the s", "1.25 times the c", "1.00 times the p"] {
            assert!(ratios.contains(ratio), "{ratios}");
        }
        runs.add(Exporter::Iceberg, 20, run(1.0, 1.0, commit(0.04)));
        let commits = runs.commits();
        let lines: Vec<&str> = commits.lines().skip(2).collect();
        assert_eq!(lines.len(), 2, "{commits}");
        assert!(lines[0].ends_with("| 20 | 3 | 40 |"), "{commits}");
        assert!(lines[1].ends_with("| 100 | 3 | 25 |"), "{commits}");
        assert_eq!(Runs::<Exporter>::default().commits(), "");
    }
}
