//! The log: where it goes, what its lines have, and how much of it there is.

use anyhow::{Result, ensure};
use integration_tests::run;

use crate::{RUN, Trial};

/// The levels in a log, each line of which begins with a moment and a level.
fn levels(text: &str) -> Result<Vec<&str>> {
    let mut levels = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let moment = words.next().unwrap_or_default();
        let is_moment = moment.len() >= 20 && moment.starts_with("20") && moment.ends_with('Z');
        ensure!(is_moment && moment.contains('T'), "no moment: {line}");
        let level = words.next().unwrap_or_default();
        let known = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
        ensure!(known.contains(&level), "no level: {line}");
        levels.push(level);
    }
    Ok(levels)
}

#[test]
fn the_log_file_is_appended_to_and_has_moments_and_levels() {
    run(async {
        let trial = Trial::new("control_log", 10).await?;
        let options = format!("--log-file {} --run-name {RUN}", trial.place("run.log"));
        let mut sizes = Vec::new();
        for _ in 0..2 {
            let ended = trial.run("count", &format!("{options} -v")).await?.with_code(0)?;
            ensure!(!ended.stderr.contains("INFO"), "{ended:?}");
            let text = std::fs::read_to_string(trial.path("run.log"))?;
            ensure!(text.contains("count begins") && text.contains("count has ended"), "{text}");
            sizes.push(levels(&text)?.len());
        }
        ensure!(sizes[0] < sizes[1], "{sizes:?}");
        Ok(())
    });
}

/// Without `-v` only what is worth a look is logged: that someone has paused the run is.
#[test]
fn each_v_says_more() {
    run(async {
        let trial = Trial::new("control_log_levels", 10).await?;
        let mut sizes = Vec::new();
        for (verbose, most) in [("", "WARN"), ("-v", "INFO"), ("-vvv", "TRACE")] {
            let log = trial.place(&format!("log{verbose}"));
            let options = format!("--log-file {log} {verbose} --rows-per-second 1");
            let mut count = trial.start("count", &options)?;
            trial.until(&mut count, |_| true).await?;
            trial.tell("pause").await?;
            trial.tell("set rate=off").await?;
            trial.tell("resume").await?;
            let (_, ended) = count.end().await?;
            ended.with_code(0)?;
            let text = std::fs::read_to_string(log)?;
            let levels = levels(&text)?;
            ensure!(levels.contains(&most), "no {most} in {text}");
            ensure!(text.contains("paused") && text.contains("goes on"), "{text}");
            let order = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
            let beyond = order.iter().skip_while(|level| **level != most).skip(1);
            for level in beyond {
                ensure!(!levels.contains(level), "{level} with {verbose:?}: {text}");
            }
            sizes.push(levels.len());
        }
        ensure!(sizes.is_sorted(), "{sizes:?}");
        Ok(())
    });
}
