"""Whether a record fits a file of another schema, by Connect's rules of projection."""

from __future__ import annotations

from typing import Literal

from s3sink.schema import Schema

Compatibility = Literal["NONE", "BACKWARD", "FORWARD", "FULL"]

_NUMBERS = ("int8", "int16", "int32", "int64", "float32", "float64")
_ENUM = (".Enum", ".avro.enum")


def fits(record: Schema, current: Schema, compatibility: Compatibility) -> bool:
    """Whether a record of the one schema can go into a file whose current schema is the other.

    NONE: only an equal one. BACKWARD and FULL: one of the same or an older version, FORWARD: of the same or a newer
    one, that can be projected to the file's. Different schemas without versions never fit: nothing says which is
    older.
    """
    if record is current or record == current:
        return True
    if compatibility == "NONE" or record.version is None or current.version is None:
        return False
    newer = record.version - current.version
    in_order = newer >= 0 if compatibility == "FORWARD" else newer <= 0
    return in_order and projects(record, current)


def projects(record: Schema, current: Schema) -> bool:
    """Whether values of the one can be made values of the other: numbers widened, fields dropped or defaulted."""
    if not _same_kind(record, current) or record.name != current.name:
        return False
    if record.optional and not current.optional and current.default is None:
        return False
    if not _parameters_fit(record, current):
        return False
    return _parts_project(record, current)


def _same_kind(record: Schema, current: Schema) -> bool:
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


def _parameters_fit(record: Schema, current: Schema) -> bool:
    """Equal but for documentation and namespaces; the symbols of an enum may be fewer."""
    ours, theirs = _parameters(record), _parameters(current)
    if _enum(ours) - _enum(theirs):
        return False
    return ours - _enum(ours) == theirs - _enum(theirs)


def _parameters(schema: Schema) -> set[tuple[str, str]]:
    return {(k, v) for k, v in schema.parameters if not (k.endswith((".doc", ".namespace")) or ".doc." in k)}


def _enum(parameters: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(k, v) for k, v in parameters if any(mark in k for mark in _ENUM)}
