//! What somebody else does with the cluster: reads of single rows, sent on schedule whatever the answers do.
//!
//! The loop is open. A reader that waits for an answer before it asks again asks less when the cluster is
//! slow, and so leaves out just what is looked for (coordinated omission). Here the latency of a read is
//! counted from the moment at which it was due.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::dataset::partitions;
use crate::tables::table;

/// Where the choice of partitions begins; the same each time.
const SEED: u64 = 21;
/// Significant figures that are kept of a latency.
const FIGURES: u8 = 3;

/// How the reads go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Reads per second.
    pub rate: f64,
    /// Reads before this are sent like the others, and not counted: connections and caches are cold.
    pub warm_up: Duration,
    /// How long the reads are counted.
    pub window: Duration,
}

impl Schedule {
    /// The moments at which reads are due, from the beginning, and whether they count.
    fn due(self) -> impl Iterator<Item = (Duration, bool)> {
        let all = (self.warm_up + self.window).as_secs_f64();
        (0_u32..)
            .map(move |read| f64::from(read) / self.rate)
            .take_while(move |at| *at < all)
            .map(move |at| (Duration::from_secs_f64(at), at >= self.warm_up.as_secs_f64()))
    }
}

/// How long the reads took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Reads that count.
    pub reads: u64,
    /// Those of them that gave an error. They are in the figures, with the time until the error.
    pub failed: u64,
    /// Half of them took no longer.
    pub p50: f64,
    /// 90 % of them took no longer.
    pub p90: f64,
    /// 99 % of them took no longer.
    pub p99: f64,
    /// 99.9 % of them took no longer.
    pub p999: f64,
}

/// The latencies of reads, as they come in.
#[derive(Debug)]
struct Latencies {
    micros: Histogram<u64>,
    failed: u64,
}

impl Latencies {
    fn new() -> Result<Self> {
        Ok(Latencies { micros: Histogram::new(FIGURES)?, failed: 0 })
    }

    fn add(&mut self, taken: Duration, answered: bool) -> Result<()> {
        self.micros.record(u64::try_from(taken.as_micros())?)?;
        self.failed += u64::from(!answered);
        Ok(())
    }

    fn figures(&self) -> Latency {
        let millis = |quantile| self.micros.value_at_quantile(quantile) as f64 / 1000.0;
        Latency {
            reads: self.micros.len(),
            failed: self.failed,
            p50: millis(0.5),
            p90: millis(0.9),
            p99: millis(0.99),
            p999: millis(0.999),
        }
    }
}

/// A session that doesn't bear the name of a bulk run, like that of any service.
async fn session(hosts: &[String]) -> Result<Session> {
    let profile = ExecutionProfile::builder().consistency(Consistency::LocalOne).build();
    let builder = SessionBuilder::new().known_nodes(hosts);
    Ok(builder.default_execution_profile_handle(profile.into_handle()).build().await?)
}

/// Reads the first rows of random partitions of the table of so many rows. It blocks the thread, which must
/// not be one of the runtime's: a timer of the runtime is late by up to a millisecond.
///
/// # Errors
///
/// Where there is nothing to read, no connection, or no read is due in the window. Reads that fail are
/// counted.
pub fn read(runtime: &Handle, hosts: &[String], rows: u64, how: Schedule) -> Result<Latency> {
    ensure!(how.rate.is_finite() && how.rate > 0.0, "{} reads per second are none", how.rate);
    let sensors = i64::try_from(partitions(rows).count())?;
    ensure!(sensors > 0, "a table without rows has nothing to read");
    let session = Arc::new(runtime.block_on(session(hosts))?);
    let cql = format!("SELECT * FROM {} WHERE sensor = ? AND sequence = 0", table(rows).cql());
    let statement =
        runtime.block_on(session.prepare(cql)).context("the read could not be prepared")?;

    let mut random = SmallRng::seed_from_u64(SEED);
    let (sender, answers) = mpsc::channel();
    let began = Instant::now();
    for (at, counts) in how.due() {
        let due = began + at;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let sensor = random.random_range(0..sensors);
        let (session, statement, sender) = (session.clone(), statement.clone(), sender.clone());
        runtime.spawn(async move {
            let answer = session.execute_unpaged(&statement, (sensor,)).await;
            let taken = due.elapsed();
            let row = answer.ok().and_then(|answer| answer.into_rows_result().ok());
            if counts {
                // The receiver outlives the reads, except where it has failed already.
                let _ = sender.send((taken, row.is_some_and(|rows| rows.rows_num() == 1)));
            }
        });
    }
    drop(sender);
    let mut latencies = Latencies::new()?;
    for (taken, answered) in answers {
        latencies.add(taken, answered)?;
    }
    let figures = latencies.figures();
    ensure!(figures.reads > 0, "no read is due in {:?} at {} a second", how.window, how.rate);
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_due_at_a_fixed_rate_and_the_first_do_not_count() {
        let schedule = Schedule {
            rate: 4.0,
            warm_up: Duration::from_millis(500),
            window: Duration::from_secs(1),
        };
        let due: Vec<(u128, bool)> =
            schedule.due().map(|(at, counts)| (at.as_millis(), counts)).collect();
        let expected =
            [(0, false), (250, false), (500, true), (750, true), (1000, true), (1250, true)];
        assert_eq!(due, expected);
    }

    #[test]
    fn one_slow_read_of_a_thousand_is_seen_beyond_the_last_permille_only() {
        let mut latencies = Latencies::new().unwrap();
        for millis in 1..=999 {
            latencies.add(Duration::from_millis(millis), true).unwrap();
        }
        latencies.add(Duration::from_secs(3600), false).unwrap();
        let figures = latencies.figures();
        assert_eq!((figures.reads, figures.failed), (1000, 1));
        for (figure, expected) in [
            (figures.p50, 500.0),
            (figures.p90, 900.0),
            (figures.p99, 990.0),
            (figures.p999, 999.0),
        ] {
            assert!((figure / expected - 1.0).abs() < 0.001, "{figure} for {expected}");
        }
        assert!(latencies.micros.max() >= 3_600_000_000);
    }
}
