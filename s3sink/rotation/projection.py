"""Values of one schema become values of another, as Connect's SchemaProjector makes them."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from s3sink.connect_json import shortest_float32
from s3sink.errors import FormatError
from s3sink.rotation.compatibility import Compatibility, is_enum, lacks_version, parameters_fit, types_fit
from s3sink.schema import Field, Schema

PROJECTOR_EXCEPTION = "org.apache.kafka.connect.errors.SchemaProjectorException"

Project = Callable[[Any], Any]


def projector(record: Schema | None, current: Schema | None, compatibility: Compatibility) -> Project:
    """What makes a record's value one of its file's current schema; it never touches its argument.

    Fields that the file has not are dropped, fields that the record has not are null or their default, numbers become
    wider ones. Raises FormatError, in Connect's words, for schemas that cannot be projected; what is returned raises it
    for a null where the file must have a value.
    """
    if record is current or record == current:
        return _same
    if record is None or current is None:
        raise _failure("Switch between schema-based and schema-less data is not supported")
    if lacks_version(record, current, compatibility):
        raise _failure(f"Schema version required for {compatibility} compatibility")
    return _known(record, current)


@lru_cache(1024)
def _known(record: Schema, current: Schema) -> Project:
    return _projector(record, current)


def _failure(reason: str) -> FormatError:
    return FormatError(reason, connect_class=PROJECTOR_EXCEPTION)


def _same(value: Any) -> Any:
    return value


def _projector(record: Schema, current: Schema) -> Project:
    _check(record, current)
    project = _of_values(record, current)
    default = current.default if record.optional and not current.optional else None
    if project is _same and default is None:
        return _same
    return lambda value: default if value is None else project(value)


def _check(record: Schema, current: Schema) -> None:
    """Raises what is in the way of any projection."""
    if not types_fit(record, current):
        kinds = f"source type: {record.type.upper()} and target type: {current.type.upper()}"
        raise _failure(f"Schema type mismatch. {kinds}")
    if record.name != current.name:
        names = f"source name: {record.name or 'null'} and target name: {current.name or 'null'}"
        raise _failure(f"Schema name mismatch. {names}")
    if record.parameters and current.parameters and not parameters_fit(record, current):
        raise _failure(_parameters_differ(record, current))
    if record.optional and not current.optional and current.default is None:
        raise _failure("Writer schema is optional, however, target schema does not provide a default value.")


def _parameters_differ(record: Schema, current: Schema) -> str:
    ours, theirs = _map_text(record.parameters), _map_text(current.parameters)
    if is_enum(record) and is_enum(current):
        return f"Schema parameters mismatch. Source parameter: {ours} is not a subset of target parameters: {theirs}"
    return f"Schema parameters not equal. source parameters: {ours} and target parameters: {theirs}"


def _map_text(pairs: tuple[tuple[str, str], ...]) -> str:
    return "{" + ", ".join(f"{key}={value}" for key, value in pairs) + "}"


def _schema_text(schema: Schema) -> str:
    named = f"{schema.name}:" if schema.name else ""
    return f"Schema{{{named}{schema.type.upper()}}}"


# ---------------------------------------------------------------------------------------------- values that are there
def _of_values(record: Schema, current: Schema) -> Project:
    if record == current and not _has_defaults(current):
        return _same
    if current.type == "struct":
        return _of_structs(record, current)
    if current.type == "array":
        return _of_arrays(record, current)
    if current.type == "map":
        return _of_maps(record, current)
    return _WIDER.get((record.type[:3], current.type), _same) if record.type != current.type else _same


def _has_defaults(schema: Schema) -> bool:
    """Whether a null in it may become a default: projecting reads fields as Connect's `Struct.get` does."""
    parts = [schema.keys, schema.items, *(field.schema for field in schema.fields)]
    some = any(field.schema.default is not None for field in schema.fields)
    return some or any(_has_defaults(part) for part in parts if part is not None)


def _of_structs(record: Schema, current: Schema) -> Project:
    takes = [(field.name, _taker(record, field)) for field in current.fields]
    return lambda value: {name: take(value) for name, take in takes}


def _taker(record: Schema, current: Field) -> Project:
    """What gives the file's field for a record's struct."""
    field, schema = record.field(current.name), current.schema
    if field is not None:
        return _from_field(field, schema)
    if not schema.optional and schema.default is None:
        missing = f"Required field `{current.name}` is missing from source schema: {_schema_text(record)}"
        raise _failure(missing)
    filled = None if schema.optional else schema.default
    return lambda _: filled


def _from_field(field: Field, current: Schema) -> Project:
    try:
        project = _projector(field.schema, current)
    except FormatError as error:
        raise _failure(f"Error projecting {field.name}") from error
    name, default, required = field.name, field.schema.default, not current.optional

    def take(value: dict[str, Any]) -> Any:
        found = value.get(name)
        taken = project(default if found is None else found)
        if taken is None and required:
            kind = current.type.upper()
            raise FormatError(f'Invalid value: null used for required field: "{name}", schema type: {kind}')
        return taken

    return take


def _of_arrays(record: Schema, current: Schema) -> Project:
    project = _of_part(record.items, current.items)
    return _same if project is _same else lambda value: [project(item) for item in value]


def _of_maps(record: Schema, current: Schema) -> Project:
    key, item = _of_part(record.keys, current.keys), _of_part(record.items, current.items)
    if key is _same and item is _same:
        return _same
    return lambda value: {key(name): item(held) for name, held in value.items()}


def _of_part(record: Schema | None, current: Schema | None) -> Project:
    return _same if record is None or current is None else _projector(record, current)


# ---------------------------------------------------------------------------------------------- wider numbers
def _float64_of_float32(value: Any) -> Any:
    """The double that the float32 is: 0.1 was short for 0.10000000149011612."""
    if type(value) is not float:
        return value
    try:
        exact: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return exact


def _float64_of_int(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _float32_of_int(value: Any) -> Any:
    return shortest_float32(_rounded_once(value)) if type(value) is int else value


def _rounded_once(value: int) -> float:
    """A double that is rounded to the float32 that the integer is rounded to.

    The nearest double would not do: where it lies between two float32, its own rounding has decided.
    """
    surplus = max(0, abs(value).bit_length() - 40)  # bits beyond what decides but for being there
    kept = abs(value) >> surplus
    lost = kept << surplus != abs(value)
    return math.copysign(float((kept | lost) << surplus), value)


_WIDER: dict[tuple[str, str], Project] = {
    ("int", "float32"): _float32_of_int,
    ("int", "float64"): _float64_of_int,
    ("flo", "float64"): _float64_of_float32,
}
