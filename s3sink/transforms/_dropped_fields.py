"""Columns that a header of the record itself names, to be left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from s3sink.errors import TransformError
from s3sink.java_class import java_class
from s3sink.record import Headers, SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import field_reader, not_a_map, not_a_struct, struct_like

Names = tuple[str, ...]

_FIELDLESS = "Cannot list fields on non-struct type"
_PURPOSE = "field replacement"


def names_in(headers: Headers, key: str) -> Names:
    """The names in the first header of that key: a list, or JSON text of one while headers are bytes as read.

    Raises TransformError for anything else. Without such a header, or with null in it, there are none.
    """
    value = next((header.value for header in headers if header.key == key), None)
    if value is None:
        return ()
    names = _decoded(value) if isinstance(value, bytes) else value
    if not isinstance(names, list):
        raise TransformError(f"the header {key} is no list of field names, but {java_class(value)}")
    return tuple(str(name) for name in names if name is not None)


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError):
        return None


def plain_without(row: dict[str, Any], names: Names) -> None:
    """Take them out of a map. Without a schema no column is required."""
    for name in names:
        row.pop(name, None)


class Without(NamedTuple):
    """What is left of a struct schema, and of its values."""

    schema: Schema
    edit: Callable[[dict[str, Any]], dict[str, Any]]


def typed_without(schema: Schema, names: Names, keeps_required: bool) -> Without | None:
    """How to take them out of structs, or None when nothing is done: no names, or none that may go.

    It is done as ReplaceField does it, which puts defaults where there is null.
    """
    if not names or schema.type != "struct":
        return None
    kept = [field for field in schema.fields if field.name not in names or _stays(field, keeps_required)]
    if keeps_required and len(kept) == len(schema.fields):
        return None
    return Without(struct_like(schema, kept), field_reader([(field, field.name) for field in kept], True))


def _stays(field: Field, keeps_required: bool) -> bool:
    return keeps_required and not field.schema.optional


def key_without(record: SinkRecord, names: Names, keeps_required: bool) -> tuple[Any, Schema | None]:
    """The key of the record and its schema, without those columns. Raises TransformError for a key without fields."""
    key, schema = record.key, record.key_schema
    if key is None:
        return None, schema
    if schema is None:
        return _plain_key_without(key, names, keeps_required), None
    if schema.type != "struct":
        raise TransformError(_FIELDLESS) if keeps_required else not_a_struct(key, schema, _PURPOSE)
    without = typed_without(schema, names, keeps_required)
    return (key, schema) if without is None else (without.edit(key), without.schema)


def _plain_key_without(key: Any, names: Names, keeps_required: bool) -> Any:
    """Where Connect would look for required columns in no schema, and fall over, a key that is no map stays."""
    if isinstance(key, dict):
        return {name: item for name, item in key.items() if name not in names}
    if keeps_required:
        return key
    raise not_a_map(key, _PURPOSE)
