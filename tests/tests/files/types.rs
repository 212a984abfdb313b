//! Every CQL type with its edges, in every format, as others read it and as we do.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{
    PLAIN_COLUMNS, PLAIN_ROWS, RF1, Table, double, float, plain_names, python, run,
};
use serde_json::{Value, json};

use crate::readers::{Form, Layout, everyone_reads};

const NANOS: i64 = 1_000_000_000;

/// Inserts rows by literals, which get the keys 0, 1, …
async fn inserted(table: &Table, columns: &str, rows: &[&str]) -> Result<()> {
    for (id, values) in rows.iter().enumerate() {
        let insert = format!("INSERT INTO {} (id, {columns}) VALUES ({id}, {values})", table.name);
        let done = table.on.session.query_unpaged(insert.as_str(), &[]).await;
        done.with_context(|| insert.clone())?;
    }
    Ok(())
}

/// Rows as cells, with their keys.
fn numbered(rows: impl IntoIterator<Item = Vec<Value>>) -> Vec<Value> {
    let rows = rows.into_iter().enumerate();
    rows.map(|(id, row)| [vec![json!(id.to_string())], row].concat().into()).collect()
}

fn plain_rows(form: Form) -> Vec<Value> {
    let duration = |text, months, days, nanos| form.duration(text, months, days, nanos);
    numbered([
        vec![
            json!("ascii"),
            json!("1"),
            json!("0xcafe"),
            json!("true"),
            json!("2024-02-29"),
            double(0.1),
            duration("1y2mo3d4h5m6s7ms8us9ns", 14, 3, 14_706 * NANOS + 7_008_009),
            float(0.1),
            json!("127.0.0.1"),
            json!("1"),
            json!("1"),
            json!("text"),
            json!("12:34:56.789000000"),
            json!("2024-02-29T12:34:56.789Z"),
            json!("50554d6e-29bb-11e5-b345-feff819cdc9f"),
            json!("1"),
            json!("123e4567-e89b-12d3-a456-426614174000"),
            json!("1"),
            json!("varchar"),
        ],
        vec![
            json!(""),
            json!("9223372036854775807"),
            json!("0x"),
            json!("false"),
            json!("9999-12-31"),
            double(f64::MAX),
            duration("178956970y", 2_147_483_640, 0, 0),
            float(f32::MAX),
            json!("2001:db8::1"),
            json!("2147483647"),
            json!("32767"),
            json!("\"quotes\" 'and' \\ back\nslash\t日本🦀"),
            json!("23:59:59.999999999"),
            json!("9999-12-31T23:59:59.999Z"),
            json!("ffffffff-ffff-1fff-bfff-ffffffffffff"),
            json!("127"),
            json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
            json!("1234567890123456789012345678901234567890"),
            json!(""),
        ],
        vec![
            json!("~"),
            json!("-9223372036854775808"),
            json!("0x00ff80"),
            json!("true"),
            json!("1969-12-31"),
            double(f64::from_bits(1)),
            duration("-1mo2d3ns", -1, -2, -3),
            float(f32::from_bits(1)),
            json!("::"),
            json!("-2147483648"),
            json!("-32768"),
            json!("null"),
            json!("00:00:00.000000000"),
            json!("1969-12-31T23:59:59.999Z"),
            json!("00000000-0000-1000-8080-808080808080"),
            json!("-128"),
            json!("00000000-0000-0000-0000-000000000000"),
            json!("-1234567890123456789012345678901234567890"),
            json!("NaN"),
        ],
        vec![
            json!("x"),
            json!("0"),
            json!("0x00"),
            json!("false"),
            json!("0001-01-01"),
            double(-0.0),
            duration("0s", 0, 0, 0),
            float(-0.0),
            json!("::1"),
            json!("0"),
            json!("0"),
            json!("{\"a\": 1}"),
            json!("00:00:00.000000001"),
            json!("1970-01-01T00:00:00.000Z"),
            json!("d2177dd0-eaa2-11de-a572-001b779c76e3"),
            json!("0"),
            json!("123e4567-e89b-42d3-a456-426614174000"),
            json!("0"),
            json!(" "),
        ],
        // A row of nothing.
        vec![Value::Null; 19],
    ])
}

