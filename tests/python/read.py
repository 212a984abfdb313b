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

Prints {"columns": [{"name", "type"}], "rows": [[cell]]}, the rows in the order of their JSON text. A cell
is null, a text, a list of cells, or an object of cells, and the same value gives the same cell whatever
the format and the engine: integers as digits, decimals with their scale, floats as their 64 bits in hex (a
32-bit one as the 64-bit one of the same shortest text), blobs as 0x and hex, moments as the product writes
them. Maps are objects by the text of their keys.
"""

import json
import lzma
import math
import struct
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_

NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
DAY = 86_400 * 1_000_000_000


def double(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return struct.pack(">d", value).hex()


def single(value):
    """The shortest text that is this 32-bit float and no other, as a 64-bit one."""
    if math.isnan(value) or math.isinf(value):
        return double(value)
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        try:
            if struct.pack(">f", short) == struct.pack(">f", value):
                return double(short)
        except OverflowError:
            pass  # Rounded up to beyond the largest one.
    raise ValueError(f"{value!r} is no 32-bit float")


def civil(days):
    """Year, month and day of a day since 1970, in the proleptic Gregorian calendar, without bounds."""
    days += 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def date(days):
    year, month, day = civil(days)
    return f"{year:04}-{month:02}-{day:02}" if 1 <= year <= 9999 else str(days + 2**31)


def time(nanoseconds):
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:09}"


def timestamp(nanoseconds):
    days, of_day = divmod(nanoseconds, DAY)
    year, month, day = civil(days)
    if not 1 <= year <= 9999:
        return str(nanoseconds // 1_000_000)
    fraction = time(of_day)
    shown = fraction[:-6] if fraction.endswith("000000") else fraction
    return f"{year:04}-{month:02}-{day:02}T{shown}Z"


def key(cell):
    if cell is None:
        raise ValueError("a map has a key that is null")
    return cell if isinstance(cell, str) else json.dumps(cell, sort_keys=True, ensure_ascii=False)


def unique(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key is there twice: {[name for name, _ in pairs]}")
    return found


def of_json(value):
    """A parsed JSON value as a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return double(value)
    if isinstance(value, list):
        return [of_json(item) for item in value]
    if isinstance(value, dict):
        return {name: of_json(item) for name, item in value.items()}
    return value


def reject(constant):
    raise ValueError(f"{constant} is not JSON")


def parse(text):
    return json.loads(text, object_pairs_hook=unique, parse_constant=reject)


def numbers(array, to):
    return array.cast(to).to_pylist()


def mapped(values, function):
    return [None if value is None else function(value) for value in values]


def cells(array):
    """Every value of an Arrow array as a cell."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return mapped(array.storage.to_pylist(), uuid)
        if kind.extension_name == "arrow.json":
            return mapped(array.storage.to_pylist(), lambda text: of_json(parse(text)))
        return cells(array.storage)
    if is_.is_dictionary(kind):
        return cells(array.dictionary_decode())
    if is_.is_null(kind):
        return [None] * len(array)
    if is_.is_boolean(kind):
        return mapped(array.to_pylist(), lambda value: "true" if value else "false")
    if is_.is_integer(kind):
        return mapped(array.to_pylist(), str)
    if is_.is_float64(kind):
        return mapped(array.to_pylist(), double)
    if is_.is_floating(kind):
        return mapped(array.to_pylist(), single)
    if is_.is_decimal(kind):
        return mapped(array.to_pylist(), lambda value: format(value, "f"))
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind):
        return array.to_pylist()
    if is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_binary_view(kind):
        return mapped(array.to_pylist(), lambda value: "0x" + value.hex())
    if is_.is_fixed_size_binary(kind):
        return mapped(array.to_pylist(), lambda value: "0x" + value.hex())
    if is_.is_timestamp(kind):
        unit = NANOSECONDS[kind.unit]
        return mapped(numbers(array, pa.int64()), lambda value: timestamp(value * unit))
    if is_.is_date32(kind):
        return mapped(numbers(array, pa.int32()), date)
    if is_.is_time(kind):
        unit = NANOSECONDS[kind.unit]
        width = pa.int32() if is_.is_time32(kind) else pa.int64()
        return mapped(numbers(array, width), lambda value: time(value * unit))
    if kind == pa.month_day_nano_interval():
        names = ("months", "days", "nanoseconds")
        return mapped(array.to_pylist(), lambda value: dict(zip(names, map(str, value))))
    if is_.is_map(kind):
        return maps(array)
    if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind):
        items = iter(cells(array.flatten()))
        lengths = pc.list_value_length(array).to_pylist()
        valid = array.is_valid().to_pylist()
        taken = lambda length: [next(items) for _ in range(length)]
        return [taken(length) if ok else None for length, ok in zip(lengths, valid)]
    if is_.is_struct(kind):
        names = [field.name for field in kind]
        columns = [cells(child) for child in array.flatten()]
        valid = array.is_valid().to_pylist()
        rows = zip(*columns) if columns else ([] for _ in valid)
        return [unique(list(zip(names, row))) if ok else None for row, ok in zip(rows, valid)]
    raise TypeError(f"no cell for {kind}")


def maps(array):
    keys, items = [key(cell) for cell in cells(array.keys)], cells(array.items)
    offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
    rows = []
    for row, ok in enumerate(valid):
        part = slice(offsets[row], offsets[row + 1])
        rows.append(unique(list(zip(keys[part], items[part]))) if ok else None)
    return rows


def uuid(octets):
    text = octets.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


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
            described = [{"name": field.name, "type": str(field.type)} for field in table.schema]
            names = [column["name"] for column in described]
            if columns and names != [column["name"] for column in columns]:
                raise ValueError(f"files of different columns: {names} and {columns}")
            columns = columns or described
            for batch in table.to_batches():
                rows.extend(map(list, zip(*(cells(column) for column in batch.columns))))
    nested = asked.get("nested", [])
    for place in (place for place, column in enumerate(columns) if column["name"] in nested):
        for row in rows:
            row[place] = None if row[place] is None else of_json(parse(row[place]))
    texts = sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
    sys.stdout.write('{"columns": ' + json.dumps(columns) + ', "rows": [' + ",\n".join(texts) + "]}")


sys.stdout.reconfigure(encoding="utf-8")
main(json.loads(sys.argv[1]))
