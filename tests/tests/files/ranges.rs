//! Parts of the ring: what they give together is the table, once.

use anyhow::ensure;
use bulk::RangeSet;
use integration_tests::{Engine, exactly, python, run};
use serde_json::json;

use crate::{export, exported, read, says, text_cells, texts, whole};

const ROWS: i32 = 1000;
const A: &str = "-3000000000000000000:4000000000000000000";
/// Beyond the end of the ring, and on from its beginning.
const B: &str = "4000000000000000000:-6000000000000000000";
const C: &str = "-6000000000000000000:-3000000000000000000";

#[test]
fn parts_of_the_ring_are_the_table_together() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = texts("files_token_ranges", ROWS).await?;
        let (mut rows, mut ranges) = (Vec::new(), RangeSet::new());
        for part in [A, B, C] {
            let option = format!("--token-range={part}");
            let folder = exported(&table, &[&option]).await?;
            let manifest = whole(folder.path())?;
            let asked = &manifest.settings.token_ranges;
            ensure!(ranges.intersection(asked).is_empty() && !asked.is_full(), "{asked}");
            for file in &manifest.files {
                ensure!(file.token_ranges.difference(asked).is_empty(), "{file:?}");
            }
            ranges = ranges.union(asked);
            let engine = Engine::Pyarrow;
            let found = read(&python, engine, "parquet", folder.path(), json!({})).await?.texts();
            ensure!((50..950).contains(&found.len()), "{} rows", found.len());
            rows.push(found);
        }
        ensure!(ranges.is_full(), "{ranges}");
        exactly(rows.concat(), text_cells(0..ROWS))?;

        let folder = exported(&table, &["--token-range", B, "--token-range", A]).await?;
        let engine = Engine::Pyarrow;
        let both = read(&python, engine, "parquet", folder.path(), json!({})).await?;
        exactly(both.texts(), rows[..2].concat())
    });
}

#[test]
fn a_range_of_nothing_is_refused() {
    run(async {
        let table = texts("files_no_range", 1).await?;
        for range in ["5:5", "5", "a:b", ""] {
            let option = format!("--token-range={range}");
            let ended = export(&table, "/tmp/files_no_range", &[&option]).await?.with_code(2)?;
            says(&ended.stderr, &["--token-range"])?;
        }
        ensure!(!std::path::Path::new("/tmp/files_no_range").exists());
        Ok(())
    });
}
