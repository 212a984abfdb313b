//! A bulk job that goes on for as long as something else is measured: begun again whenever it ends.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use crate::arena::Arena;

/// The job has so long to connect and plan before anything is measured.
const LEAD: Duration = Duration::from_secs(2);

/// Runs a job from before a measurement begins until after it has ended, and gives the result of the
/// measurement and the seconds of each run of the job. The last run goes on to its end, so that each is of
/// the whole table. `command` makes a run ready.
///
/// # Errors
///
/// Those of the job and of the measurement. Where the job fails at once, nothing is measured.
pub fn during<T>(
    arena: &Arena,
    name: &str,
    mut command: impl FnMut() -> Result<Command> + Send,
    measure: impl FnOnce() -> Result<T>,
) -> Result<(T, Vec<f64>)> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let job = scope.spawn(|| {
            let mut seconds = Vec::new();
            while !over.load(Ordering::Acquire) {
                seconds.push(arena.measure(name, &mut command()?)?.seconds);
            }
            anyhow::Ok(seconds)
        });
        let measured = {
            let _end = EndOnDrop(&over);
            thread::sleep(LEAD);
            // As long as it is not told to end, only an error ends it.
            (!job.is_finished()).then(measure)
        };
        let seconds = job
            .join()
            .map_err(|_| anyhow!("the thread of {name} panicked"))?
            .with_context(|| format!("{name} failed while something was measured beside it"))?;
        let measured = measured.with_context(|| format!("{name} ended before its time"))??;
        Ok((measured, seconds))
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
            while lines() < before + 3 {
                thread::yield_now();
            }
            Ok(before)
        };
        let (before, seconds) = during(&arena, "job", || shell(&script), measure).unwrap();
        assert!(before > 0, "it was measured before the job began");
        assert!(seconds.len() >= before + 3, "{} runs", seconds.len());
        assert_eq!(seconds.len(), lines(), "the last run did not go on to its end");
        folder::remove(&folder).unwrap();
    }

    #[test]
    fn beside_a_job_that_fails_nothing_is_measured() {
        let (arena, folder) = arena("fails");
        let mut measured = false;
        let result = during(
            &arena,
            "job",
            || shell("echo no such table; exit 3"),
            || {
                measured = true;
                Ok(())
            },
        );
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("no such table") && !measured, "{error}");
        folder::remove(&folder).unwrap();
    }
}
