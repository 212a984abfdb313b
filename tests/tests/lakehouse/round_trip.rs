//! Every CQL type with its edges: as others read it, and back again.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{
    Cells, Lake, PLAIN_COLUMNS, PLAIN_ROWS, RF1, Reader, Table, double, exactly, float,
    plain_names, run,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::shapes::Shape;
use crate::{Trial, says};

const SECOND: i64 = 1_000_000_000;

async fn insert(table: &Table, columns: &str, rows: &[&str]) -> Result<()> {
    for (id, values) in rows.iter().enumerate() {
        // Not by Table::query: an empty map is written as it writes the table's name.
        let insert = format!("INSERT INTO {} (id, {columns}) VALUES ({id}, {values})", table.name);
        let done = table.on.session.query_unpaged(insert.as_str(), &[]).await;
        done.with_context(|| insert.clone())?;
    }
    let id = i32::try_from(rows.len())?;
    // And a row of nothing.
    table.write("INSERT INTO {} (id) VALUES (?)", [(id,)]).await
}

/// Exports the table; everyone reads the expected rows, and an import makes another one like it.
async fn comes_back(from: Table, columns: &str, expected: &[Value]) -> Result<()> {
    let Some(lake) = Lake::sql().await? else { return Ok(()) };
    let again = Table::create(RF1, &format!("{}_again", from.table()), columns).await?;
    let trial = Trial::new(lake, from);
    trial.exported(&["--splits=3"]).await?;
    for reader in [Reader::Pyiceberg, Reader::Duckdb] {
        let found = trial.lake.read(reader, &trial.name, json!({})).await?;
        let expected = expected.iter().map(Value::to_string);
        exactly(found.texts(), expected).with_context(|| format!("{reader:?}"))?;
    }
    trial.imported(&again, &[]).await?;
    let cells = "SELECT * FROM {}";
    exactly(again.rows::<Cells>(cells).await?, trial.table.rows::<Cells>(cells).await?)
}

fn numbered(rows: impl IntoIterator<Item = Vec<Value>>) -> Vec<Value> {
    let rows = rows.into_iter().enumerate();
    rows.map(|(id, row)| [vec![json!(id.to_string())], row].concat().into()).collect()
}

fn duration(months: i32, days: i32, nanoseconds: i64) -> Value {
    let (months, days) = (months.to_string(), days.to_string());
    json!({ "months": months, "days": days, "nanoseconds": nanoseconds.to_string() })
}

/// The nanoseconds of a day.
fn time(hours: i64, minutes: i64, seconds: i64, nanoseconds: i64) -> Value {
    json!(((hours * 3600 + minutes * 60 + seconds) * SECOND + nanoseconds).to_string())
}

fn plain_rows() -> Vec<Value> {
    numbered([
        vec![
            json!("ascii"),
            json!("1"),
            json!("0xcafe"),
            json!("true"),
            json!("2024-02-29"),
            double(0.1),
            duration(14, 3, 14_706 * SECOND + 7_008_009),
            float(0.1),
            json!("127.0.0.1"),
            json!("1"),
            json!("1"),
            json!("text"),
            time(12, 34, 56, 789_000_000),
            json!("2024-02-29T12:34:56.789Z"),
            json!("50554d6e-29bb-11e5-b345-feff819cdc9f"),
            json!("1"),
            json!("123e4567-e89b-12d3-a456-426614174000"),
            json!("1"),
            json!("varchar"),
            json!("1.10"),
        ],
        vec![
            json!(""),
            json!("9223372036854775807"),
            json!("0x"),
            json!("false"),
            json!("9999-12-31"),
            double(f64::MAX),
            duration(2_147_483_640, 0, 0),
            float(f32::MAX),
            json!("2001:db8::1"),
            json!("2147483647"),
            json!("32767"),
            json!("\"quotes\" 'and' \\ back\nslash\t日本🦀"),
            time(23, 59, 59, 999_999_999),
            json!("9999-12-31T23:59:59.999Z"),
            json!("ffffffff-ffff-1fff-bfff-ffffffffffff"),
            json!("127"),
            json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
            json!("1234567890123456789012345678901234567890"),
            json!(""),
            json!("-1.2E+301"),
        ],
        vec![
            json!("~"),
            json!("-9223372036854775808"),
            json!("0x00ff80"),
            json!("true"),
            json!("1969-12-31"),
            double(f64::from_bits(1)),
            duration(-1, -2, -3),
            float(f32::from_bits(1)),
            json!("::"),
            json!("-2147483648"),
            json!("-32768"),
            json!("null"),
            time(0, 0, 0, 0),
            json!("1969-12-31T23:59:59.999Z"),
            json!("00000000-0000-1000-8080-808080808080"),
            json!("-128"),
            json!("00000000-0000-0000-0000-000000000000"),
            json!("-1234567890123456789012345678901234567890"),
            json!("NaN"),
            json!("0.000"),
        ],
        vec![
            json!("x"),
            json!("0"),
            json!("0x00"),
            json!("false"),
            json!("0001-01-01"),
            double(-0.0),
            duration(0, 0, 0),
            float(-0.0),
            json!("::1"),
            json!("0"),
            json!("0"),
            json!("{\"a\": 1}"),
            time(0, 0, 0, 1),
            json!("1970-01-01T00:00:00.000Z"),
            json!("d2177dd0-eaa2-11de-a572-001b779c76e3"),
            json!("0"),
            json!("123e4567-e89b-42d3-a456-426614174000"),
            json!("0"),
            json!(" "),
            json!("1E-100"),
        ],
        vec![Value::Null; 20],
    ])
}

