"""Debezium's field references: what `add.fields` and `add.headers` name in a change event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from s3sink.errors import Problem, TransformError
from s3sink.schema import Schema

Envelope = dict[str, Any]
ABSENT: Any = object()
"""Stands for a member that an envelope without schema does not have. Compared by identity."""

_OF_TRANSACTION = frozenset(("id", "total_order", "data_collection_order"))
_OF_ENVELOPE = frozenset(("op", "ts_ms", "ts_us", "ts_ns"))
_NO_STRUCT = "Cannot look up fields on non-struct type"


class FieldReference(NamedTuple):
    """A member of the envelope, or of a struct in it, and the name that it gets in the row or as a header."""

    name: str
    struct: str | None
    field: str


def field_references(prefix: str, texts: Sequence[str]) -> tuple[FieldReference, ...]:
    """What `field`, `struct.field` and `...:NEWNAME` mean; blank texts mean nothing.

    >>> for reference in field_references("__", ["op", "lsn", "source.ts_ms", "transaction.id:tx"]):
    ...     print(*reference)
    __op None op
    __lsn source lsn
    __source_ts_ms source ts_ms
    __tx transaction id
    """
    return tuple(_reference(prefix, text.strip()) for text in texts if text.strip())


def _reference(prefix: str, text: str) -> FieldReference:
    path, *alias = _parts(text)
    struct, *rest = _steps(path)
    if not rest:
        return FieldReference(prefix + (alias[0] if alias else struct), _struct_of(struct), struct)
    return FieldReference(prefix + (alias[0] if alias else f"{struct}_{rest[0]}"), struct, rest[0])


def _parts(text: str) -> list[str]:
    """As in Java, colons at the end do not count."""
    return text.rstrip(":").split(":")


def _steps(path: str) -> list[str]:
    """As in Java, dots at the end do not count."""
    return path.rstrip(".").split(".")


def _struct_of(field: str) -> str | None:
    if field in _OF_ENVELOPE:
        return None
    if field in _OF_TRANSACTION:
        return "transaction"
    return field if field == "updateDescription" else "source"


def references_problem(key: str, texts: Sequence[str]) -> Problem | None:
    """What is wrong with a list of references."""
    if isinstance(texts, str):
        return Problem(key, f"{texts!r} is one string; write [{texts!r}]")
    for text in texts:
        path, *alias = _parts(text.strip())
        if len(alias) > 1 or (path and not path.strip(".")):
            return Problem(key, f"Unexpected field name: {text.strip()}")
    return None


# ---------------------------------------------------------------------------------------------- in an envelope
def read_plain(reference: FieldReference, envelope: Envelope) -> Any:
    """What it refers to in an envelope without schema, ABSENT where there is no such field.

    All fields of a struct that is null are None. What its struct does not have is looked for in the envelope itself.
    Raises TransformError when there is no struct.
    """
    _, struct, field = reference
    if struct is not None:
        part = envelope.get(struct, ABSENT)
        if part is None:
            return None
        if type(part) is not dict:
            raise TransformError(_unknown(struct) if part is ABSENT else _NO_STRUCT)
        if field in part:
            return part[field]
    return envelope.get(field, ABSENT)


class TypedReference(NamedTuple):
    """A reference that the schema of an envelope has an answer to: the schema of what is read, and how."""

    name: str
    schema: Schema
    read: Callable[[Envelope], Any]


def typed_references(references: Sequence[FieldReference], envelope: Schema) -> list[TypedReference]:
    """Those that the schema has a field for, in their order.

    What its struct does not have is looked for in the envelope itself. Raises TransformError when there is no struct.
    """
    typed = (_typed(reference, envelope) for reference in references)
    return [reference for reference in typed if reference is not None]


def _typed(reference: FieldReference, envelope: Schema) -> TypedReference | None:
    name, struct, field = reference
    if struct is not None:
        part = envelope.field(struct)
        if part is None:
            raise TransformError(_unknown(struct))
        if part.schema.type != "struct":
            raise TransformError(_NO_STRUCT)
        found = part.schema.field(field)
        if found is not None:
            return TypedReference(name, _added(found.schema), _member_of(struct, field))
    found = envelope.field(field)
    return None if found is None else TypedReference(name, _added(found.schema), lambda value: value.get(field))


def _added(schema: Schema) -> Schema:
    return schema.replace(optional=True, default=None)


def _member_of(struct: str, field: str) -> Callable[[Envelope], Any]:
    def read(envelope: Envelope) -> Any:
        part = envelope.get(struct)
        return None if part is None else part.get(field)

    return read


def _unknown(struct: str) -> str:
    return f"Unknown struct in the change event: {struct}"  # in Java, a NullPointerException
