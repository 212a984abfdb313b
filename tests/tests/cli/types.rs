//! Every CQL type, with its edges, through `export` and `INSERT … JSON` into a second table: both are
//! then equal, to the bit.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{PLAIN_COLUMNS, PLAIN_ROWS, RF1, Table, plain_names, run, sorted};
use scylla::value::Row;

use crate::on;

/// Exports the table, inserts each line into a second one of the same columns, and compares.
async fn comes_back(first: &Table, columns: &str) -> Result<()> {
    let second = Table::create(RF1, &format!("{}_back", first.table()), columns).await?;
    let ended = on(first, "export", "--quiet --splits 4").await?.with_code(0)?;
    let session = &first.on.session;
    let insert = session.prepare(format!("INSERT INTO {} JSON ?", second.name)).await?;
    for line in ended.stdout.lines() {
        session.execute_unpaged(&insert, (line,)).await.with_context(|| line.to_owned())?;
    }
    let (original, back) = (all(first).await?, all(&second).await?);
    ensure!(original.len() == back.len(), "{} rows of {}", back.len(), original.len());
    for (original, back) in original.iter().zip(&back) {
        ensure!(original == back, "was\n{original}\ncame back as\n{back}");
    }
    Ok(())
}

/// The rows as text: not-a-number is not equal to itself.
async fn all(table: &Table) -> Result<Vec<String>> {
    let select = format!("SELECT * FROM {}", table.name);
    let rows = table.on.session.query_unpaged(select, &[]).await?.into_rows_result()?;
    let rows = rows.rows::<Row>()?.map(|row| Ok(format!("{:?}", row?.columns)));
    Ok(sorted(rows.collect::<Result<Vec<_>>>()?))
}

async fn inserted(table: &Table, columns: &str, rows: &[&str]) -> Result<()> {
    for (id, values) in rows.iter().enumerate() {
        let insert = format!("INSERT INTO {} (id, {columns}) VALUES ({id}, {values})", table.name);
        let done = table.on.session.query_unpaged(insert.as_str(), &[]).await;
        done.with_context(|| insert.clone())?;
    }
    Ok(())
}

#[test]
fn plain_types() {
    run(async {
        let columns = format!("(id int PRIMARY KEY, {PLAIN_COLUMNS})");
        let table = Table::create(RF1, "cli_plain_types", &columns).await?;
        inserted(&table, &plain_names().join(", "), &PLAIN_ROWS).await?;
        // And a row of nothing.
        table.write("INSERT INTO {} (id) VALUES (?)", [(99,)]).await?;
        comes_back(&table, &columns).await
    });
}

#[test]
fn floats_that_are_no_numbers() {
    run(async {
        let columns = "(id int PRIMARY KEY, f float, d double, l list<double>)";
        let table = Table::create(RF1, "cli_special_floats", columns).await?;
        let rows = [
            "NaN, NaN, [NaN, 1.5]",
            "Infinity, Infinity, [Infinity]",
            "-Infinity, -Infinity, [-Infinity, 0.0]",
        ];
        inserted(&table, "f, d, l", &rows).await?;
        comes_back(&table, columns).await
    });
}

#[test]
fn moments_beyond_the_usual_years() {
    run(async {
        let columns = "(id int PRIMARY KEY, d date, t timestamp)";
        let table = Table::create(RF1, "cli_far_moments", columns).await?;
        let rows = [
            "0, -9223372036854775808",
            "4294967295, 9223372036854775807",
            "2150416545, 253402300800000",
            "2146763755, -62198755200000",
            "2146764120, -62167219200000",
            // Before the calendar's reform.
            "2147311984, -14831769600000",
        ];
        inserted(&table, "d, t", &rows).await?;
        comes_back(&table, columns).await
    });
}

/// Cassandra reads a JSON number with a point as a double: only as text do all digits arrive.
#[test]
fn decimals_of_any_scale() {
    run(async {
        let columns = "(id int PRIMARY KEY, d decimal)";
        let table = Table::create(RF1, "cli_decimals", columns).await?;
        let rows = [
            "1.10",
            "123456789012345678901234567890.1234567890",
            "-0.000",
            "1E10",
            "1E-100",
            "1E100",
            "0E5",
            "0.00",
            "1.0",
            "-1.50E3",
            "100",
            "12E-1000",
        ];
        inserted(&table, "d", &rows).await?;
        comes_back(&table, columns).await
    });
}

#[test]
fn collections_tuples_and_types_of_the_user() {
    run(async {
        let first = Table::create(RF1, "cli_collections", "(id int PRIMARY KEY)").await?;
        // What used the types before.
        Table::create(RF1, "cli_collections_back", "(id int PRIMARY KEY)").await?;
        for cql in [
            "DROP TYPE IF EXISTS bulk_rf1.cli_trip",
            "DROP TYPE IF EXISTS bulk_rf1.cli_place",
            "CREATE TYPE bulk_rf1.cli_place (name text, x double, tags frozen<set<text>>)",
            "CREATE TYPE bulk_rf1.cli_trip (start frozen<cli_place>, \
             legs list<frozen<tuple<int, text>>>)",
        ] {
            first.alter(cql).await?;
        }
        let columns = "(id int PRIMARY KEY, l list<text>, s set<int>, m map<text, bigint>, \
            fl frozen<list<int>>, nested map<int, frozen<list<timestamp>>>, \
            tu tuple<int, text, boolean>, u frozen<cli_place>, w cli_place, trip frozen<cli_trip>, \
            v vector<float, 3>, su frozen<set<uuid>>, mt map<timestamp, int>, mu map<uuid, blob>, \
            mb map<boolean, int>, md map<date, time>, ml map<frozen<list<int>>, text>, \
            mtu map<frozen<tuple<int, text>>, int>, mi map<inet, duration>, mv map<varint, int>, \
            mbl map<blob, int>, mf map<double, float>)";
        let first = Table::create(RF1, "cli_collections", columns).await?;
        let names =
            "l, s, m, fl, nested, tu, u, w, trip, v, su, mt, mu, mb, md, ml, mtu, mi, mv, mbl, mf";
        let rows = [
            "['a', '', 'ü\"\n'], {3, 1, 2}, {'k\"': 1, '': -1}, [], {1: ['2024-01-01T00:00:00Z'], 2: []}, \
             (1, 'x', true), {name: 'here', x: 0.1, tags: {'b', 'a'}}, {name: 'there', x: 1.5}, \
             {start: {name: 's'}, legs: [(1, 'one'), (2, null)]}, [1.5, -0.0, 3e10], \
             {123e4567-e89b-42d3-a456-426614174000}, {'1969-12-31T23:59:59.999Z': 1, 0: 2}, \
             {123e4567-e89b-42d3-a456-426614174000: 0xff}, {true: 1, false: 0}, \
             {'2024-02-29': '01:02:03'}, {[1, 2]: 'a', []: 'b'}, {(1, 'x\"y'): 1, (2, null): 2}, \
             {'::1': 1mo2d}, {123456789012345678901234567890: 1}, {0x00ff: 1, 0x: 2}, {0.1: 0.1, -5.0: 1}",
            "[], {}, {}, [1], {}, (null, null, null), {name: null}, {name: null}, {legs: []}, [0, 0, 0], {}, {}, {}, \
             {}, {}, {}, {}, {}, {}, {}, {}",
        ];
        inserted(&first, names, &rows).await?;
        first.write("INSERT INTO {} (id) VALUES (?)", [(99,)]).await?;
        comes_back(&first, columns).await
    });
}
