"""Values of a Connect schema become what a codec encodes with `wire_schema`."""

from __future__ import annotations

from typing import Any

from s3sink.avro_data.defaults import has_text_keys, is_union
from s3sink.avro_data.logical import to_plain
from s3sink.avro_data.options import MappingOptions
from s3sink.avro_data.tree import Avro
from s3sink.avro_data.wire import key_of, symbol_texts, wrapped_name, wraps
from s3sink.connect_json import Function
from s3sink.errors import FormatError
from s3sink.java_class import INT_BITS, java_class
from s3sink.schema import Schema


def writer(schema: Schema, node: Avro, options: MappingOptions) -> Function:
    """What makes the codec's value for a schema and the Avro schema that was made of it. It raises FormatError."""
    if is_union(schema):
        return _null_or(schema, _union(schema, node, options))
    if not schema.optional:
        return _null_or(schema, _some(schema, node, options))
    ((index, member),) = node.alternatives()
    return _null_or(schema, _branch(node, index, _some(schema, member, options)))


def _null_or(schema: Schema, write: Function) -> Function:
    if schema.optional:
        return lambda value: None if value is None else write(value)

    def write_required(value: Any) -> Any:
        if value is None:
            raise FormatError("Found null value for non-optional schema")
        return write(value)

    return write_required


def _branch(union: Avro, index: int, write: Function) -> Function:
    if not wraps(union, writing=True):
        return write
    name, key = wrapped_name(union, index), key_of(index)
    return lambda value: (name, {key: write(value)})


def _union(schema: Schema, node: Avro, options: MappingOptions) -> Function:
    branches = [
        (field.name, _branch(node, index, _some(field.schema, branch, options)))
        for (index, branch), field in zip(node.alternatives(), schema.fields, strict=True)
    ]

    def write(value: Any) -> Any:
        if type(value) is not dict:
            raise _mismatch(schema, value)
        for name, write_branch in branches:
            chosen = value.get(name)
            if chosen is not None:
                return write_branch(chosen)
        if schema.optional:
            return None
        raise FormatError("Found null value for non-optional schema")

    return write


def _some(schema: Schema, node: Avro, options: MappingOptions) -> Function:
    plain = to_plain(schema)
    if schema.type == "array":
        return _array(schema, writer(_part(schema.items), node.inner, options))
    if schema.type == "map":
        return _map(schema, node, options)
    if schema.type == "struct":
        return _union(schema, node, options) if is_union(schema) else _struct(schema, node, options)
    if node.type == "enum":
        return _enum(node)
    checked = _sized(node) if node.type == "fixed" else _scalar(schema)
    return checked if plain is None else lambda value: checked(plain(value))


def _part(schema: Schema | None) -> Schema:
    if schema is None:
        raise FormatError("an array or map schema has no schema of what is in it")
    return schema


def _mismatch(schema: Schema, value: Any) -> FormatError:
    return FormatError(f"Invalid type for {schema.type.upper()}: class {java_class(value)}")


# ---------------------------------------------------------------------------------------------- one value
_BEYOND_FLOAT32 = 3.4028235677973366e38  # halfway between the largest float32 and what would come next
_PYTHON = {"boolean": bool, "string": str, "bytes": bytes}


def _scalar(schema: Schema) -> Function:
    if schema.type in INT_BITS:
        return _integer(schema, 1 << INT_BITS[schema.type] - 1)
    if schema.type == "float32":
        return _floating(schema, _BEYOND_FLOAT32)
    return _floating(schema, None) if schema.type == "float64" else _typed(schema, _PYTHON[schema.type])


def _integer(schema: Schema, limit: int) -> Function:
    def write(value: Any) -> int:
        if type(value) is not int or not -limit <= value < limit:
            raise _mismatch(schema, value)
        return value

    return write


