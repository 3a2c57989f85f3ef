"""Events of a user's own agent as batches: what `AttachedSink.write` makes of them."""

from __future__ import annotations

from collections import deque
from typing import Any

from s3sink.batch import RecordBatch, Span
from s3sink.record import TopicPartition


class EventReader:
    """Makes batches of single events. The spans come from the tap: an event alone does not know what lies before it.

    An agent may still hold events from before a rebalance or a rewind. They are not the next ones, however much they
    look like it: the consumer gives every event the number of its `epoch`, which goes up when reading begins anew.
    """

    def __init__(self, source: TopicPartition) -> None:
        self._source = source
        self._ends: deque[tuple[int, int]] = deque()  # offset of the last record of a fetch, where the fetch stops
        self._next: int | None = None
        self.epoch = 0

    def note(self, batch: RecordBatch) -> bool:
        """A fetch whose records will come as events; whether reading begins anew with it."""
        anew = self._next is None or batch.span.start < self._next
        if anew:
            self._ends.clear()
            self._next = batch.span.start
        if batch.n:
            self._ends.append((batch.offset_at(batch.n - 1), batch.span.stop))
        return anew

    def batch_of(self, message: Any) -> RecordBatch | None:
        """The event's record with the span from the last one written to this one; None for one that came before."""
        start, offset, stop = self._next, message.offset, message.offset + 1
        if start is None or offset < start or getattr(message, "epoch", 0) < self.epoch:
            return None
        while self._ends and self._ends[0][0] <= offset:
            last, end = self._ends.popleft()
            stop = end if last == offset else stop
        self._next = stop
        raw = EventRecord(offset, message.timestamp, message.key, message.value, message.headers)
        size = len(message.value or b"") + len(message.key or b"")
        return RecordBatch(self._source, Span(start, stop), raw=[raw], nbytes=size)


class EventRecord:
    """A Faust message as a raw record."""

    __slots__ = ("headers", "key", "offset", "timestamp", "value")

    def __init__(
        self, offset: int, seconds: float | None, key: bytes | None, value: bytes | None, headers: Any
    ) -> None:
        self.offset, self.key, self.value = offset, key, value
        self.timestamp = None if seconds is None else round(seconds * 1000)
        self.headers = tuple(headers.items() if isinstance(headers, dict) else headers or ())
