"""A chain of transforms over batches."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.errors import ConfigError, RecordError, TransformError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import Field, Schema
from s3sink.transforms import (
    Chain,
    InsertField,
    MaskField,
    RecordIsTombstone,
    RegexRouter,
    ReplaceField,
    TransformLike,
    When,
)

SOURCE = TopicPartition("orders", 3)
STRUCT = Schema(
    type="struct", fields=(Field("a", Schema(type="int32", optional=True)), Field("email", Schema(type="string")))
)


def batch_of(*values: Any, schema: Schema | None = None) -> RecordBatch:
    rows = [
        SinkRecord(SOURCE, 10 + 2 * i, 1000 + i, "orders", None, value, (), None, schema)
        for i, value in enumerate(values)
    ]
    return RecordBatch(SOURCE, Span(9, 11 + 2 * len(rows)), rows=rows)


def odd_out(record: SinkRecord) -> SinkRecord | None:
    return None if record.value["a"] % 2 else record


def divide(record: SinkRecord) -> SinkRecord:
    return record.replace(value={"a": 12 // record.value["a"]})


async def look_up(record: SinkRecord) -> SinkRecord | None:
    await asyncio.sleep(0)
    return divide(record)


def run(chain: Chain, batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
    return asyncio.run(chain.apply_async(batch)) if chain.is_async else chain.apply(batch)


STEPS: list[Any] = [
    InsertField(timestamp_field="ts", topic_field="topic"),
    MaskField(["email"]),
    MaskField(["a"], replacement="oops"),
    ReplaceField(exclude=["ts"]),
    ReplaceField(renames={"email": "mail"}),
    MaskField(["k"], of="key"),
    RegexRouter("(.*)", "lake-$1"),
    When(RecordIsTombstone(), lambda record: None),
    odd_out,
    divide,
]
VALUES = st.none() | st.just("text") | st.fixed_dictionaries({"a": st.none() | st.integers(0, 4), "email": st.text()})


def one_by_one(steps: list[Any], record: SinkRecord) -> tuple[SinkRecord | None, str | None]:
    """What a chain means, in the plainest words."""
    result: SinkRecord | None = record
    for step in steps:
        try:
            result = step.apply(result) if hasattr(step, "apply") else step(result)
        except Exception as error:
            reason = error.reason if isinstance(error, RecordError) else f"{type(error).__name__}: {error}"
            name = getattr(step, "__name__", None) or type(step).__name__
            return None, f"TRANSFORMATION in {name}: {reason} (topic=orders partition=3 offset={record.offset})"
        if result is None:
            break
    return result, None


@given(
    st.lists(st.sampled_from(STEPS), min_size=2, max_size=6), st.lists(VALUES, min_size=1, max_size=5), st.booleans()
)
@example(STEPS, [{"a": 2, "email": "x"}, {"a": None, "email": "x"}, {"a": 3, "email": "x"}], False)
@example([STEPS[0], STEPS[1]], [{"a": 2, "email": "x"}], False)
@example([STEPS[0], STEPS[2]], [{"a": 2, "email": "x"}], False)
@example([STEPS[0], STEPS[6], STEPS[1], STEPS[3]], [{"a": 2, "email": "x"}], True)
def test_a_chain_does_what_its_steps_do_one_by_one(steps: list[Any], values: list[Any], typed: bool) -> None:
    batch = batch_of(*values, schema=STRUCT if typed else None)
    before = repr(batch.records())
    expected = [one_by_one(steps, record) for record in batch.records()]
    for got, errors in (Chain(steps).apply(batch), asyncio.run(Chain(steps).apply_async(batch))):
        assert list(got.records()) == [record for record, error in expected if record is not None]
        assert [str(error) for error in errors] == [error for _, error in expected if error is not None]
        assert got.span == batch.span
        assert repr(batch.records()) == before


def test_a_filter_shortens_the_batch_not_the_span() -> None:
    batch = batch_of({"a": 1}, {"a": 2}, {"a": 3})
    got, errors = Chain([odd_out]).apply(batch)
    assert (list(got.offsets), got.span, errors) == ([12], Span(9, 17), [])


@pytest.mark.parametrize("step", [divide, look_up, functools.partial(look_up), When(lambda r: True, look_up)])
def test_an_exception_fails_one_record_only(step: TransformLike) -> None:
    got, errors = run(Chain([step]), batch_of({"a": 1}, {"a": 0}, {"a": 3}))
    assert [record.value for record in got.records()] == [{"a": 12}, {"a": 4}]
    (error,) = errors
    assert isinstance(error, TransformError)
    assert (error.source, error.offset, error.at_stage) == (SOURCE, 12, "TRANSFORMATION")
    assert error.executing in ("divide", "look_up")
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_an_error_in_fused_steps_names_the_one_that_failed() -> None:
    chain = Chain([InsertField(topic_field="t"), MaskField(["a"]), ReplaceField(exclude=["t"])])
    got, errors = chain.apply(batch_of({"a": b"bytes"}, {"a": 5}))
    assert [record.value for record in got.records()] == [{"a": 0}]
    assert [(e.executing, str(e.__cause__)) for e in errors] == [
        ("MaskField", "TRANSFORMATION: Cannot mask value of type: class [B")
    ]


def test_a_failing_predicate_counts_as_the_guarded_transform_failing() -> None:
    _, errors = Chain([When(lambda r: r.value["nope"], MaskField(["a"]))]).apply(batch_of({"a": 1}))
    assert [(e.executing, e.reason) for e in errors] == [("MaskField", "KeyError: 'nope'")]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda r: r.value, "returned dict, not a record or None"),
        (lambda r: r.replace(offset=1), "may not change where a record was read"),
        (lambda r: r.replace(source=TopicPartition("x", 0)), "may not change where a record was read"),
        (lambda r: look_up(r), "the transform has to be awaited"),
    ],
)
def test_a_step_that_returns_something_else_fails_the_record(step: TransformLike, reason: str) -> None:
    got, errors = Chain([step]).apply(batch_of({"a": 1}))
    assert got.n == 0
    assert [reason in e.reason for e in errors] == [True]


class Lookup:
    """A transform of the user's own."""

    deterministic = False

    async def apply(self, record: SinkRecord) -> SinkRecord | None:
        return await look_up(record)


