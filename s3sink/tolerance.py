"""What a bad record does to its task: how long it is tried again, who hears of it, and whether the task goes on."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from s3sink.config import Option, check, parse_milliseconds, problem_if
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import ConfigError, Problem, RecordError
from s3sink.metrics import Metrics
from s3sink.record import SinkRecord

Outcome = tuple[Sequence[SinkRecord], RecordError | None]
"""A record after an attempt, or nothing if it was dropped, and None; or nothing, and its error."""
Again = Callable[[RecordError], Awaitable[Outcome]]
"""One more attempt on the record of an error."""

log = logging.getLogger("s3sink.task")

Tolerance = Literal["none", "all"]
_FIRST_DELAY_MS = 300


@dataclass(frozen=True, slots=True)
class ErrorPolicy:
    """What happens to a record that a converter or a transform fails on, or that the partitioner or the format refuses.

    In this order, as Kafka Connect does it:

    1. An error that says of itself `retriable = True` is tried again for `retry_timeout` (milliseconds or "10m"; -1 for
       ever), if a converter or a transform raised it: after 300 ms, 600 ms, 1200 ms and so on, after a random time up
       to `retry_delay_max` where that is less. Its partition waits; the others go on. Converters and transforms see
       such a record anew from its bytes.
    2. What is still an error is reported: a line in the log where `log` says so, a letter to `dead_letters`. The letter
       is acknowledged before the offset behind the record is committed.
    3. The task ends with the error (`tolerance="none"`), or goes on without the record (`"all"`), which is counted.
       With neither log nor dead letters the counters (`record_errors`, `records_tolerated`) are all that is left of it.

    `log_messages` adds to the line where the record was read, never what is in it. Beware that the trace below the line
    has the text of the error, which may quote the record.
    """

    tolerance: Annotated[Tolerance, Option("errors.tolerance", '"none" ends the task, "all" goes on.')] = "none"
    retry_timeout: Annotated[
        int | str,
        Option("errors.retry.timeout", "How long retriable errors are tried again; 0 not at all, -1 for ever."),
    ] = 0
    retry_delay_max: Annotated[int | str, Option("errors.retry.delay.max.ms", "Longest time between two tries.")] = (
        60_000
    )
    log: Annotated[bool, Option("errors.log.enable", "Write a line for each bad record.")] = False
    log_messages: Annotated[
        bool, Option("errors.log.include.messages", "Add topic, partition, offset and timestamp to the line.")
    ] = False
    dead_letters: DeadLetterTopic | None = None

    def __post_init__(self) -> None:
        known = self.tolerance in ("none", "all")
        timeout, first = _milliseconds(self.retry_timeout, "retry_timeout")
        longest, second = _milliseconds(self.retry_delay_max, "retry_delay_max")
        too_short = second is None and longest < 1
        check(
            "ErrorPolicy",
            [
                problem_if(not known, "tolerance", f'{self.tolerance!r} is neither "none" nor "all"'),
                first,
                second or problem_if(too_short, "retry_delay_max", "must be 1 millisecond or more"),
            ],
        )
        object.__setattr__(self, "retry_timeout", timeout)
        object.__setattr__(self, "retry_delay_max", longest)

    @property
    def retries(self) -> bool:
        """Whether anything is tried again."""
        return self.retry_timeout != 0

    def delay(self, attempt: int, elapsed: float, dice: Callable[[], float] = random.random) -> float | None:
        """Milliseconds to wait after attempt number `attempt` (from 1) has failed; None: that was the last one.

        `elapsed` is the time since the first one. With a timeout of 1000 an error that lasts is met four times.

        >>> policy = ErrorPolicy(retry_timeout=1000)
        >>> [policy.delay(attempt, elapsed) for attempt, elapsed in ((1, 0), (2, 300), (3, 900), (4, 1000))]
        [300, 600, 100, None]
        """
        timeout, longest = int(self.retry_timeout), int(self.retry_delay_max)
        remaining = float("inf") if timeout < 0 else timeout - elapsed
        if remaining < 1:
            return None
        delay: float = _FIRST_DELAY_MS << min(attempt - 1, 40)
        return min(delay if delay <= longest else dice() * longest, remaining)


def _milliseconds(value: int | str, key: str) -> tuple[int, Problem | None]:
    try:
        return parse_milliseconds(value, key), None
    except ConfigError as error:
        return 0, error.problems[0]


def policy_of(errors: Literal["fail"] | DeadLetterTopic | ErrorPolicy) -> ErrorPolicy:
    """What `S3Sink(errors=...)` means: "fail" tolerates nothing, a topic takes every bad record."""
    if isinstance(errors, ErrorPolicy):
        return errors
    if isinstance(errors, DeadLetterTopic):
        return ErrorPolicy(tolerance="all", dead_letters=errors)
    return ErrorPolicy()


class Retries:
    """Attempts on the records of one batch that a retriable error met. `pause` waits for so many seconds."""

    def __init__(
        self,
        policy: ErrorPolicy,
        metrics: Metrics,
        topic: str,
        pause: Callable[[float], Awaitable[None]],
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._policy, self._metrics, self._topic, self._pause, self._dice = policy, metrics, topic, pause, dice
        self._waited = False

    async def of(self, errors: Iterable[RecordError], again: Again) -> tuple[list[SinkRecord], list[RecordError]]:
        """The records that came through, and an error of each that did not, both in the order of their offsets.

        Each record has its time for itself. Where the task ends at the first error, what lies behind it is not tried.
        """
        rescued: list[SinkRecord] = []
        failed: list[RecordError] = []
        for error in sorted(errors, key=_offset):
            hopeless = failed and self._policy.tolerance == "none"
            rows, last = ((), error) if hopeless else await self._outcome(error, again)
            rescued += rows
            failed += [last] if last is not None else []
        return rescued, failed

    async def _outcome(self, error: RecordError, again: Again) -> Outcome:
        """What becomes of a record in the end. An error from before a wait is stale: the call is made anew."""
        outcome: Outcome = ((), error)
        if self._waited and is_retriable(error):
            await asyncio.sleep(0)
            outcome = await again(error)
        attempt, begun = 1, self._now()
        while (failed := outcome[1]) is not None and is_retriable(failed):
            self._metrics.add("record_failures", 1, topic=self._topic)
            delay = self._policy.delay(attempt, self._now() - begun, self._dice)
            if delay is None:
                break
            outcome = await self._next_attempt(failed, delay, again)
            if outcome[1] is not None and _step(outcome[1]) != _step(failed):
                attempt, begun = 0, self._now()  # it got further: the next step has its time for itself
            attempt += 1
        return outcome

    async def _next_attempt(self, error: RecordError, delay: float, again: Again) -> Outcome:
        log.warning("%s; tried again in %.1f s", error, delay / 1000)
        await self._pause(delay / 1000)
        self._waited = True
        self._metrics.add("record_retries", 1, topic=self._topic)
        return await again(error)

    def _now(self) -> float:
        """Milliseconds, of the event loop: no change of the wall clock makes a time-out longer."""
        return asyncio.get_running_loop().time() * 1000


def _offset(error: RecordError) -> int:
    return error.offset or 0


def _step(error: RecordError) -> tuple[str, str]:
    return error.at_stage, error.executing_class


def is_retriable(error: RecordError) -> bool:
    """Whether the error of a converter or a transform, or the exception that it was made of, says so."""
    if error.at_stage == "TASK_PUT":
        return False
    return any(getattr(each, "retriable", False) is True for each in (error, error.__cause__))
