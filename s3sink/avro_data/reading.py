"""Values as a codec decodes them (`wire_schema`) become values of the Connect schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from s3sink.avro_data.logical import from_plain
from s3sink.avro_data.options import MappingOptions
from s3sink.avro_data.tree import Avro
from s3sink.avro_data.wire import is_decoded, key_of, symbol_texts, wraps
from s3sink.connect_json import Function, shortest_float32
from s3sink.errors import ConversionError
from s3sink.java_class import java_class
from s3sink.schema import Schema


def reader(node: Avro, schema: Schema, options: MappingOptions) -> Function | None:
    """What makes the value; None where the codec's is right as it is. It may change its argument."""
    if node.type == "union":
        return _union(node, schema, options)
    if node.type == "record":
        return _record(node, schema, options)
    if node.type == "map":
        return _map(reader(node.inner, _part(schema.items), options))
    if node.type == "array":
        if schema.type == "map":
            return _entries(node, schema, options)
        return _array(reader(node.inner, _part(schema.items), options))
    if node.type == "enum":
        texts = symbol_texts(node)
        return None if texts is None else texts.__getitem__
    return None if is_decoded(node) else from_plain(schema)


def _part(schema: Schema | None) -> Schema:
    if schema is None:
        raise ConversionError("an array or map schema has no schema of what is in it")
    return schema


def _optional(read: Function | None) -> Function | None:
    return None if read is None else lambda value: None if value is None else read(value)


def _union(node: Avro, schema: Schema, options: MappingOptions) -> Function | None:
    member = node.flat_member(options.flatten_singleton_unions)
    if member is not None:
        return _optional(reader(member, schema, options))
    fields = {
        key_of(index): (field.name, reader(branch, field.schema, options) or _same)
        for (index, branch), field in zip(node.alternatives(), schema.fields, strict=True)
    }
    empty: dict[str, Any] = {field.name: None for field in schema.fields}
    if wraps(node, writing=False):
        return _optional(lambda wrapped: empty | _chosen(fields, wrapped))
    ((name, read),) = fields.values()
    return _optional(lambda value: {name: read(value)})


def _chosen(fields: dict[str, tuple[str, Function]], wrapped: dict[str, Any]) -> dict[str, Any]:
    ((key, value),) = wrapped.items()
    name, read = fields[key]
    return {name: read(value)}


def _same(value: Any) -> Any:
    return value


def _record(node: Avro, schema: Schema, options: MappingOptions) -> Function | None:
    readers = [
        (inner.name, reader(inner.schema, field.schema, options))
        for inner, field in zip(node.fields, schema.fields, strict=True)
    ]
    changed = [(name, read) for name, read in readers if read is not None]
    return _changing(changed) if changed else None


def _changing(changed: list[tuple[str, Function]]) -> Function:
    def read_record(value: dict[str, Any]) -> dict[str, Any]:
        for name, read in changed:
            value[name] = read(value[name])
        return value

    return read_record


def _map(read: Function | None) -> Function | None:
    return None if read is None else lambda value: {key: read(item) for key, item in value.items()}


def _array(read: Function | None) -> Function | None:
    return None if read is None else lambda value: [read(item) for item in value]


def _entries(node: Avro, schema: Schema, options: MappingOptions) -> Function:
    by_name = {field.name: field.schema for field in node.inner.fields}
    read_key = reader(by_name["key"], _part(schema.keys), options) or _same
    read_value = reader(by_name["value"], _part(schema.items), options) or _same
    return lambda entries: {_hashable(read_key(e["key"])): read_value(e["value"]) for e in entries}


def _hashable(key: Any) -> Any:
    if isinstance(key, list | dict):
        raise ConversionError(f"A map key must be a single value, but found {java_class(key)}")
    return key


# ---------------------------------------------------------------------------------------------- without a schema
def read_anything(value: dict[str, Any]) -> Any:
    """The value in a record of the schema `Anything`; None where it holds nothing."""
    for name, held in value.items():
        if held is not None:
            return _ANYTHING.get(name, _same)(held)
    return None


_ANYTHING: dict[str, Callable[[Any], Any]] = {
    "float": shortest_float32,
    "array": lambda items: [read_anything(item) for item in items],
    "map": lambda entries: {_hashable(read_anything(e["key"])): read_anything(e["value"]) for e in entries},
}
