"""Values of a Connect schema as Avro's bytes, a column at a time: a fifth of what asking a codec value by value costs.

Column by column nothing is decided: what is not quite what its schema says is one of `UNSURE`, and then `avro_data` and
a codec say, record by record, what becomes of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from itertools import islice, repeat
from typing import Any

from s3sink.avro_data import MappingOptions
from s3sink.avro_data.defaults import has_text_keys, is_union
from s3sink.avro_data.logical import to_plain
from s3sink.avro_data.tree import Avro
from s3sink.avro_data.wire import wire_schema
from s3sink.avro_data.writing import writer
from s3sink.errors import FormatError
from s3sink.java_class import INT_BITS
from s3sink.schema import Schema

Column = Iterable[bytes]
Encode = Callable[[list[Any]], list[Column]]
"""Pieces of the bytes of each value, in as many columns; those of one value joined are its bytes."""


class Unsure(Exception):
    """A value is not quite what its schema says."""


UNSURE = (Unsure, FormatError, TypeError, ValueError, KeyError, OverflowError, RecursionError, struct.error)
"""What encoding may raise. None of it says which value it was."""


def joined(columns: Sequence[Column], n: int) -> list[bytes]:
    """The bytes of each of n values."""
    return list(map(b"".join, islice(zip(*columns, strict=False), n))) if columns else [b""] * n


def encoder(schema: Schema, node: Avro, options: MappingOptions) -> Encode:
    """What makes bytes of values with a schema, and the Avro schema that was made of it."""
    if is_union(schema):
        return _by_codec(schema, node, options)
    if not schema.optional:
        return _some(schema, node, options)
    ((index, member),) = node.alternatives()
    return _optional(index, _some(schema, member, options))


def _optional(index: int, encode: Encode) -> Encode:
    here, null = long_bytes(index), long_bytes(1 - index)

    def write(values: list[Any]) -> list[Column]:
        if None not in values:
            return [repeat(here), *encode(values)]
        present = [value for value in values if value is not None]
        branches = [null if value is None else here for value in values]
        return [branches, *(_spread(values, column) for column in encode(present))]

    return write


def _spread(values: list[Any], column: Column) -> list[bytes]:
    """What is there of values that are there, and nothing for nulls."""
    pieces = iter(column)
    return [b"" if value is None else next(pieces) for value in values]


def _some(schema: Schema, node: Avro, options: MappingOptions) -> Encode:
    encode = _base(schema, node, options)
    plain = to_plain(schema)
    return encode if plain is None else lambda values: encode(list(map(plain, values)))


def _base(schema: Schema, node: Avro, options: MappingOptions) -> Encode:
    if schema.type == "array":
        return _array(encoder(_part(schema.items), node.inner, options))
    if schema.type == "map":
        return _map(schema, node, options)
    if schema.type == "struct":
        return _struct(schema, node, options)
    if schema.type in INT_BITS:
        return _integers(1 << INT_BITS[schema.type] - 1)
    if node.type in ("enum", "fixed"):
        return _enum(node) if node.type == "enum" else _fixed(node.size)
    return _SCALARS[schema.type]


def _part(schema: Schema | None) -> Schema:
    if schema is None:
        raise FormatError("an array or map schema has no schema of what is in it")
    return schema


# ---------------------------------------------------------------------------------------------- integers
_SMALL = 1 << 13
#: The last one or two bytes of a number, and two bytes that are not the last: 14 bits of it.
_LAST = [bytes((z,)) if z < 128 else bytes((z & 127 | 128, z >> 7)) for z in range(1 << 14)]
_MORE = [bytes((z & 127 | 128, z >> 7 | 128)) for z in range(1 << 14)]
#: Small numbers by themselves: -1 is the last item.
_LONGS = [*(_LAST[n << 1] for n in range(_SMALL)), *(_LAST[~(n << 1)] for n in range(-_SMALL, 0))]


def long_bytes(number: int) -> bytes:
    """An Avro int or long."""
    z = number << 1 if number >= 0 else ~(number << 1)
    encoded = b""
    while z >> 14:
        encoded += _MORE[z & 0x3FFF]
        z >>= 14
    return encoded + _LAST[z]


def _longs(numbers: list[int], limit: int = 1 << 63) -> list[bytes]:
    if not numbers:
        return []
    low, high = min(numbers), max(numbers)
    if not -limit <= low <= high < limit:
        raise Unsure
    if low >= -_SMALL and high < _SMALL:
        return list(map(_LONGS.__getitem__, numbers))
    return list(map(long_bytes, numbers))


def _integers(limit: int) -> Encode:
    def write(values: list[Any]) -> list[Column]:
        _all_are(int, values)
        return [_longs(values, limit)]

    return write


def _all_are(kind: type, values: list[Any]) -> None:
    if not {kind}.issuperset(map(type, values)):
        raise Unsure


# ---------------------------------------------------------------------------------------------- other scalars
def _floating(values: list[Any], size: int, letter: str) -> list[Column]:
    if not {int, float}.issuperset(map(type, values)):
        raise Unsure
    data = struct.pack(f"<{len(values)}{letter}", *values)
    return [[data[at : at + size] for at in range(0, len(data), size)]]


def _booleans(values: list[Any]) -> list[Column]:
    _all_are(bool, values)
    return [[b"\x01" if value else b"\x00" for value in values]]


def _texts(values: list[Any]) -> list[Column]:
    _all_are(str, values)
    encoded = list(map(str.encode, values))
    return [_longs(list(map(len, encoded))), encoded]


def _byte_strings(values: list[Any]) -> list[Column]:
    _all_are(bytes, values)
    return [_longs(list(map(len, values))), values]


_SCALARS: dict[str, Encode] = {
    "float32": lambda values: _floating(values, 4, "f"),
    "float64": lambda values: _floating(values, 8, "d"),
    "boolean": _booleans,
    "string": _texts,
    "bytes": _byte_strings,
}


def _fixed(size: int) -> Encode:
    def write(values: list[Any]) -> list[Column]:
        _all_are(bytes, values)
        if any(len(value) != size for value in values):
            raise Unsure
        return [values]

    return write


def _enum(node: Avro) -> Encode:
    symbols = {symbol: long_bytes(index) for index, symbol in enumerate(node.symbols)}
    return lambda values: [[symbols[value] for value in values]]


# ---------------------------------------------------------------------------------------------- what holds others
def _array(items: Encode) -> Encode:
    def write(values: list[Any]) -> list[Column]:
        _all_are(list, values)
        return [_blocks(values, items([item for value in values for item in value]))]

    return write


def _blocks(values: list[Any], columns: list[Column]) -> list[bytes]:
    """What is in each of these lists or maps, with its number before and a zero behind it."""
    pieces = zip(*columns, strict=False) if columns else repeat(())
    return [
        long_bytes(len(value)) + b"".join([b"".join(piece) for piece in islice(pieces, len(value))]) + b"\x00"
        if value
        else b"\x00"
        for value in values
    ]


def _map(schema: Schema, node: Avro, options: MappingOptions) -> Encode:
    """Avro has no other keys than texts: other maps are arrays of entries."""
    if has_text_keys(schema, options):
        keys: Encode = _texts
        items = encoder(_part(schema.items), node.inner, options)
    else:
        key, value = node.inner.fields
        keys = encoder(_part(schema.keys), key.schema, options)
        items = encoder(_part(schema.items), value.schema, options)

    def write(values: list[Any]) -> list[Column]:
        _all_are(dict, values)
        flat_keys = [key for value in values for key in value]
        flat_items = [item for value in values for item in value.values()]
        return [_blocks(values, [*keys(flat_keys), *items(flat_items)])]

    return write


def _struct(schema: Schema, node: Avro, options: MappingOptions) -> Encode:
    parts = [
        (field.name, _without_nulls(field.schema, options), encoder(field.schema, inner.schema, options))
        for inner, field in zip(node.fields, schema.fields, strict=True)
    ]

    def write(values: list[Any]) -> list[Column]:
        _all_are(dict, values)
        columns: list[Column] = []
        for name, default, encode in parts:
            try:
                column = [value[name] for value in values]
            except KeyError:
                column = [value.get(name) for value in values]
            if default is not None and None in column:
                column = [default if value is None else value for value in column]
            columns += encode(column)
        return columns

    return write


def _without_nulls(schema: Schema, options: MappingOptions) -> Any:
    """What is written for nulls of a field; None where they stay nulls."""
    return None if options.ignore_default_for_nullables else schema.default


# ---------------------------------------------------------------------------------------------- value by value
def codec_encoder(wire: Any, convert: Callable[[Any], Any]) -> Callable[[Any], bytes]:
    """What makes the bytes of one value with a codec; raises FormatError, and what the codec raises."""
    import fastavro

    parsed, write = fastavro.parse_schema(wire), fastavro.schemaless_writer

    def encode(value: Any) -> bytes:
        target = BytesIO()
        write(target, parsed, convert(value))
        return target.getvalue()

    return encode


def _by_codec(schema: Schema, node: Avro, options: MappingOptions) -> Encode:
    encode = codec_encoder(wire_schema(node, writing=True), writer(schema, node, options))
    return lambda values: [list(map(encode, values))]
