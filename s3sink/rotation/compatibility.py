"""Whether a record fits a file of another schema, by Connect's rules of projection."""

from __future__ import annotations

from typing import Literal

from s3sink.schema import Schema

Compatibility = Literal["NONE", "BACKWARD", "FORWARD", "FULL"]

_NUMBERS = ("int8", "int16", "int32", "int64", "float32", "float64")
_ENUMS = {
    "org.apache.kafka.connect.data.Enum",
    "io.confluent.connect.avro.Enum",
    "io.confluent.connect.protobuf.Enum",
}
_NOTES = {"connect.record.doc", "connect.record.aliases", "connect.record.namespace"}
_NOTE_OF_FIELD = "io.confluent.connect.avro.field.doc."


def fits(record: Schema, current: Schema, compatibility: Compatibility) -> bool:
    """Whether a record of the one schema can go into a file whose current schema is the other.

    NONE: only an equal one. BACKWARD and FULL: one of the same or an older version, FORWARD: of the same or a newer
    one, that can be projected to the file's. Different schemas without versions never fit: see `lacks_version`.
    """
    if record is current or record == current:
        return True
    if compatibility == "NONE" or record.version is None or current.version is None:
        return False
    newer = record.version - current.version
    in_order = newer >= 0 if compatibility == "FORWARD" else newer <= 0
    return in_order and projects(record, current)


def lacks_version(record: Schema, current: Schema, compatibility: Compatibility) -> bool:
    """Whether nothing says which of two different schemas is older, although it matters: the record is refused."""
    if compatibility == "NONE" or (record.version is not None and current.version is not None):
        return False
    return record is not current and record != current


def projects(record: Schema, current: Schema) -> bool:
    """Whether values of the one can be made values of the other: numbers widened, fields dropped or defaulted."""
    if not types_fit(record, current) or record.name != current.name:
        return False
    if record.optional and not current.optional and current.default is None:
        return False
    return parameters_fit(record, current) and _parts_project(record, current)


def types_fit(record: Schema, current: Schema) -> bool:
    """Whether the types are the same, or that of the file is a wider number."""
    if record.type == current.type:
        return True
    widens = record.type in _NUMBERS and current.type in _NUMBERS
    return widens and _NUMBERS.index(record.type) < _NUMBERS.index(current.type)


def _parts_project(record: Schema, current: Schema) -> bool:
    if record.type == "struct":
        return all(_field_projects(record.field(f.name), f.schema) for f in current.fields)
    return _part_projects(record.items, current.items) and _part_projects(record.keys, current.keys)


def _field_projects(record: object, current: Schema) -> bool:
    schema: Schema | None = getattr(record, "schema", None)
    if schema is None:
        return current.optional or current.default is not None
    return projects(schema, current)


def _part_projects(record: Schema | None, current: Schema | None) -> bool:
    return record is current if record is None or current is None else projects(record, current)


def parameters_fit(record: Schema, current: Schema) -> bool:
    """Whether the parameters are the same but for documentation; an enum may have fewer symbols than the file's."""
    ours, theirs = _parameters(record), _parameters(current)
    return ours <= theirs if is_enum(record) and is_enum(current) else ours == theirs


def is_enum(schema: Schema) -> bool:
    """Whether the text is one of the symbols that stand in its parameters."""
    return any(key in _ENUMS for key, _ in schema.parameters)


def _parameters(schema: Schema) -> set[tuple[str, str]]:
    return {(key, v) for key, v in schema.parameters if key not in _NOTES and not key.startswith(_NOTE_OF_FIELD)}
