"""Layout, configuration, errors, retries, dead letters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import (
    ConfigError,
    ConversionError,
    CountingMetrics,
    Layout,
    RecordBatch,
    Route,
    Span,
    StoreRefusedError,
    StoreUnavailableError,
    TopicPartition,
)
from s3sink.config import Option, check, from_properties, parse_bytes, parse_milliseconds, problem_if
from s3sink.dlq import dead_letter
from s3sink.retry import Backoff, retrying

names = st.text("abcdefgh.-_+", min_size=1, max_size=12)


def test_the_key_of_a_file_is_the_one_that_kafka_connect_would_give_it() -> None:
    assert (
        Layout().key(Route("orders", "partition=3"), 3, 1200, ".avro") == "orders/partition=3/orders+3+0000001200.avro"
    )


@given(names, st.integers(0, 999), st.integers(0, 2**62), st.sampled_from([".json", ".json.gz", ".snappy.parquet"]))
def test_the_first_offset_can_be_read_from_a_key(topic: str, partition: int, offset: int, extension: str) -> None:
    layout = Layout()
    key = layout.key(Route(topic, "hour=05/x=1"), partition, offset, extension)
    assert layout.first_offset(key, partition) == offset
    assert layout.first_offset(key, partition + 1) is None


@pytest.mark.parametrize(
    "key", ["a/b/readme.txt", "orders/_SUCCESS", "orders/orders+0+12x.json", "orders/orders+0.json"]
)
def test_a_key_that_is_no_value_file_has_no_offset(key: str) -> None:
    assert Layout().first_offset(key, 0) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("64MiB", 64 << 20), ("2 GB", 2 * 10**9), ("1000", 1000), ("1.5KiB", 1536), (7, 7)],
)
def test_sizes(text: str | int, value: int) -> None:
    assert parse_bytes(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("250ms", 250), ("90s", 90_000), ("10m", 600_000), ("1h", 3_600_000), ("1d", 86_400_000), (5, 5)],
)
def test_durations(text: str | int, value: int) -> None:
    assert parse_milliseconds(text) == value


@pytest.mark.parametrize("text", ["", "ten", "10 parsecs", "-5s", "1e3"])
def test_what_is_no_duration_is_named_with_its_option(text: str) -> None:
    with pytest.raises(ConfigError, match=r"rotate: .*is not a duration such as"):
        parse_milliseconds(text, "rotate")


@dataclass(frozen=True)
class Example:
    """Something with options."""

    flush_size: int
    mode: Literal["a", "b"] = "a"
    fields: tuple[str, ...] = ()
    on: bool = True
    renamed: Annotated[str | None, Option("some.key")] = None

    def __post_init__(self) -> None:
        check("Example", [problem_if(self.flush_size < 1, "flush_size", "must be 1 or more")])


def test_properties_become_constructor_arguments_of_their_types() -> None:
    properties = {
        "x.flush.size": " 5 ",
        "x.mode": "b",
        "x.fields": "p, q",
        "x.on": "FALSE",
        "x.some.key": "v",
        "y": "?",
    }
    assert from_properties(Example, properties, "x.") == Example(5, "b", ("p", "q"), False, "v")


def test_every_problem_of_a_configuration_is_reported_with_its_key() -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(Example, {"x.mode": "c", "x.on": "maybe"}, "x.")
    assert [p.key for p in caught.value.problems] == ["x.flush.size", "x.mode", "x.on"]
    assert 'Missing required configuration "x.flush.size"' in str(caught.value)


def test_what_the_constructor_refuses_is_reported_under_the_key_of_the_file() -> None:
    with pytest.raises(ConfigError, match=r"x\.flush\.size: must be 1 or more"):
        from_properties(Example, {"x.flush.size": "0"}, "x.")


# ---------------------------------------------------------------------------------------------- retries
def test_a_retriable_error_is_asked_again_for_ever_and_counted() -> None:
    answers = iter([StoreUnavailableError("503")] * 7)
    waits: list[float] = []
    metrics = CountingMetrics()

    async def ask() -> str:
        for error in answers:
            raise error
        return "done"

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    backoff = Backoff(base=1, longest=8, random=lambda: 1.0, sleep=sleep)
    assert asyncio.run(retrying("it", ask, backoff, metrics)) == "done"
    assert waits == [1, 2, 4, 8, 8, 8, 8]
    assert metrics.counters["store_retries"] == 7


def test_an_error_that_is_not_retriable_comes_at_once() -> None:
    async def ask() -> str:
        raise StoreRefusedError("no such bucket")

    with pytest.raises(StoreRefusedError):
        asyncio.run(retrying("it", ask, Backoff()))


# ---------------------------------------------------------------------------------------------- dead letters
class Raw(NamedTuple):
    """A raw record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def test_a_dead_letter_has_the_record_byte_for_byte_and_connects_headers_in_connects_order() -> None:
    source = TopicPartition("orders", 2)
    raw = [Raw(o, 99, b"\x00k", b"\xffv", (("trace", None),)) for o in (40, 42)]
    batch = RecordBatch(source, Span(40, 43), raw=raw)
    error = ConversionError("not JSON", source=source, offset=42, executing="JsonConverter")
    letter = dead_letter(batch, error, sink="lake", context_headers=True)
    assert letter[:2] == (b"\x00k", b"\xffv")
    assert (letter.timestamp, letter.offset) == (99, 42)
    assert letter.headers[0] == ("trace", None)
    texts = {name.removeprefix("__connect.errors."): value for name, value in letter.headers[1:]}
    assert list(texts) == [
        "topic", "partition", "offset", "connector.name", "task.id", "stage", "class.name", "exception.class.name",
        "exception.message", "exception.stacktrace",
    ]  # fmt: skip
    assert (texts["topic"], texts["partition"], texts["offset"]) == (b"orders", b"2", b"42")
    assert (texts["stage"], texts["class.name"]) == (b"VALUE_CONVERTER", b"JsonConverter")
    assert texts["exception.message"] == b"not JSON"
    assert dead_letter(batch, error, sink="lake", context_headers=False).headers == (("trace", None),)
