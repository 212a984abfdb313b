//! Imports of a part of a table: columns, and rows by a condition.

use anyhow::{Context as _, ensure};
use integration_tests::{Lake, RF1, Table, exactly, run};

use crate::{Trial, says, text_ids};

#[test]
fn a_table_is_imported_from_every_catalog() {
    run(async {
        for (lake, name) in
            [(Lake::sql().await?, "lake_imports_sql"), (Lake::rest().await?, "lake_imports_rest")]
        {
            let Some(lake) = lake else { return Ok(()) };
            let trial = Trial::texts(lake, name, 500).await?;
            trial.exported(&["--partition-by=bucket(4, id)", "--max-file-rows=40"]).await?;
            let columns = "(id int PRIMARY KEY, v text)";
            let again = Table::create(RF1, &format!("{name}_again"), columns).await?;
            let report = trial.imported(&again, &["--files", "3"]).await?;
            ensure!(report["counts"]["read"] == 500, "{report}");
            exactly(text_ids(&again).await?, 0..500)?;
        }
        Ok(())
    });
}

#[test]
fn only_the_columns_that_were_named_come() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, a text, b text, c int)";
        let table = Table::create(RF1, "lake_imports_columns", columns).await?;
        table.query("INSERT INTO {} (id, a, b, c) VALUES (1, 'a', 'b', 2)").await?;
        let trial = Trial::new(lake, table);
        trial.exported(&[]).await?;
        let again = Table::create(RF1, "lake_imports_columns_again", columns).await?;
        trial.imported(&again, &["--columns", "id,b"]).await?;
        type Row = (i32, Option<String>, Option<String>, Option<i32>);
        let found = again.rows::<Row>("SELECT id, a, b, c FROM {}").await?;
        ensure!(found == [(1, None, Some("b".to_owned()), None)], "{found:?}");
        let (ended, _) = trial.import(&again, &["--columns", "id,nosuch"]).await?;
        says(&ended.with_code(2)?.stderr, &["nosuch"])?;
        // A key that is not there is no key.
        let (ended, _) = trial.import(&again, &["--columns", "a,b"]).await?;
        says(&ended.with_code(2)?.stderr, &["id"])
    });
}

/// Rows of all sorts; `n` grows with the day.
const COLUMNS: &str = "(id int PRIMARY KEY, n int, ts timestamp, name text, d double, flag boolean, \
    day date, u uuid, b blob)";

#[test]
fn only_rows_that_a_condition_holds_for_come() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let table = Table::create(RF1, "lake_imports_filter", COLUMNS).await?;
        for id in 0..40 {
            let day = 1 + id / 2;
            let [ten, three] = [id % 10, id % 3];
            table
                .query(&format!(
                    "INSERT INTO {{}} (id, n, ts, name, d, flag, day, u, b) VALUES ({id}, {id}, \
                     '2024-03-{day:02}T12:00:00Z', 'name {ten}', {id}.5, {}, '2024-03-{day:02}', \
                     00000000-0000-4000-8000-0000000000{id:02}, 0x{id:02})",
                    three == 0
                ))
                .await?;
        }
        table.query("INSERT INTO {} (id) VALUES (100)").await?;
        let trial = Trial::new(lake, table);
        trial.exported(&["--partition-by", "day(ts)"]).await?;
        let again = Table::create(RF1, "lake_imports_filter_again", COLUMNS).await?;
        let all = || (0..40).chain([100]);
        type Test = fn(i32) -> bool;
        let cases: [(&str, Test, bool); 17] = [
            ("n = 7", |id| id == 7, true),
            ("n > 10 and n <= 20", |id| (11..=20).contains(&id), true),
            ("n < 3 or n >= 38", |id| id < 3 || (38..40).contains(&id), true),
            ("not (n < 30)", |id| (30..40).contains(&id), true),
            ("n in (1, 5, 77)", |id| id == 1 || id == 5, true),
            ("n not in (1, 5)", |id| id < 40 && id != 1 && id != 5, false),
            ("n is null", |id| id == 100, true),
            ("n is not null", |id| id < 40, true),
            ("name = 'name 3'", |id| id < 40 && id % 10 == 3, true),
            ("name <> 'name 3'", |id| id < 40 && id % 10 != 3, false),
            ("flag = true", |id| id < 40 && id % 3 == 0, false),
            // NaN is above all numbers, and bounds do not tell of it.
            ("d >= 38.5", |id| (38..40).contains(&id), false),
            ("ts >= '2024-03-20T00:00:00Z'", |id| (38..40).contains(&id), true),
            ("day = '2024-03-01'", |id| id < 2, true),
            // Bounds of uuids are read in different orders by others, so there are none.
            ("u = '00000000-0000-4000-8000-000000000007'", |id| id == 7, false),
            ("ts < '2024-03-02T00:00:00Z' and name = 'name 1'", |id| id == 1, true),
            ("n > 1000", |_| false, true),
        ];
        let mut misjudged = Vec::new();
        for (filter, test, skips) in cases {
            again.query("TRUNCATE {}").await?;
            let report = trial.imported(&again, &["--filter", filter]).await;
            let report = report.with_context(|| filter.to_owned())?;
            let found = again.rows::<(i32,)>("SELECT id FROM {}").await?;
            let expected = all().filter(|id| test(*id)).map(|id| (id,));
            exactly(found, expected).with_context(|| filter.to_owned())?;
            let skipped = report["files_skipped"].as_u64();
            // Others may be skipped, too.
            if skipped.is_none_or(|skipped| skips && skipped == 0) {
                misjudged.push(format!("{filter}: {skipped:?} files were skipped"));
            }
        }
        ensure!(misjudged.is_empty(), "{misjudged:#?}");
        for (filter, part) in [
            ("nosuch = 1", "nosuch"),
            ("n = 'seven'", "seven"),
            ("n = ", "n = "),
            ("n = 1; drop table x", "drop"),
            ("ts > 'yesterday'", "yesterday"),
        ] {
            let (ended, _) = trial.import(&again, &["--filter", filter]).await?;
            let ended = ended.with_code(2).with_context(|| filter.to_owned())?;
            says(&ended.stderr, &[part])?;
        }
        Ok(())
    });
}