@pytest.mark.parametrize(
    ("steps", "is_async", "deterministic"),
    [
        ([], False, True),
        ([odd_out, MaskField(["a"])], False, True),
        ([odd_out, look_up], True, True),
        ([functools.partial(look_up)], True, True),
        ([Lookup()], True, False),
        ([When(lambda r: True, Lookup())], True, False),
        ([When(lambda r: True, odd_out)], False, True),
    ],
)
def test_a_chain_knows_what_it_is_made_of(steps: list[TransformLike], is_async: bool, deterministic: bool) -> None:
    chain = Chain(steps)
    assert (chain.is_async, chain.deterministic) == (is_async, deterministic)


def test_the_order_is_kept_across_waits() -> None:
    got, _ = asyncio.run(Chain([look_up]).apply_async(batch_of(*({"a": 1 + i % 7} for i in range(500)))))
    assert list(got.offsets) == list(range(10, 1010, 2))


def test_a_long_batch_lets_others_run() -> None:
    async def scenario() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        other = asyncio.create_task(tick())
        await Chain([odd_out]).apply_async(batch_of(*({"a": i} for i in range(1000))))
        other.cancel()
        return ticks

    assert asyncio.run(scenario()) >= 4


def test_an_empty_chain_returns_the_batch_itself() -> None:
    batch = batch_of({"a": 1})
    assert Chain().apply(batch)[0] is batch


def test_what_cannot_be_a_transform_is_refused_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Chain([MaskField, odd_out, 5])  # type: ignore[list-item]
    assert [problem.key for problem in caught.value.problems] == ["transforms[0]", "transforms[2]"]
