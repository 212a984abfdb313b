//! The arguments of a run: how a table is cut, how fast the run may go, and how it is watched.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use bulk::{BulkOptions, Pace};
use clap::Args as ClapArgs;

use crate::byte_size::ByteSize;
use crate::run_name::RunName;

/// How a table is cut.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Run")]
pub(crate) struct Split {
    /// Units of work to cut the table into [default: by data size, at least 4 per node].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) splits: Option<u32>,
    /// Units of work at the same time [default: as many as the nodes' answers show that they take].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) parallelism: Option<u32>,
}

impl Split {
    pub(crate) fn apply(&self, mut options: BulkOptions) -> BulkOptions {
        if let Some(splits) = self.splits {
            options = options.split_count(usize::try_from(splits).unwrap_or(usize::MAX));
        }
        if let Some(parallelism) = self.parallelism {
            options = options.parallelism(usize::try_from(parallelism).unwrap_or(usize::MAX));
        }
        options
    }
}

/// How a run that reads goes.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Run")]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) split: Split,
    #[command(flatten)]
    pub(crate) conduct: Conduct,
}

/// How a run bears faults, what it may take, and how it shows itself.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Run")]
pub(crate) struct Conduct {
    /// Give a range, or a batch of rows, up after so many seconds of faults without progress.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = crate::args::seconds)]
    pub(crate) max_retry_time: Duration,
    /// End the run after so long, such as 30s or 2h: what is done by then is kept, and is gone on with
    /// as after an interruption.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) watch: Watch,
    /// Show no progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What a run may take of the cluster; `ctl RUN set` changes it while the run goes.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Run")]
pub(crate) struct Limits {
    /// Rows a second, at the most.
    #[arg(long, value_name = "N")]
    pub(crate) rows_per_second: Option<NonZeroU32>,
    /// Bytes a second, at the most, such as 20MiB.
    #[arg(long, value_name = "SIZE")]
    pub(crate) bytes_per_second: Option<ByteSize>,
    /// Requests that one node has at the same time, at the most.
    #[arg(long, value_name = "N")]
    pub(crate) max_per_node: Option<NonZeroUsize>,
}

impl Limits {
    /// The pace of a run that has these limits.
    pub(crate) fn pace(&self) -> Pace {
        let pace = Pace::default();
        pace.set_rows_per_second(self.rows_per_second);
        pace.set_bytes_per_second(self.bytes_per_second.map(ByteSize::per_second));
        pace.set_max_per_node(self.max_per_node);
        pace
    }
}

/// How a run is watched from outside.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Run")]
pub(crate) struct Watch {
    /// The name that `ctl` finds the run by [default: the process id]. SIGUSR1 pauses the run, SIGUSR2
    /// lets it go on.
    #[arg(long, value_name = "NAME")]
    pub(crate) run_name: Option<RunName>,
    /// Serve figures for Prometheus at http://ADDR/metrics while the run goes; such as 127.0.0.1:9500.
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Write a JSON document when the run has ended, however it has: a path or a URL.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<String>,
}

fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be more than 0".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("is no duration; write it as 30s, 15min or 2h 30min".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h 30min"), Ok(Duration::from_secs(9000)));
        for text in ["", "0s", "5", "-1s", "soon", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
