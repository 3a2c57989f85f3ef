"""The tap makes batches of fetched buffers: right offsets, right positions, checksums verified."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.types import TP

from s3sink import RecordBatch, Span, TopicPartition
from s3sink.agents import tap

SOURCE = TP("orders", 0)


class State:
    """What a subscription keeps for a partition."""

    paused = False

    def __init__(self, position: int) -> None:
        self.position = position

    def consumed_to(self, position: int) -> None:
        self.position = position


class Assignment:
    """An assignment of one partition."""

    active = True

    def __init__(self, position: int) -> None:
        self.state = State(position)

    def state_value(self, _: Any) -> State:
        return self.state


def kafka_batch(base: int, values: list[bytes]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=False, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1 << 20,
    )  # fmt: skip
    for i, value in enumerate(values):
        builder.append(i, 1_700_000_000_000, b"k", value, [])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")  # the broker sets it; the checksum does not cover it
    return bytes(data)


def fetched(data: bytes, position: int) -> tuple[tap.TapFetchResult, Assignment]:
    assignment = Assignment(position)
    part = fetcher.PartitionRecords(
        SOURCE, tap.KeptRecords(data), None, position, None, None, False, fetcher.READ_COMMITTED
    )
    return tap.TapFetchResult(SOURCE, assignment=assignment, partition_records=part, backoff=0), assignment


@pytest.fixture(autouse=True)
def _reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap._reading, "topics", frozenset({"orders"}), raising=False)


def taken(data: bytes, position: int) -> tuple[RecordBatch, Assignment]:
    result, assignment = fetched(data, position)
    (batch,) = result.getall()
    return batch, assignment


def test_the_installed_faust_and_aiokafka_have_every_name_that_the_tap_leans_on() -> None:
    assert tap.self_check() == tap.Missing((), ())


def test_all_records_of_a_fetch_become_one_batch_with_the_position_it_was_read_from() -> None:
    batch, assignment = taken(kafka_batch(10, [b"a", b"b"]) + kafka_batch(12, [b"c"]), 10)
    assert batch.span == Span(10, 13)
    assert list(batch.offsets) == [10, 11, 12]
    assert batch.values() == [b"a", b"b", b"c"]
    assert assignment.state.position == 13


def test_a_fetch_from_the_middle_of_a_batch_gives_only_what_was_asked_for() -> None:
    batch, _ = taken(kafka_batch(10, [b"a", b"b", b"c"]), 11)
    assert (batch.span, batch.values()) == (Span(11, 13), [b"b", b"c"])


def test_a_gap_before_the_first_record_belongs_to_the_span() -> None:
    batch, _ = taken(kafka_batch(20, [b"a"]), 15)
    assert (batch.span, list(batch.offsets)) == (Span(15, 21), [20])


def test_a_batch_that_lies_below_the_position_never_sets_it_back() -> None:
    batch, assignment = taken(kafka_batch(10, [b"a", b"b"]), 30)
    assert (batch.span, batch.n) == (Span(30, 30), 0)
    assert assignment.state.position == 30


@pytest.mark.parametrize("at", [-1, -5, 40, 58])
def test_a_flipped_bit_is_found(at: int) -> None:
    data = bytearray(kafka_batch(0, [b"some value", b"another"]))
    data[at] ^= 1
    result, _ = fetched(bytes(data), 0)
    with pytest.raises(CorruptRecordException, match="orders:0"):
        result.getall()


def test_other_topics_are_read_as_ever_with_their_checksums_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap._reading, "topics", frozenset({"elsewhere"}))
    result, _ = fetched(kafka_batch(0, [b"a"]), 0)
    assert [record.value for record in result.getall()] == [b"a"]
    data = bytearray(kafka_batch(0, [b"a"]))
    data[-1] ^= 1
    broken, _ = fetched(bytes(data), 0)
    with pytest.raises(CorruptRecordException):
        broken.getall()


class Item(NamedTuple):
    """As much of a consumer record as counts here."""

    offset: int
    value: bytes = b"{}"


def test_without_positions_every_gap_in_the_offsets_begins_another_batch() -> None:
    spans = [batch.span for batch in tap.without_positions(SOURCE, [Item(3), Item(4), Item(7), Item(8), Item(11)])]
    assert spans == [Span(3, 5), Span(7, 9), Span(11, 12)]


def test_agents_of_the_users_own_get_the_same_records_one_by_one() -> None:
    batch, _ = taken(kafka_batch(10, [b"a", b"b"]), 10)
    delivered: list[RecordBatch] = []
    scheduler = tap.TapScheduler(frozenset({"orders"}), delivered.append, lambda topic: True)
    records = [record for _, record in scheduler.iterate({SOURCE: [batch]})]
    assert delivered == [batch]
    assert [(r.topic, r.partition, r.offset, r.key, r.value) for r in records] == [
        ("orders", 0, 10, b"k", b"a"),
        ("orders", 0, 11, b"k", b"b"),
    ]
    assert TopicPartition(records[0].topic, records[0].partition) == batch.source
