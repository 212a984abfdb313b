//! Tables of every shape: empty, tiny, one partition, very many, composite keys, static columns; with
//! one replica, two and three; with pages of one row and more.

use anyhow::{Result, ensure};
use bulk::{BulkOptions, Consistency};
use integration_tests::{RF1, RF2, RF3, Table, run};

use crate::{counts, is_read_exactly, streams};

#[test]
fn an_empty_table_has_no_rows() {
    run(async {
        for keyspace in [RF1, RF3] {
            let table = Table::create(keyspace, "empty", "(id int PRIMARY KEY, v text)").await?;
            is_read_exactly::<(i32, String)>(&table, &[], &BulkOptions::default()).await?;
        }
        Ok(())
    });
}

#[test]
fn a_single_row_comes_once() {
    run(async {
        for keyspace in [RF1, RF3] {
            let table = Table::create(keyspace, "one_row", "(id int PRIMARY KEY, v text)").await?;
            let rows = [(7, "seven".to_owned())];
            table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows.clone()).await?;
            is_read_exactly(&table, &rows, &BulkOptions::default()).await?;
        }
        Ok(())
    });
}

#[test]
fn a_giant_partition_is_read_page_by_page() {
    run(async {
        let columns = "(id int, seq int, v text, PRIMARY KEY (id, seq))";
        let table = Table::create(RF1, "giant_partition", columns).await?;
        let rows: Vec<_> = (0..100_000).map(|seq| (1, seq, format!("v{seq}"))).collect();
        table.write("INSERT INTO {} (id, seq, v) VALUES (?, ?, ?)", rows.clone()).await?;
        is_read_exactly(&table, &rows, &BulkOptions::default()).await
    });
}

#[test]
fn two_hundred_thousand_partitions() {
    run(async {
        let table = Table::create(RF1, "tiny_partitions", "(id int PRIMARY KEY, v bigint)").await?;
        let rows: Vec<_> = (0..200_000).map(|id| (id, i64::from(id) * 3)).collect();
        table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows.clone()).await?;
        is_read_exactly(&table, &rows, &BulkOptions::default()).await
    });
}

