//! `ctl`: runs that are under way, looked at and steered through their sockets.

use std::io::{self, Write};
use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};
use indicatif::{BinaryBytes, HumanCount, HumanDuration};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::args::{Output, Shown};
use crate::byte_size::ByteSize;
use crate::control_folder::ControlFolder;
use crate::control_protocol::{LimitChange, Reply, Request, State, Status};
use crate::exit::Failure;
use crate::output;
use crate::run_name::RunName;

/// A run answers at once, unless it is stopped.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a reply, at the most.
const LONGEST: u64 = 1 << 20;

const EXAMPLES: &str = "\
Examples:
  cassandra-bulk ctl
  cassandra-bulk ctl nightly status --output json
  cassandra-bulk ctl nightly pause
  cassandra-bulk ctl nightly set rate=5000 bytes=10MiB max-per-node=2
  cassandra-bulk ctl nightly set rate=off";

/// `ctl`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Ctl {
    /// The run, by the name it was given (--run-name), or else its process id [default: list all].
    run: Option<RunName>,
    /// What it is to do.
    #[arg(value_enum, default_value = "status", requires = "run")]
    what: What,
    /// With `set`: rate=ROWS a second, bytes=SIZE a second, max-per-node=REQUESTS at the same time; `off`
    /// removes the limit.
    #[arg(value_name = "LIMIT=VALUE")]
    limits: Vec<NewLimit>,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// What a run is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Say how far it is.
    Status,
    /// Send no more requests, until it is to resume.
    Pause,
    /// Go on.
    Resume,
    /// Go by other limits.
    Set,
}

/// A limit as it is to be; nothing where it is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NewLimit {
    Rows(Option<NonZeroU32>),
    Bytes(Option<NonZeroU32>),
    PerNode(Option<NonZeroUsize>),
}

impl FromStr for NewLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write rate=5000, bytes=10MiB, max-per-node=2, or off for a value";
        let (name, value) = text.split_once('=').ok_or(FORM)?;
        let number = |value: &str| format!("{value:?} is no number above 0");
        let value = Some(value).filter(|value| *value != "off");
        match name {
            "rate" => {
                let rate = value.map(|value| value.parse().map_err(|_| number(value)));
                rate.transpose().map(NewLimit::Rows)
            }
            "bytes" => {
                let rate = value.map(|value| value.parse().map(ByteSize::per_second));
                rate.transpose().map(NewLimit::Bytes)
            }
            "max-per-node" => {
                let count = value.map(|value| value.parse().map_err(|_| number(value)));
                count.transpose().map(NewLimit::PerNode)
            }
            _ => Err(format!("no limit is called {name:?}; {FORM}")),
        }
    }
}

impl Ctl {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let request = self.request()?;
        let folder = ControlFolder::open()
            .map_err(|error| Failure::usage(format!("runs cannot be found: {error}")))?;
        let Some(name) = &self.run else { return self.list(&folder).await };
        match ask(&folder, name, request).await {
            Ok(Reply::Status(status)) => self.print(&status),
            Ok(Reply::Error(reason)) => Err(Failure::usage(format!("run '{name}': {reason}"))),
            Err(error) if is_gone(&error) => Err(no_such_run(&folder, name).await),
            Err(error) => Err(Failure::Setup(format!("run '{name}' does not answer: {error}"))),
        }
    }

    fn request(&self) -> Result<Request, Failure> {
        let mut change = LimitChange::default();
        for limit in &self.limits {
            match *limit {
                NewLimit::Rows(rate) => change.rows_per_second = Some(rate),
                NewLimit::Bytes(rate) => change.bytes_per_second = Some(rate),
                NewLimit::PerNode(count) => change.max_per_node = Some(count),
            }
        }
        match (self.what, self.limits.is_empty()) {
            (What::Set, true) => Err(Failure::usage("set what? For instance rate=5000")),
            (What::Set, false) => Ok(Request::Set(change)),
            (_, false) => Err(Failure::usage("limits go with set")),
            (What::Status, true) => Ok(Request::Status),
            (What::Pause, true) => Ok(Request::Pause),
            (What::Resume, true) => Ok(Request::Resume),
        }
    }

    async fn list(&self, folder: &ControlFolder) -> Result<(), Failure> {
        let mut runs = Vec::new();
        for (name, answer) in all(folder).await {
            match answer {
                Ok(Reply::Status(status)) => runs.push(*status),
                Ok(Reply::Error(reason)) => tracing::warn!("run '{name}': {reason}"),
                // The next run of that name removes what is left.
                Err(error) if is_gone(&error) => {}
                Err(error) => tracing::warn!("run '{name}' does not answer: {error}"),
            }
        }
        let text = match self.shown.output {
            Output::Json => json!(runs).to_string(),
            Output::Text if runs.is_empty() => "no runs".to_owned(),
            Output::Text => table(&runs),
        };
        Ok(writeln!(io::stdout(), "{text}")?)
    }

    fn print(&self, status: &Status) -> Result<(), Failure> {
        let text = match self.shown.output {
            Output::Json => json!(status).to_string(),
            Output::Text => for_people(status),
        };
        Ok(writeln!(io::stdout(), "{text}")?)
    }
}

