"""Recorded change topics of real databases, and what a sink makes of them."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable, Iterator
from decimal import Context, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from s3sink.batch import RecordBatch
from s3sink.formats import ParquetFormat
from s3sink.offline import Message, Preview, batch_of, preview
from s3sink.record import TopicPartition
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore

CAPTURES = Path(__file__).parents[1] / "vectors" / "data" / "captures"
EXACT = Context(prec=100)
Rows = dict[TopicPartition, list[Any]]


def read_exactly(text: bytes | str) -> Any:
    """JSON with all the digits of its numbers."""
    return json.loads(text, parse_float=Decimal)


@cache
def batches(name: str) -> list[RecordBatch]:
    """The records of a capture, one batch a partition."""
    with (CAPTURES / f"debezium_capture_{name}.jsonl").open(encoding="utf-8") as lines:
        next(lines)  # how it was made
        records = list(map(json.loads, lines))
    sources = dict.fromkeys((record["topic"], record["partition"]) for record in records)
    return [
        batch_of(topic, [_message(r) for r in records if (r["topic"], r["partition"]) == (topic, partition)],
                 partition=partition)
        for topic, partition in sources
    ]  # fmt: skip


def _message(record: dict[str, Any]) -> Message:
    value, key = (record[part] and base64.b64decode(record[part]) for part in ("value_b64", "key_b64"))
    return Message(value, key=key, timestamp=record["timestamp"], offset=record["offset"])


# ---------------------------------------------------------------------------------------------- what has to come out
def row_in(event: Any, *, rewrite: bool) -> Any:
    """What a change event without schema says, in the plainest words; None for what has no row, or is dropped."""
    if not (isinstance(event, dict) and {"before", "after", "source", "op"} <= event.keys()):
        return event
    if not isinstance(event["source"], dict):
        return event
    if event["after"] is not None:
        return event["after"] | ({"__deleted": "false"} | added(event) if rewrite else {})
    if rewrite and event["before"] is not None:
        return event["before"] | {"__deleted": "true"} | added(event)
    return None


ADDED = ("op", "table", "source.ts_ms", "ts_ms:at")


def added(event: dict[str, Any]) -> dict[str, Any]:
    """What the references in ADDED add."""
    source = event["source"]
    values = {"__op": event["op"], "__source_ts_ms": source["ts_ms"], "__at": event["ts_ms"]}
    return values | ({"__table": source["table"]} if "table" in source else {})


def expected_rows(name: str, value_of: Callable[[bytes], Any], *, rewrite: bool) -> Rows:
    """The rows of a capture; `value_of` says what its texts mean."""
    rows: Rows = {}
    for batch in batches(name):
        values = [None if text is None else row_in(value_of(text), rewrite=rewrite) for text in batch.values()]
        if kept := [value for value in values if value is not None]:
            rows[batch.source] = kept
    return rows


def typed_value(text: bytes) -> Any:
    """The value that an envelope of schema and payload means, as far as these captures need it."""
    envelope = read_exactly(text)
    return _typed(envelope["schema"], envelope["payload"])


def _typed(schema: dict[str, Any], payload: Any) -> Any:
    if payload is None:
        return None
    if schema["type"] == "struct":
        return {field["field"]: _typed(field, payload[field["field"]]) for field in schema["fields"]}
    if schema["type"] == "array":
        return [_typed(schema["items"], item) for item in payload]
    if schema["type"] != "bytes":
        return payload
    data = base64.b64decode(payload)
    if schema.get("name") != "org.apache.kafka.connect.data.Decimal":
        return data
    return Decimal(int.from_bytes(data, "big", signed=True)).scaleb(-int(schema["parameters"]["scale"]), EXACT)


# ---------------------------------------------------------------------------------------------- what comes out
def preview_of(name: str, **options: Any) -> Preview:
    """What a sink with these options makes of a capture."""
    return preview(S3Sink(store=MemoryStore("captures"), null_values="ignore", **options), *batches(name))


def rows_of(objects: dict[str, bytes]) -> Rows:
    """The rows in all files, in the order of their offsets."""
    rows: Rows = {}
    for key in sorted(objects):
        topic, partition, _ = key.rsplit("/", 1)[1].rsplit("+", 2)
        rows.setdefault(TopicPartition(topic, int(partition)), []).extend(_rows_in(key, objects[key]))
    return rows


def _rows_in(key: str, data: bytes) -> list[Any]:
    if key.endswith(ParquetFormat().extension):
        found: list[Any] = pq.read_table(io.BytesIO(data)).to_pylist()
        return found
    return [read_exactly(line) for line in data.splitlines()]


def differences(wanted: Any, got: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where rows differ. A column that a file adds is null, and a float may be the nearest to a number."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name in wanted.keys() | got.keys():
            yield from differences(wanted.get(name), got.get(name), f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for index, (one, other) in enumerate(zip(wanted, got, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif wanted != got and not _is_nearest(wanted, got):
        yield path, wanted, got


def _is_nearest(wanted: Any, got: Any) -> bool:
    if not isinstance(wanted, Decimal | int) or not isinstance(got, float):
        return False
    return float(wanted) == got or struct.pack("<f", wanted) == struct.pack("<f", got)
