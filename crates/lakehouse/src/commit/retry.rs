//! How often and how long a commit is tried.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

/// How often and how long a commit is tried, by the properties of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RetryPolicy {
    /// After someone else was first.
    conflict: Pauses,
    /// While the catalog does not answer.
    outage: Pauses,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pauses {
    times: usize,
    first: Duration,
    longest: Duration,
    total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let pauses = Pauses {
            times: 10,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(60),
            total: Duration::from_secs(30 * 60),
        };
        RetryPolicy { conflict: pauses, outage: Pauses { first: Duration::from_secs(1), ..pauses } }
    }
}

impl RetryPolicy {
    /// What a table's properties say, and this where they say nothing.
    pub(super) fn with(&self, properties: &HashMap<String, String>) -> Self {
        RetryPolicy {
            conflict: self.conflict.with(properties, "commit.retry"),
            outage: self.outage.with(properties, "commit.status-check"),
        }
    }

    /// The pauses of one commit, beginning now.
    pub(super) fn begin(&self) -> Patience {
        Patience {
            began: Instant::now(),
            conflict: (self.conflict.total, self.conflict.begin()),
            outage: (self.outage.total, self.outage.begin()),
        }
    }
}

impl Pauses {
    fn with(self, properties: &HashMap<String, String>, prefix: &str) -> Self {
        let duration = |name: &str, default: Duration| {
            property(properties, prefix, name).map_or(default, Duration::from_millis)
        };
        Pauses {
            times: property(properties, prefix, "num-retries").unwrap_or(self.times),
            first: duration("min-wait-ms", self.first),
            longest: duration("max-wait-ms", self.longest),
            total: duration("total-timeout-ms", self.total),
        }
    }

    fn begin(self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.first.min(self.longest))
            .with_max_delay(self.longest)
            .with_max_times(self.times)
            .with_jitter()
            .build()
    }
}

/// A property that is a number. One that is not is passed over: a commit that ends a long run does not
/// fail over how often it would have been tried.
fn property<T: FromStr>(
    properties: &HashMap<String, String>,
    prefix: &str,
    name: &str,
) -> Option<T> {
    let name = format!("{prefix}.{name}");
    let text = properties.get(&name)?;
    let value = text.trim().parse().ok();
    if value.is_none() {
        tracing::warn!(
            "the table's property {name} is {text:?}, which is no number; it is ignored"
        );
    }
    value
}

/// The pauses that are left.
#[derive(Debug)]
pub(super) struct Patience {
    began: Instant,
    conflict: (Duration, ExponentialBackoff),
    outage: (Duration, ExponentialBackoff),
}

impl Patience {
    /// How long to wait after a conflict; `None` when it has been tried often or long enough.
    pub(super) fn after_conflict(&mut self) -> Option<Duration> {
        next(self.began, &mut self.conflict)
    }

    /// How long to wait when the catalog did not answer.
    pub(super) fn after_outage(&mut self) -> Option<Duration> {
        next(self.began, &mut self.outage)
    }
}

fn next(began: Instant, (total, pauses): &mut (Duration, ExponentialBackoff)) -> Option<Duration> {
    let pause = pauses.next()?;
    (began.elapsed().saturating_add(pause) <= *total).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(policy: &RetryPolicy, next: fn(&mut Patience) -> Option<Duration>) -> Vec<Duration> {
        let mut patience = policy.begin();
        std::iter::from_fn(|| next(&mut patience)).collect()
    }

    #[test]
    fn a_tables_properties_say_how_often_and_how_long() {
        let properties = [
            ("commit.retry.num-retries", "3"),
            ("commit.retry.min-wait-ms", "10"),
            ("commit.retry.max-wait-ms", "15"),
            ("commit.status-check.num-retries", " 2 "),
            ("commit.status-check.min-wait-ms", "no number"),
        ];
        let properties =
            properties.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
        let policy = RetryPolicy::default().with(&properties);
        let conflicts = pauses(&policy, Patience::after_conflict);
        assert_eq!(conflicts.len(), 3);
        // Jitter adds up to as much again.
        assert!(conflicts.iter().all(|pause| (10..=30).contains(&pause.as_millis())));
        let outages = pauses(&policy, Patience::after_outage);
        assert_eq!(outages.len(), 2);
        assert!(outages[0] >= Duration::from_secs(1), "{outages:?}");
    }

    #[test]
    fn no_pause_goes_beyond_the_total() {
        let total = ("commit.retry.total-timeout-ms".to_owned(), "50".to_owned());
        let policy = RetryPolicy::default().with(&HashMap::from([total]));
        assert_eq!(pauses(&policy, Patience::after_conflict), []);
        assert_eq!(pauses(&policy, Patience::after_outage).len(), 10);
    }

    #[test]
    fn no_retries_are_none() {
        let none = ("commit.retry.num-retries".to_owned(), "0".to_owned());
        let policy = RetryPolicy::default().with(&HashMap::from([none]));
        assert_eq!(pauses(&policy, Patience::after_conflict), []);
    }
}