#[test]
fn plain_types_are_the_same_everywhere() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = format!("(id int PRIMARY KEY, {PLAIN_COLUMNS})");
        let table = Table::create(RF1, "files_plain_types", &columns).await?;
        inserted(&table, &plain_names().join(", "), &PLAIN_ROWS).await?;
        table.write("INSERT INTO {} (id) VALUES (?)", [(4,)]).await?;
        let layout = Layout { floats: &["g", "i"], ..Layout::default() };
        everyone_reads(&python, &table, layout, plain_rows).await
    });
}

#[test]
fn floats_that_are_no_numbers_are_the_same_everywhere() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, d double, f float, l list<double>)";
        let table = Table::create(RF1, "files_special_floats", columns).await?;
        let rows = [
            "NaN, NaN, [NaN, 1.5]",
            "Infinity, Infinity, [Infinity]",
            "-Infinity, -Infinity, [-Infinity, 0.0]",
        ];
        inserted(&table, "d, f, l", &rows).await?;
        let layout = Layout { floats: &["d", "f"], nested: &["l"], ..Layout::default() };
        everyone_reads(&python, &table, layout, |_| {
            numbered([
                vec![json!("NaN"), json!("NaN"), json!(["NaN", double(1.5)])],
                vec![json!("Infinity"), json!("Infinity"), json!(["Infinity"])],
                vec![json!("-Infinity"), json!("-Infinity"), json!(["-Infinity", double(0.0)])],
            ])
        })
        .await
    });
}

#[test]
fn moments_beyond_the_usual_years_are_kept() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, d date, t timestamp)";
        let table = Table::create(RF1, "files_far_moments", columns).await?;
        let rows = [
            ("0", "-9223372036854775808", "0", "-9223372036854775808"),
            ("4294967295", "9223372036854775807", "4294967295", "9223372036854775807"),
            ("2150416545", "253402300800000", "2150416545", "253402300800000"),
            ("2146764120", "-62198755200000", "2146764120", "-62198755200000"),
            // The year 0, which Cassandra does not read as text.
            ("2146764486", "-62167219200000", "0001-01-01", "-62167219200000"),
            // Before the calendar's reform.
            ("2147311984", "-14831769600000", "1500-01-01", "1500-01-01T00:00:00.000Z"),
        ];
        let literals: Vec<String> =
            rows.iter().map(|row| format!("{}, {}", row.0, row.1)).collect();
        let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
        inserted(&table, "d, t", &literals).await?;
        // DuckDB counts microseconds, and so has no such timestamps.
        let layout = Layout { typed_by_duckdb: false, ..Layout::default() };
        everyone_reads(&python, &table, layout, |_| {
            numbered(rows.iter().map(|row| vec![json!(row.2), json!(row.3)]))
        })
        .await
    });
}

#[test]
fn decimals_keep_their_digits_and_scales() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = Table::create(RF1, "files_decimals", "(id int PRIMARY KEY, d decimal)").await?;
        let rows = [
            ("1.10", "1.10"),
            (
                "123456789012345678901234567890.1234567890",
                "123456789012345678901234567890.1234567890",
            ),
            ("-0.000", "0.000"),
            ("1E10", "1E+10"),
            ("1E-100", "1E-100"),
            ("1E100", "1E+100"),
            ("0E5", "0E+5"),
            ("0.00", "0.00"),
            ("-1.50E3", "-1.50E+3"),
            ("100", "100"),
            ("12E-1000", "1.2E-999"),
        ];
        let literals: Vec<&str> = rows.iter().map(|(literal, _)| *literal).collect();
        inserted(&table, "d", &literals).await?;
        everyone_reads(&python, &table, Layout::default(), |_| {
            numbered(rows.iter().map(|(_, text)| vec![json!(text)]))
        })
        .await
    });
}

#[test]
fn counters_are_numbers() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, n counter, never counter)";
        let table = Table::create(RF1, "files_counters", columns).await?;
        for (id, by) in [(0, 5_i64), (1, -7), (2, i64::MAX), (1, 3)] {
            let update = format!("UPDATE {} SET n = n + {by} WHERE id = {id}", table.name);
            table.on.session.query_unpaged(update, &[]).await?;
        }
        everyone_reads(&python, &table, Layout::default(), |_| {
            numbered(["5", "-4", "9223372036854775807"].map(|n| vec![json!(n), Value::Null]))
        })
        .await
    });
}

