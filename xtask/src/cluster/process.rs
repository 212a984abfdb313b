//! A process by its number and its time of birth, so that a recycled number is never signalled.
//!
//! The record of a node is one line on disk. The system is asked anew every time: what was true of
//! a process a moment ago is no ground for killing it now.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// A process as it was started, and where its log began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) pid: i32,
    /// How long its log was when it started.
    pub(super) log_offset: u64,
    /// When it was born, in whatever way the system tells it.
    pub(super) born: String,
}

/// A process as the system describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) state: char,
    pub(super) rss_bytes: u64,
    born: String,
}

impl Observed {
    /// Stopped by a signal.
    pub(super) fn is_paused(&self) -> bool {
        self.state == 'T'
    }
}

impl Record {
    /// Records a process that was just started.
    pub(super) fn of(pid: i32, log_offset: u64) -> Result<Self> {
        let observed =
            observe(pid).with_context(|| format!("process {pid} ended as soon as it began"))?;
        Ok(Self { pid, log_offset, born: observed.born })
    }

    /// Reads a record; none if there is no file, or none that makes sense.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(text.parse().ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
        }
    }

    /// Writes it.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, self.to_string())
            .with_context(|| format!("can't write {}", path.display()))
    }

    /// The process, if it is still the same one and alive.
    pub(super) fn alive(&self) -> Option<Observed> {
        let observed = observe(self.pid).filter(|observed| observed.born == self.born)?;
        if matches!(observed.state, 'Z' | 'X') && !has_other_threads(self.pid) {
            // A child of this very process stays until its end is asked for.
            let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
            return None;
        }
        Some(observed)
    }

    /// Sends a signal, if the process is still the same one.
    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        if self.alive().is_none() {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), signal) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
            Err(error) => {
                Err(error).with_context(|| format!("can't send {signal} to process {}", self.pid))
            }
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} {}", self.pid, self.log_offset, self.born)
    }
}

impl FromStr for Record {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.trim().splitn(3, ' ');
        let mut next = || parts.next().context("a process record has three parts");
        let record =
            Self { pid: next()?.parse()?, log_offset: next()?.parse()?, born: next()?.to_owned() };
        anyhow::ensure!(record.pid > 1, "a process record names no process of ours");
        Ok(record)
    }
}

#[cfg(target_os = "linux")]
fn observe(pid: i32) -> Option<Observed> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    from_proc(&stat, &status)
}

#[cfg(not(target_os = "linux"))]
fn observe(pid: i32) -> Option<Observed> {
    let output = std::process::Command::new("ps")
        .args(["-o", "state=", "-o", "rss=", "-o", "lstart=", "-p"])
        .arg(pid.to_string())
        .output()
        .ok()?;
    from_ps(&String::from_utf8_lossy(&output.stdout))
}

/// A killed JVM's first thread is gone before the others are, which still hold its ports.
fn has_other_threads(pid: i32) -> bool {
    std::fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() > 1)
}

/// Reads `/proc/PID/stat`, where the name in parentheses may hold anything, and `VmRSS`.
#[cfg(any(target_os = "linux", test))]
fn from_proc(stat: &str, status: &str) -> Option<Observed> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let rss_kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    Some(Observed {
        state: fields.first()?.chars().next()?,
        rss_bytes: rss_kib * 1024,
        // The 22nd field of the line; the first two are cut off.
        born: (*fields.get(19)?).to_owned(),
    })
}

/// Reads one line of `ps -o state=,rss=,lstart=`.
#[cfg(any(not(target_os = "linux"), test))]
fn from_ps(line: &str) -> Option<Observed> {
    let mut words = line.split_whitespace();
    let state = words.next()?.chars().next()?;
    let rss_kib: u64 = words.next()?.parse().ok()?;
    Some(Observed { state, rss_bytes: rss_kib * 1024, born: words.collect::<Vec<_>>().join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_as_it_was_written() {
        let record =
            Record { pid: 4711, log_offset: 12, born: "Sun Nov 23 11:45:06 2025".to_owned() };
        assert_eq!(record.to_string().parse::<Record>().unwrap(), record);
    }

    #[test]
    fn a_damaged_record_is_no_record() {
        for text in ["", "12", "12 0", "x 0 1", "-1 0 1", "1 0 1"] {
            assert!(text.parse::<Record>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_name_in_proc_may_hold_parentheses() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 98765 1000 77 1";
        let observed = from_proc(stat, "Name:\tx\nVmRSS:\t   2048 kB\n").unwrap();
        assert_eq!((observed.state, observed.rss_bytes), ('S', 2_097_152));
        assert_eq!(observed.born, "98765");
    }

    #[test]
    fn ps_tells_the_same() {
        let observed = from_ps("Ss    2048 Sun Nov 23 11:45:06 2025\n").unwrap();
        assert_eq!((observed.state, observed.rss_bytes), ('S', 2_097_152));
        assert_eq!(observed.born, "Sun Nov 23 11:45:06 2025");
        assert_eq!(from_ps(""), None);
    }

    #[test]
    fn this_process_is_alive_and_a_namesake_is_not() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let mut record = Record::of(pid, 0).unwrap();
        assert!(record.alive().is_some());
        record.born.push('0');
        assert!(record.alive().is_none());
    }
}
