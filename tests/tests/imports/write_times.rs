//! Write times and times to live: put back as an export has them, or the import's own.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Cells, RF1, RF3, Table, exactly, exported, imported, run};

use crate::{EVERYWHERE, file};

const COLUMNS: &str = "(id int, c int, s text static, sm map<text, int> static, v text, n int, \
    fl frozen<list<int>>, l list<int>, m map<text, int>, st set<int>, u imports_place, \
    fu frozen<imports_place>, PRIMARY KEY (id, c))";

/// What was written when, and to live how long.
const WRITES: [&str; 9] = [
    "INSERT INTO {} (id, c, v, n, fl, l, m, st, u, fu) VALUES (1, 1, 'x', 1, [1], [1, 2], {'b': 1}, \
     {1, 2}, {name: 'n', x: 1.5}, {name: 'f', x: 2.5}) USING TIMESTAMP 1000000",
    "UPDATE {} USING TIMESTAMP 2000000 AND TTL 100000 SET v = 'y', l = l + [3] WHERE id = 1 AND c = 1",
    "UPDATE {} USING TIMESTAMP 3000000 AND TTL 200000 SET m['a'] = 2, st = st + {9}, u.x = 5.5 \
     WHERE id = 1 AND c = 1",
    "UPDATE {} USING TIMESTAMP 4000000 SET s = 'static', sm = {'k': 1} WHERE id = 1",
    "UPDATE {} USING TIMESTAMP 4500000 AND TTL 300000 SET sm['l'] = 2 WHERE id = 1",
    "INSERT INTO {} (id, c, v, l) VALUES (1, 2, 'all', [1, 2]) USING TIMESTAMP 5000000 AND TTL 100000",
    "INSERT INTO {} (id, c) VALUES (2, 1) USING TIMESTAMP 6000000",
    "UPDATE {} USING TIMESTAMP -7000000 SET s = 'alone' WHERE id = 3",
    "UPDATE {} USING TIMESTAMP 8000000 SET n = 4, u.name = 'only' WHERE id = 4 AND c = 4",
];

const VALUES: &str = "SELECT id, c, s, sm, v, n, fl, l, m, st, u, fu FROM {}";
/// But for those of the list, of which only the newest is known afterwards.
const WRITTEN: &str = "SELECT id, c, writetime(s), writetime(sm), writetime(v), writetime(n), \
    writetime(fl), writetime(m), writetime(st), writetime(u), writetime(fu) FROM {}";

type Ttl = Option<i32>;
type Ttls = Option<Vec<Ttl>>;
type Lives = (i32, Option<i32>, Ttl, Ttls, Ttl, Ttls, Ttls, Ttls);
const LIVES: &str = "SELECT id, c, ttl(s), ttl(sm), ttl(v), ttl(m), ttl(st), ttl(u) FROM {}";

/// All times to live of a row, column by column.
fn all_lives(row: &Lives) -> [Vec<Ttl>; 6] {
    let (_, _, s, sm, v, m, st, u) = row;
    let each = |ttls: &Ttls| ttls.clone().unwrap_or_default();
    [vec![*s], vec![*v], each(sm), each(m), each(st), each(u)]
}

async fn lives(table: &Table) -> Result<Vec<Lives>> {
    let mut lives = table.rows::<Lives>(LIVES).await?;
    lives.sort();
    Ok(lives)
}

async fn place() -> Result<[Table; 2]> {
    let base = Table::create(RF1, "imports_times_base", "(id int PRIMARY KEY)").await?;
    for cql in [
        "DROP TABLE IF EXISTS bulk_rf1.imports_times",
        "DROP TABLE IF EXISTS bulk_rf1.imports_times_again",
        "DROP TYPE IF EXISTS bulk_rf1.imports_place",
        "CREATE TYPE bulk_rf1.imports_place (name text, x double)",
    ] {
        base.alter(cql).await?;
    }
    Ok([
        Table::create(RF1, "imports_times", COLUMNS).await?,
        Table::create(RF1, "imports_times_again", COLUMNS).await?,
    ])
}

