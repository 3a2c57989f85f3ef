"""Dotted paths into values."""

from __future__ import annotations

from typing import Any, Final

from s3sink.errors import PartitionError
from s3sink.schema import Schema

MISSING: Final = object()


def no_place(why: str) -> PartitionError:
    """The connector's words for a value that cannot be placed; why not is the cause, for the log."""
    error = PartitionError("Error encoding partition.")
    error.__cause__ = TypeError(why)
    return error


class FieldPath:
    """The way to a field: `address.city` is `city` of the struct or map `address`.

    A struct's null field whose schema has a default is that default, as Connect's `Struct.get` answers.
    """

    __slots__ = ("_literal", "name", "steps")

    def __init__(self, name: str, literal_first: bool = False) -> None:
        self.name = name
        self.steps = tuple(name.split("."))
        self._literal = literal_first and len(self.steps) > 1

    @property
    def roots(self) -> tuple[str, ...]:
        """The top-level names that it can lead through."""
        return (self.name, self.steps[0]) if self._literal else (self.steps[0],)

    def get(self, value: dict[Any, Any], schema: Schema | None) -> Any:
        """What is there, MISSING where nothing is."""
        if self._literal:
            found = _field(value, schema, self.name)
            if found is not MISSING:
                return found
        return self._walk(value, schema)

    def _walk(self, value: Any, schema: Schema | None) -> Any:
        for step in self.steps:
            if not isinstance(value, dict):
                return MISSING
            value = _field(value, schema, step)
            schema = _schema_of(schema, step)
        return value


def _field(value: dict[Any, Any], schema: Schema | None, name: str) -> Any:
    found = value.get(name, MISSING)
    if schema is None or schema.type != "struct" or not (found is None or found is MISSING):
        return found
    field = schema.field(name)
    return found if field is None else field.schema.default


def _schema_of(schema: Schema | None, name: str) -> Schema | None:
    if schema is None or schema.type != "struct":
        return schema.items if schema is not None else None
    field = schema.field(name)
    return None if field is None else field.schema
