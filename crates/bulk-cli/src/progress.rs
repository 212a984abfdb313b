//! How a run shows itself while it goes: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bulk::{Event, ImportProgress, Observer, Stats};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar has so many steps: hundredths of a percent.
const STEPS: u64 = 10_000;
/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows a run on standard error. Dropping it removes the bar.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins to show; `quiet` shows nothing.
    pub(crate) fn start(quiet: bool) -> (Self, Observer) {
        if quiet {
            return (Progress { bar: ProgressBar::hidden() }, Observer::none());
        }
        if std::io::stderr().is_terminal() {
            let bar = bar();
            let shown = bar.clone();
            return (Progress { bar }, Observer::new(move |_, stats| show(&shown, stats)));
        }
        let last = Mutex::new(Instant::now());
        let lines = Observer::new(move |event, stats| {
            let Ok(mut last) = last.lock() else { return };
            let over = matches!(event, Event::Finished);
            if !over && last.elapsed() >= LINE_EVERY {
                *last = Instant::now();
                // Where standard error is closed, nobody misses the line.
                let _ = writeln!(std::io::stderr(), "{:.2} %, {}", stats.percent(), rate(stats));
            }
        });
        (Progress { bar: ProgressBar::hidden() }, lines)
    }
}

impl Progress {
    /// Begins to show an import.
    pub(crate) fn start_import(quiet: bool) -> (Self, impl Fn(&ImportProgress) + Send + Sync) {
        let is_shown = !quiet && std::io::stderr().is_terminal();
        let bar = if is_shown { bar() } else { ProgressBar::hidden() };
        let (shown, last) = (bar.clone(), Mutex::new(Instant::now()));
        let callback = move |progress: &ImportProgress| {
            if is_shown {
                show_import(&shown, progress);
            } else if !quiet
                && let Ok(mut last) = last.lock()
                && last.elapsed() >= LINE_EVERY
            {
                *last = Instant::now();
                let percent = progress.percent().map(|percent| format!("{percent:.2} %, "));
                let (percent, rate) = (percent.unwrap_or_default(), import_rate(progress));
                // Where standard error is closed, nobody misses the line.
                let _ = writeln!(std::io::stderr(), "{percent}{rate}");
            }
        };
        (Progress { bar }, callback)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    let template = "{wide_bar:.green} {prefix}  {msg}  ETA {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn show(bar: &ProgressBar, stats: &Stats) {
    bar.set_position(steps(stats.percent()));
    bar.set_prefix(format!("{:.1} %", stats.percent()));
    bar.set_message(rate(stats));
}

fn steps(percent: f64) -> u64 {
    // At most STEPS, and never negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to STEPS")]
    let steps = (percent * STEPS as f64 / 100.0) as u64;
    steps
}

fn show_import(bar: &ProgressBar, progress: &ImportProgress) {
    if let Some(percent) = progress.percent() {
        bar.set_position(steps(percent));
        bar.set_prefix(format!("{percent:.1} %"));
    }
    bar.set_message(import_rate(progress));
}

/// Records and records per second, for people.
fn import_rate(progress: &ImportProgress) -> String {
    let (read, bad) = (progress.counts.read, progress.counts.bad);
    let bad = if bad == 0 { String::new() } else { format!(", {} bad", HumanCount(bad)) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating")]
    let per_second = progress.rows_per_second() as u64;
    format!("{} records{bad}, {} rows/s", HumanCount(read), HumanCount(per_second))
}

/// Rows and rows per second, for people.
pub(crate) fn rate(stats: &Stats) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating")]
    let per_second = stats.rows_per_second() as u64;
    format!("{} rows, {} rows/s", HumanCount(stats.rows), HumanCount(per_second))
}
