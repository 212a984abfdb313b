//! Folders by the values of columns, as Hive has them.

use anyhow::{Result, ensure};
use integration_tests::{Engine, RF1, Table, exactly, python, run};
use serde_json::{Value, json};

use crate::{exported, read, text, whole};

/// More than there may be files open at the same time.
const COUNTRIES: i32 = 40;
const ROWS: i32 = 1200;

/// Texts that are not names of folders as they are.
const ODD: [Option<&str>; 6] =
    [None, Some("a/b"), Some("c=d %e"), Some("tür \"x\""), Some("..\\..?"), Some("line\nbreak:")];

fn country(id: i32) -> Option<String> {
    let country = usize::try_from(id % COUNTRIES).unwrap_or_default();
    match ODD.get(country) {
        Some(odd) => odd.map(str::to_owned),
        None => Some(format!("country {country}")),
    }
}

async fn table(name: &str) -> Result<Table> {
    let columns = "(id int PRIMARY KEY, country text, v text)";
    let table = Table::create(RF1, name, columns).await?;
    let rows = (0..ROWS).map(|id| (id, country(id), format!("row {id}")));
    table.write("INSERT INTO {} (id, country, v) VALUES (?, ?, ?)", rows).await?;
    Ok(table)
}

#[test]
fn datasets_of_hive_are_read_by_others() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = table("files_by_country").await?;
        let options = ["--partition-by", "country", "--columns", "id,country,v", "--files", "2"];
        let folder = exported(&table, &options).await?;
        let manifest = whole(folder.path())?;
        ensure!(
            manifest
                .files
                .iter()
                .any(|file| { file.name.starts_with("country=__HIVE_DEFAULT_PARTITION__/") })
        );
        ensure!(manifest.files.iter().any(|file| file.name.starts_with("country=a%2Fb/")));
        let expected: Vec<String> = (0..ROWS)
            .map(|id| json!([id.to_string(), format!("row {id}"), country(id)]).to_string())
            .collect();
        for engine in [Engine::Pyarrow, Engine::Duckdb] {
            let hive = json!({ "hive": text(folder.path())? });
            let found = read(&python, engine, "parquet", folder.path(), hive).await?;
            ensure!(found.names() == ["id", "v", "country"], "{:?}", found.columns);
            exactly(found.texts(), expected.clone())
                .map_err(|error| error.context(format!("{engine:?}")))?;
        }
        // The files themselves don't have the column.
        let found = read(&python, Engine::Pyarrow, "parquet", folder.path(), json!({})).await?;
        ensure!(found.names() == ["id", "v"], "{:?}", found.columns);
        Ok(())
    });
}

#[test]
fn folders_stand_in_folders_and_are_rolled_each() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, day date, kind int, v text)";
        let table = Table::create(RF1, "files_by_day_and_kind", columns).await?;
        for day in 1..=3 {
            let insert =
                format!("INSERT INTO {{}} (id, day, kind, v) VALUES (?, '2024-01-0{day}', ?, ?)");
            let rows = (0..100).map(|n| (day * 1000 + n, n % 2, format!("row {n}")));
            table.write(&insert, rows).await?;
        }
        let options = ["--partition-by", "day,kind", "--max-file-rows", "20", "--format", "jsonl"];
        let folder = exported(&table, &options).await?;
        let files = whole(folder.path())?.files;
        ensure!(files.iter().all(|file| file.rows <= 20), "{files:?}");
        for day in 1..=3 {
            for kind in 0..2 {
                let below = format!("day=2024-01-0{day}/kind={kind}");
                let found =
                    read(&python, Engine::Json, "jsonl", &folder.path().join(below), json!({}))
                        .await?;
                let expected = (0..100).filter(|n| n % 2 == kind).map(|n| {
                    let id: i32 = day * 1000 + n;
                    Value::from(vec![id.to_string(), format!("row {n}")]).to_string()
                });
                exactly(found.texts(), expected)?;
            }
        }
        Ok(())
    });
}
