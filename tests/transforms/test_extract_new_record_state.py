"""Debezium's unwrap: what is a change event, and what becomes of changes, deletes and tombstones."""

from __future__ import annotations

from typing import Any

import pytest

from s3sink.config import from_properties
from s3sink.errors import ILLEGAL_ARGUMENT, SCHEMA_BUILDER_EXCEPTION, ConfigError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import ExtractNewRecordState

SOURCE = TopicPartition("db.inventory.customers", 0)
UNWRAP, DROP = ExtractNewRecordState(), ExtractNewRecordState("drop")
ROW = Schema(
    type="struct",
    name="db.Value",
    optional=True,
    fields=(Field("id", Schema(type="int32")), Field("note", Schema(type="string", optional=True, default="d"))),
)
BEFORE, AFTER = {"id": 1, "note": "old"}, {"id": 1, "note": None}


def envelope_schema(*names: str, name: str = "db.Envelope") -> Schema:
    return Schema(type="struct", name=name, fields=tuple(Field(n, ROW) for n in names))


ENVELOPE = envelope_schema("before", "after")


def event(op: str, before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after, "source": {"table": "customers"}, "op": op, "ts_ms": 1}


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, SOURCE.topic, {"id": 1}, value, (), None, schema)


@pytest.mark.parametrize("op", ["c", "r", "u", "x"])
def test_a_change_becomes_the_row_with_a_required_schema(op: str) -> None:
    result = UNWRAP.apply(record(event(op, BEFORE, AFTER), ENVELOPE))
    assert result == record(AFTER, ROW.replace(optional=False))


@pytest.mark.parametrize("schema", [None, ENVELOPE])
def test_a_delete_becomes_a_record_without_value_or_is_dropped(schema: Schema | None) -> None:
    delete = record(event("d", BEFORE, None), schema)
    assert UNWRAP.apply(delete) == record(None, schema and ROW)
    assert DROP.apply(delete) is None


@pytest.mark.parametrize("value", [event("t", None, None), None])
@pytest.mark.parametrize("schema", [None, ENVELOPE])
def test_truncates_and_tombstones_are_dropped(value: Any, schema: Schema | None) -> None:
    assert UNWRAP.apply(record(value, schema)) is None


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"ts_ms": 1}, Schema(type="struct", name="io.debezium.connector.common.Heartbeat")),
        (event("c", None, AFTER), envelope_schema("before", "after", name="db.Value")),
        ({"ts_ms": 1}, None),
        ("text", None),
        ({"id": 1, "op": "c", "after": {"id": 2}, "before": None}, None),
        ({"op": ["c"], "source": {}, "before": None, "after": None}, None),
        ({"op": "m", "source": {}, "message": {}, "ts_ms": 1}, None),
        (event("c", None, "a column named after"), None),
    ],
)
def test_what_is_no_change_event_goes_on_unchanged(value: Any, schema: Schema | None) -> None:
    given_record = record(value, schema)
    assert UNWRAP.apply(given_record) is given_record


def test_debeziums_own_class_leaves_what_has_no_schema() -> None:
    given_record = record(event("c", None, AFTER))
    assert UNWRAP.apply(given_record) == record(AFTER)
    assert ExtractNewRecordState(schemaless=False).apply(given_record) is given_record


@pytest.mark.parametrize(
    ("value", "schema", "complaint"),
    [
        (
            "x",
            Schema(type="string", name="x.Envelope"),
            r"Only Struct objects supported for \[field extraction\], found: java",
        ),
        ({"before": BEFORE}, envelope_schema("before"), "Unknown field: after"),
        ({"after": None}, envelope_schema("after"), "Unknown field: before"),
    ],
)
def test_an_envelope_that_is_none_is_refused(value: Any, schema: Schema, complaint: str) -> None:
    with pytest.raises(TransformError, match=complaint) as caught:
        UNWRAP.apply(record(value, schema))
    assert (caught.value.connect_class == ILLEGAL_ARGUMENT) is complaint.startswith("Unknown")


# ---------------------------------------------------------------------------------------------- modes
MODES: list[tuple[dict[str, Any], str, str, str]] = [  # options, change, delete, tombstone
    ({}, "row", "null", "dropped"),
    ({"delete_tombstone_handling_mode": "tombstone"}, "row", "null", "dropped"),
    ({"delete_tombstone_handling_mode": "drop"}, "row", "dropped", "dropped"),
    ({"delete_tombstone_handling_mode": "Rewrite"}, "marked", "marked", "dropped"),
    ({"delete_tombstone_handling_mode": "rewrite-with-tombstone"}, "marked", "marked", "kept"),
    ({"delete_tombstone_handling_mode": "DELETE-TO-TOMBSTONE"}, "row", "null, no schema", "dropped"),
    ({"drop_tombstones": True}, "row", "dropped", "dropped"),
    ({"drop_tombstones": False}, "row", "dropped", "kept"),
    ({"delete_handling_mode": "drop"}, "row", "dropped", "dropped"),
    ({"delete_handling_mode": "rewrite"}, "marked", "marked", "dropped"),
    ({"delete_handling_mode": "rewrite", "drop_tombstones": False}, "marked", "marked", "kept"),
    ({"delete_handling_mode": "NONE"}, "row", "null", "dropped"),
    ({"delete_handling_mode": "none", "drop_tombstones": False}, "row", "null", "kept"),
    ({"delete_handling_mode": "rewrite", "delete_tombstone_handling_mode": "drop"}, "row", "dropped", "dropped"),
    ({"drop_tombstones": False, "delete_tombstone_handling_mode": "tombstone"}, "row", "null", "dropped"),
]
MARKED = ROW.replace(optional=False, fields=(*ROW.fields, Field("__deleted", Schema(type="string", optional=True))))


