//! `plan`: what a run would read, and from where.

use anyhow::{Context as _, Result, ensure};
use bulk::{RangeSet, Token, TokenRange};
use integration_tests::run;
use serde_json::Value;

use crate::{ROWS, json, list, number, on, table};

#[test]
fn json_covers_the_ring() {
    run(async {
        let table = table("cli_plan", ROWS).await?;
        let ended = on(&table, "plan", "--splits 20 --parallelism 5 --output json").await?;
        let document = json(&ended.with_code(0)?.stdout)?;
        ensure!(number(&document, "parallelism")? == 5, "{document}");
        ensure!(list(&document, "nodes")?.len() == 3, "{document}");
        let splits = list(&document, "splits")?;
        ensure!(splits.len() == 20, "{} splits", splits.len());
        let mut ranges = Vec::new();
        for split in splits {
            ensure!(list(split, "replicas")?.len() == 3, "{split}");
            for range in list(split, "ranges")? {
                let token = |member: &Value| -> Result<Token> {
                    Ok(member.as_str().context("no token")?.parse()?)
                };
                ranges.push(TokenRange::new(token(&range["start"])?, token(&range["end"])?)?);
            }
        }
        RangeSet::full().is_exact_partition(ranges)?;
        Ok(())
    });
}

#[test]
fn text_names_splits_nodes_and_sizes() {
    run(async {
        let table = table("cli_plan_text", ROWS).await?;
        let ended = on(&table, "plan", "--splits 6").await?.with_code(0)?;
        for part in ["cli_plan_text", "6 splits", "127.0.0.13:9042", "SPLIT", "rows"] {
            ensure!(ended.stdout.contains(part), "no {part} in {}", ended.stdout);
        }
        Ok(())
    });
}
