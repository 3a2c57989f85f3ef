"""The notation of the vectors for values, schemas and records, and when ours say the same.

With a schema, values are written as JsonConverter writes payloads; without, what JSON cannot say is tagged.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from s3sink.connect_json import schema_from_json, schema_to_json, shortest_float32
from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Schema

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# ---------------------------------------------------------------------------------------------- values
def _moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


_TAGS: dict[str, Callable[[Any], Any]] = {
    "$bytes": base64.b64decode,
    "$date": _moment,
    "$decimal": Decimal,
    "$bigint": int,
    "$int8": int,
    "$int16": int,
    "$int32": int,
    "$float32": float,
    "$float": float,
}


def plain(obj: Any) -> Any:
    """The value of JSON without a schema, tags resolved."""
    if isinstance(obj, dict):
        tag = next(iter(obj), "")
        if len(obj) == 1 and tag in _TAGS:
            return _TAGS[tag](obj[tag])
        return {key: plain(item) for key, item in obj.items()}
    return [plain(item) for item in obj] if isinstance(obj, list) else obj


def _is_tagged(obj: Any) -> bool:
    return isinstance(obj, dict) and len(obj) == 1 and next(iter(obj)) in _TAGS


def typed(schema: Schema | None, obj: Any) -> Any:
    """The value of a payload with that schema; null is None whatever the schema says of it."""
    if obj is None:
        return None
    if schema is None or _is_tagged(obj):
        return plain(obj)
    if schema.name in _LOGICAL:
        return _LOGICAL[schema.name](schema, obj)
    if schema.type == "struct":
        return {field.name: typed(field.schema, obj.get(field.name)) for field in schema.fields}
    if schema.type == "array":
        return [typed(schema.items, item) for item in obj]
    if schema.type == "map":
        return {typed(schema.keys, key): typed(schema.items, item) for key, item in _pairs(obj)}
    if schema.type == "bytes":
        return base64.b64decode(obj)
    return float(obj) if schema.type in ("float32", "float64") else obj


def _pairs(obj: Any) -> list[tuple[Any, Any]]:
    return list(obj.items()) if isinstance(obj, dict) else [(key, item) for key, item in obj]


def _decimal(schema: Schema, obj: Any) -> Decimal:
    if not isinstance(obj, str):
        return Decimal(str(obj))
    unscaled = int.from_bytes(base64.b64decode(obj), "big", signed=True)
    return Decimal(unscaled).scaleb(-int(dict(schema.parameters)["scale"]))


_LOGICAL: dict[str | None, Callable[[Schema, Any], Any]] = {
    DECIMAL: _decimal,
    DATE: lambda _, days: date(1970, 1, 1) + timedelta(days=days),
    TIME: lambda _, milliseconds: _moment(milliseconds).time(),
    TIMESTAMP: lambda _, milliseconds: _moment(milliseconds),
}


def agrees(value: Any, schema: Schema | None, wanted: Any, loose: bool = False) -> bool:
    """Whether a value is what the JSON of a vector says. `loose` is for values that their schema does not describe."""
    if wanted is None or value is None:
        return value is None and wanted is None
    if schema is not None and schema.type == "struct" and isinstance(value, dict):
        names = {field.name for field in schema.fields}
        return value.keys() <= names and all(
            agrees(value.get(field.name), field.schema, wanted.get(field.name), loose) for field in schema.fields
        )
    if schema is not None and schema.type == "array" and isinstance(value, list):
        return len(value) == len(wanted) and all(
            agrees(item, schema.items, other, loose) for item, other in zip(value, wanted, strict=True)
        )
    found = canonical(value, schema)
    if loose and found == canonical(plain(wanted), None):
        return True
    try:
        return bool(found == canonical(typed(schema, wanted), schema))
    except (TypeError, ValueError):  # the schema does not describe what is wanted
        return False


def canonical(value: Any, schema: Schema | None) -> Any:
    """Equal for values that are the same to Connect: 1, 1.0 and true are three things, NaN is itself."""
    if isinstance(value, dict):
        keys, items = (None, None) if schema is None or schema.type != "map" else (schema.keys, schema.items)
        return {canonical(key, keys): canonical(item, items) for key, item in value.items()}
    if isinstance(value, list):
        return [canonical(item, schema and schema.items) for item in value]
    if isinstance(value, float) and schema is not None and schema.type == "float32":
        value = shortest_float32(value)
    if isinstance(value, time | date):
        return (type(value).__name__, value.isoformat())
    return (type(value).__name__, str(value) if isinstance(value, Decimal) else repr(value))


# ---------------------------------------------------------------------------------------------- schemas
def read_schema(obj: Any) -> Schema | None:
    """A schema from JsonConverter's notation."""
    return None if obj is None else schema_from_json(obj)


