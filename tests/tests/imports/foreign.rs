//! Parquet that others have written, with the types that they have.

use anyhow::ensure;
use integration_tests::{Cells, RF1, Table, exactly, import, imported, python, run};

use crate::file;

const COLUMNS: &str = "(id uuid PRIMARY KEY, bi bigint, bo boolean, d date, dbl double, dec decimal, \
    f float, i inet, l list<int>, m map<text, bigint>, n int, s smallint, st set<text>, t text, \
    ti tinyint, ts timestamp, v varint, b blob)";

const INSERTS: [&str; 3] = [
    "INSERT INTO {} (id, bi, bo, d, dbl, dec, f, i, l, m, n, s, st, t, ti, ts, v, b) VALUES \
     (123e4567-e89b-12d3-a456-426614174000, 9223372036854775807, true, '2024-02-29', 0.1, 12.500, 0.5, \
     '10.0.0.1', [1, 2], {'k': -1}, 2147483647, 32767, {'a', 'b'}, 'ü\"', 127, \
     '2024-02-29T12:34:56.789Z', 123456789012345678, 0x00ff)",
    "INSERT INTO {} (id, bi, bo, d, dbl, dec, f, i, l, m, n, s, st, t, ti, ts, v, b) VALUES \
     (00000000-0000-0000-0000-000000000000, -9223372036854775808, false, '1969-12-31', -0.0, -0.001, -1.5, \
     '::1', [0], {'': 0}, -2147483648, -32768, {''}, '', -128, '1969-12-31T23:59:59.999Z', -1, 0x)",
    "INSERT INTO {} (id) VALUES (ffffffff-ffff-ffff-ffff-ffffffffffff)",
];

const PYARROW: &str = r#"
import datetime, decimal, sys
import pyarrow as pa, pyarrow.parquet as parquet
at = lambda text: datetime.datetime.fromisoformat(text)
day = datetime.date.fromisoformat
table = pa.table({
    "id": pa.array(["123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff"], pa.string()),
    "bi": pa.array([2**63 - 1, -2**63, None], pa.int64()),
    "bo": pa.array([True, False, None]),
    "d": pa.array([day("2024-02-29"), day("1969-12-31"), None], pa.date32()),
    "dbl": pa.array([0.1, -0.0, None], pa.float64()),
    "dec": pa.array([decimal.Decimal("12.500"), decimal.Decimal("-0.001"), None], pa.decimal128(18, 3)),
    "f": pa.array([0.5, -1.5, None], pa.float64()),
    "i": pa.array(["10.0.0.1", "::1", None], pa.large_string()),
    "l": pa.array([[1, 2], [0], None], pa.list_(pa.int64())),
    "m": pa.array([[("k", -1)], [("", 0)], None], pa.map_(pa.string(), pa.int64())),
    "n": pa.array([2**31 - 1, -2**31, None], pa.int64()),
    "s": pa.array([2**15 - 1, -2**15, None], pa.int64()),
    "st": pa.array([["b", "a"], [""], None], pa.large_list(pa.string())),
    "t": pa.array(["ü\"", "", None], pa.string()).dictionary_encode(),
    "ti": pa.array([127, -128, None], pa.int64()),
    "ts": pa.array([at("2024-02-29T12:34:56.789+00:00"), at("1969-12-31T23:59:59.999+00:00"), None],
        pa.timestamp("us", "UTC")),
    "v": pa.array([123456789012345678, -1, None], pa.int64()),
    "b": pa.array([b"\x00\xff", b"", None], pa.binary()),
})
parquet.write_table(table, sys.argv[1], row_group_size=2)
print("{}")
"#;

