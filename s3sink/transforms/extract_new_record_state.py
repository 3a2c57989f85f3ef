"""Debezium's unwrap: of a change event, the row as it is now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, cast

import msgspec

from s3sink.batch import RecordBatch
from s3sink.config import Option
from s3sink.connect_json import PerSchema
from s3sink.errors import TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import freeze, java_class, struct_like, with_value

DeleteMode = Literal["tombstone", "drop"]
_OPERATIONS = frozenset(("c", "r", "u", "d", "t"))
_UNSET = cast("Callable[[Schema], _Row]", None)  # in the class body only: from_properties wants defaults


class _Row(NamedTuple):
    """What the schema of an envelope says of rows: the schema of one that is there, and of one that was deleted."""

    present: Schema
    deleted: Schema
    has_before: bool


@dataclass(frozen=True, slots=True)
class ExtractNewRecordState:
    """Creates, updates and snapshot reads become the row after the change; truncates and tombstones are dropped.

    A delete becomes a record without a value (mode `tombstone`, Debezium's default since 3.2), or is dropped (`drop`).
    What is no change event goes on unchanged: heartbeats, transaction metadata, schema changes, logical messages.

    With a schema, an envelope is what has a schema name that ends in `.Envelope`. Without, it is a map with `op`,
    `source`, `before` and `after` as Debezium writes them, unless `schemaless` is false: Debezium's own class leaves
    all records without schema as they are.
    """

    keeps_topic: ClassVar[bool] = True

    delete_tombstone_handling_mode: Annotated[DeleteMode, Option(doc="What becomes of deletes.")] = "tombstone"
    schemaless: Annotated[bool, Option(doc="Whether envelopes without schema are unwrapped.")] = True
    _rows: Callable[[Schema], _Row] = field(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        freeze(self, _rows=PerSchema(_rows_of))

    def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """The row, a record without a value for a delete, the record itself, or None."""
        value, schema = record.value, record.value_schema
        if value is None:
            return None
        if schema is None:
            return self._unwrapped(record, None) if self.schemaless and _is_envelope(value) else record
        if schema.name is None or not schema.name.endswith(".Envelope"):
            return record
        if schema.type != "struct":
            found = java_class(value, schema)
            raise TransformError(f"Only Struct objects supported for [field extraction], found: {found}")
        return self._unwrapped(record, self._rows(schema))

    def _unwrapped(self, record: SinkRecord, rows: _Row | None) -> SinkRecord | None:
        after = record.value["after"]
        if after is not None:
            return with_value(record, after, rows and rows.present)
        if rows and not rows.has_before:
            raise TransformError("Unknown field: before")
        if record.value["before"] is None or self.delete_tombstone_handling_mode == "drop":
            return None
        return with_value(record, None, rows and rows.deleted)

    def apply_batch(self, batch: RecordBatch) -> RecordBatch | None:
        """What `apply` makes of a raw batch of JSON without schemas: raw records whose values are the text of `after`.

        Only the surviving row is copied, nothing is decoded. None when one of the values is not JSON, or is written in
        a way that takes more than a look: then rows decide.
        """
        if not self.schemaless or batch.holds_documents:
            return None
        try:
            _check_utf8(batch.values())
            values = [_DROPPED if data is None else self._raw_row(data) for data in batch.values()]
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        timestamps, keys = batch.timestamps, batch.keys()
        raw = [
            _RawRow(offset, timestamps[index], keys[index], values[index], batch.raw_headers(index))
            for index, offset in enumerate(batch.offsets)
            if values[index] is not _DROPPED
        ]
        nbytes = sum(len(row.key or b"") + len(row.value or b"") for row in raw)
        return RecordBatch(batch.source, batch.span, raw=raw, topic=batch.topic, nbytes=nbytes)

    def _raw_row(self, data: bytes) -> bytes | None:
        """The text of the row, None for a delete. Raises ValueError where it takes more than a look."""
        try:
            envelope = _decode_envelope(data)
        except msgspec.ValidationError:  # some other JSON value than an object
            return _not_an_object(data)
        op, after, before = bytes(envelope.op), bytes(envelope.after), bytes(envelope.before)
        if (
            op not in _RAW_OPERATIONS
            or after[0] not in _ROW_BEGINS
            or before[0] not in _ROW_BEGINS
            or bytes(envelope.source)[0] != _BRACE
        ):
            return _not_an_envelope(op, data)
        if after[0] == _BRACE:
            return after
        return _DROPPED if before[0] != _BRACE or self.delete_tombstone_handling_mode == "drop" else None


def _rows_of(schema: Schema) -> _Row:
    after = schema.field("after")
    if after is None:
        raise TransformError("Unknown field: after")
    row = after.schema
    present = struct_like(row, row.fields) if row.type == "struct" else row
    return _Row(present, row, schema.field("before") is not None)


def _is_envelope(value: Any) -> bool:
    """One member proves nothing: rows have columns named `op` and `after` too."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("op"), str)
        and value["op"] in _OPERATIONS
        and isinstance(value.get("source"), dict)
        and _is_row(value.get("after", ()))
        and _is_row(value.get("before", ()))
    )


def _is_row(value: Any) -> bool:
    return value is None or isinstance(value, dict)


# ---------------------------------------------------------------------------------------------- as text
_DROPPED = b"dropped"  # compared by identity
_MISSING = msgspec.Raw(b"-")
_BRACE, _ROW_BEGINS = ord("{"), b"{n"  # a JSON value that begins with n is null
_RAW_OPERATIONS = frozenset(b'"%b"' % op.encode() for op in _OPERATIONS)


class _RawEnvelope(msgspec.Struct, gc=False):
    op: msgspec.Raw = _MISSING
    source: msgspec.Raw = _MISSING
    before: msgspec.Raw = _MISSING
    after: msgspec.Raw = _MISSING


_decode_envelope = msgspec.json.Decoder(_RawEnvelope).decode


class _RawRow(msgspec.Struct, frozen=True, gc=False):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Any


def _not_an_object(data: bytes) -> bytes:
    """The text as it is, but null is dropped. Raises ValueError for null with something behind it."""
    text = data.strip()
    if text.startswith(b"null") and text != b"null":
        raise ValueError("null is not all of it")
    return _DROPPED if text == b"null" else data


def _not_an_envelope(op: bytes, data: bytes) -> bytes:
    """The text as it is. Raises ValueError when an escape may hide an operation."""
    if b"\\" in op:
        raise ValueError(f"{op!r} may be an operation")
    return data


def _check_utf8(values: list[bytes | None]) -> None:
    for value in values:
        if value is not None and not value.isascii():
            value.decode()
