"""Reads exported files with an engine that people use, and prints every row as JSON.

One argument, a JSON object:
  format    "csv", "json", "jsonl", "parquet", "arrow"
  engine    "pyarrow", "duckdb", "python" (the standard library; JSON only)
  files     paths; compressed ones are known by their names
  infer     CSV, JSON: let the engine choose the types, as its users do; otherwise cells are read as text
  floats    CSV read as text: the columns that hold numbers with a point
  nested    CSV read as text: the columns that hold JSON
  delimiter, quote, escape, null, header, encoding    CSV, as exported
  hive      a folder: columns come from the names of the folders between it and the files (Parquet)

Prints {"columns": [{"name", "type"}], "rows": [[cell]]}, the rows in the order of their JSON text. Cells are
those of cells.py, which goes before this script.
"""

import lzma


def snappy(content):
    """The text in Snappy's framing format, which pyarrow does not have; its blocks it has."""
    if not content:
        return b""  # As the stream has no end of its own, it may have no beginning.
    if not content.startswith(b"\xff\x06\x00\x00sNaPpY"):
        raise ValueError("not in Snappy's framing format")
    text, place = [], 10
    while place < len(content):
        kind, end = content[place], place + 4 + int.from_bytes(content[place + 1 : place + 4], "little")
        data, place = content[place + 8 : end], end
        if kind not in (0, 1):
            raise ValueError(f"a chunk of kind {kind}")
        if kind == 0:
            bits = zip(range(0, 35, 7), data)
            size = 0
            for shift, octet in bits:
                size |= (octet & 127) << shift
                if octet < 128:
                    break
            data = pa.decompress(data, size, "snappy").to_pybytes()
        text.append(data)
    return b"".join(text)


def plain(path):
    """A file's content, decompressed."""
    if path.endswith(".xz"):
        return lzma.open(path)
    if path.endswith(".sz"):
        return pa.BufferReader(snappy(open(path, "rb").read()))
    return pa.input_stream(path, compression="detect")


def with_python(asked):
    """JSON by the standard library: what is there, byte for byte, and nothing inferred."""
    names, rows = None, []
    for path in asked["files"]:
        content = plain(path).read().decode("utf-8")
        if asked["format"] == "json":
            found = parse(content)
        else:
            if content and not content.endswith("\n"):
                raise ValueError(f"{path} ends within a line")
            # Not splitlines: it splits at characters that JSON allows in texts.
            found = [parse(line) for line in content.split("\n")[:-1]]
        for row in found:
            names = names or list(row)
            if list(row) != names:
                raise ValueError(f"{path}: the columns {list(row)}, not {names}")
            rows.append([of_json(value) for value in row.values()])
    columns = [{"name": name, "type": "json"} for name in names or []]
    return columns, rows


def with_pyarrow(asked):
    import pyarrow.csv as csv
    import pyarrow.dataset as dataset
    import pyarrow.json as pajson
    import pyarrow.parquet as parquet

    def read_csv(path):
        read = csv.ReadOptions(encoding=asked.get("encoding", "utf8"))
        # A row must fit.
        read.block_size = 64 << 20
        read.autogenerate_column_names = not asked.get("header", True)
        dialect = csv.ParseOptions(
            delimiter=asked.get("delimiter", ","),
            quote_char=asked.get("quote", '"'),
            double_quote="escape" not in asked,
            escape_char=asked.get("escape", False),
            newlines_in_values=True,
        )
        convert = csv.ConvertOptions(
            null_values=[asked.get("null", "")],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        table = csv.read_csv(plain(path), read, dialect, convert)
        if asked.get("infer"):
            return table
        floats = asked.get("floats", [])
        kinds = {name: pa.float64() if name in floats else pa.string() for name in table.schema.names}
        convert.column_types = kinds
        return csv.read_csv(plain(path), read, dialect, convert)

    def read_arrow(path):
        with pa.memory_map(path) as file:
            whole = file.size() >= 6 and file.read(6) == b"ARROW1"
            file.seek(0)
            opened = pa.ipc.open_file(file) if whole else pa.ipc.open_stream(file)
            return opened.read_all()

    if "hive" in asked:
        hive = dataset.partitioning(flavor="hive")
        source = dataset.dataset(
            asked["files"], format="parquet", partitioning=hive, partition_base_dir=asked["hive"]
        )
        return [source.to_table()]
    read = {
        "csv": read_csv,
        "jsonl": lambda path: pajson.read_json(plain(path)),
        "parquet": lambda path: parquet.read_table(path, partitioning=None),
        "arrow": read_arrow,
    }[asked["format"]]
    return [read(path) for path in asked["files"]]


def with_duckdb(asked):
    import duckdb

    def quoted(value):
        return "'" + value.replace("'", "''") + "'"

    database = duckdb.connect(config={"threads": 1})
    files = "[" + ", ".join(quoted(path) for path in asked["files"]) + "]"
    columns = "*"
    if asked["format"] == "parquet":
        hive = "true" if "hive" in asked else "false"
        source = f"read_parquet({files}, hive_partitioning = {hive})"
    elif asked["format"] in ("json", "jsonl"):
        layout = "array" if asked["format"] == "json" else "newline_delimited"
        # Down to depth 1 only, so that each cell is JSON as it stands.
        depth = -1 if asked.get("infer") else 1
        source = f"read_json({files}, format = '{layout}', maximum_depth = {depth}, sample_size = -1)"
    else:
        source = (
            f"read_csv({files}, auto_detect = true, sample_size = -1, strict_mode = true"
            f", header = {str(asked.get('header', True)).lower()}"
            f", delim = {quoted(asked.get('delimiter', ','))}"
            f", quote = {quoted(asked.get('quote', chr(34)))}"
            f", escape = {quoted(asked.get('escape', asked.get('quote', chr(34))))}"
            f", nullstr = {quoted(asked.get('null', ''))}, allow_quoted_nulls = false"
            f", encoding = {quoted(asked.get('encoding', 'utf-8'))}"
            f", all_varchar = {str(not asked.get('infer', False)).lower()})"
        )
        if asked.get("floats"):
            casts = (f'CAST("{name}" AS DOUBLE) AS "{name}"' for name in asked["floats"])
            columns = f"* REPLACE ({', '.join(casts)})"
    database.execute("SET TimeZone = 'UTC'")
    found = database.sql(f"SELECT {columns} FROM {source}")
    kinds, table = found.types, found.to_arrow_table()
    for place, kind in enumerate(kinds):
        if str(kind) == "JSON":
            # In Arrow it would be any text.
            typed = table.column(place).cast(pa.string()).cast(pa.json_(pa.string()))
            table = table.set_column(place, table.field(place).name, typed)
    return [table]


def main(asked):
    if asked["engine"] == "python":
        columns, rows = with_python(asked)
    else:
        engine = {"pyarrow": with_pyarrow, "duckdb": with_duckdb}[asked["engine"]]
        columns, rows = [], []
        for table in engine(asked):
            found = described(table)
            names = [column["name"] for column in found]
            if columns and names != [column["name"] for column in columns]:
                raise ValueError(f"files of different columns: {names} and {columns}")
            columns = columns or found
            rows.extend(rows_of(table))
    nested = asked.get("nested", [])
    for place in (place for place, column in enumerate(columns) if column["name"] in nested):
        for row in rows:
            row[place] = None if row[place] is None else of_json(parse(row[place]))
    print_rows(columns, rows)


main(json.loads(sys.argv[1]))
