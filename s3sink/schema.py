"""Kafka Connect's schema model: what a key or value with a schema is made of."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Type = Literal[
    "int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string", "bytes", "array", "map", "struct"
]

DECIMAL = "org.apache.kafka.connect.data.Decimal"
DATE = "org.apache.kafka.connect.data.Date"
TIME = "org.apache.kafka.connect.data.Time"
TIMESTAMP = "org.apache.kafka.connect.data.Timestamp"


class Field(msgspec.Struct, frozen=True):
    """A named field of a struct. Its position is its index in `Schema.fields`."""

    name: str
    schema: Schema


class Schema(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A type with what Connect says about it. Equal schemas are equal in every attribute and in field order.

    `name` marks logical types (`DECIMAL`, `DATE`, `TIME`, `TIMESTAMP`) and named structs; `parameters` is a tuple of
    pairs, so that a schema can be a dictionary key. `items` is the element schema of an array, and the value schema of
    a map, whose key schema is `keys`.
    """

    type: Type
    optional: bool = False
    default: Any = None
    name: str | None = None
    version: int | None = None
    doc: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()
    keys: Schema | None = None
    items: Schema | None = None

    def field(self, name: str) -> Field | None:
        """The field with that name, or None."""
        for field in self.fields:
            if field.name == name:
                return field
        return None

    def __hash__(self) -> int:
        return hash((self.type, self.optional, self.name, self.version, self.fields, self.keys, self.items))

    def replace(self, **changes: Any) -> Schema:
        """A copy with other attributes."""
        return msgspec.structs.replace(self, **changes)