@pytest.mark.parametrize(("options", "change", "delete", "tombstone"), MODES)
@pytest.mark.parametrize("typed", [True, False])
def test_modes_say_what_becomes_of_deletes(
    options: dict[str, Any], change: str, delete: str, tombstone: str, typed: bool
) -> None:
    unwrap, schema = ExtractNewRecordState(**options), ENVELOPE if typed else None
    note = "d" if typed and change == "marked" else None  # InsertField puts the default there
    answers: dict[str, SinkRecord | None] = {
        "row": record(AFTER, ROW.replace(optional=False) if typed else None),
        "null": record(None, ROW if typed else None),
        "null, no schema": record(None),
        "dropped": None,
        "kept": record(None),
    }
    marked = record(AFTER | {"note": note, "__deleted": "false"}, MARKED if typed else None)
    gone = record(BEFORE | {"__deleted": "true"}, MARKED if typed else None)
    assert unwrap.apply(record(event("u", BEFORE, AFTER), schema)) == (answers | {"marked": marked})[change]
    assert unwrap.apply(record(event("d", BEFORE, None), schema)) == (answers | {"marked": gone})[delete]
    assert unwrap.apply(record(None)) == answers[tombstone]
    assert unwrap.apply(record(event("t", None, None), schema)) is None


def test_a_null_keeps_its_place_when_no_defaults_are_wanted() -> None:
    unwrap = ExtractNewRecordState("rewrite", replace_null_with_default=False)
    result = unwrap.apply(record(event("c", None, AFTER), ENVELOPE))
    assert result == record(AFTER | {"__deleted": "false"}, MARKED)


@pytest.mark.parametrize("typed", [True, False])
def test_a_column_with_the_name_of_the_mark_is_never_overwritten(typed: bool) -> None:
    row = Schema(type="struct", optional=True, fields=(Field("__deleted", Schema(type="string")),))
    schema = Schema(type="struct", name="x.Envelope", fields=(Field("before", row), Field("after", row)))
    given_record = record(event("c", None, {"__deleted": "mine"}), schema if typed else None)
    with pytest.raises(TransformError, match="field name duplication __deleted") as caught:
        ExtractNewRecordState("rewrite").apply(given_record)
    assert caught.value.connect_class == SCHEMA_BUILDER_EXCEPTION
    result = UNWRAP.apply(given_record)
    assert result is not None
    assert result.value == {"__deleted": "mine"}


# ---------------------------------------------------------------------------------------------- options
def test_options_have_debeziums_names() -> None:
    assert from_properties(ExtractNewRecordState, {"delete.tombstone.handling.mode": "DROP"}) == DROP
    properties = {
        "delete.handling.mode": "none",
        "drop.tombstones": "false",
        "add.fields": "op , lsn",
        "add.fields.prefix": "",
        "add.headers": "db",
        "add.headers.prefix": "h-",
        "route.by.field": "dest",
        "drop.fields.header.name": "drop",
        "drop.fields.from.key": "true",
        "drop.fields.keep.schema.compatible": "false",
        "replace.null.with.default": "false",
    }
    assert from_properties(ExtractNewRecordState, properties) == ExtractNewRecordState(
        delete_handling_mode="none",
        drop_tombstones=False,
        add_fields=["op", "lsn"],
        add_fields_prefix="",
        add_headers=["db"],
        add_headers_prefix="h-",
        route_by_field="dest",
        drop_fields_header_name="drop",
        drop_fields_from_key=True,
        drop_fields_keep_schema_compatible=False,
        replace_null_with_default=False,
    )


def test_all_that_is_wrong_with_the_options_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ExtractNewRecordState("", delete_handling_mode="keep", add_fields=["op:a:b"], add_headers="op")
    assert [(problem.key, problem.message) for problem in caught.value.problems] == [
        ("delete_tombstone_handling_mode", "Unable to validate config."),
        ("delete_handling_mode", "Unable to validate config."),
        ("add_fields", "Unexpected field name: op:a:b"),
        ("add_headers", "'op' is one string; write ['op']"),
    ]
