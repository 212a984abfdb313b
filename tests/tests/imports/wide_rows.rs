//! Large values, values that are too large, and large partitions.

use anyhow::{Context as _, ensure};
use integration_tests::{RF1, Table, exactly, exported, import, imported, run};

use crate::file;

const MIB: usize = 1 << 20;

fn blob(id: u8) -> Vec<u8> {
    (0..251).cycle().take(MIB).map(|byte: u8| byte ^ id).collect()
}

#[test]
fn values_of_a_mebibyte_come_back() {
    run(async {
        let columns = "(id tinyint PRIMARY KEY, b blob)";
        let from = Table::create(RF1, "imports_blobs", columns).await?;
        let session = &from.on.session;
        let insert =
            session.prepare(format!("INSERT INTO {} (id, b) VALUES (?, ?)", from.name)).await?;
        for id in 0..8_u8 {
            session.execute_unpaged(&insert, (i8::try_from(id)?, blob(id))).await?;
        }
        for format in ["csv", "jsonl", "parquet", "arrow"] {
            let to = Table::create(RF1, &format!("imports_blobs_{format}"), columns).await?;
            let folder = exported(&from, &["--format", format]).await?;
            imported(&to, folder.path(), &[]).await?.counted(8, 8, 0).context(format)?;
            let found = to.rows::<(i8, Vec<u8>)>("SELECT id, b FROM {}").await?;
            let is_same =
                |(id, bytes): &(i8, Vec<u8>)| u8::try_from(*id).is_ok_and(|id| *bytes == blob(id));
            ensure!(
                found.len() == 8 && found.iter().all(is_same),
                "{format}: a blob is another one"
            );
        }
        Ok(())
    });
}

/// A cluster takes half of a segment of its commit log, which is 16 MiB, and says so of more.
#[test]
fn a_value_that_the_cluster_does_not_take_is_a_bad_record() {
    run(async {
        let table = Table::create(RF1, "imports_too_large", "(id int PRIMARY KEY, v text)").await?;
        let large = "x".repeat(20 * MIB);
        let small = |id: i32| format!("{id},small\n");
        let before: String = (0..100).map(small).collect();
        let after: String = (101..200).map(small).collect();
        let source = file("rows.csv", &format!("id,v\n{before}100,{large}\n{after}"))?;
        let done = import(&table, source.path(), &[]).await?;
        ensure!(done.ended.code == Some(4), "{:?}", done.ended);
        done.counted(200, 199, 1)?;
        let reasons = done.reasons()?;
        let reason = reasons[0]["reason"].as_str().unwrap_or_default();
        ensure!(reasons.len() == 1 && reasons[0]["record"] == 101, "{}", reasons.len());
        ensure!(reason.contains("too large") || reason.contains("bytes"), "{reason}");
        let found = table.rows::<(i32, String)>("SELECT id, v FROM {}").await?;
        exactly(found, (0..200).filter(|id| *id != 100).map(|id| (id, "small".to_owned())))
    });
}

#[test]
fn a_partition_of_many_rows_is_several_batches() {
    run(async {
        let columns =
            "(id int, c int, v text, PRIMARY KEY (id, c)) WITH CLUSTERING ORDER BY (c DESC)";
        let table = Table::create(RF1, "imports_large_partition", columns).await?;
        let lines: String = (0..20_000).map(|c| format!("1,{c},row {c}\n")).collect();
        let source = file("rows.csv", &format!("id,c,v\n{lines}"))?;
        let done = imported(&table, source.path(), &["--batch-rows", "100"]).await?;
        done.counted(20_000, 20_000, 0)?;
        let batches = done.report["writes"]["batches"].as_u64();
        ensure!(batches.is_some_and(|batches| batches >= 200), "{:?}", done.report);
        let found = table.rows::<(i32, i32, String)>("SELECT id, c, v FROM {}").await?;
        exactly(found, (0..20_000).map(|c| (1, c, format!("row {c}"))))
    });
}