def _floating(schema: Schema, limit: float | None) -> Function:
    def write(value: Any) -> float:
        if type(value) is int:  # Python code in a transform writes 5 where Java has to write 5.0
            value = float(value)
        if type(value) is not float or (limit is not None and limit <= abs(value) < float("inf")):
            raise _mismatch(schema, value)
        return value

    return write


def _typed(schema: Schema, kind: type) -> Function:
    def write(value: Any) -> Any:
        if type(value) is not kind:
            raise _mismatch(schema, value)
        return value

    return write


def _sized(node: Avro) -> Function:
    def write(value: Any) -> bytes:
        if type(value) is not bytes or len(value) != node.size:
            raise FormatError(f"Invalid value for the fixed type {node.name} of {node.size} bytes")
        return value

    return write


def _enum(node: Avro) -> Function:
    texts = symbol_texts(node)
    symbols = {symbol: symbol for symbol in node.symbols} if texts is None else {t: s for s, t in texts.items()}

    def write(value: Any) -> str:
        if type(value) is not str or value not in symbols:
            raise FormatError(f"{value!r} is no symbol of the enum {node.name}")
        return symbols[value]

    return write


# ---------------------------------------------------------------------------------------------- many values
def _array(schema: Schema, write_item: Function) -> Function:
    def write(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _mismatch(schema, value)
        return [write_item(item) for item in value]

    return write


def _map(schema: Schema, node: Avro, options: MappingOptions) -> Function:
    if has_text_keys(schema, options):
        return _text_map(schema, writer(_part(schema.items), node.inner, options))
    by_name = {field.name: field.schema for field in node.inner.fields}
    write_key = writer(_part(schema.keys), by_name["key"], options)
    write_value = writer(_part(schema.items), by_name["value"], options)

    def write(value: Any) -> list[dict[str, Any]]:
        if type(value) is not dict:
            raise _mismatch(schema, value)
        return [{"key": write_key(key), "value": write_value(item)} for key, item in value.items()]

    return write


def _text_map(schema: Schema, write_item: Function) -> Function:
    def write(value: Any) -> dict[str, Any]:
        if type(value) is not dict or not all(type(key) is str for key in value):
            raise _mismatch(schema, value)
        return {key: write_item(item) for key, item in value.items()}

    return write


def _struct(schema: Schema, node: Avro, options: MappingOptions) -> Function:
    parts = [
        (inner.name, field.name, _with_default(field.schema, writer(field.schema, inner.schema, options), options))
        for inner, field in zip(node.fields, schema.fields, strict=True)
    ]

    def write(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _mismatch(schema, value)
        get = value.get
        return {inner: write_field(get(name)) for inner, name, write_field in parts}

    return write


def _with_default(schema: Schema, write: Function, options: MappingOptions) -> Function:
    default = schema.default
    if default is None or options.ignore_default_for_nullables:
        return write
    return lambda value: write(default if value is None else value)


# ---------------------------------------------------------------------------------------------- without a schema
_KINDS = {bool: "boolean", float: "double", int: "long", str: "string", list: "array", dict: "map"}


def anything_writer(node: Avro) -> Function:
    """What makes a record of the schema `Anything` of a value without a schema."""
    branches = {field.name: _branch(field.schema, 1, _same) for field in node.fields}
    empty: dict[str, Any] = dict.fromkeys(branches)

    def held(value: Any, kind: str) -> Any:
        if kind == "array":
            return [write(item) for item in value]
        if kind == "map":
            return [{"key": write(key), "value": write(item)} for key, item in value.items()]
        return value

    def write(value: Any) -> dict[str, Any]:
        if value is None:
            return empty
        kind = _KINDS.get(type(value))
        if kind is None or (kind == "long" and not -(1 << 63) <= value < 1 << 63):
            raise FormatError(f"Unknown Java type for schemaless data: class {java_class(value)}")
        return empty | {kind: branches[kind](held(value, kind))}

    return write


def _same(value: Any) -> Any:
    return value
