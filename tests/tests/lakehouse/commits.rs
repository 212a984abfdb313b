//! Commits through a network and a catalog that fail: whatever came of one, the rows of a run are in the
//! table once, and in one snapshot, or not at all.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Calls, Fate, HttpProxy, Lake, Moment, catalog_server, run};

use crate::{Trial, says};

/// A trial whose program talks to the catalog through a proxy, and pyiceberg does not.
async fn proxied(name: &str, rows: i32) -> Result<Option<(Trial, HttpProxy)>> {
    let Some(lake) = Lake::rest().await? else { return Ok(None) };
    let proxy = HttpProxy::start(&catalog_server().await?.uri()).await?;
    let catalog = Lake::rest_options(&proxy.uri());
    Ok(Some((Trial { catalog, ..Trial::texts(lake, name, rows).await? }, proxy)))
}

#[test]
fn faults_that_pass_are_survived() {
    run(async {
        let Some((trial, proxy)) = proxied("lake_commits", 100).await? else { return Ok(()) };
        trial.exported(&["--run-id", "first"]).await?;
        let mut rows: Vec<i32> = (0..100).collect();
        trial.holds(rows.clone()).await?;
        for (number, (fate, times)) in [
            (Fate::Lost, 1),
            (Fate::DoneAs(500), 1),
            (Fate::DoneAs(502), 1),
            (Fate::DoneAs(504), 1),
            (Fate::HungUp, 1),
            (Fate::Refused(500), 1),
            (Fate::Refused(503), 2),
            (Fate::Refused(429), 1),
            (Fate::Refused(409), 3),
            (Fate::Late(Duration::from_millis(200)), 1),
        ]
        .into_iter()
        .enumerate()
        {
            let run_id = format!("run-{number}");
            let about = || format!("{fate:?}");
            proxy.fail(Calls::Commits, fate, Some(times));
            let ended = trial.export(&["--mode", "append", "--run-id", &run_id]).await?;
            ensure!(proxy.heal() == times, "{fate:?} did not strike: {ended:?}");
            ended.with_code(0).with_context(about)?;
            trial.ran_once(&run_id).await.with_context(about)?;
            rows.extend(0..100);
        }
        trial.holds(rows).await
    });
}

#[test]
fn a_replacement_is_not_done_twice_either() {
    run(async {
        let Some((trial, proxy)) = proxied("lake_commits_replace", 100).await? else {
            return Ok(());
        };
        trial.exported(&["--run-id", "first"]).await?;
        for (number, fate) in [Fate::Lost, Fate::DoneAs(503), Fate::Refused(409), Fate::HungUp]
            .into_iter()
            .enumerate()
        {
            let run_id = format!("run-{number}");
            proxy.fail(Calls::Commits, fate, Some(1));
            let ended = trial.export(&["--mode", "replace", "--run-id", &run_id]).await?;
            ensure!(proxy.heal() == 1, "{fate:?} did not strike: {ended:?}");
            ended.with_code(0).with_context(|| format!("{fate:?}"))?;
            trial.ran_once(&run_id).await.with_context(|| format!("{fate:?}"))?;
            trial.holds(0..100).await.with_context(|| format!("{fate:?}"))?;
        }
        Ok(())
    });
}

/// The catalog goes down for good at the commit, before it is done or after; then it is back.
#[test]
fn a_catalog_that_goes_down_is_waited_for_by_the_next_run() {
    run(async {
        let Some((trial, proxy)) = proxied("lake_commits_down", 100).await? else { return Ok(()) };
        // As the specification calls them; without these it would wait for many minutes.
        let patience = ["num-retries=1", "min-wait-ms=10", "max-wait-ms=20"]
            .map(|property| format!("commit.status-check.{property}"));
        let patience: Vec<&str> =
            patience.iter().flat_map(|property| ["--table-property", property]).collect();
        trial.exported(&[&["--run-id", "first"][..], &patience].concat()).await?;
        let mut rows: Vec<i32> = (0..100).collect();
        for (number, (is_done, options)) in
            [(false, "--resume"), (false, "--run-id"), (true, "--resume"), (true, "--run-id")]
                .into_iter()
                .enumerate()
        {
            let about = || format!("done: {is_done}, {options}");
            let run_id = format!("run-{number}");
            let moment = if is_done { Moment::Done } else { Moment::Before };
            let mut held = proxy.hold(Calls::Commits, moment);
            let arguments = ["--mode", "append", "--run-id", &run_id];
            let (ended, down) = tokio::join!(trial.export(&arguments), async {
                held.reached().await?;
                proxy.fail(Calls::All, Fate::HungUp, None);
                if is_done {
                    drop(held);
                } else {
                    held.release();
                }
                anyhow::Ok(())
            });
            down.with_context(about)?;
            let ended = ended?;
            ensure!(ended.code.is_some_and(|code| code == 4 || code == 5), "{ended:?}");
            says(&ended.stderr, &["http://127.0.0.1"]).with_context(about)?;
            // Not even that the run is there can be known.
            let again = trial.export(&["--mode", "append", "--run-id", &run_id]).await?;
            ensure!(again.code == Some(5), "{}: {again:?}", about());
            proxy.heal();

            let go_on: &[&str] = match options {
                "--resume" => &["--mode=append", "--resume"],
                _ => &["--mode=append", "--run-id", &run_id],
            };
            let ended = trial.export(go_on).await?.with_code(0).with_context(about)?;
            trial.ran_once(&run_id).await.with_context(|| format!("{}, {ended:?}", about()))?;
            rows.extend(0..100);
            trial.holds(rows.clone()).await.with_context(about)?;
        }
        Ok(())
    });
}

#[test]
fn a_run_of_the_same_id_is_done_once() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_commits_again", 100).await?;
        trial.exported(&["--run-id", "nightly"]).await?;
        crate::write_texts(&trial.table, 100..110).await?;
        for mode in ["create", "append", "replace"] {
            let ended = trial.exported(&["--mode", mode, "--run-id", "nightly"]).await?;
            says(&ended.stderr, &["nightly", "before"])?;
            trial.holds(0..100).await?;
            trial.ran_once("nightly").await?;
        }
        ensure!(trial.lake.snapshots(&trial.name).await?.len() == 1);
        trial.exported(&["--mode=append", "--run-id=tonight"]).await?;
        trial.holds((0..100).chain(0..110)).await
    });
}

/// The catalog says no, and will go on saying so.
#[test]
fn a_refusal_is_final_and_names_the_catalog() {
    run(async {
        let Some((trial, proxy)) = proxied("lake_commits_refused", 100).await? else {
            return Ok(());
        };
        trial.exported(&["--run-id", "first"]).await?;
        for status in [400, 403] {
            let run_id = format!("run-{status}");
            proxy.fail(Calls::Commits, Fate::Refused(status), None);
            let ended = trial.export(&["--mode", "append", "--run-id", &run_id]).await?;
            ensure!(proxy.heal() == 1, "what is refused is not tried again: {ended:?}");
            ensure!(matches!(ended.code, Some(2 | 5)), "{ended:?}");
            says(&ended.stderr, &["told to fail"])?;
            trial.holds(0..100).await?;
            // What is written is kept.
            trial.exported(&["--mode", "append", "--run-id", &run_id]).await?;
            trial.ran_once(&run_id).await?;
            trial.exported(&["--mode", "replace"]).await?;
        }
        Ok(())
    });
}
