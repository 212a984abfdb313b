//! The sockets of runs: who is found, who is not, and what clients may do to a run.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use integration_tests::run;
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::{ROWS, RUN, Trial};

#[test]
fn runs_are_listed_and_found_by_their_names() {
    run(async {
        let trial = Trial::new("control_list", ROWS).await?;
        let none = trial.ctl("").await?.with_code(0)?;
        ensure!(none.stdout.trim() == "no runs", "{none:?}");
        let unknown = trial.ctl("nobody status").await?.with_code(2)?;
        ensure!(unknown.stderr.contains("none is under way"), "{unknown:?}");

        let mut export = trial.start_export(1, "")?;
        let status = trial.until(&mut export, |_| true).await?;
        ensure!(status["run"] == RUN && status["job"] == "export", "{status}");
        let listed = trial.ctl("").await?.with_code(0)?;
        ensure!(
            listed.stdout.contains(RUN) && listed.stdout.contains("control_list"),
            "{listed:?}"
        );
        let listed = trial.ctl("--output json").await?.with_code(0)?;
        let listed: Value = serde_json::from_str(&listed.stdout)?;
        ensure!(listed[0]["run"] == RUN && listed[1].is_null(), "{listed}");
        let shown = trial.ctl(RUN).await?.with_code(0)?;
        ensure!(shown.stdout.contains("1 rows/s"), "{shown:?}");
        let unknown = trial.ctl("nobody pause").await?.with_code(2)?;
        ensure!(unknown.stderr.contains(RUN), "{unknown:?}");

        // The name is taken; the run that has it does not notice.
        let second = trial.run("count", &format!("--run-name {RUN}")).await?.with_code(2)?;
        ensure!(second.stderr.contains("--run-name"), "{second:?}");
        trial.tell("set rate=off").await?;
        let (_, ended) = export.end().await?;
        ended.with_code(0)?;
        ensure!(trial.ctl("").await?.stdout.trim() == "no runs");
        Ok(())
    });
}

#[test]
fn a_run_without_a_name_is_found_by_its_process() {
    run(async {
        let trial = Trial::new("control_process", ROWS).await?;
        let out = trial.place("out");
        let arguments = trial.arguments("export", &format!("{out} --rows-per-second 1"));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut export = integration_tests::Running::start_in(&trial.environment(), &arguments)?;
        let listed = loop {
            ensure!(!export.has_ended()?, "it has ended: {:?}", export.end().await?);
            let listed = trial.ctl("--output json").await?.with_code(0)?;
            let listed: Value = serde_json::from_str(&listed.stdout)?;
            if !listed[0].is_null() {
                break listed;
            }
        };
        let process = listed[0]["process"].as_u64().context("no process")?;
        let name = process.to_string();
        ensure!(listed[0]["run"].as_str() == Some(name.as_str()), "{listed}");
        trial.ctl(&format!("{process} set rate=off")).await?.with_code(0)?;
        let (_, ended) = export.end().await?;
        ended.with_code(0)?;
        Ok(())
    });
}

#[test]
fn what_a_killed_run_has_left_is_replaced() {
    run(async {
        let trial = Trial::new("control_stale", ROWS).await?;
        let mut export = trial.start_export(1, "")?;
        trial.until(&mut export, |_| true).await?;
        export.signal(Signal::SIGKILL)?;
        export.end().await?;
        let socket = trial.path("cassandra-bulk").join(format!("{RUN}.sock"));
        ensure!(socket.exists(), "nothing was left behind");
        ensure!(trial.ctl("").await?.with_code(0)?.stdout.trim() == "no runs");
        trial.ctl(&format!("{RUN} pause")).await?.with_code(2)?;
        let ended = trial.run("count", &format!("--run-name {RUN}")).await?.with_code(0)?;
        ensure!(!ended.stderr.contains("ctl") && !socket.exists(), "{ended:?}");
        Ok(())
    });
}

#[test]
fn a_run_that_cannot_have_a_socket_goes_without() {
    run(async {
        let trial = Trial::new("control_no_socket", 10).await?;
        let count = async |runtime: String| {
            let environment = [("XDG_RUNTIME_DIR".to_owned(), runtime)];
            let arguments = trial.arguments("count", &format!("--run-name {RUN}"));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            integration_tests::program_in(&environment, &arguments).await
        };
        // There is no such folder; it is a file; the path is longer than a socket's may be.
        std::fs::write(trial.path("file"), "")?;
        let long = trial.path(&"x".repeat(120));
        std::fs::create_dir(&long)?;
        for runtime in [trial.place("nowhere"), trial.place("file"), long.display().to_string()] {
            let ended = count(runtime.clone()).await?.with_code(0)?;
            ensure!(ended.stdout.trim() == "10", "{ended:?}");
            ensure!(ended.stderr.contains("cannot be controlled"), "{runtime}: {ended:?}");
        }
        // Nor is a folder used that others may look into.
        let open = trial.path("cassandra-bulk");
        std::fs::create_dir(&open)?;
        std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let ended = count(trial.folder.path().display().to_string()).await?.with_code(0)?;
        ensure!(ended.stderr.contains("chmod"), "{ended:?}");
        ensure!(std::fs::read_dir(&open)?.count() == 0);
        Ok(())
    });
}

#[test]
fn clients_that_say_nothing_or_too_much_do_not_hold_a_run_up() {
    run(async {
        let trial = Trial::new("control_clients", ROWS).await?;
        let mut export = trial.start_export(1, "")?;
        trial.until(&mut export, |_| true).await?;
        let socket = trial.path("cassandra-bulk").join(format!("{RUN}.sock"));
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(UnixStream::connect(&socket).await?);
        }
        // It has to wait until the silent ones have had their time.
        ensure!(trial.tell("status").await?["run"] == RUN);
        let mut talker = UnixStream::connect(&socket).await?;
        ensure!(talker.write_all(&vec![b'x'; 32 << 20]).await.is_err(), "it has read it all");
        for text in ["{\"command\":\"stop\"}\n", "nonsense\n", "{\"command\":\"set\",\"rows\":1}\n"]
        {
            let mut client = UnixStream::connect(&socket).await?;
            client.write_all(text.as_bytes()).await?;
            let mut said = String::new();
            tokio::time::timeout(Duration::from_secs(60), client.read_to_string(&mut said))
                .await
                .context("no reply")??;
            let said: Value = serde_json::from_str(&said)?;
            ensure!(said["error"].is_string(), "{said}");
        }
        trial.tell("set rate=off").await?;
        // Some are still there when it ends.
        let _still = UnixStream::connect(&socket).await;
        let (_, ended) = export.end().await?;
        ended.with_code(0)?;
        ensure!(trial.exported()? == ROWS as u64);
        Ok(())
    });
}

#[test]
fn what_is_typed_wrongly_is_usage() {
    run(async {
        let trial = Trial::new("control_usage", 1).await?;
        for words in ["nightly set", "nightly set rate=fast", "nightly pause rate=5", "../x status"]
        {
            let ended = trial.ctl(words).await?.with_code(2)?;
            ensure!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{words}: {ended:?}");
        }
        for options in ["--deadline 0s", "--run-name a/b", "--metrics nowhere", "--max-per-node 0"]
        {
            trial.run("count", options).await?.with_code(2)?;
        }
        Ok(())
    });
}
