"""Change events for tests of Debezium's transforms, with schema and without."""

from __future__ import annotations

from typing import Any

from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import ExtractNewRecordState

SOURCE = TopicPartition("db.inventory.customers", 0)
INT, TEXT = Schema(type="int32"), Schema(type="string", optional=True)
TAGS = Schema(type="array", items=TEXT, optional=True)
KEY = Schema(type="struct", fields=(Field("id", INT), Field("note", TEXT)))
ROW = Schema(
    type="struct", name="db.Value", optional=True, fields=(Field("id", INT), Field("note", TEXT), Field("tags", TAGS))
)
PLACE = Schema(type="struct", fields=(Field("table", Schema(type="string", default="t")), Field("ts_ms", INT)))
BLOCK = Schema(type="struct", optional=True, fields=(Field("id", Schema(type="string", doc="of it")),))
ENVELOPE = Schema(
    type="struct",
    name="db.Envelope",
    fields=(
        Field("before", ROW),
        Field("after", ROW),
        Field("source", PLACE),
        Field("transaction", BLOCK),
        Field("op", Schema(type="string")),
        Field("ts_ms", INT.replace(optional=True)),
    ),
)
OLD, NEW = {"id": 1, "note": "old", "tags": None}, {"id": 1, "note": "new", "tags": ["x"]}


BLOCK_OF_PLACE = PLACE.replace(optional=True)


def event(op: str = "u", before: Any = OLD, after: Any = NEW, transaction: Any = None) -> dict[str, Any]:
    """A change event as Debezium writes it."""
    source = {"table": "customers", "ts_ms": 5}
    return {"before": before, "after": after, "source": source, "transaction": transaction, "op": op, "ts_ms": 7}


DELETE = event("d", OLD, None)


def record(value: Any, typed: bool = True, headers: tuple[Header, ...] = ()) -> SinkRecord:
    """The event in a record, with the schemas or without."""
    key = {"id": 1, "note": "k"}
    schemas = (KEY, ENVELOPE if value is not None else None) if typed else (None, None)
    return SinkRecord(SOURCE, 42, 1500, SOURCE.topic, key, value, headers, *schemas)


def unwrapped(value: Any, typed: bool = True, headers: tuple[Header, ...] = (), **options: Any) -> SinkRecord:
    """What becomes of a record that is not dropped."""
    result = ExtractNewRecordState(**options).apply(record(value, typed, headers))
    assert result is not None
    return result
