//! Rows wider than a page is to be.

use anyhow::ensure;
use integration_tests::{Engine, RF1, Table, exactly, python, run};
use serde_json::json;

use crate::{exported, read};

const WIDTH: usize = 2 << 20;

#[test]
fn rows_of_megabytes_are_whole_in_every_format() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, b blob, v text)";
        let table = Table::create(RF1, "files_wide_rows", columns).await?;
        let blob = |id: u8| vec![id; WIDTH];
        let text = |id: u8| format!("{id},\"\n").repeat(WIDTH / 4);
        for id in 0..2 {
            let row = (i32::from(id), blob(id), text(id));
            table.write("INSERT INTO {} (id, b, v) VALUES (?, ?, ?)", [row]).await?;
        }
        let expected = (0..2).map(|id| {
            let hex = format!("0x{}", format!("{id:02x}").repeat(WIDTH));
            json!([id.to_string(), hex, text(id)]).to_string()
        });
        for (format, engine) in [
            ("csv", Engine::Pyarrow),
            ("jsonl", Engine::Json),
            ("parquet", Engine::Pyarrow),
            ("arrow", Engine::Pyarrow),
        ] {
            let folder = exported(&table, &["--format", format]).await?;
            let found = read(&python, engine, format, folder.path(), json!({})).await?;
            // Compared without a message of megabytes.
            let same = exactly(found.texts(), expected.clone()).is_ok();
            ensure!(same, "{format} has other rows");
        }
        Ok(())
    });
}
