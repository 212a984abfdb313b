//! Write times and times to live: as columns, and as what rows are chosen by.

use anyhow::{Result, ensure};
use integration_tests::{Engine, RF1, Table, exactly, python, run};
use serde_json::{Value, json};

use crate::{export, exported, read, says, text, tree};

async fn query(table: &Table, cql: &str) -> Result<()> {
    let cql = cql.replace("{}", &table.name.to_string());
    Ok(table.on.session.query_unpaged(cql, &[]).await.map(drop)?)
}

#[test]
fn each_cell_and_each_element_has_its_own() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, fl frozen<list<int>>, l list<int>, m map<text, int>, \
            n text, v text)";
        let table = Table::create(RF1, "files_write_times", columns).await?;
        for cql in [
            "INSERT INTO {} (id, v, fl, l, m) VALUES (1, 'x', [1], [7], {'b': 1}) \
             USING TIMESTAMP 1000000",
            "UPDATE {} USING TIMESTAMP 2000000 AND TTL 100000 SET v = 'y', l = l + [8] WHERE id = 1",
            "UPDATE {} USING TIMESTAMP 3000000 SET m['a'] = 2 WHERE id = 1",
            "INSERT INTO {} (id) VALUES (2) USING TIMESTAMP 5000000",
        ] {
            query(&table, cql).await?;
        }
        let options = ["--columns", "id,fl,l,m,v", "--writetime", "*", "--ttl", "v,l"];
        let folder = exported(&table, &options).await?;
        let found = read(&python, Engine::Pyarrow, "parquet", folder.path(), json!({})).await?;
        let names = [
            "id",
            "fl",
            "l",
            "m",
            "v",
            "writetime(fl)",
            "writetime(l)",
            "writetime(m)",
            "writetime(v)",
            "ttl(v)",
            "ttl(l)",
        ];
        ensure!(found.names() == names, "{:?}", found.columns);
        let row =
            |id: &str| found.rows.iter().find(|row| row[0] == id).cloned().unwrap_or_default();
        let mut one = row("1");
        // A time to live goes down while one looks at it.
        for at in [json!(&one[9]), json!(&one[10][1])] {
            let left = at.as_str().and_then(|left| left.parse::<u32>().ok());
            ensure!(left.is_some_and(|left| (90_000..=100_000).contains(&left)), "{one}");
        }
        one[9] = json!("some");
        one[10][1] = json!("some");
        let expected = json!([
            "1", ["1"], ["7", "8"], { "a": "2", "b": "1" }, "y", "1000000", ["1000000", "2000000"],
            ["3000000", "1000000"], "2000000", "some", [null, "some"]
        ]);
        ensure!(one == expected, "{one}");
        let two = row("2");
        ensure!(
            two == Value::from_iter([json!("2")].into_iter().chain(vec![Value::Null; 10])),
            "{two}"
        );

        // Of a column that is not exported itself, and in every other format.
        for format in ["csv", "jsonl", "json", "arrow"] {
            let options = ["--columns", "id", "--writetime", "v,m", "--format", format];
            let folder = exported(&table, &options).await?;
            let (engine, nested) = match format {
                "csv" => (Engine::Pyarrow, json!({ "nested": ["writetime(m)"] })),
                "arrow" => (Engine::Pyarrow, json!({})),
                _ => (Engine::Json, json!({})),
            };
            let found = read(&python, engine, format, folder.path(), nested).await?;
            ensure!(found.names() == ["id", "writetime(v)", "writetime(m)"], "{found:?}");
            let expected =
                [json!(["1", "2000000", ["3000000", "1000000"]]), json!(["2", null, null])];
            exactly(found.texts(), expected.map(|row| row.to_string()))?;
        }
        Ok(())
    });
}

#[test]
fn keys_and_counters_have_none() {
    run(async {
        let columns = "(id int, c int, n counter, PRIMARY KEY (id, c))";
        let table = Table::create(RF1, "files_no_write_times", columns).await?;
        let to = tempfile::tempdir()?;
        for (options, parts) in [
            (["--writetime", "id"], ["\"id\"", "primary key"]),
            (["--ttl", "c"], ["\"c\"", "primary key"]),
            (["--writetime", "n"], ["\"n\"", "counter"]),
            (["--ttl", "n"], ["\"n\"", "counter"]),
            (["--writetime", "x"], ["x", "no column"]),
            (["--written-after", "2024-01-01"], ["counters", "write time"]),
        ] {
            let ended = export(&table, text(to.path())?, &options).await?.with_code(2)?;
            says(&ended.stderr, &parts)?;
        }
        let keys = Table::create(RF1, "files_only_keys", "(id int PRIMARY KEY)").await?;
        let ended = export(&keys, text(to.path())?, &["--written-before", "5"]).await?;
        says(&ended.with_code(2)?.stderr, &["no column besides its key"])?;
        ensure!(tree(to.path())?.is_empty());
        Ok(())
    });
}

/// Windows that follow each other give each row once: in the window of its newest cell.
#[test]
fn windows_of_time_share_no_row_and_lose_none() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, a int, l list<int>)";
        let table = Table::create(RF1, "files_windows", columns).await?;
        let insert = "INSERT INTO {} (id, a) VALUES (?, ?) USING TIMESTAMP ?";
        table.write(insert, (0..90).map(|id| (id, id, i64::from(id) * 100_000))).await?;
        for cql in [
            // Newer in another column, in an element, and with one cell deleted.
            "UPDATE {} USING TIMESTAMP 8000000 SET l = [1] WHERE id = 1",
            "UPDATE {} USING TIMESTAMP 4500000 SET l = [1] WHERE id = 2",
            "UPDATE {} USING TIMESTAMP 8500000 SET l = l + [2] WHERE id = 2",
            "UPDATE {} USING TIMESTAMP 1000 SET l = [1] WHERE id = 60",
            "DELETE a FROM {} USING TIMESTAMP 8900000 WHERE id = 60",
            // Only a key: it has no time, and is in all windows.
            "INSERT INTO {} (id) VALUES (100) USING TIMESTAMP 5000000",
        ] {
            query(&table, cql).await?;
        }
        let newest = |id: i32| match id {
            1 => 8_000_000,
            2 => 8_500_000,
            60 => 1_000,
            id => i64::from(id) * 100_000,
        };
        let (first, second) = ("3000000", "1970-01-01T00:00:07Z");
        let windows: [(&[&str], _); 3] = [
            (&["--written-before", first], i64::MIN..=3_000_000),
            (&["--written-after", first, "--written-before", second], 3_000_001..=7_000_000),
            (&["--written-after", second], 7_000_001..=i64::MAX),
        ];
        for (options, window) in windows {
            let options = [options, &["--columns", "id"]].concat();
            let folder = exported(&table, &options).await?;
            let found = read(&python, Engine::Pyarrow, "parquet", folder.path(), json!({})).await?;
            ensure!(found.names() == ["id"], "{:?}", found.columns);
            let ids = (0..90).filter(|id| window.contains(&newest(*id))).chain([100]);
            exactly(found.texts(), ids.map(|id| json!([id.to_string()]).to_string()))
                .map_err(|error| error.context(format!("{window:?}")))?;
        }
        Ok(())
    });
}
