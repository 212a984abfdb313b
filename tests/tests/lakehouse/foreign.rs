//! Tables that pyiceberg has written, imported.

use anyhow::{Context as _, ensure};
use integration_tests::{Lake, RF1, Reader, Table, exactly, run};
use serde_json::{Value, json};

use crate::{Trial, says};

/// Every type that Iceberg has, with its edges; and the same rows as literals of CQL.
const ALL: &str = r#"
import datetime, decimal, uuid
from pyiceberg.schema import Schema
from pyiceberg.types import *
catalog.create_namespace_if_not_exists(arguments.split(".")[0])
place = StructType(NestedField(101, "name", StringType()), NestedField(102, "x", DoubleType()))
schema = Schema(
    NestedField(1, "id", IntegerType(), required=True),
    NestedField(2, "bo", BooleanType()),
    NestedField(3, "lo", LongType()),
    NestedField(4, "fl", FloatType()),
    NestedField(5, "do", DoubleType()),
    NestedField(6, "de", DecimalType(38, 10)),
    NestedField(7, "sm", DecimalType(9, 2)),
    NestedField(8, "da", DateType()),
    NestedField(9, "ti", TimeType()),
    NestedField(10, "ts", TimestampType()),
    NestedField(11, "tz", TimestamptzType()),
    NestedField(12, "st", StringType()),
    NestedField(13, "uu", UUIDType()),
    NestedField(14, "fi", FixedType(3)),
    NestedField(15, "bi", BinaryType()),
    NestedField(16, "li", ListType(103, StringType(), element_required=False)),
    NestedField(17, "ma", MapType(104, StringType(), 105, LongType(), value_required=False)),
    NestedField(18, "pl", place),
    NestedField(19, "ne", ListType(106, StructType(NestedField(107, "a", IntegerType()),
        NestedField(108, "b", ListType(109, DateType(), element_required=False))), element_required=False)),
)
table = catalog.create_table(arguments, schema)
UTC = datetime.timezone.utc
moment = datetime.datetime(2024, 2, 29, 12, 34, 56, 789000)
rows = [
    {"id": 1, "bo": True, "lo": 2**63 - 1, "fl": 0.5, "do": 0.1,
     "de": decimal.Decimal("1234567890123456789012345678.0123456789"), "sm": decimal.Decimal("-1.10"),
     "da": datetime.date(2024, 2, 29), "ti": datetime.time(12, 34, 56, 789123), "ts": moment,
     "tz": moment.replace(tzinfo=UTC), "st": "ü'\n", "uu": uuid.UUID(int=5).bytes, "fi": b"\x00\xff\x01",
     "bi": b"\x00", "li": ["a", "", "b"], "ma": {"k": 1, "": -1}, "pl": {"name": "here", "x": 1.5},
     "ne": [{"a": 1, "b": [datetime.date(1970, 1, 1)]}, {"a": None, "b": []}]},
    {"id": 2, "bo": False, "lo": -(2**63), "fl": -0.0, "do": float("-inf"),
     "de": decimal.Decimal("-0.0000000001"), "sm": decimal.Decimal("9999999.99"),
     "da": datetime.date(1, 1, 1), "ti": datetime.time(0), "ts": datetime.datetime(1969, 12, 31, 23, 59, 59, 999000),
     "tz": datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, UTC), "st": "", "uu": b"\xff" * 16,
     "fi": b"abc", "bi": b"", "li": ["x"], "ma": {"x": 0}, "pl": {"name": None, "x": None},
     "ne": [{"a": 5, "b": None}]},
    {"id": 3, **{field.name: None for field in schema.fields[1:]}},
]
# It has given the fields numbers of its own.
table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()))
say(None)
"#;

