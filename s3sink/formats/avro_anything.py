"""Values without a schema as the Avro bytes of the record `Anything`, which has a field for each type."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from s3sink.formats.avro_encoding import Column, Unsure, long_bytes

#: The fields of `Anything`, each null or a value: boolean, bytes, double, float, int, long, string, array, map.
_FIELDS = 9
_PLACES = {bool: 0, float: 2, int: 5, str: 6, list: 7, dict: 8}
_FRAMES = {
    kind: (b"\x00" * place + b"\x02", b"\x00" * (_FIELDS - 1 - place))  # union branches before the value and behind it
    for kind, place in _PLACES.items()
}
_NOTHING = b"\x00" * _FIELDS


def anything(values: list[Any]) -> list[Column]:
    """The bytes of values without a schema."""
    return [list(map(_anything, values))]


def _anything(value: Any) -> bytes:
    if value is None:
        return _NOTHING
    kind = type(value)
    before, behind = _FRAMES[kind]
    return before + _ANY[kind](value) + behind


def _any_text(value: str) -> bytes:
    data = value.encode()
    return long_bytes(len(data)) + data


def _any_long(value: int) -> bytes:
    if not -(1 << 63) <= value < 1 << 63:
        raise Unsure
    return long_bytes(value)


def _any_array(value: list[Any]) -> bytes:
    return long_bytes(len(value)) + b"".join(map(_anything, value)) + b"\x00" if value else b"\x00"


def _any_map(value: dict[Any, Any]) -> bytes:
    entries = [_anything(key) + _anything(item) for key, item in value.items()]
    return long_bytes(len(entries)) + b"".join(entries) + b"\x00" if entries else b"\x00"


_ANY: dict[type, Callable[[Any], bytes]] = {
    bool: lambda value: b"\x01" if value else b"\x00",
    float: struct.Struct("<d").pack,
    int: _any_long,
    str: _any_text,
    list: _any_array,
    dict: _any_map,
}
