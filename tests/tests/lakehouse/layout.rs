//! What a table is made of: its schema, its partitions, its sort order, and what its manifests say of its
//! files.

use anyhow::{Context as _, Result, ensure};
use integration_tests::{Lake, RF1, Reader, Table, exactly, run, sorted};
use serde_json::{Value, json};

use crate::{Trial, says};

/// A table of rows that fall into many partitions, some at the edges of these, and some into none.
async fn events(name: &str) -> Result<Table> {
    let columns = "(id uuid, seq int, ts timestamp, name text, region text, n bigint, day date, \
        d double, PRIMARY KEY (id, seq))";
    let table = Table::create(RF1, name, columns).await?;
    let id = |row: i64| uuid::Uuid::from_u128(u128::from(row.unsigned_abs()) << 64 | 7);
    let regions = ["eu", "us/west", "a=b", "", "ü %20", "__null__"];
    let rows = (0..60_i64).map(|row| {
        let ts = [-1, 0, 86_399_999, 86_400_000, 1_709_164_800_000]
            [usize::try_from(row % 5).unwrap_or(0)];
        let region = regions.get(usize::try_from(row % 7).unwrap_or(0));
        (id(row), 0, ts + row * 1000, format!("名前{row}"), region.copied(), row * 7 - 40, row)
    });
    let insert = "INSERT INTO {} (id, seq, ts, name, region, n, d) VALUES (?, ?, ?, ?, ?, ?, ?)";
    table
        .write(
            insert,
            rows.map(|(id, seq, ts, name, region, n, d)| {
                let ts = scylla::value::CqlTimestamp(ts);
                (id, seq, ts, name, region, n, d as f64 / 3.0 - 5.0)
            }),
        )
        .await?;
    table.write("INSERT INTO {} (id, seq) VALUES (?, ?)", [(id(900), 1)]).await?;
    table.write("INSERT INTO {} (id, seq, d) VALUES (?, ?, ?)", [(id(901), 1, f64::NAN)]).await?;
    Ok(table)
}

/// Compares what the manifests say of each file with what is in it, by pyiceberg's own transforms; prints
/// the number of files and what is wrong.
const CHECK: &str = r#"
import math
import pyarrow.parquet as parquet
from pyiceberg.conversions import from_bytes
table = catalog.load_table(arguments)
schema, spec = table.schema(), table.spec()
wrong, files = [], entries(table)
names = {field.field_id: field.name for field in schema.fields}
for file in files:
    path = file["file_path"].removeprefix("file://")
    found = parquet.ParquetFile(path)
    rows = found.read()
    ids = {field.name: int(field.metadata[b"PARQUET:field_id"]) for field in rows.schema}
    if ids != {name: number for number, name in names.items()}:
        wrong.append([path, "field ids", ids])
    if rows.num_rows != file["record_count"] or rows.num_rows == 0:
        wrong.append([path, "rows", rows.num_rows, file["record_count"]])
    if os.path.getsize(path) != file["file_size_in_bytes"]:
        wrong.append([path, "bytes"])
    for field in spec.fields:
        source = schema.find_field(field.source_id)
        column = rows.column(source.name)
        if source.field_type.__class__.__name__ == "UUIDType" and hasattr(column, "combine_chunks"):
            column = [value.as_py() for value in column]
            column = [getattr(value, "bytes", value) for value in column]
        else:
            kind = str(column.type)
            if kind.startswith("timestamp"):
                column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
            elif kind == "date32[day]":
                column = column.cast(pa.int32())
            column = column.to_pylist()
        transform = field.transform.transform(source.field_type)
        of_rows = {None if value is None else transform(value) for value in column}
        stated = file["partition"][field.name]
        if hasattr(stated, "toordinal"):
            stated = stated.toordinal() - 719163
        if of_rows != {stated}:
            wrong.append([path, field.name, sorted(map(str, of_rows)), str(stated)])
    for number, name in names.items():
        column = rows.column(name)
        get = lambda member: file[member].get(number)
        counts, nulls = get("value_counts"), get("null_value_counts")
        if (counts, nulls) != (rows.num_rows, column.null_count):
            wrong.append([path, name, "counts", counts, nulls])
        kind = schema.find_field(number).field_type
        lower, upper = get("lower_bounds"), get("upper_bounds")
        for value in column.to_pylist():
            if value is None or (isinstance(value, float) and math.isnan(value)):
                continue
            if lower is None or upper is None:
                continue
            low, high = (from_bytes(kind, bound) for bound in (lower, upper))
            if str(kind) == "timestamptz":
                value = int(value.timestamp() * 1000) * 1000
            if str(kind) == "uuid":
                value, low, high = (getattr(v, "bytes", v) for v in (value, low, high))
            if str(kind) == "string":
                value, low, high = (v.encode() for v in (value, low, high))
            if not low <= value <= high:
                wrong.append([path, name, "bounds", str(value), str(low), str(high)])
