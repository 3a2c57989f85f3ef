"""What the footer of a Parquet file says of a Connect schema, and which schemas have no such file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from s3sink.avro_data import MappingOptions
from s3sink.avro_data.defaults import is_union
from s3sink.avro_data.from_connect import avro_schema
from s3sink.errors import ILLEGAL_ARGUMENT, FormatError
from s3sink.formats.avro_text import schema_text
from s3sink.schema import Schema

_INVALID_SCHEMA = "org.apache.parquet.schema.InvalidSchemaException"


def footer(schema: Schema, options: MappingOptions) -> Mapping[str, str]:
    """The Avro schema of the records, under the keys where readers for Avro look for it.

    Raises FormatError, as Connect refuses them, for what is no struct, and for structs without fields. Other than in
    Connect a struct may be optional, since no record is null, and names may be such as Avro does not allow: Parquet
    does, and the footer then says nothing to readers for Avro.
    """
    if schema.type != "struct" or is_union(schema):
        raise FormatError("Avro schema must be a record.", connect_class=ILLEGAL_ARGUMENT)
    try:
        avro = avro_schema(schema.replace(optional=False), options)
    except FormatError:
        avro = None
    except (ValueError, TypeError, KeyError) as error:  # a scale that is no number, a default that is no value
        raise FormatError(f"not a schema: {error}") from error
    if not schema.fields:
        raise _empty(f"message {_full_name(avro or {})} {{\n}}\n")
    for field in schema.fields:
        _check(field.schema, field.name)
    return {} if avro is None else {"parquet.avro.schema": schema_text(avro).decode(), "writer.model.name": "avro"}


def _full_name(avro: Mapping[str, Any]) -> str:
    name = avro.get("name", "")
    return f"{avro['namespace']}.{name}" if avro.get("namespace") else name


def _check(schema: Schema, name: str, repetition: str | None = None) -> None:
    """Refuse structs without fields, wherever they are."""
    if schema.type == "struct" and not schema.fields:
        raise _empty(f"{repetition or ('optional' if schema.optional else 'required')} group {name} {{\n}}")
    for field in schema.fields:
        _check(field.schema, field.name)
    if schema.keys is not None:
        _check(schema.keys, "key")
    if schema.items is not None:
        _check(schema.items, "value") if schema.type == "map" else _check(schema.items, *_item(schema.items))


def _item(items: Schema) -> tuple[str, str | None]:
    """What Connect calls the items of a list, which has a level more where they may be null."""
    return ("element", None) if items.optional else ("array", "repeated")


def _empty(group: str) -> FormatError:
    return FormatError(f"Cannot write a schema with an empty group: {group}", connect_class=_INVALID_SCHEMA)
