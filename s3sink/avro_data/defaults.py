"""Default values: JSON in an Avro schema, a value in a Connect schema."""

from __future__ import annotations

from typing import Any

from s3sink.avro_data.logical import from_plain, to_plain
from s3sink.avro_data.names import GENERAL_UNION, UNION, scrubbed
from s3sink.avro_data.options import MappingOptions
from s3sink.avro_data.tree import Avro
from s3sink.connect_json import shortest_float32
from s3sink.errors import ConversionError
from s3sink.schema import Schema


def default_from_avro(node: Avro, schema: Schema, value: Any, options: MappingOptions) -> Any:
    """The value that a default stands for; raises ConversionError where it does not fit the schema.

    The default of a union is one of its first branch. Defaults of maps without text keys are not known to Connect.
    """
    if value is None:
        return None
    if node.type == "union":
        return _of_union(node, schema, value, options)
    if node.type in ("array", "map", "record"):
        return _of_compound(node, schema, value, options)
    plain = _plain(node, value)
    convert = from_plain(schema)
    return plain if convert is None else convert(plain)


def _of_union(node: Avro, schema: Schema, value: Any, options: MappingOptions) -> Any:
    member = node.flat_member(options.flatten_singleton_unions)
    if member is not None:
        return default_from_avro(member, schema, value, options)
    if node.branches[0].type == "null":
        raise _misfit(node, value)
    first, *others = schema.fields
    chosen = default_from_avro(node.branches[0], first.schema, value, options)
    return {first.name: chosen} | {field.name: None for field in others}


def _of_compound(node: Avro, schema: Schema, value: Any, options: MappingOptions) -> Any:
    if node.type == "record":
        if not isinstance(value, dict):
            raise _misfit(node, value)
        return {
            field.name: default_from_avro(inner.schema, field.schema, value[field.name], options)
            if field.name in value
            else field.schema.default
            for inner, field in zip(node.fields, schema.fields, strict=True)
        }
    if not isinstance(value, list if node.type == "array" else dict):
        raise _misfit(node, value)
    items = schema.items
    if items is None or (node.type == "array" and schema.type == "map"):
        if value:
            raise _misfit(node, value)
        return {}
    if isinstance(value, dict):
        return {key: default_from_avro(node.inner, items, item, options) for key, item in value.items()}
    return [default_from_avro(node.inner, items, item, options) for item in value]


_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "string": (str,),
    "enum": (str,),
    "bytes": (str,),
    "fixed": (str,),
}


def _plain(node: Avro, value: Any) -> Any:
    if type(value) not in _TYPES[node.type]:
        raise _misfit(node, value)
    if node.type in ("float", "double"):
        return float(value)
    if node.type not in ("bytes", "fixed"):
        return value
    try:
        return value.encode("latin-1")
    except ValueError as error:
        raise _misfit(node, value) from error


def _misfit(node: Avro, value: Any) -> ConversionError:
    return ConversionError(f"{value!r} is no default for {node.name or node.type}")


def default_to_avro(schema: Schema, value: Any, options: MappingOptions) -> Any:
    """The JSON of a default. Bytes are text, one character a byte. Raises FormatError for a value of another type."""
    if value is None:
        return None
    convert = to_plain(schema)
    plain = value if convert is None else convert(value)
    if schema.type == "bytes":
        return bytes(plain).decode("latin-1")
    if schema.type == "float32":
        return shortest_float32(float(plain))
    if schema.type == "array" and schema.items is not None:
        return [default_to_avro(schema.items, item, options) for item in plain]
    if schema.type == "map":
        return _map_to_avro(schema, plain, options)
    return _struct_to_avro(schema, plain, options) if schema.type == "struct" else plain


def _map_to_avro(schema: Schema, value: dict[Any, Any], options: MappingOptions) -> Any:
    keys, items = schema.keys, schema.items
    assert keys is not None
    assert items is not None
    entries = [(key, default_to_avro(items, item, options)) for key, item in value.items()]
    if has_text_keys(schema, options):
        return dict(entries)
    return [[default_to_avro(keys, key, options), item] for key, item in entries]


def _struct_to_avro(schema: Schema, value: dict[str, Any], options: MappingOptions) -> Any:
    members = [(field.name, default_to_avro(field.schema, value.get(field.name), options)) for field in schema.fields]
    if is_union(schema):
        return members[0][1] if members else None
    return {scrubbed(name) if options.scrub_invalid_names else name: member for name, member in members}


def has_text_keys(schema: Schema, options: MappingOptions) -> bool:
    """Whether a map schema is an Avro map."""
    keys = schema.keys
    return keys is not None and keys.type == "string" and (not keys.optional or options.allow_optional_map_keys)


def is_union(schema: Schema) -> bool:
    """Whether a struct schema stands for an Avro union."""
    return schema.name == UNION or any(key == GENERAL_UNION for key, _ in schema.parameters)


def fits(avro: Any, default: Any) -> bool:
    """Whether a default, as JSON, is one that Avro takes for that schema, as JSON; for a union, its first branch."""
    if isinstance(avro, list):
        return bool(avro) and fits(avro[0], default)
    type_ = avro["type"] if isinstance(avro, dict) else avro
    if type_ == "null":
        return default is None
    if type_ == "array":
        return isinstance(default, list) and all(fits(avro["items"], item) for item in default)
    if type_ == "map":
        return isinstance(default, dict) and all(fits(avro["values"], item) for item in default.values())
    if type_ == "record":
        return isinstance(default, dict) and all(
            fits(field["type"], default.get(field["name"], field.get("default"))) for field in avro["fields"]
        )
    return type(default) in _TYPES[type_]
