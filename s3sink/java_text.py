"""Java's texts: how numbers, dates and collections print there, and which texts it reads as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from s3sink.connect_json import shortest_float32
from s3sink.java_calendar import Moment
from s3sink.schema import Schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
_FLOATING = re.compile(r"([+-]?)(?:(NaN|Infinity)|((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?)", re.ASCII)
_HEXADECIMAL = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?", re.ASCII)
JAVA_SPACE = "".join(map(chr, range(33)))
"""What `String.trim` takes away."""


def double_text(value: float) -> str:
    """`Double.toString`: as few digits as tell the number, but two at least, which shows where one would do.

    >>> double_text(42.0), double_text(1e10), double_text(-1.25e-7), double_text(float("inf")), double_text(5e-324)
    ('42.0', '1.0E10', '-1.25E-7', 'Infinity', '4.9E-324')
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    two_digits = f"{value:.1e}"
    sign, digits, exponent = Decimal(two_digits if float(two_digits) == value else repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    first, *rest = map(str, digits)
    return f"{'-' if sign else ''}{first}.{''.join(rest) or '0'}E{exponent + len(rest)}"


def float_text(value: float) -> str:
    """`Float.toString` of the float32 nearest to `value`.

    >>> float_text(0.1), float_text(3.4e38)
    ('0.1', '3.4E38')
    """
    return double_text(shortest_float32(value))


def epoch_milliseconds(value: date | time | datetime) -> int:
    """What `java.util.Date.getTime` says of Connect's Date, Time or Timestamp: milliseconds since the epoch, UTC."""
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MILLISECOND
    if isinstance(value, time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1000 + value.microsecond // 1000
    return (value.toordinal() - _EPOCH.toordinal()) * _DAY_MS


def date_text(milliseconds: int) -> str:
    """How Connect prints a `java.util.Date` (`Values.dateFormatFor`): a time, a date or both, by its number alone.

    >>> date_text(1000), date_text(86_400_000), date_text(1_483_425_001_864)
    ('00:00:01.000Z', '1970-01-02', '2017-01-03T06:30:01.864Z')
    """
    moment = _EPOCH + milliseconds * _MILLISECOND
    if milliseconds < _DAY_MS:
        return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    if milliseconds % _DAY_MS == 0:
        return moment.date().isoformat()
    return f"{moment.date().isoformat()}T{moment:%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def date_to_string(milliseconds: int) -> str:
    """`java.util.Date.toString` in UTC; days before 15 October 1582 are Julian.

    >>> date_to_string(0), date_to_string(-62135596800000)
    ('Thu Jan 01 00:00:00 UTC 1970', 'Mon Jan 03 00:00:00 UTC 1')
    """
    moment = Moment.of(milliseconds)
    minutes, seconds = divmod(moment.day_millis // 1000, 60)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    day = f"{_DAYS[moment.weekday - 1]} {_MONTHS[moment.month - 1]} {moment.day:02}"
    return f"{day} {clock} UTC {moment.year}"


def to_string(value: Any, schema: Schema | None = None, date_string: Callable[[int], str] = date_text) -> str:
    """`Object.toString` of a value: maps `{a=1, b=x}`, lists `[1, 2]`, structs `Struct{a=1,b=x}` without nulls.

    Dates, times and timestamps are what `date_string` makes of their milliseconds: how Connect prints them
    (`date_text`) or how Java does (`date_to_string`).
    """
    if value is None:
        return "null"
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return float_text(value) if schema is not None and schema.type == "float32" else double_text(value)
    if kind is dict and schema is not None and schema.type == "struct":
        return _struct_text(value, schema, date_string)
    if kind is dict:
        return _map_text(value, schema, date_string)
    if kind is list:
        items = None if schema is None else schema.items
        return f"[{', '.join(to_string(item, items, date_string) for item in value)}]"
    if isinstance(value, date | time):
        return date_string(epoch_milliseconds(value))
    return str(value)


def _map_text(value: dict[Any, Any], schema: Schema | None, date_string: Callable[[int], str]) -> str:
    keys, items = (None, None) if schema is None else (schema.keys, schema.items)
    entries = (f"{to_string(k, keys, date_string)}={to_string(v, items, date_string)}" for k, v in value.items())
    return "{" + ", ".join(entries) + "}"


def _struct_text(value: dict[str, Any], schema: Schema, date_string: Callable[[int], str]) -> str:
    fields = [(field.name, value.get(field.name), field.schema) for field in schema.fields]
    texts = (f"{name}={to_string(v, s, date_string)}" for name, v, s in fields if v is not None)
    return "Struct{" + ",".join(texts) + "}"


def parse_integer(text: str, bits: int) -> int:
    """`Long.parseLong` and its kin. ValueError where the whole text is no decimal number of that width.

    >>> parse_integer("+5", 8)
    5
    """
    if not _WHOLE.fullmatch(text) or not -(1 << bits - 1) <= int(text) < 1 << bits - 1:
        raise ValueError(f"{text!r} is not a number of {bits} bits")
    return int(text)


def parse_double(text: str) -> float:
    """`Double.parseDouble`: white space around it, NaN, Infinity, hexadecimal, a last f or d. ValueError for others.

    >>> parse_double(" 1e3f "), parse_double("-Infinity")
    (1000.0, -inf)
    """
    text = text.strip(JAVA_SPACE)
    if match := _HEXADECIMAL.fullmatch(text):
        return _from_hexadecimal(match[1])
    if not (match := _FLOATING.fullmatch(text)):
        raise ValueError(f"{text!r} is not a number")
    return float(match[1] + (match[2] or match[3]))


def _from_hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("-inf") if text.startswith("-") else float("inf")
