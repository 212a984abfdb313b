//! `count`: the number alone on standard output, and the breakdowns.

use anyhow::{Context as _, Result, ensure};
use bulk::{RangeSet, Token, TokenRange};
use integration_tests::{RF1, Table, run};
use serde_json::Value;

use crate::{ROWS, json, list, number, on, table};

#[test]
fn the_number_alone_is_printed() {
    run(async {
        let table = table("cli_count", ROWS).await?;
        let ended = on(&table, "count", "").await?.with_code(0)?;
        ensure!(ended.stdout == "3000\n", "{ended:?}");
        ensure!(ended.stderr.contains("splits"), "no summary: {ended:?}");
        for options in ["--quiet", "-q --splits 1", "--quiet --consistency all --compress-frames"] {
            let ended = on(&table, "count", options).await?.with_code(0)?;
            ensure!(ended.stdout == "3000\n" && ended.stderr.is_empty(), "{ended:?}");
        }
        let ended = on(&table, "count", "--quiet --local-dc datacenter1").await?.with_code(0)?;
        ensure!(ended.stdout == "3000\n", "{ended:?}");
        Ok(())
    });
}

#[test]
fn each_consistency_works() {
    run(async {
        let table = table("cli_consistencies", ROWS).await?;
        for level in ["ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "LOCAL_ONE"] {
            let ended = on(&table, "count", &format!("--quiet --consistency {level}")).await?;
            let ended = ended.with_code(0).context(level)?;
            ensure!(ended.stdout == "3000\n", "{level}: {ended:?}");
        }
        Ok(())
    });
}

#[test]
fn json_has_the_figures() {
    run(async {
        let table = table("cli_count_json", ROWS).await?;
        let ended = on(&table, "count", "--output json --splits 30").await?.with_code(0)?;
        let document = json(&ended.stdout)?;
        ensure!(number(&document, "rows")? == 3000, "{document}");
        ensure!(document["stats"]["complete"] == Value::Bool(true), "{document}");
        ensure!(number(&document["stats"], "splits_total")? == 30, "{document}");
        ensure!(number(&document["stats"], "misrouted")? == 0, "{document}");
        Ok(())
    });
}

fn range(entry: &Value) -> Result<TokenRange> {
    let token = |member: &str| -> Result<Token> {
        Ok(entry[member].as_str().context("no token")?.parse()?)
    };
    Ok(TokenRange::new(token("start")?, token("end")?)?)
}

#[test]
fn by_range() {
    run(async {
        let table = table("cli_by_range", ROWS).await?;
        let ended = on(&table, "count", "--by range --output json --splits 7").await?;
        let document = json(&ended.with_code(0)?.stdout)?;
        let ranges = list(&document, "ranges")?;
        let bounds: Vec<TokenRange> = ranges.iter().map(range).collect::<Result<_>>()?;
        RangeSet::full().is_exact_partition(bounds)?;
        let rows: u64 = ranges.iter().map(|range| number(range, "rows")).sum::<Result<_>>()?;
        ensure!(rows == 3000, "the ranges have {rows} rows");

        let ended = on(&table, "count", "--by range --quiet --splits 7").await?.with_code(0)?;
        ensure!(ended.stdout.lines().count() == 1 + ranges.len(), "{}", ended.stdout);
        ensure!(ended.stdout.starts_with("START") || ended.stdout.contains("END"), "{ended:?}");
        Ok(())
    });
}

#[test]
fn by_node() {
    run(async {
        let table = table("cli_by_node", ROWS).await?;
        let ended = on(&table, "count", "--by node --output json").await?.with_code(0)?;
        let document = json(&ended.stdout)?;
        for node in list(&document, "nodes")? {
            // Three nodes, three replicas: each has every row.
            ensure!(number(node, "rows")? == 3000, "{document}");
        }
        let ended = on(&table, "count", "--by node --quiet").await?.with_code(0)?;
        for host in ["127.0.0.11:9042", "127.0.0.12:9042", "127.0.0.13:9042"] {
            ensure!(ended.stdout.contains(host), "{}", ended.stdout);
        }
        Ok(())
    });
}

#[test]
fn by_partition() {
    run(async {
        let columns = r#"("Key" text, seq int, PRIMARY KEY ("Key", seq))"#;
        let table = Table::create(RF1, "CliPartitions", columns).await?;
        let rows =
            (1..=9).flat_map(|size| (0..size * 10).map(move |seq| (format!("k{size}"), seq)));
        table.write(r#"INSERT INTO {} ("Key", seq) VALUES (?, ?)"#, rows).await?;
        let options = "--by partition --top 3 --output json";
        let document = json(&on(&table, "count", options).await?.with_code(0)?.stdout)?;
        ensure!(number(&document, "rows")? == 450, "{document}");
        ensure!(number(&document, "partitions")? == 9, "{document}");
        let expected = serde_json::json!([
            { "key": { "Key": "k9" }, "rows": 90 },
            { "key": { "Key": "k8" }, "rows": 80 },
            { "key": { "Key": "k7" }, "rows": 70 },
        ]);
        ensure!(document["largest"] == expected, "{document}");

        let ended = on(&table, "count", "--by partition --quiet").await?.with_code(0)?;
        let keys: Vec<_> = ended.stdout.lines().skip(1).collect();
        ensure!(keys.len() == 9 && keys[0].contains("k9") && keys[8].contains("k1"), "{ended:?}");
        Ok(())
    });
}

#[test]
fn an_empty_table_is_zero() {
    run(async {
        let table = table("cli_count_empty", 0).await?;
        for options in ["--quiet", "--quiet --splits 100", "--quiet --parallelism 1"] {
            let ended = on(&table, "count", options).await?.with_code(0)?;
            ensure!(ended.stdout == "0\n", "{ended:?}");
        }
        on(&table, "count", "--by partition").await?.with_code(0)?;
        on(&table, "count", "--by node").await?.with_code(0)?;
        Ok(())
    });
}
