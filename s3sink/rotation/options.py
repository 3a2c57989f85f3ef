"""Sizes and durations as policies take them."""

from __future__ import annotations

from s3sink.batch import RoutedBatch
from s3sink.config import parse_bytes, parse_milliseconds, problem_if
from s3sink.errors import ConfigError, Problem
from s3sink.rotation import Cut, Reason


def milliseconds_problem(value: int | str, key: str) -> Problem | None:
    """What is wrong with a duration, which must be more than nothing."""
    try:
        return problem_if(parse_milliseconds(value, key) < 1, key, "must be 1 millisecond or more")
    except ConfigError as error:
        return error.problems[0]


def bytes_problem(value: int | str, key: str) -> Problem | None:
    """What is wrong with a size, which must be more than nothing."""
    try:
        return problem_if(parse_bytes(value, key) < 1, key, "must be 1 byte or more")
    except ConfigError as error:
        return error.problems[0]


def milliseconds(value: int | str) -> int:
    """A duration that was checked before."""
    return value if isinstance(value, int) else parse_milliseconds(value)


def size_in_bytes(value: int | str) -> int:
    """A size that was checked before."""
    return value if isinstance(value, int) else parse_bytes(value)


def cut_when_due(due: int | None, reason: Reason, routed: RoutedBatch, now: int) -> Cut | None:
    """Before the whole batch, when the time has come."""
    return Cut(routed.batch.span.start, reason) if due is not None and due <= now else None
