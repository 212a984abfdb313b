//! A program's whole cost, as the system accounts for it: wall time, processor time, memory.
//!
//! All contenders are measured from outside in the same way, start and connecting included, since that
//! is what their users wait for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bulk::TableName;
use wait4::Wait4 as _;

/// How often the memory of a program of several processes is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// How much of a failed program's output an error quotes, in bytes.
const QUOTED: usize = 2000;

/// What a program took.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// Seconds from its start to its end.
    pub seconds: f64,
    /// Processor seconds, user and system, of all its processes.
    pub cpu_seconds: f64,
    /// Peak resident memory in MiB. Of one process, exact; of several, the largest sum seen, with pages
    /// that they share counted once.
    pub peak_mib: f64,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spent { seconds, cpu_seconds, peak_mib } = self;
        write!(f, "{seconds:.2} s, {cpu_seconds:.2} s of CPU, {peak_mib:.0} MiB")
    }
}

/// Where a program is that was built with this one.
///
/// # Errors
///
/// Where the system does not tell where this one is.
pub fn sibling(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("the system does not tell where this program is")?;
    Ok(this.with_file_name(name))
}

/// Our program: a subcommand of it, for a table.
///
/// # Errors
///
/// As [`sibling`].
pub fn ours(hosts: &[String], subcommand: &str, table: &TableName) -> Result<Command> {
    let mut command = Command::new(sibling("cassandra-bulk")?);
    command.args([subcommand, &table.to_string(), "--host", &hosts.join(",")]);
    Ok(command)
}

/// Runs a program to its end; what it prints goes to a file.
///
/// # Errors
///
/// Where it can't be started, or fails; the message has the end of what it printed.
pub fn run(command: &mut Command, log: &Path) -> Result<Spent> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = std::fs::File::create(log).with_context(|| format!("{}", log.display()))?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let began = Instant::now();
    let child = command.spawn().with_context(|| format!("{name} does not run"))?;
    let pid = child.id();
    let (ended, family) = (AtomicBool::new(false), AtomicU64::new(0));
    let (result, seconds) = thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                family.fetch_max(family_kib(pid), Ordering::Relaxed);
                thread::sleep(GLANCE);
            }
        });
        let result = child.wait4();
        let seconds = began.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        (result, seconds)
    });
    let used = result.with_context(|| format!("{name} could not be waited for"))?;
    if !used.status.success() {
        let said = std::fs::read(log).unwrap_or_default();
        let tail = said.get(said.len().saturating_sub(QUOTED)..).unwrap_or_default();
        let tail = String::from_utf8_lossy(tail).into_owned();
        ensure!(used.status.success(), "{name} failed ({}): …{tail}", used.status);
    }
    let largest = used.rusage.maxrss as f64 / (1024.0 * 1024.0);
    Ok(Spent {
        seconds,
        cpu_seconds: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        peak_mib: largest.max(family.into_inner() as f64 / 1024.0),
    })
}

/// The memory of a process and its descendants, if it has any; 0 where the system does not tell.
fn family_kib(pid: u32) -> u64 {
    let members = descendants(pid);
    if members.is_empty() {
        return 0;
    }
    members.into_iter().chain([pid]).map(proportional_kib).sum()
}

fn descendants(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut next = vec![pid];
    while let Some(pid) = next.pop() {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for thread in threads.flatten() {
            let text = std::fs::read_to_string(thread.path().join("children"));
            let children = text.unwrap_or_default();
            next.extend(children.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        }
        found.push(pid);
    }
    found.retain(|member| *member != pid);
    found
}

/// A process's resident memory, its share of shared pages only.
fn proportional_kib(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Spent> {
        let log =
            std::env::temp_dir().join(format!("bench-{}-{}", std::process::id(), script.len()));
        let spent = run(Command::new("sh").args(["-c", script]), &log);
        std::fs::remove_file(log).unwrap();
        spent
    }

    #[test]
    fn the_work_of_children_counts() {
        let work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let spent = shell(&format!("sh -c '{work}'; true")).unwrap();
        assert!(
            spent.cpu_seconds > 0.0 && spent.seconds > 0.0 && spent.peak_mib > 0.0,
            "{spent:?}"
        );
        let idle = shell("true").unwrap();
        assert!(spent.cpu_seconds > idle.cpu_seconds, "{spent:?} {idle:?}");
    }

    #[test]
    fn a_failure_is_quoted() {
        let error = shell("echo no such table; exit 3").unwrap_err().to_string();
        assert!(error.contains("no such table") && error.contains('3'), "{error}");
    }
}
