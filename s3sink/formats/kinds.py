"""What kind of column a JSON value needs, exactly: the slow way, and the definition of the fast one.

A kind is the name of a scalar, a list of a kind, or an object with a kind for each field. `int` holds integers that a
double holds as well, `long` those of 64 bits, `big` longer ones.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from s3sink.errors import FormatError

MAX_DEPTH = 100
"""How deep objects and lists may nest: far beyond any table, and below where recursion ends."""

_EXACT_IN_DOUBLE = 1 << 53
_INT64_STOP = 1 << 63
_BIG_STOP = 10**38

Scalar = Literal["null", "boolean", "int", "long", "big", "double", "string"]


class ListOf(NamedTuple):
    """A list with items of one kind."""

    items: Kind


class ObjectOf(NamedTuple):
    """An object, its fields in the order of their first appearance."""

    fields: dict[str, Kind]


Kind = Scalar | ListOf | ObjectOf

_NUMBERS: dict[frozenset[Any], Scalar] = {
    frozenset({"int", "long"}): "long",
    frozenset({"int", "big"}): "big",
    frozenset({"long", "big"}): "big",
    frozenset({"int", "double"}): "double",
}
_SCALARS: dict[type, Scalar] = {type(None): "null", bool: "boolean", float: "double", str: "string"}
_TYPES = {
    "null": pa.null(),
    "boolean": pa.bool_(),
    "int": pa.int64(),
    "long": pa.int64(),
    "big": pa.decimal128(38, 0),
    "double": pa.float64(),
    "string": pa.string(),
}


def kind_of(value: Any, depth: int = 0) -> Kind:
    """The kind of a value decoded from JSON. Raises FormatError, without coordinates, when no column can hold it."""
    type_ = type(value)
    if type_ is int:
        return _kind_of_int(value)
    if type_ is dict or type_ is list:
        return _kind_of_nested(value, depth + 1)
    return _SCALARS[type_]


def _kind_of_nested(value: Any, depth: int) -> Kind:
    if depth > MAX_DEPTH:
        raise FormatError(f"objects and lists nest more than {MAX_DEPTH} deep")
    if type(value) is dict:
        return ObjectOf({key: kind_of(item, depth) for key, item in value.items()})
    return ListOf(reduce(_merged_item, (kind_of(item, depth) for item in value), "null"))


def _kind_of_int(value: int) -> Kind:
    if -_EXACT_IN_DOUBLE < value < _EXACT_IN_DOUBLE:
        return "int"
    if -_INT64_STOP <= value < _INT64_STOP:
        return "long"
    if -_BIG_STOP < value < _BIG_STOP:
        return "big"
    raise FormatError("an integer of more than 38 digits")


def _merged_item(a: Kind, b: Kind) -> Kind:
    merged = merged_kind(a, b)
    if merged is None:
        raise FormatError(f"an array holds {_name(a)} and {_name(b)}: a column has one type")
    return merged


def _name(kind: Kind) -> str:
    return kind if isinstance(kind, str) else "a list" if isinstance(kind, ListOf) else "an object"


def merged_kind(a: Kind, b: Kind) -> Kind | None:
    """The kind that holds both without loss, None where there is none."""
    if a == b or b == "null":
        return a
    if a == "null":
        return b
    if isinstance(a, ObjectOf) and isinstance(b, ObjectOf):
        return _merged_object(a, b)
    if isinstance(a, ListOf) and isinstance(b, ListOf):
        items = merged_kind(a.items, b.items)
        return None if items is None else ListOf(items)
    return _NUMBERS.get(frozenset((a, b))) if isinstance(a, str) and isinstance(b, str) else None


def _merged_object(a: ObjectOf, b: ObjectOf) -> Kind | None:
    fields = dict(a.fields)
    for name, kind in b.fields.items():
        merged = merged_kind(fields.get(name, "null"), kind)
        if merged is None:
            return None
        fields[name] = merged
    return ObjectOf(fields)


def arrow_type(kind: Kind) -> pa.DataType:
    """The Arrow type of a kind."""
    if isinstance(kind, ObjectOf):
        return pa.struct([(name, arrow_type(item)) for name, item in kind.fields.items()])
    return pa.list_(arrow_type(kind.items)) if isinstance(kind, ListOf) else _TYPES[kind]
