//! Tables of which most was deleted: pages come short or empty, and the end is where the server says
//! so, not where a page is not full.

use bulk::BulkOptions;
use integration_tests::{RF1, RF3, Table, run};

use crate::{is_read_exactly, streams};

/// One row in so many survives.
const KEPT: i32 = 21;

#[test]
fn deleted_partitions() {
    run(async {
        for keyspace in [RF1, RF3] {
            let table =
                Table::create(keyspace, "deleted_partitions", "(id int PRIMARY KEY, v int)")
                    .await?;
            let rows = 0..21_000;
            let insert = "INSERT INTO {} (id, v) VALUES (?, ?)";
            table.write(insert, rows.clone().map(|id| (id, id))).await?;
            let (kept, deleted): (Vec<i32>, Vec<i32>) = rows.partition(|id| id % KEPT == 0);
            let deleted = deleted.into_iter().map(|id| (id,));
            table.write("DELETE FROM {} WHERE id = ?", deleted).await?;
            let kept: Vec<_> = kept.into_iter().map(|id| (id, id)).collect();
            is_read_exactly(&table, &kept, &BulkOptions::default().page_size(50)).await?;
            streams(&table, &kept, &BulkOptions::default().page_size(2)).await?;
        }
        Ok(())
    });
}

#[test]
fn deleted_rows_and_ranges_of_wide_partitions() {
    run(async {
        let columns = "(id int, seq int, v int, PRIMARY KEY (id, seq))";
        let table = Table::create(RF1, "deleted_rows", columns).await?;
        let insert = "INSERT INTO {} (id, seq, v) VALUES (?, ?, ?)";
        let all = (0..7).flat_map(|id| (0..3000).map(move |seq| (id, seq)));
        table.write(insert, all.clone().map(|(id, seq)| (id, seq, id + seq))).await?;
        // Partitions 0 to 4 row by row, partition 5 by ranges, partition 6 whole.
        let gone = all.clone().filter(|(id, seq)| *id < 5 && seq % KEPT != 0);
        table.write("DELETE FROM {} WHERE id = ? AND seq = ?", gone).await?;
        let ranges = (0..100).map(|slice| (5, slice * 30, slice * 30 + 29));
        let range = "DELETE FROM {} WHERE id = ? AND seq > ? AND seq <= ?";
        table.write(range, ranges).await?;
        table.write("DELETE FROM {} WHERE id = ?", [(6,)]).await?;

        let kept: Vec<_> = all
            .filter(|(id, seq)| match id {
                0..5 => seq % KEPT == 0,
                5 => seq % 30 == 0,
                _ => false,
            })
            .map(|(id, seq)| (id, seq, id + seq))
            .collect();
        is_read_exactly(&table, &kept, &BulkOptions::default().page_size(5)).await?;
        streams(&table, &kept, &BulkOptions::default().page_size(1)).await
    });
}

#[test]
fn deleted_cells_leave_their_rows() {
    run(async {
        let table = Table::create(RF1, "deleted_cells", "(id int PRIMARY KEY, v int)").await?;
        table.write("INSERT INTO {} (id, v) VALUES (?, ?)", (0..1000).map(|id| (id, id))).await?;
        let every_other = (0..1000).step_by(2).map(|id| (id,));
        table.write("DELETE v FROM {} WHERE id = ?", every_other).await?;
        let rows: Vec<_> = (0..1000).map(|id| (id, (id % 2 == 1).then_some(id))).collect();
        is_read_exactly(&table, &rows, &BulkOptions::default().page_size(9)).await
    });
}