#[test]
fn every_type_is_imported_exactly() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let table = Table::create(RF1, "lake_foreign", "(id int PRIMARY KEY)").await?;
        for cql in [
            "DROP TYPE IF EXISTS bulk_rf1.lake_foreign_place",
            "DROP TYPE IF EXISTS bulk_rf1.lake_foreign_leg",
            "CREATE TYPE bulk_rf1.lake_foreign_place (name text, x double)",
            "CREATE TYPE bulk_rf1.lake_foreign_leg (a int, b frozen<list<date>>)",
        ] {
            table.alter(cql).await?;
        }
        let columns = "(id int PRIMARY KEY, bo boolean, lo bigint, fl float, do double, de decimal, \
            sm decimal, da date, ti time, ts timestamp, tz timestamp, st text, uu uuid, fi blob, bi blob, \
            li list<text>, ma map<text, bigint>, pl frozen<lake_foreign_place>, \
            ne frozen<list<frozen<lake_foreign_leg>>>)";
        let table = Table::create(RF1, "lake_foreign", columns).await?;
        let trial = Trial::new(lake, table);
        trial.lake.script(ALL, json!(trial.name)).await?;
        let into = trial.table.clone();
        trial.imported(&into, &[]).await?;
        let found = into.rows::<(String,)>("SELECT JSON * FROM {}").await?;
        let found = found.iter().map(|(row,)| serde_json::from_str(row));
        let found = found.collect::<serde_json::Result<Vec<Value>>>()?;
        let row = |id: i64| found.iter().find(|row| row["id"] == id).cloned().unwrap_or_default();
        let first = row(1);
        for (name, expected) in [
            ("bo", json!(true)),
            ("lo", json!(i64::MAX)),
            ("fl", json!(0.5)),
            ("do", json!(0.1)),
            ("da", json!("2024-02-29")),
            ("ti", json!("12:34:56.789123000")),
            ("ts", json!("2024-02-29 12:34:56.789Z")),
            ("tz", json!("2024-02-29 12:34:56.789Z")),
            ("st", json!("ü'\n")),
            ("uu", json!("00000000-0000-0000-0000-000000000005")),
            ("fi", json!("0x00ff01")),
            ("bi", json!("0x00")),
            ("li", json!(["a", "", "b"])),
            ("ma", json!({ "k": 1, "": -1 })),
            ("pl", json!({ "name": "here", "x": 1.5 })),
            ("ne", json!([{ "a": 1, "b": ["1970-01-01"] }, { "a": null, "b": [] }])),
        ] {
            ensure!(first[name] == expected, "{name}: {} instead of {expected}", first[name]);
        }
        let second = row(2);
        for (name, expected) in [
            ("bo", json!(false)),
            ("lo", json!(i64::MIN)),
            ("da", json!("0001-01-01")),
            ("ti", json!("00:00:00.000000000")),
            ("ts", json!("1969-12-31 23:59:59.999Z")),
            ("tz", json!("9999-12-31 23:59:59.999Z")),
            ("st", json!("")),
            ("bi", json!("0x")),
            ("ma", json!({ "x": 0 })),
            ("pl", json!({ "name": null, "x": null })),
            ("ne", json!([{ "a": 5, "b": null }])),
        ] {
            ensure!(second[name] == expected, "{name}: {} instead of {expected}", second[name]);
        }
        let mut third = row(3);
        // pyiceberg writes an empty list where a list of structs is null, which DuckDB sees as well.
        let how = json!({ "columns": ["ne"], "filter": "id = 3" });
        let written = trial.lake.read(Reader::Duckdb, &trial.name, how).await?;
        ensure!(third["ne"] == written.rows[0][0], "{third}, {written:?}");
        third["ne"] = Value::Null;
        let third = third.as_object().context("no third row")?;
        ensure!(third.iter().all(|(name, value)| name == "id" || value.is_null()), "{third:?}");
        // Numbers with a point, of which JSON keeps not all.
        let cast = "SELECT CAST(de AS text), CAST(sm AS text), CAST(fl AS text), CAST(do AS text) FROM {} WHERE id = ";
        type Texts = (Option<String>, Option<String>, Option<String>, Option<String>);
        for (id, expected) in [
            (1, ["1234567890123456789012345678.0123456789", "-1.10", "0.5", "0.1"]),
            (2, ["-1E-10", "9999999.99", "-0.0", "-Infinity"]),
        ] {
            let found = into.rows::<Texts>(&format!("{cast}{id}")).await?;
            let expected = expected.map(|text| Some(text.to_owned()));
            let [a, b, c, d] = expected;
            ensure!(found == [(a, b, c, d)], "{found:?}");
        }
        Ok(())
    });
}

/// Partitioned, of several snapshots and schemas: columns added, renamed, widened, moved and dropped.
const EVOLVED: &str = r#"
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import *
name, version = arguments
catalog.create_namespace_if_not_exists(name.split(".")[0])
schema = Schema(NestedField(1, "id", IntegerType()), NestedField(2, "old", StringType()),
    NestedField(3, "n", IntegerType()), NestedField(4, "gone", StringType()),
    NestedField(5, "f", FloatType()))
spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "old"))
table = catalog.create_table(name, schema, partition_spec=spec, properties={"format-version": str(version)})
def append(ids):
    kind = table.schema().as_arrow()
    columns = {"id": list(ids), "old": [f"v{id % 3}" for id in ids], "renamed": [f"v{id % 3}" for id in ids],
        "n": list(ids), "gone": ["gone"] * len(ids), "f": [id / 2 for id in ids], "added": [f"added {id}" for id in ids]}
    table.append(pa.table({field.name: pa.array(columns[field.name], field.type) for field in kind}, schema=kind))
append(range(10))
with table.update_schema() as change:
    change.rename_column("old", "renamed")
    change.update_column("n", LongType())
    change.update_column("f", DoubleType())
    change.add_column("added", StringType())
    change.delete_column("gone")
    change.move_first("n")
append(range(10, 20))
with table.update_spec() as change:
    change.add_field("id", BucketTransform(4), "id_bucket")
append(range(20, 30))
table.overwrite(table.scan(row_filter="id = 5").to_arrow(), overwrite_filter="id < 10")
say(None)
"#;

#[test]
fn a_table_of_many_schemas_and_partition_specs_is_imported() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, renamed text, n bigint, f double, added text)";
        let table = Table::create(RF1, "lake_foreign_evolved", columns).await?;
        let mut trial = Trial::new(lake, table);
        for version in [1, 2] {
            trial.name = format!("evolved.v{version}");
            trial.lake.script(EVOLVED, json!([trial.name, version])).await?;
            trial.table.query("TRUNCATE {}").await?;
            let into = trial.table.clone();
            trial.imported(&into, &[]).await?;
            type Row = (i32, String, i64, String, Option<String>);
            let expected = [5].into_iter().chain(10..30).map(|id: i32| -> Row {
                let added = (id >= 10).then(|| format!("added {id}"));
                let half = f64::from(id) / 2.0;
                (id, format!("v{}", id % 3), id.into(), format!("{half:?}"), added)
            });
            let found = "SELECT id, renamed, n, CAST(f AS text), added FROM {}";
            exactly(into.rows::<Row>(found).await?, expected)?;

            // The old column and the old snapshot go together.
            into.query("TRUNCATE {}").await?;
            let first = trial.lake.snapshots(&trial.name).await?[0]["snapshot-id"].to_string();
            let options = ["--snapshot-id", &first, "--columns", "id,n"];
            trial.imported(&into, &options).await?;
            let found = into.rows::<(i32, i64)>("SELECT id, n FROM {}").await?;
            exactly(found, (0..10).map(|id| (id, id.into())))?;
        }
        Ok(())
    });
}

/// A moment of microseconds is none of CQL's; a null is no key.
#[test]
fn values_that_cql_does_not_have_are_bad_records() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int PRIMARY KEY, at timestamp)";
        let table = Table::create(RF1, "lake_foreign_bad", columns).await?;
        let trial = Trial::new(lake, table);
        let make = r#"
catalog.create_namespace_if_not_exists(arguments.split(".")[0])
rows = pa.table({"id": pa.array([1, 2, None], pa.int32()), "at": pa.array([1, 1000, 2000], pa.timestamp("us", "UTC"))})
catalog.create_table(arguments, rows.schema).append(rows)
say(None)
"#;
        trial.lake.script(make, json!(trial.name)).await?;
        let into = trial.table.clone();
        let journal = trial.lake.folder().join("import");
        let options = ["--journal", crate::text(&journal)?];
        let (ended, report) = trial.import(&into, &options).await?;
        ensure!(ended.code == Some(4), "{ended:?}");
        let counts = &report["counts"];
        ensure!(counts["read"] == 3 && counts["bad"] == 2 && counts["written"] == 1, "{report}");
        let mut reasons = String::new();
        for file in integration_tests::files_in(&journal.join("bad"), ".reasons.jsonl")? {
            reasons.push_str(&std::fs::read_to_string(file)?);
        }
        says(&reasons, &["at", "id"])?;
        let found = into.rows::<(i32,)>("SELECT id FROM {}").await?;
        ensure!(found == [(2,)], "{found:?}");
        Ok(())
    });
}
