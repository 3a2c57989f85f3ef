"""Who hears of a bad record: the counters, the log, the dead letter queue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from s3sink.batch import RecordBatch
from s3sink.clock import Clock
from s3sink.dlq import DeadLetter, DeadLetterQueue, dead_letter
from s3sink.errors import RecordError
from s3sink.metrics import Metrics, Name
from s3sink.tolerance import ErrorPolicy

log = logging.getLogger("s3sink.errors")


class ErrorReports:
    """Reports of one task. `executing` gives the full name of the class in which an error happened.

    A record is reported when `report` returns: its letter is acknowledged, so that the offset behind it may be
    committed. Otherwise `report` raises, and the record is met again.
    """

    def __init__(
        self,
        policy: ErrorPolicy,
        letters: DeadLetterQueue | None,
        metrics: Metrics,
        clock: Clock,
        executing: Callable[[RecordError], str],
        *,
        sink: str,
        task: str = "0",
    ) -> None:
        self._policy, self._letters, self._metrics, self._clock = policy, letters, metrics, clock
        self._executing, self._sink, self._task = executing, sink, task

    async def report(self, batch: RecordBatch, errors: Sequence[RecordError]) -> None:
        """Tell of the records of a batch as read that these errors are about. Raises what the queue raises."""
        self._count("record_failures", batch, len(errors))
        self._count("record_errors", batch, len(errors))
        self._metrics.set("last_error_timestamp", self._clock())
        if self._policy.log:
            for error in errors:
                self._write_line(batch, error)
            self._count("errors_logged", batch, len(errors))
        if self._policy.dead_letters is not None:
            await self._send(batch, [self._letter(batch, error) for error in errors])

    def _letter(self, batch: RecordBatch, error: RecordError) -> DeadLetter:
        assert self._policy.dead_letters is not None
        headers = self._policy.dead_letters.context_headers
        executing = self._executing(error)
        return dead_letter(batch, error, sink=self._sink, context_headers=headers, executing=executing, task=self._task)

    async def _send(self, batch: RecordBatch, letters: Sequence[DeadLetter]) -> None:
        if self._letters is None:
            raise ValueError(f"{self._policy.dead_letters} is asked for, but there is no queue to send letters to")
        self._count("dead_letter_requests", batch, len(letters))
        try:
            await self._letters.send(letters)
        except Exception:
            self._count("dead_letter_failures", batch, len(letters))
            raise
        self._count("records_dead_lettered", batch, len(letters))

    def _count(self, name: Name, batch: RecordBatch, n: int) -> None:
        self._metrics.add(name, n, topic=batch.source.topic)

    def _write_line(self, batch: RecordBatch, error: RecordError) -> None:
        """In Connect's form, with the trace of the error below it; never what is in the record."""
        where = f", where consumed record is {{{_coordinates(batch, error)}}}" if self._policy.log_messages else ""
        log.error(
            "Error encountered in task %s-%s. Executing stage '%s' with class '%s'%s.",
            self._sink, self._task, error.at_stage, self._executing(error), where, exc_info=error,
        )  # fmt: skip


def _coordinates(batch: RecordBatch, error: RecordError) -> str:
    assert error.offset is not None
    topic, partition = batch.source
    index = batch.index_of(error.offset)
    timestamp, record = batch.timestamps[index], batch._raw_items()[index]
    kind = "LogAppendTime" if getattr(record, "timestamp_type", 0) == 1 else "CreateTime"
    when = "" if timestamp is None else f", timestamp={timestamp}, timestampType={kind}"
    return f"topic='{topic}', partition={partition}, offset={error.offset}{when}"
