"""What the texts of headers say: dates and numbers, and the schema that the items of an array or map share."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from s3sink.connect_json import shortest_float32
from s3sink.java_class import INT_BITS
from s3sink.java_text import epoch_milliseconds
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema
from s3sink.simple_date_format import SimpleDateFormat

_DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d+))?")
_RANK = ("int8", "int16", "int32", "int64", "float32", "float64")
_PLAIN = {name: Schema(type=name) for name in _RANK}  # type: ignore[arg-type]
_MOMENTS = {
    10: (SimpleDateFormat("yyyy-MM-dd"), Schema(type="int32", name=DATE, version=1)),
    13: (SimpleDateFormat("HH:mm:ss.SSS'Z'"), Schema(type="int32", name=TIME, version=1)),
    24: (SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"), Schema(type="int64", name=TIMESTAMP, version=1)),
}

Parsed = tuple[Schema | None, Any]


class NotNested(Exception):
    """What began like an array or a map is none: the whole text is a text."""


# ---------------------------------------------------------------------------------------------- dates and numbers
def moment_of(text: str) -> Parsed | None:
    """A date, time or timestamp, known by its length alone; Java reads it leniently."""
    text = text.replace("\\:", ":")
    if len(text) not in _MOMENTS:
        return None
    pattern, schema = _MOMENTS[len(text)]
    milliseconds = pattern.parse(text)
    value = None if milliseconds is None else _at(milliseconds, schema)
    return None if value is None else (schema, value)


def _at(milliseconds: int, schema: Schema) -> date | time | datetime | None:
    """The moment in the type of the schema, as a datetime where it does not fit in it, None outside of Python's years.

    In Java all three are the same class, and "99:99:99.999Z" is a Time.
    """
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    if schema.name == DATE and milliseconds % _DAY_MS == 0:
        return moment.date()
    return moment.time() if schema.name == TIME and 0 <= milliseconds < _DAY_MS else moment


def number_of(word: str) -> Parsed | None:
    """A number in the smallest of Connect's types that holds it."""
    match = _NUMBER.fullmatch(word)
    if not match or word[0] == "." or max(word) > "\uffff":
        return None
    exponent = Decimal(match[3] or 0)
    scale = len(match[1] or match[2] or "") - exponent
    if not -(2**31) <= exponent < 2**31 or not -(2**31) <= scale < 2**31:
        return None
    return _smallest(Decimal(word), int(scale))


def _smallest(value: Decimal, scale: int) -> Parsed:
    """A number in the first of Connect's types that it fits: whole ones exactly, others as near as a float gets."""
    whole = 0 if not value else int(value) if value.adjusted() < 19 else None
    if whole is not None and whole == value and -(1 << 63) <= whole < 1 << 63:
        return next((_PLAIN[name], whole) for name, bits in INT_BITS.items() if -1 << bits - 1 <= whole < 1 << bits - 1)
    if scale != 0 and math.isfinite(short := _float32(value)):
        return _PLAIN["float32"], short
    if scale != 0 and math.isfinite(float(value)):
        return _PLAIN["float64"], float(value)
    return Schema(type="bytes", name=DECIMAL, version=1, parameters=(("scale", str(scale)),)), value


def _float32(value: Decimal | int) -> float:
    """The float32 nearest to a number: by way of the double on its side that is odd, which avoids rounding twice."""
    near = float(value)
    if near != value and math.isfinite(near) and not struct.pack("<d", near)[0] & 1:
        near = math.nextafter(near, math.inf if value > near else -math.inf)
    try:
        return shortest_float32(_exact(near))
    except OverflowError:
        return math.copysign(math.inf, near)


def _exact(value: float) -> float:
    """The double that a float32 is: 0.10000000149011612 for 0.1."""
    exact: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return exact


# ---------------------------------------------------------------------------------------------- common schemas
def map_of(entries: list[tuple[Parsed, Parsed]]) -> Parsed:
    """Keys without a common schema leave the values without one too; a value that a later one replaced still counts."""
    keys = common_schema(schema for (schema, _), _ in entries)
    values = common_schema(schema for _, (schema, _) in entries) if keys else None
    last = {(type(key[1]), key[1]): (key, value) for key, value in entries}
    value = {converted(key, keys): converted(value, values) for key, value in last.values()}
    if keys is None and len(value) < len(last):  # true and 1 are one key in Python
        raise NotNested
    return Schema(type="map", keys=keys, items=values), value


def common_schema(schemas: Iterable[Schema | None]) -> Schema | None:
    """The schema of all: of two of one type the later one, of two numbers the wider one, otherwise none."""
    common: Schema | None = None
    for schema in schemas:
        if schema is None:
            continue
        if common is None or common.type == schema.type:
            common = schema
        elif common.type not in _RANK or schema.type not in _RANK:
            return None
        else:
            common = max(common, schema, key=lambda each: _RANK.index(each.type))
    return common


def converted(item: Parsed, target: Schema | None) -> Any:
    """What is in an array or map in the schema of all. Raises NotNested where Connect has no conversion."""
    schema, value = item
    if target is None:
        return value
    if schema is None:
        raise NotNested
    if target.name in (DATE, TIME, TIMESTAMP):
        return _as_moment(value, target)
    if target.type not in _RANK or schema is target:
        return value
    if isinstance(value, date | time):
        raise NotNested
    return _NUMBERS[target.type](schema, value)


def _as_moment(value: Any, target: Schema) -> date | time | datetime:
    if isinstance(value, date | time):
        milliseconds = epoch_milliseconds(value)
    elif target.name == TIME and not 0 <= value <= _DAY_MS:
        raise NotNested
    else:
        milliseconds = value * _DAY_MS if target.name == DATE else value
    if (moment := _at(milliseconds, target)) is None:
        raise NotNested
    return moment


def _to_float64(schema: Schema, value: float) -> float:
    return _exact(value) if schema.type == "float32" else float(value)


def _to_float32(schema: Schema, value: float) -> float:
    return value if isinstance(value, float) else _float32(value)


_NUMBERS: dict[str, Callable[[Schema, Any], Any]] = {
    **dict.fromkeys(INT_BITS, lambda schema, value: value),
    "float32": _to_float32,
    "float64": _to_float64,
}
