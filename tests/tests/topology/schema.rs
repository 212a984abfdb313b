//! The columns of a table, in the order and of the types that the server gives for `SELECT *`.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{RF1, Table, run};
use scylla::frame::response::result::ColumnType;
use topology::{ColumnKind, TableSchema};

async fn is_select_star(table: &Table) -> Result<TableSchema> {
    let schema = TableSchema::read(&table.on.session, &table.name).await?;
    let select = format!("SELECT * FROM {}", table.name);
    let rows = table.on.session.query_unpaged(select, &[]).await?.into_rows_result()?;
    let specs = rows.column_specs();
    let theirs: Vec<&str> = specs.iter().map(|spec| spec.name()).collect();
    let ours: Vec<&str> = schema.columns().iter().map(|column| column.name.as_str()).collect();
    ensure!(ours == theirs, "{}: {ours:?} instead of {theirs:?}", table.name);
    for (column, spec) in schema.columns().iter().zip(specs.iter()) {
        // Results do not say of collections whether they are frozen.
        if let ColumnType::Native(_) = spec.typ() {
            ensure!(column.typ == *spec.typ(), "{column:?} instead of {:?}", spec.typ());
        }
    }
    Ok(schema)
}

#[test]
fn columns_are_in_the_order_of_the_server() {
    run(async {
        let columns = r#"("Zeta" int, b text, "A" timeuuid, a bigint, "two words" date static,
            s1 set<int> static, "S" inet static, l list<text>, m map<int, text>, z blob,
            d double, "a_b" varint, "aB" float, ab decimal, v vector<float, 3>,
            PRIMARY KEY ((b, "Zeta"), "A", a))"#;
        let table = Table::create(RF1, "column_order", columns).await?;
        let schema = is_select_star(&table).await?;
        ensure!(schema.partition_key_list() == r#""b", "Zeta""#, "{}", schema.partition_key_list());
        let of_kind = |kind| schema.columns_of(kind).map(|c| c.name.as_str()).collect::<Vec<_>>();
        ensure!(of_kind(ColumnKind::Clustering) == ["A", "a"]);
        ensure!(of_kind(ColumnKind::Static) == ["S", "s1", "two words"]);
        Ok(())
    });
}

/// Cassandra compares the first byte of a name as a signed number: a letter beyond ASCII comes first.
#[test]
fn names_beyond_ascii_are_in_the_order_of_the_server() {
    run(async {
        let columns = r#"(id int PRIMARY KEY, b int, "ß" int, "Z" int, "bä" int, "日本" int)"#;
        let table = Table::create(RF1, "column_order_beyond_ascii", columns).await?;
        is_select_star(&table).await?;
        Ok(())
    });
}

#[test]
fn altered_tables_are_read_as_they_are_now() {
    run(async {
        let table = Table::create(RF1, "altered", "(id int PRIMARY KEY, b text)").await?;
        is_select_star(&table).await.context("as created")?;
        table.alter("ALTER TABLE {} ADD (a int, \"C\" text)").await?;
        is_select_star(&table).await.context("with columns added")?;
        table.alter("ALTER TABLE {} DROP b").await?;
        let schema = is_select_star(&table).await.context("with a column dropped")?;
        ensure!(schema.columns().len() == 3, "{:?}", schema.columns());
        table.alter("ALTER TABLE {} RENAME id TO \"Id\"").await?;
        is_select_star(&table).await.context("with the key renamed")?;
        Ok(())
    });
}

#[test]
fn tables_of_keys_only_and_of_one_column() {
    run(async {
        for (name, columns) in [
            ("keys_only", "(a int, b int, c int, PRIMARY KEY ((a, c), b))"),
            ("one_column", "(id uuid PRIMARY KEY)"),
            ("counters", "(id int PRIMARY KEY, hits counter, \"Clicks\" counter)"),
            (
                "descending",
                "(id int, c int, b int, PRIMARY KEY (id, c, b)) \
              WITH CLUSTERING ORDER BY (c DESC, b ASC)",
            ),
        ] {
            let table = Table::create(RF1, name, columns).await?;
            is_select_star(&table).await?;
        }
        Ok(())
    });
}