/// Whether nobody listens there.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

async fn no_such_run(folder: &ControlFolder, name: &RunName) -> Failure {
    let answers = all(folder).await.into_iter();
    let names = answers.filter(|(_, answer)| answer.is_ok()).map(|(name, _)| name.to_string());
    let names: Vec<String> = names.collect();
    let there = match names.is_empty() {
        true => "none is under way".to_owned(),
        false => format!("under way are {}", names.join(", ")),
    };
    Failure::usage(format!("no run is named '{name}'; {there}"))
}

/// How all runs stand.
async fn all(folder: &ControlFolder) -> Vec<(RunName, io::Result<Reply>)> {
    let names = folder.names().unwrap_or_else(|error| {
        tracing::warn!("runs cannot be listed: {error}");
        Vec::new()
    });
    let mut answers = Vec::new();
    for name in names {
        let answer = ask(folder, &name, Request::Status).await;
        answers.push((name, answer));
    }
    answers
}

/// Asks a run, and waits for its reply.
async fn ask(folder: &ControlFolder, name: &RunName, request: Request) -> io::Result<Reply> {
    let asked = async {
        let mut run = UnixStream::connect(folder.socket(name)).await?;
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        run.write_all(&line).await?;
        let mut said = Vec::new();
        run.take(LONGEST).read_to_end(&mut said).await?;
        Ok(serde_json::from_slice(&said)?)
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(reply) => reply,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn table(runs: &[Status]) -> String {
    let rows = runs.iter().map(|run| {
        vec![
            run.run.clone(),
            run.job.clone(),
            run.table.clone(),
            state(run).to_owned(),
            percent(run),
            HumanCount(run.rows).to_string(),
            rate(run),
        ]
    });
    output::table(&["RUN", "JOB", "TABLE", "STATE", "%", "ROWS", "ROWS/S"], &[4, 5, 6], rows)
}

fn for_people(run: &Status) -> String {
    let Status { run: name, job, table, .. } = run;
    let elapsed = Duration::try_from_secs_f64(run.elapsed_seconds).unwrap_or_default();
    let off = |limit: Option<String>| limit.unwrap_or_else(|| "off".to_owned());
    let limits = run.limits;
    let rows = off(limits.rows_per_second.map(|rate| HumanCount(rate.get().into()).to_string()));
    let bytes = off(limits.bytes_per_second.map(|rate| BinaryBytes(rate.get().into()).to_string()));
    let per_node = off(limits.max_per_node.map(|count| count.to_string()));
    let retries = run.retries.map(|count| format!(", {} retries", HumanCount(count)));
    let retries = retries.unwrap_or_default();
    format!(
        "{name}: {job} {table}, process {}, {} for {}\n\
         {} %, {} rows, {} rows/s{retries}\n\
         limits: {rows} rows/s, {bytes} bytes/s, {per_node} requests per node",
        run.process,
        state(run),
        HumanDuration(elapsed),
        percent(run),
        HumanCount(run.rows),
        rate(run),
    )
}

fn state(run: &Status) -> &'static str {
    match run.state {
        State::Running => "running",
        State::Paused => "paused",
    }
}

fn percent(run: &Status) -> String {
    run.percent.map_or_else(|| "?".to_owned(), |percent| format!("{percent:.2}"))
}

fn rate(run: &Status) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating")]
    let rate = run.rows_per_second as u64;
    HumanCount(rate).to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    fn request(line: &str) -> Result<Request, String> {
        let words = std::iter::once("cassandra-bulk").chain(line.split(' '));
        match Args::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Command::Ctl(ctl) => ctl.request().map_err(|failure| failure.message()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn what_is_typed_is_what_is_asked() {
        assert_eq!(request("ctl"), Ok(Request::Status));
        assert_eq!(request("ctl nightly"), Ok(Request::Status));
        assert_eq!(request("ctl 4711 pause"), Ok(Request::Pause));
        let set = LimitChange {
            rows_per_second: Some(None),
            bytes_per_second: Some(NonZeroU32::new(10 << 20)),
            max_per_node: Some(NonZeroUsize::new(2)),
        };
        let asked = request("ctl nightly set rate=off bytes=10MiB max-per-node=2");
        assert_eq!(asked, Ok(Request::Set(set)));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for line in [
            "ctl nightly set",
            "ctl nightly pause rate=5",
            "ctl nightly set rate",
            "ctl nightly set rate=0",
            "ctl nightly set rate=5k",
            "ctl nightly set speed=5",
            "ctl nightly set bytes=0",
            "ctl nightly stop",
            "ctl ../nightly",
        ] {
            assert!(request(line).is_err(), "{line}");
        }
    }
}
