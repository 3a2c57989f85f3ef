"""The stages that fail as told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from s3sink import BytesFormat, DefaultPartitioner, JsonConverter, JsonFormat, MemoryStore, S3Sink, SinkRecord
from s3sink.formats import Format
from s3sink.offline import batch_of, preview
from s3sink.testing.failing import (
    FailingConverter,
    FailingFormat,
    FailingPartitioner,
    FailingTransform,
    TemporaryError,
)


def never(_: Any) -> bool:
    return False


def unchanged(record: SinkRecord) -> SinkRecord:
    return record


WRAPPED: dict[str, Callable[[], dict[str, Any]]] = {
    "converter": lambda: {"converter": FailingConverter(JsonConverter(), when=never)},
    "key converter": lambda: {"key_converter": FailingConverter(S3Sink(store=MemoryStore()).key_converter, when=never)},
    "transform": lambda: {"transforms": [FailingTransform(unchanged, when=never)]},
    "partitioner": lambda: {"partitioner": FailingPartitioner(DefaultPartitioner(), when=never)},
    "format": lambda: {"format": FailingFormat(JsonFormat(), when=never)},
}


@pytest.mark.parametrize("stage", WRAPPED)
def test_a_stage_that_never_fails_is_the_one_behind_it(stage: str) -> None:
    batch = batch_of("orders", [{"id": n} for n in range(3)])
    plain, wrapped = S3Sink(store=MemoryStore()), S3Sink(store=MemoryStore(), **WRAPPED[stage]())
    assert preview(wrapped, batch).objects == preview(plain, batch).objects
    assert wrapped.deterministic


@pytest.mark.parametrize("stage", WRAPPED)
def test_a_worker_that_is_started_again_finds_the_same_configuration(stage: str) -> None:
    one, other = (S3Sink(store=MemoryStore(), **WRAPPED[stage]()) for _ in range(2))
    assert one.fingerprint == other.fingerprint
    assert " at 0x" not in repr(WRAPPED[stage]()).replace(repr(unchanged), "")


def test_each_thing_fails_so_many_times_of_its_own() -> None:
    converter = FailingConverter(JsonConverter(), when=lambda data: data != b"3", error=TemporaryError, times=1)
    outcomes = []
    for data in (b"1", b"2", b"3", b"1", b"2"):
        try:
            outcomes.append(converter.convert("orders", data, ())[1])
        except TemporaryError:
            outcomes.append("failed")
    assert outcomes == ["failed", "failed", 3, 1, 2]


async def look_up(record: SinkRecord) -> SinkRecord:
    return record.replace(value={"found": record.value})


def test_a_transform_that_has_to_be_awaited_is_awaited() -> None:
    sink = S3Sink(store=MemoryStore(), transforms=[FailingTransform(look_up, when=never)])
    assert list(preview(sink, batch_of("orders", [1])).objects.values()) == [b'{"found":1}\n']


class Plain:
    """A format without `prepare`."""

    extension = ".bin"

    def open(self, sink: Any, schema: Any) -> Any:
        return BytesFormat().open(sink, schema)


def test_a_format_refuses_its_records_whether_or_not_the_one_behind_it_prepares_them() -> None:
    formats: list[Format] = [JsonFormat(), Plain()]
    batch = batch_of("orders", [b"1", b"2", b"3"])
    for format in formats:
        failing = FailingFormat(format, when=lambda record: record.value == b"2")
        batches, errors = failing.prepare(batch.with_rows(list(batch.records())))
        assert [error.offset for error in errors] == [1]
        assert sum(b.n for b in batches) == 2
