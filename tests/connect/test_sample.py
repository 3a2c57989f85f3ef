"""Samples as people have them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.connect.sample import SampleRecord, parse_sample
from s3sink.errors import ConfigError

LINES = [
    (b'{"id": 1.50}', SampleRecord(b'{"id": 1.50}')),
    (b"plain text", SampleRecord(b"plain text")),
    (b'{"value": {"id": 1.50}}', SampleRecord(b'{"id": 1.50}', headers={})),
    (b'{"value": "text", "key": 7}', SampleRecord(b"text", b"7", headers={})),
    (b'{"value": null, "key": "k"}', SampleRecord(None, b"k", headers={})),
    (b'{"value": 1, "price": 2}', SampleRecord(b'{"value": 1, "price": 2}')),
    (b'{"value_base64": "AAE="}', SampleRecord(b"\x00\x01", headers={})),
    (b'{"value": 1, "timestamp": "1970-01-01T00:00:01Z"}', SampleRecord(b"1", None, 1000, {})),
    (
        b'{"value": 1, "timestamp": 5, "headers": {"a": "x", "b": null}, "topic": "t", "partition": 2, "offset": 9}',
        SampleRecord(b"1", None, 5, {"a": b"x", "b": None}, "t", 2, 9),
    ),
    (
        b'{"topic":"t","partition":1,"offset":3,"tstype":"create","ts":5,"broker":0,"headers":["h","v"],'
        b'"key":"k","payload":"{\\"id\\":1}"}',
        SampleRecord(b'{"id":1}', b"k", 5, {"h": b"v"}, "t", 1, 3),
    ),
    (b'CreateTime:5\tPartition:1\tOffset:3\tk\t{"id":1}', SampleRecord(b'{"id":1}', b"k", 5, None, None, 1, 3)),
    (b"CreateTime:5\tnull\tnull", SampleRecord(None, None, 5)),
    (b"NO_TIMESTAMP\tOffset:3\tvalue", SampleRecord(b"value", None, None, None, None, None, 3)),
    (b"a\tb", SampleRecord(b"a\tb")),
]


@pytest.mark.parametrize(("line", "record"), LINES)
def test_a_line_is_a_record(line: bytes, record: SampleRecord) -> None:
    assert parse_sample(line + b"\r\n\n") == [record]


def test_with_plain_every_line_is_a_value() -> None:
    assert parse_sample(b'{"value": 1}\n', plain=True) == [SampleRecord(b'{"value": 1}')]


def test_every_bad_line_is_told_with_its_number() -> None:
    lines = [
        b'{"value": 1, "timestamp": "yesterday"}',
        b'{"value": 1}',
        b'{"value_base64": "?"}',
        b'{"value": 1, "partition": -1}',
        b'{"value": 1, "headers": []}',
        b'{"value": 1, "timestamp": "2026-01-01T00:00:00"}',
        b'{"value": 1, "topic": 1}',
    ]
    with pytest.raises(ConfigError) as told:
        parse_sample(b"\n".join([*lines[:4], b'{"value": 1, "headers": [1]}', *lines[5:]]))
    assert [problem.key for problem in told.value.problems] == [f"line {n}" for n in (1, 3, 4, 5, 6, 7)]


def test_a_sample_without_records_is_told() -> None:
    with pytest.raises(ConfigError, match="has no records"):
        parse_sample(b"\n\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), JSON, max_size=3), st.integers(0, 2**40), st.integers(0, 99))
def test_a_record_comes_back_as_it_was_written(value: dict[str, Any], timestamp: int, partition: int) -> None:
    line = json.dumps({"value": value, "timestamp": timestamp, "partition": partition}).encode()
    (record,) = parse_sample(line)
    assert (json.loads(record.value or b""), record.timestamp, record.partition) == (value, timestamp, partition)


@given(st.binary(max_size=80))
def test_no_sample_ends_in_anything_but_records_or_problems(data: bytes) -> None:
    with suppress(ConfigError):
        assert parse_sample(data)
