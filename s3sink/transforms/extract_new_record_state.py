"""Debezium's unwrap: of a change event, the row as it is now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from s3sink.batch import RecordBatch
from s3sink.config import Option
from s3sink.connect_json import PerSchema
from s3sink.errors import TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import freeze, java_class, struct_like, with_value

DeleteMode = Literal["tombstone", "drop"]
_OPERATIONS = frozenset("crudt")


class _Row(NamedTuple):
    """The schemas of `after`: of a row that is there, and of one that was deleted."""

    present: Schema
    deleted: Schema


@dataclass(frozen=True, slots=True)
class ExtractNewRecordState:
    """Creates, updates and snapshot reads become the row after the change; truncates and tombstones are dropped.

    A delete becomes a record without a value (mode `tombstone`, Debezium's default since 3.2), or is dropped. What is
    no change event goes on unchanged: heartbeats, transaction metadata, schema changes, logical messages.

    With a schema, an envelope is what has a schema name that ends in `.Envelope`. Without, it is a map with `op`,
    `source`, `before` and `after` as Debezium writes them, unless `schemaless` is false: Debezium's own class leaves
    all records without schema as they are.
    """

    delete_tombstone_handling_mode: Annotated[DeleteMode, Option(doc="What becomes of deletes.")] = "tombstone"
    schemaless: Annotated[bool, Option(doc="Whether envelopes without schema are unwrapped.")] = True
    _rows: Callable[[Schema], _Row] = field(init=False, repr=False, compare=False, default=PerSchema(lambda _: None))  # type: ignore[assignment]

    def __post_init__(self) -> None:
        freeze(self, _rows=PerSchema(_row_schemas))

    def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """The row, a record without a value for a delete, or the record itself."""
        value, schema = record.value, record.value_schema
        if value is None:
            return None
        if schema is None:
            return self._row(record, value, None) if self.schemaless and is_envelope(value) else record
        if schema.name is None or not schema.name.endswith(".Envelope"):
            return record
        if schema.type != "struct":
            found = java_class(value, schema)
            raise TransformError(f"Only Struct objects supported for [field extraction], found: {found}")
        return self._row(record, value, self._rows(schema))

    def _row(self, record: SinkRecord, value: dict[str, Any], schemas: _Row | None) -> SinkRecord | None:
        after = value["after"]
        if after is not None:
            return with_value(record, after, schemas and schemas.present)
        if value["before"] is None or self.delete_tombstone_handling_mode == "drop":
            return None
        return with_value(record, None, schemas and schemas.deleted)
