"""Schemas as JSON, and back."""

from __future__ import annotations

from typing import Any, cast

from s3sink.connect_json.common import (
    DecimalFormat,
    T,
)
from s3sink.connect_json.reading import finder_of_null, from_payload, int_decoder
from s3sink.connect_json.writing import to_payload
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, ConversionError
from s3sink.java_class import INT_BITS as INT_BITS
from s3sink.schema import Field, Schema, Type

_JSON_NAMES = {"float32": "float", "float64": "double"}
_TYPES: dict[str, Type] = {
    _JSON_NAMES.get(t, t): t
    for t in cast(
        "tuple[Type, ...]",
        (
            "int8",
            "int16",
            "int32",
            "int64",
            "float32",
            "float64",
            "boolean",
            "string",
            "bytes",
            "array",
            "map",
            "struct",
        ),
    )
}


def schema_from_json(obj: Any) -> Schema:
    """The schema that an envelope's `schema` member describes. Raises ConversionError with JsonConverter's words."""
    if not isinstance(obj, dict) or not isinstance(obj.get("type"), str):
        raise ConversionError("Schema must contain 'type' field")
    type_ = _TYPES.get(obj["type"])
    if type_ is None:
        raise ConversionError(f"Unknown schema type: {obj['type']}")
    schema = Schema(
        type=type_,
        optional=obj.get("optional") is True,
        name=_typed(obj.get("name"), str),
        version=_version(obj.get("version")),
        doc=_typed(obj.get("doc"), str),
        parameters=_parameters(obj.get("parameters")),
        **_members(type_, obj),
    )
    return schema.replace(default=_default(schema, obj["default"])) if "default" in obj else schema


def _default(schema: Schema, obj: Any) -> Any:
    """Connect's reader builds the schema of a default anew, so that no struct ever is one: its schema is another."""
    value = from_payload(schema, obj)
    missing = finder_of_null(schema, "value")
    if (value is not None and schema.type == "struct") or (missing is not None and missing(value)):
        raise _cannot_build("Invalid default value")
    return value


def _cannot_build(complaint: str) -> ConversionError:
    return ConversionError(complaint, connect_class=SCHEMA_BUILDER_EXCEPTION)


def _version(obj: Any) -> int | None:
    return cast("int", int_decoder(32)(obj)) if type(obj) is int else None


def _typed(value: Any, type_: type[T]) -> T | None:
    return value if type(value) is type_ else None


def _parameters(obj: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(obj, dict):
        return ()
    if not all(isinstance(value, str) for value in obj.values()):
        raise ConversionError("Schema parameters must have string values.")
    return tuple(obj.items())


def _members(type_: Type, obj: dict[str, Any]) -> dict[str, Any]:
    if type_ == "array":
        return {"items": _inner(obj, "items", "Array schema did not specify the element type")}
    if type_ == "map":
        keys = _inner(obj, "keys", "Map schema did not specify the key type")
        return {"keys": keys, "items": _inner(obj, "values", "Map schema did not specify the value type")}
    return {"fields": _fields(obj.get("fields"))} if type_ == "struct" else {}


def _inner(obj: dict[str, Any], member: str, complaint: str) -> Schema:
    if obj.get(member) is None:
        raise ConversionError(complaint)
    return schema_from_json(obj[member])


def _fields(obj: Any) -> tuple[Field, ...]:
    if not isinstance(obj, list):
        raise ConversionError('Struct schema\'s "fields" argument is not an array.')
    fields: dict[str, Field] = {}
    for item in obj:
        field = _field(item)
        if not field.name:
            raise _cannot_build("fieldName cannot be null.")
        if field.name in fields:
            raise _cannot_build(f"Cannot create field because of field name duplication {field.name}")
        fields[field.name] = field
    return tuple(fields.values())


def _field(obj: Any) -> Field:
    name = obj.get("field") if isinstance(obj, dict) else None
    if not isinstance(name, str):
        raise ConversionError("Struct schema's field name not specified properly")
    return Field(name, schema_from_json(obj))


def schema_to_json(schema: Schema, decimal_format: DecimalFormat = "BASE64") -> dict[str, Any]:
    """The schema as JsonConverter writes it, members in its order. A new object each time."""
    result: dict[str, Any] = {"type": _JSON_NAMES.get(schema.type, schema.type)}
    if schema.type == "struct":
        result["fields"] = [
            schema_to_json(field.schema, decimal_format) | {"field": field.name} for field in schema.fields
        ]
    if schema.keys is not None:
        result["keys"] = schema_to_json(schema.keys, decimal_format)
    if schema.items is not None:
        result["values" if schema.type == "map" else "items"] = schema_to_json(schema.items, decimal_format)
    result["optional"] = schema.optional
    for member in ("name", "version", "doc"):
        if getattr(schema, member) is not None:
            result[member] = getattr(schema, member)
    if schema.parameters:
        result["parameters"] = dict(schema.parameters)
    if schema.default is not None:
        result["default"] = to_payload(schema, schema.default, decimal_format)
    return result
