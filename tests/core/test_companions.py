"""Files of keys and headers beside the files of values: record i is record i, whatever was refused."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.converters import StringConverter
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import ConfigError, RecordError
from s3sink.formats import JsonFormat, ParquetFormat
from s3sink.offline import Message, Preview, batch_of, preview
from s3sink.rotation import FlushSize
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore

HEADERS = {"h": b"1", "g": b"x"}
BASE = "t/partition=0/t+0+0000000000"


def sink(**options: Any) -> S3Sink:
    defaults: dict[str, Any] = {
        "store": MemoryStore(),
        "rotation": [FlushSize(1000)],
        "key_converter": StringConverter(),
        "keys_format": JsonFormat(),
    }
    return S3Sink(**{**defaults, **options})


def written(messages: list[Any], **options: Any) -> Preview:
    return preview(sink(**options), batch_of("t", messages))


def lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.splitlines()]


def test_keys_and_headers_lie_beside_the_values() -> None:
    messages = [Message({"n": 0}, key="a", headers=HEADERS), Message({"n": 1}, key="b", headers=HEADERS)]
    objects = written(messages, headers_format=JsonFormat(compression="gzip")).objects
    assert sorted(objects) == [f"{BASE}.headers.json.gz", f"{BASE}.json", f"{BASE}.keys.json"]
    assert objects[f"{BASE}.keys.json"] == b'"a"\n"b"\n'


def test_headers_are_a_list_of_texts() -> None:
    objects = written([Message({}, key="a", headers=HEADERS)], headers_format=JsonFormat()).objects
    assert lines(objects[f"{BASE}.headers.json"]) == [
        {"headers": [{"key": "h", "value": "1"}, {"key": "g", "value": "x"}]}
    ]


def test_parquet_has_keys_in_a_column() -> None:
    objects = written([Message({"n": 0}, key="a")], keys_format=ParquetFormat(), format=ParquetFormat()).objects
    table = pq.read_table(io.BytesIO(objects[f"{BASE}.keys.snappy.parquet"]))
    assert table.to_pylist() == [{"key": "a"}]


def test_a_tombstone_has_a_key_and_no_value() -> None:
    messages = [Message({"n": 0}, key="a"), Message(None, key="b"), Message({"n": 2}, key="c"), Message(None, key="d")]
    objects = written(messages, null_values="write", tombstone_partition="deleted").objects
    assert objects == {
        f"{BASE}.json": b'{"n":0}\n{"n":2}\n',
        f"{BASE}.keys.json": b'"a"\n"c"\n',
        "t/deleted/t+0+0000000001.keys.json": b'"b"\n"d"\n',
    }


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message({"n": 1}, headers=HEADERS), "Key cannot be null for SinkRecord"),
        (Message({"n": 1}, key="b"), "Headers cannot be null for SinkRecord"),
        (Message({"n": 1}, key="b", headers={"h": None}), 'null used for required field: "value"'),
    ],
)
def test_a_record_without_what_is_to_be_written_is_refused_whole(message: Message, reason: str) -> None:
    good = Message({"n": 0}, key="a", headers=HEADERS)
    with pytest.raises(RecordError, match=reason):
        written([good, message], headers_format=JsonFormat())
    seen = written([good, message, good], headers_format=JsonFormat(), errors=DeadLetterTopic("dead"))
    assert [letter.offset for letter in seen.dead_letters] == [1]
    assert {name: len(lines(content)) for name, content in seen.objects.items()} == {
        f"{BASE}.json": 2,
        f"{BASE}.keys.json": 2,
        f"{BASE}.headers.json": 2,
    }


def test_tombstones_cannot_be_written_without_keys() -> None:
    with pytest.raises(ConfigError, match="mandatory when tombstone writing is enabled"):
        S3Sink(store=MemoryStore(), null_values="write")


keys = st.none() | st.text(min_size=1, max_size=3)
values = st.none() | st.just({"bad": float("nan")}) | st.dictionaries(st.sampled_from("ab"), st.integers(0, 9))


@given(st.lists(st.tuples(keys, values)), st.integers(1, 4))
def test_every_file_of_keys_is_in_step_with_its_values(records: list[tuple[str | None, Any]], size: int) -> None:
    messages = [
        Message(None if value is None else json.dumps({"n": n, **value}), key=None if key is None else f"{n}{key}")
        for n, (key, value) in enumerate(records)
    ]
    options: dict[str, Any] = {"null_values": "write", "errors": DeadLetterTopic("dead"), "rotation": [FlushSize(size)]}
    seen = written(messages, **options)
    values_of = {name: content for name, content in seen.objects.items() if ".keys." not in name}
    for name, content in values_of.items():
        companion = lines(seen.objects[name.replace(".json", ".keys.json")])
        assert [key.startswith(str(line["n"])) for key, line in zip(companion, lines(content), strict=True)]
    stored = sum(len(lines(c)) for name, c in seen.objects.items() if ".keys." in name)
    assert stored + len(seen.dead_letters) == len(records)
