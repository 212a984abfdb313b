"""What a cell is. Goes before the scripts that print rows.

A cell is null, a text, a list of cells, or an object of cells, and the same value gives the same cell
whatever the format and the engine: integers as digits, decimals with their scale, floats as their 64 bits in
hex (a 32-bit one as the 64-bit one of the same shortest text), blobs as 0x and hex, moments as the product
writes them. Maps are objects by the text of their keys.
"""

import json
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


def described(table):
    """The columns of an Arrow table, and what their types are taken to be."""
    return [{"name": field.name, "type": str(field.type)} for field in table.schema]


def rows_of(table):
    """The rows of an Arrow table, each a list of cells."""
    rows = []
    for batch in table.to_batches():
        rows.extend(map(list, zip(*(cells(column) for column in batch.columns))))
    return rows


def print_rows(columns, rows):
    """Prints the rows in the order of their JSON text."""
    texts = sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write('{"columns": ' + json.dumps(columns) + ', "rows": [' + ",\n".join(texts) + "]}")
