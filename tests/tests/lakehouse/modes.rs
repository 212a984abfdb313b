//! What becomes of a table that is there, and of its schema.

use anyhow::{Context as _, ensure};
use integration_tests::{Lake, RF1, Reader, Table, exactly, run};
use serde_json::{Value, json};

use crate::{Trial, says, text_cells, write_texts};

#[test]
fn a_table_is_made_and_appended_to_and_replaced() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_modes", 100).await?;
        let ended = trial.exported(&["--run-id", "one"]).await?;
        ensure!(ended.stdout.is_empty(), "{ended:?}");
        says(&ended.stderr, &["100 rows", "one", &trial.name])?;
        trial.holds(0..100).await?;
        trial.ran_once("one").await?;

        // There is a table now, whatever it is called by.
        for options in [&[][..], &["--mode", "create"], &["--mode=create", "--run-id=two"]] {
            let ended = trial.export(options).await?.with_code(2)?;
            says(&ended.stderr, &[&trial.name, "append", "replace"])?;
        }
        ensure!(trial.lake.snapshots(&trial.name).await?.len() == 1);

        trial.exported(&["--mode", "append", "--run-id", "two"]).await?;
        trial.holds((0..100).chain(0..100)).await?;
        trial.ran_once("two").await?;

        write_texts(&trial.table, 100..150).await?;
        trial.exported(&["--mode", "replace", "--run-id", "three"]).await?;
        trial.holds(0..150).await?;
        trial.ran_once("three").await?;
        let snapshots = trial.lake.snapshots(&trial.name).await?;
        ensure!(snapshots.len() == 3, "{snapshots:#?}");
        let of = |member: &str| -> Vec<Value> {
            snapshots.iter().map(|snapshot| snapshot[member].clone()).collect()
        };
        let (ids, parents) = (of("snapshot-id"), of("parent-snapshot-id"));
        ensure!(parents[1] == ids[0] && parents[2] == ids[1], "{snapshots:#?}");
        let operations = [0, 1, 2].map(|at: usize| snapshots[at]["summary"]["operation"].clone());
        ensure!(operations == ["append", "append", "overwrite"], "{operations:?}");
        let summary = &snapshots[2]["summary"];
        for (name, expected) in [
            ("cassandra-bulk.run-id", "three"),
            ("cassandra-bulk.source", "bulk_rf1.lake_modes"),
            ("cassandra-bulk.rows", "150"),
            ("total-records", "150"),
            ("added-records", "150"),
            ("deleted-records", "200"),
        ] {
            ensure!(summary[name] == expected, "{name} is not {expected}: {summary:#}");
        }
        for name in ["token-ranges", "ring-digest", "version"] {
            ensure!(summary[format!("cassandra-bulk.{name}")].is_string(), "{name}: {summary:#}");
        }
        // What was there before can still be read.
        for (id, expected) in ids.iter().zip([[0..100, 0..0], [0..100, 0..100], [0..100, 100..150]])
        {
            let how = json!({ "snapshot_id": id });
            for reader in [Reader::Pyiceberg, Reader::Duckdb] {
                let found = trial.lake.read(reader, &trial.name, how.clone()).await?.texts();
                exactly(found, text_cells(expected.iter().cloned().flatten()))?;
            }
        }
        Ok(())
    });
}

#[test]
fn append_and_replace_make_a_table_that_is_not_there() {
    run(async {
        for mode in ["append", "replace"] {
            let Some(lake) = Lake::sql().await? else { return Ok(()) };
            let trial = Trial::texts(lake, "lake_modes_anew", 10).await?;
            trial.exported(&["--mode", mode, "--run-id", "one"]).await?;
            trial.holds(0..10).await.context(mode)?;
            trial.ran_once("one").await?;
        }
        Ok(())
    });
}

#[test]
fn a_table_without_rows_is_a_table_all_the_same() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::texts(lake, "lake_modes_empty", 0).await?;
        trial.exported(&["--run-id", "none"]).await?;
        trial.holds(0..0).await?;
        write_texts(&trial.table, 0..10).await?;
        trial.exported(&["--mode=append", "--run-id", "some"]).await?;
        trial.holds(0..10).await?;
        trial.table.query("TRUNCATE {}").await?;
        trial.exported(&["--mode=replace", "--run-id", "gone"]).await?;
        trial.holds(0..0).await?;
        for id in ["none", "some", "gone"] {
            trial.lake.snapshot_of(&trial.name, id).await?;
        }
        Ok(())
    });
}

/// Reads the table until a file is there; prints each state it has met: the number of rows, and the
/// different values of `v`.
const POLL: &str = r#"
import os, time
name, ready, stop = arguments
states = []
while True:
    last = os.path.exists(stop)
    found = read(name)
    state = [found.num_rows, sorted(set(found.column("v").to_pylist()))]
    if state not in states:
        states.append(state)
    open(ready, "w").close()
    if last:
        break
say(states)
"#;

