//! A bulk job that goes on for as long as something else is measured: begun again whenever it ends.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::arena::Arena;

/// Measures something, and runs a job from a moment after its beginning until after its end; gives the result of the
/// measurement and the seconds of each run of the job. What is measured is there before the job is, as
/// the users of a cluster are. The last run goes on to its end, so that each is of the whole table.
/// `command` makes a run ready.
///
/// # Errors
///
/// Those of the job and of the measurement.
pub fn during<T>(
    arena: &Arena,
    name: &str,
    begins_after: Duration,
    mut command: impl FnMut() -> Result<Command> + Send,
    measure: impl FnOnce() -> Result<T>,
) -> Result<(T, Vec<f64>)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let job = scope.spawn(|| {
            thread::sleep(begins_after);
            let mut seconds = Vec::new();
            while !over.load(Ordering::Acquire) {
                seconds.push(arena.measure(name, &mut command()?)?.seconds);
            }
            anyhow::Ok(seconds)
        });
        let measured = {
            let _end = EndOnDrop(&over);
            measure()
        };
        let seconds = job
            .join()
            .map_err(|_| anyhow!("the thread of {name} panicked"))?
            .with_context(|| format!("{name} failed while something was measured beside it"))?;
        ensure!(!seconds.is_empty(), "the measurement was over before {name} began");
        Ok((measured?, seconds))
    })
}

/// Tells the job to end, also where the measurement panics: the scope waits for its threads.
struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::contender::Contender;
    use crate::folder;
    use crate::pace::Phase;

    fn arena(name: &str) -> (Arena, PathBuf) {
        let folder = std::env::temp_dir().join(format!("bench-{name}-{}", std::process::id()));
        (Arena::open::<Phase>(&[], &[Phase::FLOOR], &folder, |_| {}).unwrap(), folder)
    }

    fn shell(script: &str) -> Result<Command> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Ok(command)
    }

    #[test]
    fn a_job_is_begun_again_until_the_measurement_is_over() {
        let (arena, folder) = arena("again");
        let runs = folder.join("runs");
        let script = format!("echo run >> {}", runs.display());
        let lines = || std::fs::read_to_string(&runs).unwrap_or_default().lines().count();
        let measure = || {
            let before = lines();
            while lines() < 3 {
                thread::yield_now();
            }
            Ok(before)
        };
        let begins_after = Duration::from_millis(100);
        let (before, seconds) =
            during(&arena, "job", begins_after, || shell(&script), measure).unwrap();
        assert_eq!(before, 0, "the job began before the measurement");
        assert!(seconds.len() >= 3, "{} runs", seconds.len());
        assert_eq!(seconds.len(), lines(), "the last run did not go on to its end");
        folder::remove(&folder).unwrap();
    }

    #[test]
    fn beside_a_job_that_fails_nothing_has_been_measured() {
        let (arena, folder) = arena("fails");
        let begun = folder.join("begun");
        let failing = || shell(&format!("touch {}; echo no such table; exit 3", begun.display()));
        let measure = || {
            while !begun.exists() {
                thread::yield_now();
            }
            Ok(())
        };
        let result = during(&arena, "job", Duration::ZERO, failing, measure);
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("no such table"), "{error}");
        folder::remove(&folder).unwrap();
    }

    #[test]
    fn a_job_that_has_not_begun_is_an_error() {
        let (arena, folder) = arena("late");
        let begins_after = Duration::from_secs(1);
        let result = during(&arena, "job", begins_after, || shell("true"), || Ok(()));
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("before job began"), "{error}");
        folder::remove(&folder).unwrap();
    }
}
