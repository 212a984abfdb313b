//! Names that need quotes: case-sensitive, reserved, with spaces, with quotes in them; beside their
//! plain namesakes, so that the wrong one would be noticed.

use bulk::BulkOptions;
use integration_tests::{RF1, RF2, Table, run};

use crate::{is_read_exactly, streams};

#[test]
fn case_sensitive_and_reserved_names() {
    run(async {
        let columns = r#"("Select" int, "two words" int, "quo""te" text static, "from" text,
            "ä" int, PRIMARY KEY ("Select", "two words"))"#;
        let insert = r#"INSERT INTO {} ("Select", "two words", "quo""te", "ä", "from")
            VALUES (?, ?, ?, ?, ?)"#;
        for keyspace in [RF1, RF2] {
            let table = Table::create(keyspace, "Order", columns).await?;
            let rows: Vec<_> = (0..500)
                .map(|id| (id, id * 2, format!("static {id}"), id + 5, format!("from {id}")))
                .collect();
            table.write(insert, rows.clone()).await?;
            is_read_exactly(&table, &rows, &BulkOptions::default()).await?;
            let chosen: Vec<_> = rows.into_iter().map(|row| (row.4, row.0, row.2)).collect();
            let options = BulkOptions::default().columns(["from", "Select", "quo\"te"]);
            streams(&table, &chosen, &options).await?;
        }
        Ok(())
    });
}

#[test]
fn names_that_differ_in_case_only_are_two_tables() {
    run(async {
        let columns = r#"(id int PRIMARY KEY, "V" int, v int)"#;
        for (name, rows) in [("namesake", 10), ("NameSake", 20)] {
            let table = Table::create(RF1, name, columns).await?;
            let rows: Vec<_> = (0..rows).map(|id| (id, Some(id * 2), Some(id * 3))).collect();
            table.write(r#"INSERT INTO {} (id, "V", v) VALUES (?, ?, ?)"#, rows.clone()).await?;
            is_read_exactly(&table, &rows, &BulkOptions::default()).await?;
        }
        Ok(())
    });
}
