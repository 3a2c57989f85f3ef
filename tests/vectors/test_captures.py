"""Change records of real databases come out of the unwrap as they come out of Debezium's, byte for byte."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Any

from s3sink.connect import build_converter, build_transforms
from s3sink.converters import JsonConverter
from s3sink.errors import RecordError
from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.transforms import Chain
from tests.vectors.files import from_base64, json_lines
from tests.vectors.test_transforms import apply

JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
WRITER = JsonConverter(schemas_enable=False)


def test_each_record_is_unwrapped_as_debezium_does(pairs: tuple[Path, int]) -> None:
    path, index = pairs
    meta = json_lines(path)[0]["meta"]
    chain = Chain(build_transforms(_properties(meta, index)).made)
    wanted = {
        (line["topic"], line["partition"], line["offset"]): line for line in json_lines(path)[1:] if line["c"] == index
    }
    wrong = []
    for record in raw_records(path.parent / meta["raw"]):
        answer = answer_of(chain, record)
        place = (*record.source, record.offset)
        if answer != _wanted(wanted.get(place, {"out": "same"})):
            wrong.append((place, answer, wanted.get(place)))
    assert wrong == []


def _properties(meta: dict[str, Any], index: int) -> dict[str, str]:
    smt = {f"transforms.unwrap.{key}": text for key, text in meta["configs"][index].items()}
    return {"transforms": "unwrap", "transforms.unwrap.type": meta["smt"].split()[0], **smt}


@cache
def raw_records(path: Path) -> list[SinkRecord]:
    """The records of a topic as the converter of a sink reads them. Headers stay as they are."""
    properties = {"value.converter": JSON_CONVERTER, "key.converter": JSON_CONVERTER}
    value, key = build_converter("value", properties).made, build_converter("key", properties).made
    assert value is not None
    assert key is not None
    return [_record(line, key, value) for line in json_lines(path)[1:]]


def _record(line: dict[str, Any], key_converter: Any, value_converter: Any) -> SinkRecord:
    topic = line["topic"]
    headers = tuple(Header(name, from_base64(data)) for name, data in line["headers"])
    key_schema, key = key_converter.convert(topic, from_base64(line["key_b64"]), ())
    value_schema, value = value_converter.convert(topic, from_base64(line["value_b64"]), ())
    source = TopicPartition(topic, line["partition"])
    return SinkRecord(source, line["offset"], line["timestamp"], topic, key, value, headers, key_schema, value_schema)


def answer_of(chain: Chain, record: SinkRecord) -> dict[str, Any]:
    """What becomes of a record, as the file of pairs says it."""
    rows, errors = apply(chain, record)
    if errors:
        return {"error": _error(errors[0])}
    if not rows:
        return {"out": "dropped"}
    row = rows[0]
    added = [[header.key, _text(header)] for header in row.headers[len(record.headers) :]]
    if row.value is record.value and row.value_schema is record.value_schema:
        return {"out": "same", "added_headers": added}
    value = WRITER.encode(row.topic, row.value_schema, row.value)
    return {
        "out": "changed",
        "topic": row.topic,
        "value": None if value is None else value.decode(),
        "value_schema_null": row.value_schema is None,
        "added_headers": added,
    }


def _error(error: RecordError) -> str:
    return f"{error.connect_class}: {error.reason}"


def _text(header: Header) -> str | None:
    if header.value is None:
        return None
    return header.value if isinstance(header.value, str) else str(header.value)


def _wanted(line: dict[str, Any]) -> dict[str, Any]:
    if "error" in line:
        return {"error": line["error"]}
    added = [[name, data and base64.b64decode(data).decode()] for name, data in line.get("added_headers", ())]
    if line["out"] == "dropped":
        return {"out": "dropped"}
    if line["out"] == "same":
        return {"out": "same", "added_headers": added}
    value = from_base64(line["value_b64"])
    return {
        "out": "changed",
        "topic": line.get("new_topic", line["topic"]),
        "value": None if value is None else value.decode(),
        "value_schema_null": line["value_schema_null"],
        "added_headers": added,
    }