bounded = all(file["lower_bounds"].get(2) is not None for file in files)
say({"files": len(files), "wrong": wrong[:10], "bounded": bounded,
    "planned": [[f, len(list(table.scan(row_filter=f).plan_files()))] for f in (
        "seq = 0 and ts < '1970-01-01T00:00:00+00:00'", "region = 'eu'", "n = 2")]})
"#;

#[test]
fn a_table_has_the_layout_that_was_asked_for() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::new(lake, events("lake_layout").await?);
        let options = [
            "--partition-by",
            "day(ts),bucket(4,id),region,truncate(2,name)",
            "--sort-by",
            "ts desc, id",
            "--table-property",
            "owner=data=team",
            "--table-property",
            "write.parquet.compression-codec=zstd",
            "--splits=4",
        ];
        trial.exported(&options).await?;
        let described = trial.lake.described(&trial.name).await?;
        let metadata = &described["metadata"];
        ensure!(metadata["format-version"] == 2, "{metadata:#}");
        let schema = &metadata["schemas"][0];
        let of = |member: &str| -> Vec<Value> {
            let fields = schema["fields"].as_array().cloned().unwrap_or_default();
            fields.iter().map(|field| field[member].clone()).collect()
        };
        // In the order of Cassandra: the key first, the others by their names.
        ensure!(
            of("name") == ["id", "seq", "ts", "name", "region", "n", "day", "d"].map(Value::from)
                || of("name")
                    == ["id", "seq", "d", "day", "n", "name", "region", "ts"].map(Value::from),
            "{schema:#}"
        );
        let types = of("name").into_iter().zip(of("type")).zip(of("doc")).zip(of("required"));
        for (((name, typ), doc), required) in types {
            let expected = match name.as_str() {
                Some("id") => ("uuid", "cql: uuid", true),
                Some("seq") => ("int", "cql: int", true),
                Some("ts") => ("timestamptz", "cql: timestamp", false),
                Some("n") => ("long", "cql: bigint", false),
                Some("day") => ("date", "cql: date", false),
                Some("d") => ("double", "cql: double", false),
                _ => ("string", "cql: text", false),
            };
            let found = (typ.as_str(), doc.as_str(), required.as_bool());
            ensure!(found == (Some(expected.0), Some(expected.1), Some(expected.2)), "{schema:#}");
        }
        let ids = |wanted: &[&str]| -> Vec<Value> {
            let named = of("name").into_iter().zip(of("id")).collect::<Vec<_>>();
            let id =
                |name: &&str| named.iter().find(|(of, _)| of == name).map(|(_, id)| id.clone());
            wanted.iter().filter_map(id).collect()
        };
        // They are a set.
        let identifiers = schema["identifier-field-ids"].as_array().context("no identifiers")?;
        let in_order = |ids: &[Value]| sorted(ids.iter().map(Value::to_string));
        ensure!(in_order(identifiers) == in_order(&ids(&["id", "seq"])), "{schema:#}");
        let spec = &metadata["partition-specs"][0]["fields"];
        let transforms: Vec<Value> =
            (0..4).map(|at| json!([spec[at]["source-id"], spec[at]["transform"]])).collect();
        let sources = ids(&["ts", "id", "region", "name"]);
        let expected = ["day", "bucket[4]", "identity", "truncate[2]"];
        let expected = sources.iter().zip(expected).map(|(id, of)| json!([id, of]));
        ensure!(transforms == expected.collect::<Vec<_>>(), "{spec:#}");
        let order = &metadata["sort-orders"];
        let order = order.as_array().context("no sort orders")?.last().context("no sort order")?;
        let order = &order["fields"];
        let expected = [(&sources[0], "desc"), (&sources[1], "asc")];
        for (at, (id, direction)) in expected.into_iter().enumerate() {
            ensure!(order[at]["source-id"] == *id, "{order:#}");
            ensure!(order[at]["direction"] == direction, "{order:#}");
        }
        let properties = &metadata["properties"];
        ensure!(properties["owner"] == "data=team", "{properties:#}");
        ensure!(properties["cassandra-bulk.source"] == "bulk_rf1.lake_layout", "{properties:#}");
        let ddl = properties["cassandra-bulk.ddl"].as_str().unwrap_or_default();
        says(ddl, &["CREATE TABLE", "lake_layout", "PRIMARY KEY"])?;

        let checked = trial.lake.script(CHECK, json!(trial.name)).await?;
        ensure!(checked["wrong"] == json!([]), "{checked:#}");
        ensure!(checked["bounded"] == true, "{checked:#}");
        let files = checked["files"].as_u64().context("no number of files")?;
        ensure!(files > 20, "{checked:#}");
        for planned in checked["planned"].as_array().context("no plans")? {
            ensure!(planned[1].as_u64().is_some_and(|planned| planned < files), "{checked:#}");
        }
        everyone_filters(&trial).await
    });
}