#[test]
fn plain_types_come_back() {
    run(async {
        let columns = format!("(id int PRIMARY KEY, {PLAIN_COLUMNS}, u decimal)");
        let table = Table::create(RF1, "lake_types_plain", &columns).await?;
        let names = format!("{}, u", plain_names().join(", "));
        let decimals = ["1.10", "-12E300", "0.000", "1E-100"];
        let rows =
            PLAIN_ROWS.iter().zip(decimals).map(|(row, decimal)| format!("{row}, {decimal}"));
        let rows: Vec<String> = rows.collect();
        insert(&table, &names, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        comes_back(table, &columns, &plain_rows()).await
    });
}

#[test]
fn floats_that_are_no_numbers_come_back() {
    run(async {
        let columns = "(id int PRIMARY KEY, d double, f float, l list<double>)";
        let table = Table::create(RF1, "lake_types_floats", columns).await?;
        let rows = ["NaN, NaN, [NaN, 1.5]", "Infinity, -Infinity, [-Infinity, -0.0]"];
        insert(&table, "d, f, l", &rows).await?;
        let expected = numbered([
            vec![json!("NaN"), json!("NaN"), json!(["NaN", double(1.5)])],
            vec![json!("Infinity"), json!("-Infinity"), json!(["-Infinity", double(-0.0)])],
            vec![Value::Null; 3],
        ]);
        comes_back(table, columns, &expected).await
    });
}

const NESTED: &str = "(id int PRIMARY KEY, fl frozen<list<int>>, l list<text>, m map<text, bigint>, \
    mi map<inet, varint>, mt map<timestamp, time>, mu map<uuid, blob>, \
    nested map<int, frozen<list<timestamp>>>, s set<int>, su frozen<set<uuid>>, \
    trip frozen<lake_trip>, tu tuple<int, text, boolean>, u frozen<lake_place>, \
    v vector<float, 3>, vt vector<text, 2>, w lake_place)";
const NESTED_NAMES: &str = "fl, l, m, mi, mt, mu, nested, s, su, trip, tu, u, v, vt, w";

fn nested_rows() -> Vec<Value> {
    let start = json!({ "name": "s", "x": null, "tags": null });
    let legs = json!([{ "0": "1", "1": "one" }, { "0": "2", "1": null }]);
    let nothing = json!({ "name": null, "x": null, "tags": null });
    numbered([
        vec![
            json!([]),
            json!(["a", "", "ü\"\n"]),
            json!({ "k\"": "1", "": "-1" }),
            json!({ "::1": "12345678901234567890" }),
            json!({ "1969-12-31T23:59:59.999Z": time(1, 2, 3, 0), "1970-01-01T00:00:00.000Z": "1" }),
            json!({ "123e4567-e89b-42d3-a456-426614174000": "0xff" }),
            json!({ "1": ["2024-01-01T00:00:00.000Z"], "2": [] }),
            json!(["1", "2", "3"]),
            json!(["123e4567-e89b-42d3-a456-426614174000"]),
            json!({ "start": start, "legs": legs }),
            json!({ "0": "1", "1": "x", "2": "true" }),
            json!({ "name": "here", "x": double(0.1), "tags": ["a", "b"] }),
            json!([float(1.5), float(-0.0), float(3e10)]),
            json!(["", "ü"]),
            json!({ "name": "there", "x": double(1.5), "tags": null }),
        ],
        [
            vec![json!(["1"])],
            vec![Value::Null; 7],
            vec![json!([])],
            vec![json!({ "start": null, "legs": [] })],
            vec![json!({ "0": null, "1": null, "2": null })],
            vec![nothing],
            vec![json!([float(0.0), float(0.0), float(0.0)])],
            vec![Value::Null; 2],
        ]
        .concat(),
        vec![Value::Null; 15],
    ])
}

#[test]
fn collections_tuples_vectors_and_types_of_the_user_come_back() {
    run(async {
        for name in ["lake_types_nested", "lake_types_nested_again"] {
            // Types cannot go before the tables that have them.
            Table::create(RF1, name, "(id int PRIMARY KEY)").await?;
        }
        let table = Table::create(RF1, "lake_types_nested", "(id int PRIMARY KEY)").await?;
        for cql in [
            "DROP TYPE IF EXISTS bulk_rf1.lake_trip",
            "DROP TYPE IF EXISTS bulk_rf1.lake_place",
            "CREATE TYPE bulk_rf1.lake_place (name text, x double, tags frozen<set<text>>)",
            "CREATE TYPE bulk_rf1.lake_trip (start frozen<lake_place>, \
             legs list<frozen<tuple<int, text>>>)",
        ] {
            table.alter(cql).await?;
        }
        let table = Table::create(RF1, "lake_types_nested", NESTED).await?;
        let rows = [
            "[], ['a', '', 'ü\"\n'], {'k\"': 1, '': -1}, {'::1': 12345678901234567890}, \
             {'1969-12-31T23:59:59.999Z': '01:02:03', 0: '00:00:00.000000001'}, \
             {123e4567-e89b-42d3-a456-426614174000: 0xff}, {1: ['2024-01-01T00:00:00Z'], 2: []}, \
             {3, 1, 2}, {123e4567-e89b-42d3-a456-426614174000}, \
             {start: {name: 's'}, legs: [(1, 'one'), (2, null)]}, (1, 'x', true), \
             {name: 'here', x: 0.1, tags: {'b', 'a'}}, [1.5, -0.0, 3e10], ['', 'ü'], \
             {name: 'there', x: 1.5}",
            "[1], [], {}, {}, {}, {}, {}, {}, {}, {legs: []}, (null, null, null), {name: null}, \
             [0, 0, 0], null, {name: null}",
        ];
        insert(&table, NESTED_NAMES, &rows).await?;
        comes_back(table, NESTED, &nested_rows()).await
    });
}

/// pyiceberg gives no null for such a map, but an empty one; DuckDB does.
#[test]
fn maps_of_durations_come_back() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, m map<int, duration>)";
        let table = Table::create(RF1, "lake_types_maps", columns).await?;
        insert(&table, "m", &["{1: 1mo2d}", "null"]).await?;
        let again = Table::create(RF1, "lake_types_maps_again", columns).await?;
        let trial = Trial::new(lake, table);
        trial.exported(&[]).await?;
        let found = trial.lake.read(Reader::Duckdb, &trial.name, json!({})).await?;
        let some = json!({ "1": duration(1, 2, 0) });
        let expected = numbered([vec![some], vec![Value::Null], vec![Value::Null]]);
        ensure!(found.rows == expected, "{found:?}");
        trial.imported(&again, &[]).await?;
        let cells = "SELECT * FROM {}";
        exactly(again.rows::<Cells>(cells).await?, trial.table.rows::<Cells>(cells).await?)
    });
}

