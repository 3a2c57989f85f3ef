"""Change topics of real databases, through the unwrap into files: nothing that was in a row is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from s3sink.converters import JsonConverter
from s3sink.dlq import DeadLetterTopic
from s3sink.formats import Format, JsonFormat, ParquetFormat
from s3sink.offline import batch_of, preview
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore
from s3sink.transforms import ExtractNewRecordState
from tests.transforms.captures import (
    ADDED,
    batches,
    differences,
    expected_rows,
    preview_of,
    read_exactly,
    row_in,
    rows_of,
    typed_value,
)

PLAIN = ["mysql_raw_plain", "mysql_raw_plain_iso", "mysql_raw_plain_nulls", "mysql_raw_plain_string"]
PLAIN += ["postgres_raw_plain"]
UNWRAP, REWRITE = ExtractNewRecordState(), ExtractNewRecordState("rewrite", add_fields=ADDED)
UNWRAPS = [pytest.param(UNWRAP, id="default"), pytest.param(REWRITE, id="rewrite")]
FORMATS = [pytest.param(JsonFormat(), id="json"), pytest.param(ParquetFormat(), id="parquet")]
TYPED = JsonConverter(schemas_enable=True)


def cells(rows: Mapping[Any, list[Any]], column: str) -> list[Any]:
    """The values of one column, in all tables that have it."""
    return [row[column] for table in rows.values() for row in table if row.get(column) is not None]


# ---------------------------------------------------------------------------------------------- every row
@pytest.mark.parametrize("unwrap", UNWRAPS)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", PLAIN)
def test_rows_without_schema_are_in_the_files(name: str, format: Format, unwrap: ExtractNewRecordState) -> None:
    got = rows_of(preview_of(name, transforms=[unwrap], format=format).objects)
    wanted = expected_rows(name, read_exactly, rewrite=unwrap is REWRITE)
    assert wanted.keys() == got.keys()
    assert list(differences(list(wanted.values()), [got[source] for source in wanted])) == []


@pytest.mark.parametrize("unwrap", UNWRAPS)
@pytest.mark.parametrize("name", PLAIN)
def test_lines_of_json_keep_all_the_digits(name: str, unwrap: ExtractNewRecordState) -> None:
    seen = preview_of(name, transforms=[unwrap])
    assert rows_of(seen.objects) == expected_rows(name, read_exactly, rewrite=unwrap is REWRITE)


@pytest.mark.parametrize("unwrap", UNWRAPS)
def test_rows_with_schema_are_in_parquet_with_their_types(unwrap: ExtractNewRecordState) -> None:
    seen = preview_of("mysql_raw_schema", transforms=[unwrap], format=ParquetFormat(), converter=TYPED)
    wanted, got = expected_rows("mysql_raw_schema", typed_value, rewrite=unwrap is REWRITE), rows_of(seen.objects)
    assert list(differences(list(wanted.values()), [got[source] for source in wanted])) == []


@pytest.mark.parametrize("unwrap", UNWRAPS)
def test_rows_with_schema_are_in_json_as_their_payload_was(unwrap: ExtractNewRecordState) -> None:
    seen = preview_of("mysql_raw_schema", transforms=[unwrap], converter=TYPED)
    payload_of = lambda text: read_exactly(text)["payload"]  # noqa: E731
    wanted, got = expected_rows("mysql_raw_schema", payload_of, rewrite=unwrap is REWRITE), rows_of(seen.objects)
    assert list(differences(list(wanted.values()), [got[source] for source in wanted])) == []


# ---------------------------------------------------------------------------------------------- what is easily lost
LARGEST = Decimal("9" * 35 + "." + "9" * 30)


@pytest.mark.parametrize(
    ("name", "options", "value"),
    [
        ("mysql_raw_schema", {"format": ParquetFormat(), "converter": TYPED}, LARGEST),
        ("mysql_raw_plain_iso", {}, LARGEST),
        ("mysql_raw_plain_string", {}, str(LARGEST)),
        ("mysql_raw_plain_string", {"format": ParquetFormat()}, str(LARGEST)),
        ("mysql_raw_plain", {"format": ParquetFormat()}, "APMWJxx/w5CKi+9GTjlF73olNgn//////////w=="),
    ],
)
def test_decimals_of_65_digits_are_whole(name: str, options: dict[str, Any], value: Any) -> None:
    rows = rows_of(preview_of(name, transforms=[UNWRAP], **options).objects)
    assert value in cells(rows, "c_decimal_max")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("name", "converter"), [("mysql_raw_plain", JsonConverter()), ("mysql_raw_schema", TYPED)])
def test_long_integers_and_texts_of_all_alphabets_are_whole(
    name: str, converter: JsonConverter, format: Format
) -> None:
    rows = rows_of(preview_of(name, transforms=[UNWRAP], format=format, converter=converter).objects)
    assert {2**63 - 1, -(2**63), -1234567890123456789} <= set(cells(rows, "c_bigint"))
    assert {-1, 1234567890123456789} <= set(cells(rows, "c_bigint_u"))
    assert any("안녕하세요 😀" in text for text in cells(rows, "c_varchar"))
    assert any("홍" in text for text in cells(rows, "last_name"))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("name", "converter"), [("mysql_raw_plain", JsonConverter()), ("mysql_raw_schema", TYPED)])
def test_columns_called_like_parts_of_an_envelope_are_columns(
    name: str, converter: JsonConverter, format: Format
) -> None:
    rows = rows_of(preview_of(name, transforms=[UNWRAP], format=format, converter=converter).objects)
    found = [row for source, table in rows.items() if source.topic.endswith(".Mixed-Case.tbl") for row in table]
    assert {"Id": 2, "op": "c", "after": "yes"} in found
    assert len(cells(rows, "weird col-name.x")) > 0


@pytest.mark.parametrize("format", FORMATS)
def test_a_column_called_as_the_mark_is_a_column_or_a_dead_letter(format: Format) -> None:
    (change,) = [batch for batch in batches("mysql_raw_plain") if batch.source.topic.endswith(".customers")][:1]
    event = json.loads(change.values()[0] or b"")
    event["after"]["__deleted"] = "mine"
    for unwrap, objects, letters in ((UNWRAP, 1, 0), (REWRITE, 0, 1)):
        sink = S3Sink(store=MemoryStore("x"), transforms=[unwrap], format=format, errors=DeadLetterTopic("letters"))
        seen = preview(sink, batch_of("customers", [event]))
        assert (len(seen.objects), len(seen.dead_letters)) == (objects, letters)
        assert cells(rows_of(seen.objects), "__deleted") == ["mine"] * objects


# ---------------------------------------------------------------------------------------------- nulls
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("name", "converter"),
    [
        ("mysql_unwrap_default", JsonConverter()),  # the text `null`
        ("mysql_unwrap_default_schema", TYPED),  # a payload of null
        ("mysql_unwrap_delete_to_tombstone", JsonConverter()),  # no bytes
        ("mysql_raw_plain", JsonConverter()),  # deletes, unwrapped here
    ],
)
def test_deletes_are_records_without_value_however_they_are_written(
    name: str, converter: JsonConverter, format: Format
) -> None:
    """The connectors had no tombstones on these topics but those that the unwrap has dropped."""
    transforms = [UNWRAP] if name == "mysql_raw_plain" else []
    seen = preview_of(name, converter=converter, transforms=transforms, format=format)
    assert seen.counters["records_null"] == 13


@pytest.mark.parametrize("kept", ["rewrite-with-tombstone", "rewrite"])
def test_tombstones_are_kept_when_asked(kept: str) -> None:
    seen = preview_of("mysql_raw_plain", transforms=[ExtractNewRecordState(kept)])
    assert seen.counters.get("records_null", 0) == (13 if kept == "rewrite-with-tombstone" else 0)
    assert cells(rows_of(seen.objects), "__deleted").count("true") == 13


# ---------------------------------------------------------------------------------------------- here or there
@pytest.mark.parametrize(
    ("raw", "unwrapped", "unwrap"),
    [
        ("mysql_raw_plain", "mysql_unwrap_default", UNWRAP),
        ("mysql_raw_plain", "mysql_unwrap_delete_to_tombstone", ExtractNewRecordState("delete-to-tombstone")),
        ("mysql_raw_plain", "mysql_unwrap_rewrite", ExtractNewRecordState("rewrite", add_fields=("op", "table"))),
        ("mysql_raw_plain", "mysql_unwrap_fields_headers", ExtractNewRecordState(add_fields=("op", "table"))),
        ("postgres_raw_plain", "postgres_unwrap_default", UNWRAP),
    ],
)
def test_unwrapping_in_the_sink_is_unwrapping_at_the_source(
    raw: str, unwrapped: str, unwrap: ExtractNewRecordState
) -> None:
    """Two connectors read the same log. `source.ts_ms` is left out: each has its own time of the snapshot.

    The order is too: rows of a table without key are in whatever partition.
    """
    here, there = (
        sorted(
            f"{source.topic} {[(name, cell) for name, cell in row.items() if name != '__source_ts_ms']}"
            for source, table in rows_of(preview_of(name, transforms=transforms).objects).items()
            if source.topic.startswith("dbserver.inventory.")
            for row in table
        )
        for name, transforms in ((raw, [unwrap]), (unwrapped, []))
    )
    assert here == there
    assert len(here) > 50


def test_what_the_plain_words_call_a_row_is_what_debezium_calls_one() -> None:
    values = [read_exactly(text) for batch in batches("mysql_raw_plain") for text in batch.values() if text]
    rows = [row_in(value, rewrite=False) for value in values]
    assert sum(row is value for row, value in zip(rows, values, strict=True)) == 33  # 30 schema changes, 3 heartbeats