const NESTED: &str = "(id int PRIMARY KEY, fl frozen<list<int>>, l list<text>, m map<text, bigint>, \
    mb map<boolean, int>, mbl map<blob, int>, md map<date, time>, mf map<double, float>, \
    mi map<inet, duration>, ml map<frozen<list<int>>, text>, mt map<timestamp, int>, \
    mtu map<frozen<tuple<int, text>>, int>, mu map<uuid, blob>, mv map<varint, int>, \
    nested map<int, frozen<list<timestamp>>>, s set<int>, su frozen<set<uuid>>, \
    trip frozen<files_trip>, tu tuple<int, text, boolean>, u frozen<files_place>, \
    v vector<float, 3>, w files_place)";

const NESTED_ROWS: [&str; 2] = [
    "[], ['a', '', 'ü\"\n'], {'k\"': 1, '': -1}, {true: 1, false: 0}, {0x00ff: 1, 0x: 2}, \
     {'2024-02-29': '01:02:03'}, {0.1: 0.1, -5.0: 1}, {'::1': 1mo2d}, {[1, 2]: 'a', []: 'b'}, \
     {'1969-12-31T23:59:59.999Z': 1, 0: 2}, {(1, 'x\"y'): 1, (2, null): 2}, \
     {123e4567-e89b-42d3-a456-426614174000: 0xff}, {123456789012345678901234567890: 1}, \
     {1: ['2024-01-01T00:00:00Z'], 2: []}, {3, 1, 2}, {123e4567-e89b-42d3-a456-426614174000}, \
     {start: {name: 's'}, legs: [(1, 'one'), (2, null)]}, (1, 'x', true), \
     {name: 'here', x: 0.1, tags: {'b', 'a'}}, [1.5, -0.0, 3e10], {name: 'there', x: 1.5}",
    "[1], [], {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {legs: []}, \
     (null, null, null), {name: null}, [0, 0, 0], {name: null}",
];

