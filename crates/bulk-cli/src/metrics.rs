//! The figures of a run as Prometheus has them, made from the run's state whenever they are asked for.

use std::fmt;
use std::sync::Arc;

use bulk::{ImportProgress, Stats};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::run_state::{Figures, RunState};

/// What names begin with.
const PREFIX: &str = "cassandra_bulk";

/// A registry that has the run's figures.
pub(crate) fn registry(state: Arc<RunState>) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Figured(state)));
    registry
}

/// The figures as text, in the format of OpenMetrics.
pub(crate) fn exposition(registry: &Registry) -> Result<String, fmt::Error> {
    let mut page = String::new();
    text::encode(&mut page, registry)?;
    Ok(page)
}

#[derive(Debug)]
struct Figured(Arc<RunState>);

impl Collector for Figured {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let state = &self.0;
        let mut page = Page(encoder);
        page.run(state)?;
        page.limits(state)?;
        match state.figures() {
            None => Ok(()),
            Some(Figures::Read(stats)) => page.read(&stats),
            Some(Figures::Written(progress)) => page.written(&progress),
        }
    }
}

/// What is being written down.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.with_unit(name, help, None, ConstCounter::new(value))
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.with_unit(name, help, None, ConstGauge::new(value))
    }

    fn with_unit(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        metric: impl EncodeMetric,
    ) -> fmt::Result {
        metric.encode(self.0.encode_descriptor(name, help, unit, metric.metric_type())?)
    }

    fn run(&mut self, state: &RunState) -> fmt::Result {
        let mut info =
            self.0.encode_descriptor("run", "What the run is.", None, MetricType::Info)?;
        info.encode_info(&[
            ("job", state.job),
            ("table", state.table.as_str()),
            ("run", state.name.as_str()),
            ("version", env!("CARGO_PKG_VERSION")),
        ])?;
        let elapsed = ConstGauge::new(state.began().elapsed().as_secs_f64());
        self.with_unit("elapsed", "Time since the run began.", Some(&Unit::Seconds), elapsed)?;
        let is_paused = f64::from(u8::from(state.pace.is_paused()));
        self.gauge("paused", "1 while the run is paused.", is_paused)
    }

    /// A limit that is not set is not told.
    fn limits(&mut self, state: &RunState) -> fmt::Result {
        let limits = state.limits();
        if let Some(rate) = limits.rows_per_second {
            let rate = f64::from(rate.get());
            self.gauge("limit_rows_per_second", "Rows a second, at the most.", rate)?;
        }
        if let Some(rate) = limits.bytes_per_second {
            let rate = f64::from(rate.get());
            self.gauge("limit_bytes_per_second", "Bytes a second, at the most.", rate)?;
        }
        if let Some(count) = limits.max_per_node {
            let help = "Requests that one node has at the same time, at the most.";
            self.gauge("limit_max_per_node", help, count.get() as f64)?;
        }
        Ok(())
    }

    fn read(&mut self, stats: &Stats) -> fmt::Result {
        let bytes = ConstCounter::new(stats.bytes);
        self.with_unit("read", "Bytes of rows read.", Some(&Unit::Bytes), bytes)?;
        for (name, help, value) in [
            ("rows", "Rows read, or counted.", stats.rows),
            ("pages", "Pages received.", stats.pages),
            ("ranges_done", "Token ranges read to their end.", stats.ranges_done),
            ("splits_done", "Splits read to their end.", stats.splits_done),
            ("retries", "Requests sent again after a fault.", stats.retries),
            ("resplits", "Ranges or pages made smaller after timeouts.", stats.resplits),
            ("replans", "Plans made anew, since the ring had changed.", stats.replans),
            ("misrouted_pages", "Pages served by another node than asked.", stats.misrouted),
            ("range_errors", "Token ranges given up.", stats.errors),
        ] {
            self.counter(name, help, value)?;
        }
        for (name, help, value) in [
            ("ranges", "Token ranges to read.", stats.ranges_total as f64),
            ("splits", "Splits to read.", stats.splits_total as f64),
            ("tokens_covered_ratio", "Part of the tokens that is done.", stats.percent() / 100.0),
        ] {
            self.gauge(name, help, value)?;
        }
        Ok(())
    }

    fn written(&mut self, progress: &ImportProgress) -> fmt::Result {
        let counts = &progress.counts;
        for (name, help, value) in [
            ("records_settled", "Records settled by this run.", progress.settled),
            ("records_read", "Records read, all runs of the import together.", counts.read),
            ("records_written", "Records that are in the table.", counts.written),
            ("records_bad", "Records that could not be written.", counts.bad),
            ("records_filtered", "Records left out as asked for.", counts.filtered),
            ("records_unknown", "Records that may be written or not.", counts.unknown),
        ] {
            self.counter(name, help, value)?;
        }
        let read = ConstCounter::new(progress.bytes_read);
        self.with_unit("input_read", "Bytes of the input read.", Some(&Unit::Bytes), read)?;
        if let Some(total) = progress.bytes_total {
            let total = ConstGauge::new(total as f64);
            self.with_unit("input", "Bytes of the input.", Some(&Unit::Bytes), total)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use bulk::Pace;

    use super::*;

    fn state() -> Arc<RunState> {
        let name = "nightly".parse().unwrap();
        Arc::new(RunState::new(name, "count", "shop.\"Orders\"".to_owned(), Pace::default()))
    }

    fn page(state: &Arc<RunState>) -> String {
        exposition(&registry(Arc::clone(state))).unwrap()
    }

    #[test]
    fn a_run_that_has_not_read_yet_says_who_it_is() {
        let state = state();
        state.pace.pause();
        let page = page(&state);
        let info = r#"cassandra_bulk_run_info{job="count",table="shop.\"Orders\"",run="nightly""#;
        assert!(page.contains(info), "{page}");
        assert!(page.contains("cassandra_bulk_paused 1.0\n"), "{page}");
        assert!(!page.contains("rows") && page.ends_with("# EOF\n"), "{page}");
    }

    #[test]
    fn figures_and_limits_are_those_of_the_run() {
        let state = state();
        state.pace.set_rows_per_second(NonZeroU32::new(500));
        let stats =
            Stats { rows: 12, bytes: 345, tokens_asked: 4, tokens_done: 1, ..Stats::default() };
        state.set_figures(Figures::Read(stats));
        let page = page(&state);
        for line in [
            "cassandra_bulk_rows_total 12\n",
            "cassandra_bulk_read_bytes_total 345\n",
            "cassandra_bulk_tokens_covered_ratio 0.25\n",
            "cassandra_bulk_limit_rows_per_second 500.0\n",
        ] {
            assert!(page.contains(line), "no {line}in {page}");
        }
        assert!(!page.contains("limit_bytes"), "{page}");
    }
}
