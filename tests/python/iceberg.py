"""Apache Iceberg as others see it: pyiceberg, and DuckDB with its iceberg extension.

Goes after cells.py and before a script. One argument, a JSON object:
  catalog    the properties of pyiceberg's catalog, with its "name"
  arguments  what the script is given

Defines `catalog`, `arguments`, `read`, `describe`, `entries`, `say` and `duckdb_connection` for that script; what the
last one gives has a REST catalog as `lake`.
"""

import json
import os
import sys

import pyarrow as pa
from pyiceberg.catalog import load_catalog

_asked = json.loads(sys.argv[1])
_properties = dict(_asked["catalog"])
arguments = _asked["arguments"]
catalog = load_catalog(_properties.pop("name"), **_properties)


def say(value):
    """Prints the one JSON document of the script."""
    print(json.dumps(value, default=_plain))


def _plain(value):
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)


def read(name, engine="pyiceberg", snapshot_id=None, filter=None, columns=None, case_sensitive=True):
    """The rows of a table as an Arrow table."""
    table = catalog.load_table(name)
    if engine == "duckdb":
        return _with_duckdb(table, snapshot_id, filter, columns)
    scan = table.scan(
        row_filter=filter or "true",
        selected_fields=tuple(columns or ["*"]),
        snapshot_id=snapshot_id,
        case_sensitive=case_sensitive,
    )
    return scan.to_arrow()


def duckdb_connection():
    """DuckDB with its extension for Iceberg."""
    import duckdb

    database = duckdb.connect(config={"threads": 1})
    # iceberg stands on both of the others.
    for extension in ("avro", "httpfs", "iceberg"):
        package = __import__(f"duckdb_extension_{extension}")
        folder = os.path.join(os.path.dirname(package.__file__), "extensions", f"v{duckdb.__version__}")
        database.execute(f"LOAD '{folder}/{extension}.duckdb_extension'")
    database.execute("SET TimeZone = 'UTC'")
    if "s3.endpoint" in _properties:
        endpoint = _properties["s3.endpoint"].removeprefix("http://")
        database.execute(
            "CREATE SECRET (TYPE s3, URL_STYLE 'path', USE_SSL false"
            f", ENDPOINT '{endpoint}', REGION '{_properties['s3.region']}'"
            f", KEY_ID '{_properties['s3.access-key-id']}'"
            f", SECRET '{_properties['s3.secret-access-key']}')"
        )
    if _properties["type"] == "rest":
        database.execute(
            f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{_properties['uri']}', AUTHORIZATION_TYPE 'none')"
        )
    return database


def _with_duckdb(table, snapshot_id, filter, columns):
    pin = f", snapshot_from_id => {snapshot_id}" if snapshot_id else ""
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns) if columns else "*"
    source = f"iceberg_scan('{table.metadata_location}'{pin})"
    condition = f" WHERE {filter}" if filter else ""
    return duckdb_connection().sql(f"SELECT {names} FROM {source}{condition}").to_arrow_table()


def describe(name):
    """A table's metadata as it is stored, and what its current snapshot has."""
    table = catalog.load_table(name)
    with table.io.new_input(table.metadata_location).open() as file:
        content = file.read()
    if table.metadata_location.endswith(".gz.metadata.json"):
        import gzip

        content = gzip.decompress(content)
    return {
        "metadata_location": table.metadata_location,
        "metadata": json.loads(content),
        "entries": entries(table),
    }


def entries(table):
    """What the manifests of the current snapshot list, as pyiceberg reads them; 2 is the status of files
    that are gone."""
    snapshot, found = table.current_snapshot(), []
    for manifest in snapshot.manifests(table.io) if snapshot else []:
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False):
            file = entry.data_file
            spec = table.specs()[manifest.partition_spec_id]
            found.append(
                {
                    "status": int(entry.status),
                    "snapshot_id": entry.snapshot_id,
                    "content": int(file.content),
                    "file_path": file.file_path,
                    "file_format": file.file_format.value,
                    "partition": {field.name: file.partition[at] for at, field in enumerate(spec.fields)},
                    "record_count": file.record_count,
                    "file_size_in_bytes": file.file_size_in_bytes,
                    "value_counts": file.value_counts or {},
                    "null_value_counts": file.null_value_counts or {},
                    "lower_bounds": file.lower_bounds or {},
                    "upper_bounds": file.upper_bounds or {},
                }
            )
    return found