fn nested_rows(form: Form) -> Vec<Value> {
    let here = json!({ "name": "here", "x": double(0.1), "tags": ["a", "b"] });
    let there = json!({ "name": "there", "x": double(1.5), "tags": null });
    let start = json!({ "name": "s", "x": null, "tags": null });
    let legs = [[json!("1"), json!("one")], [json!("2"), Value::Null]].map(|leg| form.tuple(leg));
    let half = form.pick(r#"[2,null]"#, r#"{"0": "2", "1": null}"#);
    let pair = form.pick(r#"[1,"x\"y"]"#, r#"{"0": "1", "1": "x\"y"}"#);
    let hex = |value: f64| double(value).as_str().unwrap_or_default().to_owned();
    numbered([
        vec![
            json!([]),
            json!(["a", "", "ü\"\n"]),
            json!({ "k\"": "1", "": "-1" }),
            json!({ "true": "1", "false": "0" }),
            json!({ "0x00ff": "1", "0x": "2" }),
            json!({ "2024-02-29": "01:02:03.000000000" }),
            json!({ form.pick("0.1", &hex(0.1)): float(0.1), form.pick("-5.0", &hex(-5.0)): float(1.0) }),
            json!({ "::1": form.duration("1mo2d", 1, 2, 0) }),
            json!({ form.pick("[1,2]", r#"["1", "2"]"#): "a", "[]": "b" }),
            json!({ "1969-12-31T23:59:59.999Z": "1", "1970-01-01T00:00:00.000Z": "2" }),
            json!({ pair: "1", half: "2" }),
            json!({ "123e4567-e89b-42d3-a456-426614174000": "0xff" }),
            json!({ "123456789012345678901234567890": "1" }),
            json!({ "1": ["2024-01-01T00:00:00.000Z"], "2": [] }),
            json!(["1", "2", "3"]),
            json!(["123e4567-e89b-42d3-a456-426614174000"]),
            json!({ "start": start, "legs": legs }),
            form.tuple([json!("1"), json!("x"), json!("true")]),
            here,
            json!([float(1.5), float(-0.0), float(3e10)]),
            there,
        ],
        // What is not frozen and empty is not there; what is frozen is.
        [
            vec![json!(["1"])],
            vec![Value::Null; 14],
            vec![json!([])],
            vec![json!({ "start": null, "legs": [] })],
            vec![form.tuple([Value::Null, Value::Null, Value::Null])],
            vec![json!({ "name": null, "x": null, "tags": null })],
            vec![json!([float(0.0), float(0.0), float(0.0)])],
            vec![Value::Null],
        ]
        .concat(),
        vec![Value::Null; 21],
    ])
}

#[test]
fn collections_tuples_and_types_of_the_user_are_the_same_everywhere() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let table = Table::create(RF1, "files_nested", "(id int PRIMARY KEY)").await?;
        for cql in [
            "DROP TYPE IF EXISTS bulk_rf1.files_trip",
            "DROP TYPE IF EXISTS bulk_rf1.files_place",
            "CREATE TYPE bulk_rf1.files_place (name text, x double, tags frozen<set<text>>)",
            "CREATE TYPE bulk_rf1.files_trip (start frozen<files_place>, \
             legs list<frozen<tuple<int, text>>>)",
        ] {
            table.alter(cql).await?;
        }
        let table = Table::create(RF1, "files_nested", NESTED).await?;
        let names = "fl, l, m, mb, mbl, md, mf, mi, ml, mt, mtu, mu, mv, nested, s, su, trip, tu, u, \
            v, w";
        inserted(&table, names, &NESTED_ROWS).await?;
        table.write("INSERT INTO {} (id) VALUES (?)", [(2,)]).await?;
        let nested: Vec<&str> = names.split(", ").collect();
        let layout = Layout { nested: &nested, ..Layout::default() };
        everyone_reads(&python, &table, layout, nested_rows).await
    });
}

/// Elements of no fixed size have a length each in a vector; those of a fixed size have none.
#[test]
fn vectors_of_any_type_are_the_same_everywhere() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, vb vector<bigint, 1>, vl vector<frozen<list<int>>, 2>, \
            vt vector<text, 2>, vv vector<vector<float, 2>, 2>, lv list<frozen<vector<int, 2>>>)";
        let table = Table::create(RF1, "files_vectors", columns).await?;
        let rows = ["[-1], [[], [1, 2]], ['', 'ü'], [[1.5, 2], [-0.0, 4]], [[1, 2], [3, 4]]"];
        inserted(&table, "vb, vl, vt, vv, lv", &rows).await?;
        table.write("INSERT INTO {} (id) VALUES (?)", [(1,)]).await?;
        let layout = Layout { nested: &["lv", "vb", "vl", "vt", "vv"], ..Layout::default() };
        everyone_reads(&python, &table, layout, |_| {
            numbered([
                vec![
                    json!([["1", "2"], ["3", "4"]]),
                    json!(["-1"]),
                    json!([[], ["1", "2"]]),
                    json!(["", "ü"]),
                    json!([[float(1.5), float(2.0)], [float(-0.0), float(4.0)]]),
                ],
                vec![Value::Null; 5],
            ])
        })
        .await
    });
}

/// A partition may have static columns and no row; it comes as a row of nulls, as in CQL.
#[test]
fn static_columns_stand_in_each_row_of_their_partition() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int, b text, c int, s text static, v int, PRIMARY KEY ((id, b), c)) \
            WITH CLUSTERING ORDER BY (c DESC)";
        let table = Table::create(RF1, "files_static", columns).await?;
        for insert in [
            "INSERT INTO {} (id, b, c, s, v) VALUES (1, '', 1, 's1', 10)",
            "INSERT INTO {} (id, b, c, v) VALUES (1, '', 2, 20)",
            "INSERT INTO {} (id, b, s) VALUES (2, 'x', 'alone')",
        ] {
            let insert = insert.replace("{}", &table.name.to_string());
            table.on.session.query_unpaged(insert, &[]).await?;
        }
        let folder = crate::exported(&table, &[]).await?;
        let engine = integration_tests::Engine::Pyarrow;
        let found = crate::read(&python, engine, "parquet", folder.path(), json!({})).await?;
        ensure!(found.names() == ["id", "b", "c", "s", "v"], "{:?}", found.columns);
        let expected = [
            json!(["1", "", "1", "s1", "10"]),
            json!(["1", "", "2", "s1", "20"]),
            json!(["2", "x", null, "alone", null]),
        ];
        ensure!(found.rows == expected, "{found:?}");
        Ok(())
    });
}
