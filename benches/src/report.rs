//! The reports of the benchmarks, as Markdown tables.

use std::fmt::Write;

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

/// The medians of a contender that writes files.
#[derive(Clone, Debug)]
pub struct FileLine {
    /// What was measured.
    pub name: String,
    /// Rows of the table.
    pub rows: u64,
    /// Times it was run.
    pub rounds: usize,
    /// Wall time of the whole program.
    pub seconds: f64,
    /// Wall time as a multiple of the floor's, where the floor was measured on the same table.
    pub ratio: Option<f64>,
    /// Processor time of the program, not of the cluster.
    pub cpu_seconds: f64,
    /// Peak resident memory of the program.
    pub peak_mib: f64,
    /// Size of the files.
    pub written_mib: f64,
}

/// A Markdown table of all lines.
pub fn files_markdown(lines: &[FileLine]) -> String {
    let mut text = "| what | rows | rounds | seconds | rows/s | ratio | client CPU s | peak MiB | \
                    files MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for line in lines {
        let ratio = line.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {:.0} | {ratio} | {:.2} | {:.1} | {:.1} |",
            line.name,
            line.rows,
            line.rounds,
            line.seconds,
            line.rows as f64 / line.seconds,
            line.cpu_seconds,
            line.peak_mib,
            line.written_mib,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_the_figures() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.0);
        assert_eq!(median([]), 0.0);
    }
}
