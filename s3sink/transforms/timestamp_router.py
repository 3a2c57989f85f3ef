"""Route records to topics by their timestamp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from s3sink.batch import RecordBatch
from s3sink.config import Option
from s3sink.errors import ILLEGAL_ARGUMENT, TransformError
from s3sink.record import SinkRecord
from s3sink.simple_date_format import SimpleDateFormat
from s3sink.transforms._fields import freeze
from s3sink.transforms._record_text import record_text

_MAX_ROUTES = 10_000


@dataclass(frozen=True, slots=True)
class TimestampRouter:
    """Names the topic after the record's topic and its timestamp, in UTC.

    Every `${topic}` in `topic_format`, then every `${timestamp}`, is replaced. A record without a timestamp is an
    error. As in Connect, a pattern that is wrong shows when the first record comes.
    """

    topic_format: Annotated[str, Option(doc="The new name, with `${topic}` and `${timestamp}`.")] = (
        "${topic}-${timestamp}"
    )
    timestamp_format: Annotated[str, Option(doc="Java's SimpleDateFormat pattern for the timestamp.")] = "yyyyMMdd"
    _routes: dict[tuple[str, int], str] = field(init=False, repr=False, compare=False, default_factory=dict)
    _text: Callable[[int], str] = field(init=False, repr=False, compare=False, default=str)
    _unit: int = field(init=False, repr=False, compare=False, default=1)

    def __post_init__(self) -> None:
        try:
            pattern = SimpleDateFormat(self.timestamp_format)
            freeze(self, _text=pattern.format, _unit=pattern.finest_unit)
        except ValueError as error:
            freeze(self, _text=_refusing(str(error)))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with its new topic."""
        timestamp = record.timestamp
        if timestamp is None:
            raise TransformError(f"Timestamp missing on record: {record_text(record)}")
        return SinkRecord(
            record.source,
            record.offset,
            timestamp,
            self._route(record.topic, timestamp),
            record.key,
            record.value,
            record.headers,
            record.key_schema,
            record.value_schema,
        )

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with its new topic, where all records have the same."""
        routes = {None if timestamp is None else self._route(batch.topic, timestamp) for timestamp in batch.timestamps}
        route = routes.pop() if len(routes) == 1 else None
        return None if route is None else batch.with_topic(route)

    def _route(self, topic: str, timestamp: int) -> str:
        when = timestamp // self._unit
        return self._routes.get((topic, when)) or self._remember(topic, when)

    def _remember(self, topic: str, when: int) -> str:
        new = self.topic_format.replace("${topic}", topic).replace("${timestamp}", self._text(when * self._unit))
        if len(self._routes) >= _MAX_ROUTES:
            self._routes.clear()
        self._routes[topic, when] = new
        return new


def _refusing(complaint: str) -> Callable[[int], str]:
    def refuse(timestamp: int) -> str:
        raise TransformError(complaint, connect_class=ILLEGAL_ARGUMENT)

    return refuse