def schema_text(schema: Schema | None) -> str:
    """A schema in one notation, to compare."""
    return _schema_text(None if schema is None else schema_to_json(schema))


def _schema_text(obj: Any) -> str:
    return json.dumps(_complete(obj), sort_keys=True, ensure_ascii=False)


def _complete(obj: Any) -> Any:
    """With `optional` where it is left out, without members that are null."""
    if not isinstance(obj, dict) or "type" not in obj:
        return obj
    inner = {name: _complete(obj[name]) for name in ("keys", "values", "items") if name in obj}
    if "fields" in obj:
        inner["fields"] = [_complete(field) for field in obj["fields"]]
    return {name: item for name, item in ({"optional": False, **obj, **inner}).items() if item is not None}


# ---------------------------------------------------------------------------------------------- records
def read_record(obj: dict[str, Any]) -> SinkRecord:
    """The record that a vector begins with."""
    key_schema, value_schema = read_schema(obj.get("key_schema")), read_schema(obj.get("value_schema"))
    return SinkRecord(
        TopicPartition(obj["topic"], obj["partition"]),
        obj["offset"],
        obj.get("timestamp"),
        obj["topic"],
        typed(key_schema, obj.get("key")),
        typed(value_schema, obj.get("value")),
        tuple(_header(header) for header in obj.get("headers", ())),
        key_schema,
        value_schema,
    )


def _header(obj: dict[str, Any]) -> Header:
    schema = read_schema(obj.get("schema"))
    return Header(obj["key"], typed(schema, obj.get("value")), schema)


def differences(record: SinkRecord, wanted: dict[str, Any]) -> list[str]:
    """What a record has otherwise than the vector says, in words."""
    found = {
        "topic": record.topic == wanted["topic"],
        "partition": record.source.partition == wanted["partition"],
        "offset": record.offset == wanted["offset"],
        "timestamp": record.timestamp == wanted.get("timestamp"),
        "key_schema": schema_text(record.key_schema) == _schema_text(wanted.get("key_schema")),
        "key": agrees(record.key, record.key_schema, wanted.get("key"), "key_note" in wanted),
        "value_schema": schema_text(record.value_schema) == _schema_text(wanted.get("value_schema")),
        "value": agrees(record.value, record.value_schema, wanted.get("value"), "value_note" in wanted),
        "headers": _same_headers(record.headers, wanted.get("headers", ())),
    }
    return [f"{name}: {_shown(record, name)} is not {wanted.get(name)}" for name, same in found.items() if not same]


def _shown(record: SinkRecord, name: str) -> Any:
    if name == "partition":
        return record.source.partition
    value = getattr(record, name)
    return schema_text(value) if isinstance(value, Schema) else value


def _same_headers(headers: tuple[Header, ...], wanted: Any) -> bool:
    return len(headers) == len(wanted) and all(
        header.key == other["key"]
        and schema_text(header.schema) == _schema_text(other.get("schema"))
        and agrees(header.value, header.schema, other.get("value"))
        for header, other in zip(headers, wanted, strict=True)
    )


def same_schema(schema: Schema | None, wanted: Any) -> bool:
    """Whether a schema is the one of a vector."""
    return schema_text(schema) == _schema_text(wanted)