/// Filters of others skip files, and must not skip one too many.
async fn everyone_filters(trial: &Trial) -> Result<()> {
    let all = trial.lake.read(Reader::Pyiceberg, &trial.name, json!({})).await?;
    ensure!(all.rows.len() == 62, "{}", all.rows.len());
    let of = |row: &Value, name: &str| {
        let at = all.names().iter().position(|found| *found == name);
        row[at.unwrap_or(usize::MAX)].clone()
    };
    let number = |value: Value| value.as_str().and_then(|text| text.parse::<i64>().ok());
    type Test<'a> = &'a dyn Fn(&Value) -> bool;
    let cases: [(&str, &str, Test<'_>); 7] = [
        ("region = 'us/west'", "region = 'us/west'", &|row| of(row, "region") == "us/west"),
        ("region is null", "region IS NULL", &|row| of(row, "region").is_null()),
        ("region = ''", "region = ''", &|row| of(row, "region") == ""),
        ("n >= 300", "n >= 300", &|row| number(of(row, "n")).is_some_and(|n| n >= 300)),
        ("ts < '1970-01-01T00:00:00+00:00'", "ts < TIMESTAMPTZ '1970-01-01 00:00:00+00'", &|row| {
            of(row, "ts").as_str().is_some_and(|ts| ts < "1970-01-01T00:00:00")
        }),
        (
            "ts >= '2024-02-29T00:00:00+00:00'",
            "ts >= TIMESTAMPTZ '2024-02-29 00:00:00+00'",
            &|row| of(row, "ts").as_str().is_some_and(|ts| ts >= "2024-02-29T00:00:00"),
        ),
        (
            "id = '00000000-0000-0005-0000-000000000007'",
            "id = '00000000-0000-0005-0000-000000000007'",
            &|row| of(row, "id") == "00000000-0000-0005-0000-000000000007",
        ),
    ];
    for (of_pyiceberg, of_duckdb, test) in cases {
        let expected: Vec<String> =
            all.rows.iter().filter(|row| test(row)).map(Value::to_string).collect();
        ensure!(!expected.is_empty(), "{of_pyiceberg} finds nothing");
        for (reader, filter) in [(Reader::Pyiceberg, of_pyiceberg), (Reader::Duckdb, of_duckdb)] {
            if reader == Reader::Pyiceberg && filter.starts_with("id =") {
                // pyarrow compares no uuids.
                continue;
            }
            let how = json!({ "filter": filter });
            let found = trial.lake.read(reader, &trial.name, how).await?;
            exactly(found.texts(), expected.clone())
                .with_context(|| format!("{reader:?}: {filter}"))?;
        }
    }
    Ok(())
}

#[test]
fn every_version_of_the_format_is_written() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let mut trial = Trial::texts(lake, "lake_layout_version", 30).await?;
        for version in [1, 2, 3] {
            trial.name = format!("lake_layout_version.v{version}");
            let given = version.to_string();
            let options = ["--format-version", &given, "--partition-by", "bucket(2, id)"];
            trial.exported(&options).await?;
            trial.exported(&["--mode", "append"]).await?;
            trial.exported(&["--mode", "replace"]).await?;
            trial.exported(&["--mode", "append"]).await?;
            let described = trial.lake.described(&trial.name).await?;
            ensure!(described["metadata"]["format-version"] == version, "{described:#}");
            for reader in [Reader::Pyiceberg, Reader::Duckdb] {
                let found = trial.lake.read(reader, &trial.name, json!({})).await?;
                exactly(found.texts(), crate::text_cells((0..60).map(|id| id % 30)))
                    .with_context(|| format!("{reader:?}, version {version}"))?;
            }
        }
        let ended = trial.export(&["--format-version", "4"]).await?.with_code(2)?;
        says(&ended.stderr, &["--format-version", "4"])
    });
}

