"""Route records to topics by a timestamp in their value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.date_pattern import has_two_digit_year, parse_pattern
from s3sink.errors import Problem, TransformError
from s3sink.java_class import java_class
from s3sink.record import SinkRecord
from s3sink.simple_date_format import SimpleDateFormat
from s3sink.transforms._fields import freeze, names_problem, not_a_map, with_topic
from s3sink.transforms.timestamp_router import TimestampRouter

_PURPOSE = "routing by a timestamp in the message"
_NO_ROUTER: TimestampRouter = cast("TimestampRouter", None)
_NO_PATTERN: SimpleDateFormat = cast("SimpleDateFormat", None)


@dataclass(frozen=True, slots=True)
class MessageTimestampRouter:
    """Names the topic after the record's topic and a timestamp in its value, in UTC.

    The timestamp is a text in the first of the fields that is there and not null. Values are maps: structs are refused,
    as in Confluent's class. A record without such a field, or with something else in it, is an error.

    >>> MessageTimestampRouter("yyyy.MM.dd", "yyyy-MM-dd", ["timestamp", "time"], topic_format="${topic}-${timestamp}")
    MessageTimestampRouter(topic_timestamp_format='yyyy.MM.dd', message_timestamp_format='yyyy-MM-dd', \
message_timestamp_keys=('timestamp', 'time'), topic_format='${topic}-${timestamp}')
    """

    topic_timestamp_format: Annotated[str, Option(doc="Java's SimpleDateFormat pattern for the name of the topic.")]
    message_timestamp_format: Annotated[str, Option(doc="Java's SimpleDateFormat pattern of the texts in the fields.")]
    message_timestamp_keys: Annotated[Sequence[str], Option(doc="Fields that may hold the timestamp, the best first.")]
    topic_format: Annotated[str, Option(doc="The new name, with `${topic}` and `${timestamp}`.")] = (
        "${topic}-${timestamp}"
    )
    _router: TimestampRouter = field(init=False, repr=False, compare=False, default=_NO_ROUTER)
    _texts: SimpleDateFormat = field(init=False, repr=False, compare=False, default=_NO_PATTERN)

    def __post_init__(self) -> None:
        check("MessageTimestampRouter", self._problems())
        freeze(
            self,
            message_timestamp_keys=tuple(self.message_timestamp_keys),
            _router=TimestampRouter(self.topic_format, self.topic_timestamp_format),
            _texts=SimpleDateFormat(self.message_timestamp_format),
        )

    def _problems(self) -> list[Problem | None]:
        return [
            _pattern_problem("topic_timestamp_format", self.topic_timestamp_format),
            _pattern_problem("message_timestamp_format", self.message_timestamp_format),
            names_problem("message_timestamp_keys", self.message_timestamp_keys, required=True),
        ]

    @property
    def deterministic(self) -> bool:
        """False when it reads years of two digits, whose century depends on the day on which it was made."""
        return not has_two_digit_year(parse_pattern(self.message_timestamp_format))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with its new topic."""
        value, schema = record.value, record.value_schema
        if type(value) is not dict or (schema is not None and schema.type == "struct"):
            raise not_a_map(value, _PURPOSE, schema)
        return with_topic(record, self._router._route(record.topic, self._instant(value)))

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with its new topic, where all records have the same."""
        was_text = not batch.holds_documents
        documents = batch.documents()
        if set(map(type, documents)) != {dict}:
            return None
        routes = {self._router._route(batch.topic, self._instant(document)) for document in documents}
        if len(routes) > 1:
            return None
        return (batch if was_text else batch.with_documents(documents)).with_topic(routes.pop())

    def _instant(self, value: dict[str, Any]) -> int:
        text = self._text(value)
        found = self._texts.parse(text)
        if found is None:
            raise TransformError(f"{text!r} does not match the pattern {self.message_timestamp_format}")
        return found

    def _text(self, value: dict[str, Any]) -> str:
        for key in self.message_timestamp_keys:
            text = value.get(key)
            if type(text) is str:
                return text
            if text is not None:
                raise TransformError(f"the field {key} is no text but {java_class(text)}")
        raise TransformError(f"none of the fields {', '.join(self.message_timestamp_keys)} is there")


def _pattern_problem(name: str, pattern: str) -> Problem | None:
    if not pattern.strip():
        return Problem(name, "a SimpleDateFormat pattern is needed")
    try:
        parse_pattern(pattern)
    except ValueError as error:
        return Problem(name, f"Invalid value {pattern} for configuration {name.replace('_', '.')}: {error}")
    return None
