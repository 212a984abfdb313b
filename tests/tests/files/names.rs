//! Names that need quotes, of keyspaces, tables, columns and fields.

use anyhow::ensure;
use integration_tests::{Engine, RF2, Table, exactly, python, run};
use serde_json::json;

use crate::{export, exported, read, text, whole};

/// In the order in which the server has them: the key, then by their bytes, of which those beyond ASCII
/// come first.
const NAMES: [&str; 8] =
    ["Id", "ünï{n}", "a=b/c", "comma,name", "from", "quo\"te", "two words", "writetime(x)"];

#[test]
fn odd_names_are_in_every_format() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let quoted = NAMES.map(topology::quote);
        let typed: Vec<String> = quoted[1..].iter().map(|name| format!("{name} text")).collect();
        let columns = format!("({} int PRIMARY KEY, {})", quoted[0], typed.join(", "));
        let table = Table::create(RF2, "Odd_Names", &columns).await?;
        let insert =
            format!("INSERT INTO {{}} ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", quoted.join(", "));
        table.write(&insert, [(1, "a", "b", "c", "d", "e", "f", "g")]).await?;
        let expected = json!(["1", "a", "b", "c", "d", "e", "f", "g"]);
        for (format, engine) in [
            ("csv", Engine::Pyarrow),
            ("csv", Engine::Duckdb),
            ("jsonl", Engine::Json),
            ("json", Engine::Duckdb),
            ("parquet", Engine::Pyarrow),
            ("parquet", Engine::Duckdb),
            ("arrow", Engine::Pyarrow),
        ] {
            let folder = exported(&table, &["--format", format]).await?;
            let found = read(&python, engine, format, folder.path(), json!({})).await?;
            ensure!(found.names() == NAMES, "{format}, {engine:?}: {:?}", found.columns);
            ensure!(found.rows == [expected.clone()], "{format}, {engine:?}: {found:?}");
            let names: Vec<String> =
                whole(folder.path())?.files.into_iter().map(|file| file.name).collect();
            ensure!(names.iter().all(|name| name.starts_with("Odd_Names-")), "{names:?}");
        }
        // As the names of folders, and chosen by name.
        let options = ["--columns", "two words,Id,a=b/c", "--partition-by", "a=b/c"];
        let folder = exported(&table, &options).await?;
        let file = &whole(folder.path())?.files[0];
        ensure!(file.name.starts_with("a%3Db%2Fc=b/Odd_Names-"), "{file:?}");
        let hive = json!({ "hive": text(folder.path())? });
        let found = read(&python, Engine::Pyarrow, "parquet", folder.path(), hive).await?;
        exactly(found.texts(), [json!(["f", "1", "b"]).to_string()])?;
        ensure!(found.names() == ["two words", "Id", "a=b/c"], "{:?}", found.columns);
        Ok(())
    });
}

/// Without quotes, a name is taken for one in lower case, as in CQL.
#[test]
fn a_name_without_quotes_is_another() {
    run(async {
        let table = Table::create(RF2, "Unquoted", "(id int PRIMARY KEY)").await?;
        let folder = tempfile::tempdir()?;
        let name = "Bulk_Mixed_RF2.Unquoted";
        let arguments = crate::export_arguments(name, text(folder.path())?, &[]);
        let ended = integration_tests::program(&arguments).await?.with_code(2)?;
        crate::says(&ended.stderr, &["Bulk_Mixed_RF2"])?;
        export(&table, text(folder.path())?, &[]).await?.with_code(0)?;
        Ok(())
    });
}