/// A key may be of types that identify nothing, and a table may lack a part of its key.
#[test]
fn only_keys_that_can_identify_rows_do() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let columns = "(id int, d double, v text, PRIMARY KEY (id, d))";
        let table = Table::create(RF1, "lake_layout_keys", columns).await?;
        table.query("INSERT INTO {} (id, d, v) VALUES (1, 0.5, 'x')").await?;
        let mut trial = Trial::new(lake, table);
        for (name, options) in [("k.of_float", &[][..]), ("k.part", &["--columns", "id,v"])] {
            trial.name = name.to_owned();
            trial.exported(options).await?;
            let described = trial.lake.described(name).await?;
            let schema = &described["metadata"]["schemas"][0];
            let ids = &schema["identifier-field-ids"];
            ensure!(ids.is_null() || *ids == json!([]), "{schema:#}");
            let names = schema["fields"].as_array().context("no fields")?;
            let names = sorted(names.iter().map(|field| field["name"].to_string()));
            ensure!(
                names.len()
                    == trial.lake.read(Reader::Duckdb, name, json!({})).await?.names().len()
            );
        }
        Ok(())
    });
}

#[test]
fn a_layout_that_cannot_be_is_refused_before_anything_is_made() {
    run(async {
        let Some(lake) = Lake::sql().await? else { return Ok(()) };
        let trial = Trial::new(lake, events("lake_layout_bad").await?);
        for (options, parts) in [
            (["--partition-by", "day(nosuch)"], &["nosuch"][..]),
            (["--partition-by", "day(name)"], &["day", "name", "string"]),
            (["--partition-by", "bucket(0,id)"], &["bucket"]),
            (["--partition-by", "bucket(4,d)"], &["bucket", "double"]),
            (["--partition-by", "truncate(2,ts)"], &["truncate"]),
            (["--partition-by", "week(ts)"], &["week"]),
            (["--partition-by", "day(ts"], &["day(ts"]),
            (["--partition-by", "day(ts),day(ts)"], &["ts"]),
            (["--sort-by", "nosuch"], &["nosuch"]),
            (["--sort-by", "ts upwards"], &["upwards"]),
            (["--table-property", "novalue"], &["novalue"]),
        ] {
            let ended = trial.export(&options).await?;
            ensure!(ended.code == Some(2), "{options:?}: {ended:?}");
            says(&ended.stderr, parts).with_context(|| format!("{options:?}"))?;
        }
        let script = "say(catalog.list_namespaces())";
        let found = trial.lake.script(script, json!(null)).await?;
        ensure!(found == json!([]), "{found}");
        Ok(())
    });
}