#[test]
fn static_columns_stand_in_each_row_of_their_partition() {
    run(async {
        let columns = "(id int, c int, s text static, v int, PRIMARY KEY (id, c)) \
            WITH CLUSTERING ORDER BY (c DESC)";
        let table = Table::create(RF1, "lake_types_static", columns).await?;
        table.query("INSERT INTO {} (id, c, s, v) VALUES (1, 1, 's1', 10)").await?;
        table.query("INSERT INTO {} (id, c, v) VALUES (1, 2, 20)").await?;
        let expected = [json!(["1", "1", "s1", "10"]), json!(["1", "2", "s1", "20"])];
        comes_back(table, columns, &expected).await
    });
}

/// A partition of static columns alone is a row without the rest of its key, and Iceberg's key columns
/// are required.
#[test]
fn a_partition_without_rows_is_kept_or_named() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int, c int, s text static, v int, PRIMARY KEY (id, c))";
        let table = Table::create(RF1, "lake_types_alone", columns).await?;
        table.query("INSERT INTO {} (id, c, v) VALUES (1, 1, 10)").await?;
        table.query("INSERT INTO {} (id, s) VALUES (2, 'alone')").await?;
        let trial = Trial::new(lake, table);
        let ended = trial.export(&[]).await?;
        if ended.code == Some(0) {
            let expected = [json!(["1", "1", null, "10"]), json!(["2", null, "alone", null])];
            for reader in [Reader::Pyiceberg, Reader::Duckdb] {
                let found = trial.lake.read(reader, &trial.name, json!({})).await?;
                ensure!(found.rows == expected, "{reader:?}: {found:?}");
            }
            return Ok(());
        }
        let ended = ended.with_code(4)?;
        says(&ended.stderr, &["\"c\"", "static"])
    });
}