#[test]
fn replicated_rows_come_once() {
    run(async {
        for keyspace in [RF2, RF3] {
            let table =
                Table::create(keyspace, "replicated", "(id int PRIMARY KEY, v bigint)").await?;
            let rows: Vec<_> = (0..20_000).map(|id| (id, i64::from(id))).collect();
            table.write("INSERT INTO {} (id, v) VALUES (?, ?)", rows.clone()).await?;
            is_read_exactly(&table, &rows, &BulkOptions::default()).await?;
            for consistency in [Consistency::Quorum, Consistency::All] {
                let options = BulkOptions::default().consistency(consistency);
                streams(&table, &rows, &options).await?;
                counts(&table, 20_000, None, &options).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn composite_partition_keys() {
    run(async {
        let columns = "(tenant text, day int, seq int, v text, PRIMARY KEY ((tenant, day), seq))";
        for keyspace in [RF1, RF3] {
            let table = Table::create(keyspace, "composite", columns).await?;
            let mut rows = Vec::new();
            for tenant in ["", "a", "müller", "日本"] {
                for day in 0..250 {
                    rows.extend(
                        (0..5).map(|seq| (tenant.to_owned(), day, seq, format!("{tenant}{seq}"))),
                    );
                }
            }
            let insert = "INSERT INTO {} (tenant, day, seq, v) VALUES (?, ?, ?, ?)";
            table.write(insert, rows.clone()).await?;
            is_read_exactly(&table, &rows, &BulkOptions::default()).await?;
        }
        Ok(())
    });
}

/// A partition of nothing but its static column is a row to `SELECT` and to `COUNT(*)` alike.
#[test]
fn static_columns_come_with_each_row_and_alone() {
    run(async {
        let columns = "(id int, seq int, name text static, v text, PRIMARY KEY (id, seq))";
        let table = Table::create(RF1, "statics", columns).await?;
        let (named, alone) = (0..300, 300..500);
        let statics = named.clone().chain(alone.clone()).map(|id| (id, format!("n{id}")));
        table.write("INSERT INTO {} (id, name) VALUES (?, ?)", statics).await?;
        let full = named.flat_map(|id| (0..3).map(move |seq| (id, seq, format!("v{seq}"))));
        table.write("INSERT INTO {} (id, seq, v) VALUES (?, ?, ?)", full.clone()).await?;

        type Row = (i32, Option<i32>, Option<String>, Option<String>);
        let mut rows: Vec<Row> =
            full.map(|(id, seq, v)| (id, Some(seq), Some(format!("n{id}")), Some(v))).collect();
        rows.extend(alone.map(|id| (id, None, Some(format!("n{id}")), None)));
        is_read_exactly(&table, &rows, &BulkOptions::default()).await?;
        for page_size in [1, 2, 7] {
            streams(&table, &rows, &BulkOptions::default().page_size(page_size)).await?;
        }
        Ok(())
    });
}

#[test]
fn pages_of_any_size() {
    run(async {
        let columns = "(id int, seq int, PRIMARY KEY (id, seq))";
        for keyspace in [RF1, RF3] {
            let table = Table::create(keyspace, "page_sizes", columns).await?;
            let rows: Vec<_> = (0..60).flat_map(|id| (0..10).map(move |seq| (id, seq))).collect();
            table.write("INSERT INTO {} (id, seq) VALUES (?, ?)", rows.clone()).await?;
            for page_size in [1, 2, 3, 5, 10, 599, 600, 601, i32::MAX] {
                let options = BulkOptions::default().page_size(page_size).split_count(4);
                streams(&table, &rows, &options).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn chosen_columns_come_in_their_order() {
    run(async {
        let columns = "(id int, seq int, a text, b bigint, PRIMARY KEY (id, seq))";
        let table = Table::create(RF1, "chosen_columns", columns).await?;
        let rows: Vec<_> =
            (0..100).map(|id| (id, id + 1, format!("a{id}"), i64::from(id))).collect();
        table.write("INSERT INTO {} (id, seq, a, b) VALUES (?, ?, ?, ?)", rows.clone()).await?;
        let chosen: Vec<_> = rows.into_iter().map(|(id, _, a, b)| (b, a, id)).collect();
        streams(&table, &chosen, &BulkOptions::default().columns(["b", "a", "id"])).await
    });
}

#[test]
fn a_part_of_the_ring_is_a_part_of_the_rows() {
    run(async {
        use bulk::{RangeSet, Token, TokenRange};
        let table = Table::create(RF3, "part_of_the_ring", "(id int PRIMARY KEY)").await?;
        table.write("INSERT INTO {} (id) VALUES (?)", (0..5000).map(|id| (id,))).await?;
        let mut part = RangeSet::new();
        for (start, end) in [(i64::MIN, -1 << 62), (-5, 1 << 61), (1 << 62, i64::MAX)] {
            part.insert(TokenRange::new(Token::new(start), Token::new(end))?);
        }
        let rest = RangeSet::full().difference(&part);
        for asked in [part, rest] {
            let mut inside = Vec::new();
            for id in 0..5000_i32 {
                if asked.contains(Token::of_partition_key(&[id.to_be_bytes()])?) {
                    inside.push((id,));
                }
            }
            ensure!(inside.len() > 100, "the test has no rows to compare");
            let options = BulkOptions::default().token_ranges(asked);
            streams(&table, &inside, &options).await?;
            let found =
                table.on.operator.count_by_token_ranges(RF3, table.table(), &options).await?;
            ensure!(found == inside.len() as u64, "{found} instead of {}", inside.len());
        }
        Result::Ok(())
    });
}
