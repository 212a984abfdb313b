//! Records with the same key: all have the same write time, and of two values at the same time the
//! cluster keeps the greater one, cell by cell, whatever came first.

use anyhow::ensure;
use integration_tests::{RF1, RF3, Table, exactly, imported, run};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::{EVERYWHERE, file};

#[test]
fn of_two_records_of_one_row_the_greater_values_stay() {
    run(async {
        let table =
            Table::create(RF3, "imports_duplicates", "(id int PRIMARY KEY, n int, t text)").await?;
        let lines = ["1,5,a", "1,3,c", "1,4,b", "2,-1,x", "2,,y", "3,-1,x", "3,7,x"];
        let mut orders = vec![lines.to_vec(), lines.iter().rev().copied().collect()];
        // Far from each other in the file, and so in different batches.
        let between: Vec<String> = (10..3000).map(|id| format!("{id},{id},z")).collect();
        let between = between.iter().map(String::as_str);
        orders.push(
            lines[..1].iter().copied().chain(between).chain(lines[1..].iter().copied()).collect(),
        );
        for order in orders {
            let source = file("rows.csv", &format!("id,n,t\n{}\n", order.join("\n")))?;
            let done =
                imported(&table, source.path(), &[&EVERYWHERE[..], &["--window", "4KiB"]].concat())
                    .await?;
            done.counted(order.len() as u64, order.len() as u64, 0)?;
            let found = table.rows::<(i32, i32, String)>("SELECT id, n, t FROM {}").await?;
            // The greater bytes, and those of a negative number are greater than any other's.
            let found = found.into_iter().filter(|(id, ..)| *id < 10);
            exactly(
                found,
                [(1, 5, "c"), (2, -1, "y"), (3, -1, "x")].map(|(id, n, t)| (id, n, t.to_owned())),
            )?;
        }
        Ok(())
    });
}

#[test]
fn the_records_of_a_partition_may_lie_anywhere() {
    run(async {
        let columns = "(id int, c int, s text static, v text, PRIMARY KEY (id, c))";
        let table = Table::create(RF1, "imports_scattered", columns).await?;
        let mut rows: Vec<(i32, i32)> =
            (0..50).flat_map(|id| (0..200).map(move |c| (id, c))).collect();
        rows.shuffle(&mut StdRng::seed_from_u64(7));
        let lines: String = rows.iter().map(|(id, c)| format!("{id},{c},s{id},v{c}\n")).collect();
        let source = file("rows.csv", &format!("id,c,s,v\n{lines}"))?;
        let done = imported(&table, source.path(), &[]).await?;
        done.counted(10_000, 10_000, 0)?;
        let found = table.rows::<(i32, i32, String, String)>("SELECT id, c, s, v FROM {}").await?;
        exactly(found, rows.into_iter().map(|(id, c)| (id, c, format!("s{id}"), format!("v{c}"))))?;
        let batches = done.report["writes"]["batches"].as_u64();
        ensure!(
            batches.is_some_and(|batches| batches < 5000),
            "they were not brought together: {:?}",
            done.report
        );
        Ok(())
    });
}