#[test]
fn each_cell_and_each_element_gets_its_own_back() {
    run(async {
        let [from, to] = place().await?;
        for write in WRITES {
            from.query(write).await?;
        }
        let values = from.rows::<Cells>(VALUES).await?;
        ensure!(values.len() == 5, "{values:?}");
        for format in ["parquet", "csv", "jsonl", "json", "arrow"] {
            to.query("TRUNCATE {}").await?;
            let options = ["--format", format, "--writetime", "*", "--ttl", "*"];
            let folder = exported(&from, &options).await?;
            imported(&to, folder.path(), &[]).await?.counted(5, 5, 0).context(format)?;
            exactly(to.rows::<Cells>(VALUES).await?, values.clone()).context(format)?;
            let written = from.rows::<Cells>(WRITTEN).await?;
            exactly(to.rows::<Cells>(WRITTEN).await?, written).context(format)?;
            let (own, other) = (lives(&from).await?, lives(&to).await?);
            ensure!(own.len() == other.len() && own.len() == 5, "{own:?} {other:?}");
            for (own, other) in own.iter().zip(&other) {
                let (left, put_back) = (all_lives(own), all_lives(other));
                // Some seconds pass between the two, and the export was some seconds ago.
                let is_near = |(left, back): (&Ttl, &Ttl)| match (left, back) {
                    (Some(left), Some(back)) => (left - back).abs() < 120,
                    _ => left == back,
                };
                let are_near = left.iter().zip(&put_back).all(|(left, back)| {
                    left.len() == back.len() && left.iter().zip(back).all(is_near)
                });
                ensure!(are_near && own.1 == other.1, "{format}: {own:?}, and put back {other:?}");
            }
            // A list is written as a whole, when its newest element was, and lives as the longest.
            type List = (i32, Option<Vec<i64>>, Option<Vec<Option<i32>>>);
            let lists =
                to.rows::<List>("SELECT c, writetime(l), ttl(l) FROM {} WHERE id = 1").await?;
            let times: BTreeSet<_> =
                lists.iter().map(|(c, times, _)| (*c, times.clone())).collect();
            let expected =
                BTreeSet::from([(1, Some(vec![2_000_000; 3])), (2, Some(vec![5_000_000; 2]))]);
            ensure!(times == expected, "{format}: {times:?}");
            for (c, _, ttls) in lists {
                let ttls = ttls.unwrap_or_default();
                let as_written = match c {
                    1 => ttls == [None; 3],
                    _ => ttls.len() == 2 && ttls.iter().flatten().count() == 2,
                };
                ensure!(as_written, "{format}: {c}: {ttls:?}");
            }
        }
        Ok(())
    });
}

/// What is put back is older than what is there, and so changes nothing.
#[test]
fn what_is_newer_stays() {
    run(async {
        let columns = "(id int PRIMARY KEY, m map<text, int>, v text)";
        let table = Table::create(RF1, "imports_newer", columns).await?;
        let insert =
            "INSERT INTO {} (id, m, v) VALUES (1, {'a': 1}, 'old') USING TIMESTAMP 1000000";
        table.query(insert).await?;
        let folder = exported(&table, &["--writetime", "*"]).await?;
        let update = "UPDATE {} USING TIMESTAMP 2000000 SET m = m + {'a': 2, 'b': 3}, v = 'new' WHERE id = 1";
        table.query(update).await?;
        let rows = || table.rows::<Cells>("SELECT id, m, v, writetime(m), writetime(v) FROM {}");
        let before = rows().await?;
        imported(&table, folder.path(), &[]).await?;
        exactly(rows().await?, before)
    });
}

#[test]
fn one_time_is_that_of_everything() {
    run(async {
        let table =
            Table::create(RF3, "imports_one_time", "(id int PRIMARY KEY, m map<int, int>, v text)")
                .await?;
        let lines: String =
            (0..2000).map(|id| format!("{id},\"{{\"\"1\"\": 2}}\",v{id}\n")).collect();
        let source = file("rows.csv", &format!("id,m,v\n{lines}"))?;
        type Row = (i64, Vec<i64>, Option<i32>, Option<Vec<Option<i32>>>);
        let times = async || {
            table.rows::<Row>("SELECT writetime(v), writetime(m), ttl(v), ttl(m) FROM {}").await
        };
        // Its own, which it tells.
        let done =
            imported(&table, source.path(), &[&EVERYWHERE[..], &["--window", "8KiB"]].concat())
                .await?;
        let own = done.report["timestamp"].as_i64().context("no timestamp")?;
        exactly(times().await?, vec![(own, vec![own], None, Some(vec![None])); 2000])?;
        table.query("TRUNCATE {}").await?;

        imported(
            &table,
            source.path(),
            &[&EVERYWHERE[..], &["--timestamp", "1234567", "--ttl", "5000"]].concat(),
        )
        .await?;
        let found = times().await?;
        let is_near = |ttl: &Option<i32>| ttl.is_some_and(|ttl| (4000..=5000).contains(&ttl));
        for (v, m, ttl_v, ttl_m) in &found {
            let ttls = ttl_m.clone().unwrap_or_default();
            let as_asked =
                *v == 1_234_567 && *m == [1_234_567] && is_near(ttl_v) && ttls.iter().all(is_near);
            ensure!(as_asked && ttls.len() == 1, "{found:?}");
        }
        ensure!(found.len() == 2000, "{} rows", found.len());

        // For what has no time of its own, where others have.
        let csv = "id,v,writetime(v),ttl(v)\n1,a,77,\n2,b,,600\n3,c,,\n";
        let source = file("rows.csv", csv)?;
        table.query("TRUNCATE {}").await?;
        let options = ["--allow-missing-fields", "--timestamp", "55", "--ttl", "5000"];
        let options = [&EVERYWHERE[..], &options].concat();
        imported(&table, source.path(), &options).await?;
        let found = table
            .rows::<(i32, i64, Option<i32>)>("SELECT id, writetime(v), ttl(v) FROM {}")
            .await?;
        let lives = |ttl: Option<i32>| ttl.map(|ttl| (ttl + 999) / 1000 * 1000);
        let found = found.into_iter().map(|(id, time, ttl)| (id, time, lives(ttl)));
        // A null is what an export has for a cell that lives for ever.
        exactly(found, [(1, 77, None), (2, 55, Some(1000)), (3, 55, None)])
    });
}
