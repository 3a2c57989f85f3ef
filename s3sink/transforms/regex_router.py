"""Route records to other topics by the name of their topic."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.record import SinkRecord
from s3sink.transforms._fields import freeze
from s3sink.transforms._regex import compile_java, compile_replacement, regex_problem

_MAX_TOPICS = 10_000


@dataclass(frozen=True, slots=True)
class RegexRouter:
    """A topic that `regex` matches as a whole gets a new name; others stay.

    Java's rules: the first match of `regex` in the name is replaced, `$1` or `${name}` in `replacement` is a group, a
    backslash escapes. A reference to a group that is not there fails the records that match.
    """

    regex: Annotated[str, Option(doc="Java regular expression for the whole topic name.")]
    replacement: Annotated[str, Option(doc="The new name, with references to groups.")]
    _routes: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)
    _matches: Callable[[str], object] = field(init=False, repr=False, compare=False, default=bool)
    _replaced: Callable[[str], str] = field(init=False, repr=False, compare=False, default=str)

    def __post_init__(self) -> None:
        check("RegexRouter", [regex_problem("regex", self.regex)])
        pattern = compile_java(self.regex)
        freeze(self, _matches=pattern.fullmatch, _replaced=_replacer(pattern, self.replacement))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with its new topic."""
        old = record.topic
        new = self._routes.get(old)
        if new is None:
            new = self._remember(old)
        if new is old:
            return record
        return SinkRecord(
            record.source,
            record.offset,
            record.timestamp,
            new,
            record.key,
            record.value,
            record.headers,
            record.key_schema,
            record.value_schema,
        )

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """The batch with its new topic."""
        return batch.with_topic(self._remember(batch.topic))

    def _remember(self, topic: str) -> str:
        new = self._replaced(topic) if self._matches(topic) else topic
        if len(self._routes) >= _MAX_TOPICS:
            self._routes.clear()
        self._routes[topic] = new
        return new


def _replacer(pattern: re.Pattern[str], replacement: str) -> Callable[[str], str]:
    expand = compile_replacement(pattern, replacement)
    return lambda topic: pattern.sub(expand, topic, count=1)