/// Milliseconds that microseconds do not hold.
#[test]
fn a_moment_too_far_away_is_an_error_that_names_its_column() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, far timestamp)";
        let table = Table::create(RF1, "lake_types_far", columns).await?;
        // The last that microseconds hold.
        let most = i64::MAX / 1000;
        table
            .write(
                "INSERT INTO {} (id, far) VALUES (?, ?)",
                [(1, scylla::value::CqlTimestamp(most)), (2, scylla::value::CqlTimestamp(-most))],
            )
            .await?;
        let trial = Trial::new(lake, table);
        trial.exported(&["--mode=append", "--run-id=fits"]).await?;
        let found = trial.lake.script(
            "found = read(arguments)\nsay(sorted(found.column('far').cast(pa.int64()).to_pylist()))",
            json!(trial.name),
        ).await?;
        ensure!(found == json!([-most * 1000, most * 1000]), "{found}");
        for far in [most + 1, -most - 1, i64::MIN, i64::MAX] {
            let row = [(3, scylla::value::CqlTimestamp(far))];
            trial.table.write("INSERT INTO {} (id, far) VALUES (?, ?)", row).await?;
            let ended = trial.export(&["--mode=append", "--run-id=no"]).await?.with_code(4)?;
            says(&ended.stderr, &["far", "timestamp"])?;
            ensure!(trial.lake.snapshots(&trial.name).await?.len() == 1);
        }
        Ok(())
    });
}

/// The environment variable that repeats the test with the seed that its failure names.
const SEED: &str = "LAKEHOUSE_SEED";

#[test]
fn a_table_of_any_shape_comes_back() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let seed: u64 = match std::env::var(SEED) {
            Ok(text) => text.parse().context("the seed is no number")?,
            Err(_) => rand::random(),
        };
        let base = Table::create(RF1, "lake_types_base", "(id int PRIMARY KEY)").await?;
        let mut trial = Trial::new(lake, base.clone());
        // Others than those of the imports, whose types have the same names.
        for case in 100..106 {
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(case as u64));
            let shape = Shape::random(case, &mut random);
            let about = || format!("{SEED}={seed}, case {case}, {}", shape.declaration());
            let names = [format!("lake_from_{case}"), format!("lake_to_{case}")];
            let [from, to] =
                shape.create(&base, [&names[0], &names[1]]).await.with_context(about)?;
            shape.fill(&from, &mut random).await.with_context(about)?;
            let expected = shape.cells(&from).await?;
            trial.table = from;
            trial.name = format!("any.of_{case}");
            trial.exported(&["--splits=4"]).await.with_context(about)?;
            trial.imported(&to, &[]).await.with_context(about)?;
            exactly(shape.cells(&to).await?, expected.clone()).with_context(about)?;
            shape.empty(&to).await?;
            trial.imported(&to, &["--window=1KiB"]).await.with_context(about)?;
            exactly(shape.cells(&to).await?, expected).with_context(about)?;
        }
        Ok(())
    });
}
