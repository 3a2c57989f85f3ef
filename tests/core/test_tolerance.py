"""How long a record is tried again, in which order, and what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import ConfigError, ConversionError, CountingMetrics, DeadLetterTopic, MemoryStore, S3Sink, TransformError
from s3sink.config import from_properties
from s3sink.errors import FormatError, RecordError
from s3sink.record import SinkRecord, TopicPartition
from s3sink.testing.failing import TemporaryError
from s3sink.testing.virtual import VirtualLoop
from s3sink.tolerance import ErrorPolicy, Retries, Tolerance, is_retriable, policy_of

SOURCE = TopicPartition("orders", 0)


# ---------------------------------------------------------------------------------------------- the policy
def test_a_policy_has_the_names_and_defaults_of_a_connector_file() -> None:
    assert from_properties(ErrorPolicy, {}) == ErrorPolicy("none", 0, 60_000, False, False, None)
    told = {
        "errors.tolerance": "all",
        "errors.retry.timeout": "-1",
        "errors.retry.delay.max.ms": "500",
        "errors.log.enable": "true",
        "errors.log.include.messages": "true",
    }
    assert from_properties(ErrorPolicy, told) == ErrorPolicy("all", -1, 500, True, True, None)


def test_a_dead_letter_topic_has_the_names_of_a_connector_file_and_is_trimmed() -> None:
    told = {
        "errors.deadletterqueue.topic.name": " dlq ",
        "errors.deadletterqueue.context.headers.enable": "false",
        "errors.deadletterqueue.topic.replication.factor": "2",
    }
    assert from_properties(DeadLetterTopic, told) == DeadLetterTopic("dlq", False, 2)


def test_all_that_is_wrong_with_a_policy_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ErrorPolicy(tolerance="some", retry_timeout="soon", retry_delay_max=0)  # type: ignore[arg-type]
    assert [problem.key for problem in caught.value.problems] == ["tolerance", "retry_timeout", "retry_delay_max"]


@pytest.mark.parametrize("bad", [{"topic": " "}, {"topic": "t", "replication_factor": 0}])
def test_a_dead_letter_topic_that_cannot_be_made_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        DeadLetterTopic(**bad)


def test_durations_may_be_text() -> None:
    assert ErrorPolicy(retry_timeout="10m", retry_delay_max="5s") == ErrorPolicy("none", 600_000, 5000)


MEANINGS: list[tuple[Any, ErrorPolicy]] = [
    ("fail", ErrorPolicy()),
    (DeadLetterTopic("d"), ErrorPolicy("all", dead_letters=DeadLetterTopic("d"))),
    (ErrorPolicy("none", 5), ErrorPolicy("none", 5)),
]


@pytest.mark.parametrize(("errors", "policy"), MEANINGS)
def test_what_a_sink_says_about_errors_is_a_policy(errors: Any, policy: ErrorPolicy) -> None:
    assert policy_of(errors) == S3Sink(store=MemoryStore(), errors=errors).error_policy == policy


def test_a_sink_refuses_errors_that_are_no_policy() -> None:
    with pytest.raises(ConfigError, match="errors: must be"):
        S3Sink(store=MemoryStore(), errors="all")  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- delays
def _waits(policy: ErrorPolicy, most: int = 50) -> list[float]:
    """The waits of an error that lasts, with calls that take no time and a die that shows the middle."""
    waits: list[float] = []
    while len(waits) < most and (delay := policy.delay(len(waits) + 1, sum(waits), lambda: 0.5)) is not None:
        waits.append(delay)
    return waits


SEQUENCES: list[tuple[int, int, list[float]]] = [
    (0, 60_000, []),
    (1, 60_000, [1]),
    (1000, 60_000, [300, 600, 100]),
    (10_000, 60_000, [300, 600, 1200, 2400, 4800, 700]),
    (2000, 600, [300, 600, 300, 300, 300, 200]),
    (1000, 200, [100] * 10),
]


@pytest.mark.parametrize(("timeout", "longest", "waits"), SEQUENCES)
def test_waits_double_up_to_the_longest_and_end_with_the_time(timeout: int, longest: int, waits: list[float]) -> None:
    assert _waits(ErrorPolicy(retry_timeout=timeout, retry_delay_max=longest)) == waits


@given(st.integers(1, 10**5), st.integers(1000, 10**5))
def test_the_waits_of_an_error_that_lasts_fill_the_time_exactly(timeout: int, longest: int) -> None:
    waits = _waits(ErrorPolicy(retry_timeout=timeout, retry_delay_max=longest), most=1000)
    assert timeout - 1 < sum(waits) <= timeout + 1e-6
    assert max(waits) <= longest


@given(st.integers(1, 10**9), st.floats(0, 1e15), st.floats(0, 1, exclude_max=True))
def test_without_an_end_there_is_always_a_next_attempt(attempt: int, elapsed: float, thrown: float) -> None:
    delay = ErrorPolicy(retry_timeout=-1).delay(attempt, elapsed, lambda: thrown)
    assert delay is not None
    assert 0 <= delay <= 60_000


# ---------------------------------------------------------------------------------------------- what is retriable
class Busy(Exception):
    """Of no library of ours."""

    retriable = True


def _because(cause: BaseException, error: RecordError) -> RecordError:
    error.__cause__ = cause
    return error


def _marked(error: RecordError) -> RecordError:
    error.retriable = True
    return error


RETRIABLE: list[tuple[RecordError, bool]] = [
    (TransformError("no"), False),
    (_marked(ConversionError("registry")), True),
    (_because(TemporaryError("busy"), TransformError("busy")), True),
    (_because(Busy(), TransformError("busy")), True),
    (_because(ValueError(), TransformError("bad")), False),
    (_because(_because(Busy(), TransformError("inner")), TransformError("outer")), False),
    (_because(Busy(), FormatError("put")), False),
]


@pytest.mark.parametrize(("error", "retriable"), RETRIABLE)
def test_an_error_is_retriable_when_it_or_its_direct_cause_says_so_but_not_behind_the_transforms(
    error: RecordError, retriable: bool
) -> None:
    assert is_retriable(error) is retriable


# ---------------------------------------------------------------------------------------------- attempts
class World:
    """Records by offset, each with the errors that its attempts meet, in their order; time passes in waits only."""

    def __init__(self, policy: ErrorPolicy, **scripts: Sequence[RecordError | None]) -> None:
        self.policy, self.metrics = policy, CountingMetrics()
        self.scripts = {int(name[1:]): list(script) for name, script in scripts.items()}
        self.calls: list[int] = []
        self.waits: list[float] = []

    def run(self) -> tuple[list[int], list[int]]:
        """Offsets of the records that came through, and of those that did not."""
        loop = VirtualLoop()
        task = loop.create_task(self._run(lambda seconds: self._pause(loop, seconds)))
        while not task.done():
            loop.settle()
            loop.advance(self.waits[-1] if self.waits else 0)
        loop.close()
        rescued, failed = task.result()
        return [row.offset for row in rescued], [error.offset or 0 for error in failed]

    async def _run(self, pause: Callable[[float], Awaitable[None]]) -> tuple[list[SinkRecord], list[RecordError]]:
        met = [error for offset in self.scripts if (error := self._call(offset)) is not None]
        retries = Retries(self.policy, self.metrics, "orders", pause, dice=lambda: 0.5)
        return await retries.of(met, self._again)

    def _call(self, offset: int) -> RecordError | None:
        self.calls.append(offset)
        script = self.scripts[offset]
        error = script.pop(0) if len(script) > 1 else script[0]
        return None if error is None else error.at(SOURCE, offset)

    async def _again(self, error: RecordError) -> tuple[Sequence[SinkRecord], RecordError | None]:
        assert error.offset is not None
        failed = self._call(error.offset)
        row = SinkRecord(SOURCE, error.offset, None, "orders")
        return ([], failed) if failed is not None else ([row], None)

    async def _pause(self, loop: VirtualLoop, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(seconds)


def busy() -> RecordError:
    return _because(TemporaryError("busy"), TransformError("busy", executing="look_up"))


def bad() -> RecordError:
    return TransformError("bad", executing="look_up")


def test_an_error_that_passes_leaves_no_trace_but_in_the_counters() -> None:
    world = World(ErrorPolicy(retry_timeout=-1), o3=[busy(), busy(), None])
    assert world.run() == ([3], [])
    assert world.waits == [0.3, 0.6]
    assert world.metrics.counters == {"record_failures": 2, "record_retries": 2}


def test_an_error_that_lasts_is_met_four_times_in_a_second() -> None:
    world = World(ErrorPolicy(retry_timeout=1000), o3=[busy()])
    assert world.run() == ([], [3])
    assert world.calls == [3] * 4
    assert world.metrics.counters == {"record_failures": 4, "record_retries": 3}


def test_each_record_has_its_time_for_itself_and_its_first_call_is_made_anew_after_a_wait() -> None:
    world = World(ErrorPolicy("all", retry_timeout=1000), o1=[busy()], o2=[busy()], o4=[busy(), None])
    assert world.run() == ([4], [1, 2])
    assert world.calls == [1, 2, 4] + [1] * 3 + [2] * 4 + [4]
    assert world.metrics.counters == {"record_failures": 8, "record_retries": 6}


def test_an_error_of_another_kind_ends_the_attempts() -> None:
    world = World(ErrorPolicy(retry_timeout=-1), o1=[busy(), bad()])
    assert world.run() == ([], [1])
    assert world.waits == [0.3]


def test_a_step_further_on_has_its_time_for_itself() -> None:
    registry = _marked(ConversionError("registry"))
    world = World(ErrorPolicy(retry_timeout=1000), o1=[registry, registry, registry, busy(), busy(), busy(), None])
    assert world.run() == ([1], [])
    assert world.waits == pytest.approx([0.3, 0.6, 0.1, 0.3, 0.6, 0.1])


TOLERANCES: list[tuple[Tolerance, list[int]]] = [("none", [1, 2]), ("all", [1, 2, 2, 2, 2])]


@pytest.mark.parametrize(("tolerance", "calls"), TOLERANCES)
def test_where_the_task_ends_anyway_nothing_behind_the_first_failure_is_tried_again(
    tolerance: Tolerance, calls: list[int]
) -> None:
    world = World(ErrorPolicy(tolerance, retry_timeout=1000), o1=[bad()], o2=[busy()])
    assert world.run() == ([], [1, 2])
    assert world.calls == calls


def test_without_a_time_to_try_a_retriable_error_counts_once_more_as_in_connect() -> None:
    world = World(ErrorPolicy("all"), o1=[busy()], o2=[bad()])
    assert world.run() == ([], [1, 2])
    assert world.metrics.counters == {"record_failures": 1}  # the reports count both of them
