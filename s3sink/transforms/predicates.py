"""Predicates for `When`. A function from record to bool will do as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.errors import Problem
from s3sink.record import SinkRecord
from s3sink.transforms._fields import freeze
from s3sink.transforms._regex import compile_java, regex_problem


def _empty(key: str, value: str) -> Problem | None:
    return problem_if(not value, key, f"Invalid value  for configuration {key}: String must be non-empty")


@dataclass(frozen=True, slots=True)
class TopicNameMatches:
    """Whether a Java regular expression matches the whole name of the record's topic."""

    pattern: Annotated[str, Option(doc="Java regular expression for the whole topic name.")]
    _matches: Callable[[str], object] = field(init=False, repr=False, compare=False, default=bool)

    def __post_init__(self) -> None:
        check("TopicNameMatches", [_empty("pattern", self.pattern) or regex_problem("pattern", self.pattern)])
        freeze(self, _matches=compile_java(self.pattern).fullmatch)

    def test(self, record: SinkRecord, /) -> bool:
        """Whether it does."""
        return self._matches(record.topic) is not None

    def test_batch(self, batch: RecordBatch, /) -> bool:
        """The records of a raw batch go to one topic."""
        return self._matches(batch.topic) is not None


@dataclass(frozen=True, slots=True)
class HasHeaderKey:
    """Whether the record has a header with exactly that key, whatever its value."""

    name: Annotated[str, Option(doc="Key of the header.")]

    def __post_init__(self) -> None:
        check("HasHeaderKey", [_empty("name", self.name)])

    def test(self, record: SinkRecord, /) -> bool:
        """Whether it has."""
        return any(header.key == self.name for header in record.headers)

    def test_batch(self, batch: RecordBatch, /) -> bool | None:
        """True when all have it, False when none has it."""
        return _unanimous([any(key == self.name for key, _ in batch.raw_headers(i)) for i in range(batch.n)])


@dataclass(frozen=True, slots=True)
class RecordIsTombstone:
    """Whether the record has no value, with or without a schema."""

    def test(self, record: SinkRecord, /) -> bool:
        """Whether it is one."""
        return record.value is None

    def test_batch(self, batch: RecordBatch, /) -> bool | None:
        """True when all are tombstones, False when none is."""
        return _unanimous(batch.nulls())


def _unanimous(answers: list[bool]) -> bool | None:
    return answers[0] if answers and answers.count(answers[0]) == len(answers) else None if answers else False