#[test]
fn a_reader_sees_the_old_rows_or_the_new_ones() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let table = Table::create(RF1, "lake_modes_polled", "(id int PRIMARY KEY, v text)").await?;
        let trial = Trial::new(lake, table);
        let generation = async |number: i32| {
            let rows = (0..500 + number).map(|id| (id, format!("of {number}")));
            trial.table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows).await?;
            trial.exported(&["--mode=replace", "--max-file-rows=50", "--splits=12"]).await
        };
        generation(0).await?;
        let (ready, stop) = (trial.lake.folder().join("ready"), trial.lake.folder().join("stop"));
        let arguments = json!([trial.name, ready, stop]);
        let (states, done) = tokio::join!(trial.lake.script(POLL, arguments), async {
            while !ready.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            let mut done = Ok(());
            for number in 1..4 {
                done = done.and(generation(number).await.map(drop));
            }
            std::fs::write(&stop, "")?;
            done
        });
        done?;
        let states = states?;
        let states = states.as_array().context("no states")?;
        let known: Vec<Value> =
            (0..4).map(|number| json!([500 + number, [format!("of {number}")]])).collect();
        ensure!(states.iter().all(|state| known.contains(state)), "{states:?}");
        ensure!(states.first() == known.first() && states.last() == known.last(), "{states:?}");
        Ok(())
    });
}

#[test]
fn new_columns_and_fields_are_added() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let table = Table::create(RF1, "lake_modes_evolve", "(id int PRIMARY KEY)").await?;
        for cql in [
            "DROP TYPE IF EXISTS bulk_rf1.lake_modes_place",
            "CREATE TYPE bulk_rf1.lake_modes_place (x int)",
        ] {
            table.alter(cql).await?;
        }
        let columns = "(id int PRIMARY KEY, p frozen<lake_modes_place>)";
        let table = Table::create(RF1, "lake_modes_evolve", columns).await?;
        table.query("INSERT INTO {} (id, p) VALUES (1, {x: 1})").await?;
        let trial = Trial::new(lake, table);
        trial.exported(&[]).await?;
        let before = trial.lake.described(&trial.name).await?;
        trial.table.alter("ALTER TYPE bulk_rf1.lake_modes_place ADD y text").await?;
        trial.table.alter("ALTER TABLE {} ADD v list<int>").await?;
        trial.table.query("INSERT INTO {} (id, p, v) VALUES (2, {x: 2, y: 'y'}, [1])").await?;
        trial.exported(&["--mode", "append", "--where", "id = 2"]).await?;
        let found = trial.lake.rows(&trial.name).await?;
        let expected = [
            json!(["1", { "x": "1", "y": null }, null]),
            json!(["2", { "x": "2", "y": "y" }, ["1"]]),
        ];
        exactly(found, expected.iter().map(Value::to_string))?;
        // What was there has its old number, and so its old values.
        let after = trial.lake.described(&trial.name).await?;
        let fields = |of: &Value| -> Vec<Value> {
            let schemas = of["metadata"]["schemas"].as_array().cloned().unwrap_or_default();
            let current = &of["metadata"]["current-schema-id"];
            let schema = schemas.into_iter().find(|schema| schema["schema-id"] == *current);
            schema.map_or_else(Vec::new, |schema| {
                schema["fields"].as_array().cloned().unwrap_or_default()
            })
        };
        let (before, after) = (fields(&before), fields(&after));
        ensure!(before.len() == 2 && after.len() == 3, "{before:#?}, {after:#?}");
        ensure!(before.iter().zip(&after).all(|(old, new)| old["id"] == new["id"]), "{after:#?}");
        ensure!(after[2]["required"] == false, "{after:#?}");

        // A column that Cassandra has no more stays.
        trial.table.alter("ALTER TABLE {} DROP v").await?;
        trial.exported(&["--mode", "append", "--where", "id = 1"]).await?;
        let found = trial.lake.rows(&trial.name).await?;
        let twice = [&expected[0], &expected[0], &expected[1]].map(Value::to_string);
        exactly(found, twice)
    });
}

#[test]
fn what_does_not_fit_is_refused_with_all_differences() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, a text, b int, c list<int>)";
        let table = Table::create(RF1, "lake_modes_other", columns).await?;
        table.query("INSERT INTO {} (id, a) VALUES (1, 'a')").await?;
        let trial = Trial::new(lake, table);
        trial.exported(&["--run-id", "one"]).await?;
        let columns = "(id int PRIMARY KEY, a bigint, b double, c list<text>, d int)";
        let table = Table::create(RF1, "lake_modes_other_again", columns).await?;
        let trial = Trial { table, ..trial };
        for mode in ["append", "replace"] {
            let ended = trial.export(&["--mode", mode]).await?.with_code(2)?;
            let parts = ["column a", "string", "bigint", "column b", "double", "column c", "text"];
            says(&ended.stderr, &parts)?;
            says(&ended.stderr, &[&trial.name])?;
        }
        let found = trial.lake.rows(&trial.name).await?;
        ensure!(found == [json!(["1", "a", null, null]).to_string()], "{found:?}");
        ensure!(trial.lake.snapshots(&trial.name).await?.len() == 1);
        Ok(())
    });
}
