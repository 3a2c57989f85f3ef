"""Times of Debezium and Connect, as the clocks of a zone show them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from s3sink.errors import TransformError
from s3sink.java_text import epoch_milliseconds
from s3sink.schema import TIMESTAMP, Schema
from s3sink.zones import offset_at

Convert = Callable[[Any], Any]

_DEBEZIUM = "io.debezium.time."
_PER_MILLISECOND = {"Timestamp": 1, "MicroTimestamp": 1000, "NanoTimestamp": 1_000_000}
_CLOCK = r"(\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2}(?::\d{2})?)"
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T)" + _CLOCK, re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)
_INFINITIES = ("infinity", "-infinity", 9223372036825200000, -9223372036832400000)  # PostgreSQL's, in its driver
_INT64 = range(-(1 << 63), 1 << 63)


def converter_of(schema: Schema, zone: tzinfo) -> Convert | None:
    """How values of that schema are converted, None for what is no time, or has no zone that it could be shown in."""
    name = schema.name or ""
    if name == TIMESTAMP:
        return lambda value: _moved(value, zone)
    kind = name.removeprefix(_DEBEZIUM) if name.startswith(_DEBEZIUM) else ""
    if per_millisecond := _PER_MILLISECOND.get(kind):
        return lambda value: _shifted(value, zone, per_millisecond)
    if kind == "ZonedTimestamp":
        return lambda text: text if text in _INFINITIES else _zoned(text, zone)
    if kind == "ZonedTime" and isinstance(zone, timezone):
        return lambda text: _zoned_time(text, zone)
    return None


def _shifted(value: int, zone: tzinfo, per_millisecond: int) -> int:
    if value in _INFINITIES:
        return value
    result = value + offset_at(value // per_millisecond, zone) * per_millisecond
    if result not in _INT64:
        raise TransformError(f"{value} is outside of what 64 bits hold there")
    return result


def _moved(value: datetime, zone: tzinfo) -> datetime:
    try:
        return value + timedelta(milliseconds=offset_at(epoch_milliseconds(value), zone))
    except OverflowError as error:
        raise TransformError(f"{value} is outside the years 1 to 9999 there") from error


def _zoned(text: str, zone: tzinfo) -> str:
    """The same moment. Fractions of a second stay as long as they have to be.

    >>> _zoned("2011-01-11T16:40:30.123456789+00:00", timezone(timedelta(hours=-5)))
    '2011-01-11T11:40:30.123456789-05:00'
    """
    match = _TIMESTAMP.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        moment = datetime.fromisoformat(match[1] + match[2] + match[4]).astimezone(zone)
    except (ValueError, OverflowError) as error:
        raise _unreadable(text) from error
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + _fraction(match[3]) + _offset(moment)


def _zoned_time(text: str, zone: timezone) -> str:
    """
    >>> _zoned_time("23:30:00.5Z", timezone(timedelta(hours=2)))
    '01:30:00.5+02:00'
    """
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        clock = time.fromisoformat(match[1] + match[3])
    except ValueError as error:
        raise _unreadable(text) from error
    moment = datetime.combine(datetime(2000, 1, 1, tzinfo=UTC), clock).astimezone(zone)
    return f"{moment:%H:%M:%S}{_fraction(match[2])}{_offset(moment)}"


def _unreadable(text: str) -> TransformError:
    return TransformError(f"Text '{text}' could not be parsed")


def _fraction(digits: str | None) -> str:
    digits = (digits or "").rstrip("0")
    return f".{digits}" if digits else ""


def _offset(moment: datetime) -> str:
    return moment.isoformat()[len("0000-00-00T00:00:00") :] if moment.utcoffset() else "Z"