const DUCKDB: &str = r#"
import sys, duckdb
duckdb.sql("""
    CREATE TABLE rows (id VARCHAR, bi BIGINT, bo BOOLEAN, d DATE, dbl DOUBLE, dec DECIMAL(18, 3),
        f DOUBLE, i VARCHAR, l BIGINT[], m MAP(VARCHAR, BIGINT), n BIGINT, s BIGINT, st VARCHAR[],
        t VARCHAR, ti BIGINT, ts TIMESTAMP, v BIGINT, b BLOB);
    INSERT INTO rows VALUES
        ('123e4567-e89b-12d3-a456-426614174000', 9223372036854775807, true, '2024-02-29', 0.1, 12.5, 0.5,
        '10.0.0.1', [1, 2], MAP {'k': -1}, 2147483647, 32767, ['b', 'a'], 'ü"', 127,
        '2024-02-29 12:34:56.789', 123456789012345678, '\\x00\\xFF'),
        ('00000000-0000-0000-0000-000000000000', -9223372036854775808, false, '1969-12-31', '-0.0'::DOUBLE,
        -0.001, -1.5, '::1', [0], MAP {'': 0}, -2147483648, -32768, [''], '', -128,
        '1969-12-31 23:59:59.999', -1, '');
    INSERT INTO rows (id) VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff');
""")
duckdb.sql(f"COPY rows TO '{sys.argv[1]}' (FORMAT parquet)")
print("{}")
"#;

#[test]
fn wider_types_of_others_are_the_columns_own() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let from = Table::create(RF1, "imports_foreign", COLUMNS).await?;
        for insert in INSERTS {
            from.query(insert).await?;
        }
        let cells = "SELECT id, b, bi, bo, d, dbl, dec, f, i, l, m, n, s, st, t, ti, ts, v FROM {}";
        let expected = from.rows::<Cells>(cells).await?;
        let to = Table::create(RF1, "imports_foreign_read", COLUMNS).await?;
        for script in [PYARROW, DUCKDB] {
            let source = file("rows.parquet", "")?;
            python.run(script, &[&source.path().to_string_lossy()]).await?;
            imported(&to, source.path(), &[]).await?.counted(3, 3, 0)?;
            exactly(to.rows::<Cells>(cells).await?, expected.clone())?;
            to.query("TRUNCATE {}").await?;
        }
        Ok(())
    });
}

/// One thing is wrong in each row but the last.
const TOO_MUCH: &str = r#"
import sys
import pyarrow as pa, pyarrow.parquet as parquet
none = "00000000-0000-0000-0000-000000000000"
table = pa.table({
    "id": pa.array([1, 2, 3, 4, 5, 6, None, 8], pa.int64()),
    "f": pa.array([0.5, 0.5, 1e39, 1e300, None, 0.5, 0.5, 0.5], pa.float64()),
    "n": pa.array([2**31, -2**31 - 1, 1, 2, 7, 7, 7, 7], pa.int64()),
    "ts": pa.array([0, 1000, 2000, 3000, 1, 0, 0, -1000], pa.timestamp("us", "UTC")),
    "u": pa.array([none] * 5 + ["nope", None, none], pa.string()),
})
parquet.write_table(table, sys.argv[1])
print("{}")
"#;

/// Nothing is cut off to fit: 2^31 is no `int`, a microsecond no `timestamp`, and no `float` is near 1e39.
#[test]
fn what_does_not_fit_is_bad_and_named() {
    run(async {
        let Some(python) = python().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, f float, n int, ts timestamp, u uuid)";
        let table = Table::create(RF1, "imports_foreign_bad", columns).await?;
        let source = file("rows.parquet", "")?;
        python.run(TOO_MUCH, &[&source.path().to_string_lossy()]).await?;
        let done = import(&table, source.path(), &[]).await?;
        ensure!(done.ended.code == Some(4), "{:?}", done.ended);
        done.counted(8, 1, 7)?;
        let reasons = done.reasons()?;
        let found = reasons.iter().map(|bad| (bad["record"].as_u64(), bad["column"].as_str()));
        let found: Vec<(Option<u64>, Option<&str>)> = found.collect();
        let expected: Vec<(Option<u64>, Option<&str>)> = (1..)
            .zip(["n", "n", "f", "f", "ts", "u", "id"])
            .map(|(at, c)| (Some(at), Some(c)))
            .collect();
        ensure!(found == expected, "{reasons:#?}");
        let ids = table.rows::<(i32, i32)>("SELECT id, n FROM {}").await?;
        exactly(ids, [(8, 7)])
    });
}
