"""Transforms change, route or drop records. One SMT a file; a function will do, a class when there are options.

Rows define what a transform does. `ColumnarTransform` may do the same faster, and must agree.

A class whose result depends on more than the record (the clock, randomness, the environment, a lookup) says so with
`deterministic = False`: what it writes into an object's path can then be promised at least once only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from s3sink.batch import RecordBatch
from s3sink.record import SinkRecord
from s3sink.transforms.chain import Chain
from s3sink.transforms.extract_new_record_state import ExtractNewRecordState
from s3sink.transforms.insert_field import InsertField
from s3sink.transforms.mask_field import MaskField
from s3sink.transforms.predicates import HasHeaderKey, RecordIsTombstone, TopicNameMatches
from s3sink.transforms.regex_router import RegexRouter
from s3sink.transforms.replace_field import ReplaceField
from s3sink.transforms.when import When

__all__ = [
    "AsyncTransform",
    "Chain",
    "ColumnarTransform",
    "ExtractNewRecordState",
    "HasHeaderKey",
    "InsertField",
    "MaskField",
    "Predicate",
    "PredicateLike",
    "RawTransform",
    "RecordIsTombstone",
    "RegexRouter",
    "ReplaceField",
    "TopicNameMatches",
    "Transform",
    "TransformLike",
    "When",
]


class Transform(Protocol):
    """Changes or drops one record."""

    def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """The record as it goes on, never the argument changed; None drops it. An exception fails this record only."""
        ...


class AsyncTransform(Protocol):
    """A transform that has to wait for something, such as a lookup."""

    async def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """As `Transform.apply`."""
        ...


@runtime_checkable
class ColumnarTransform(Protocol):
    """A transform that also does a whole batch at once."""

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """What `apply` makes of each record, with the same span. Raises when rows have to decide."""
        ...


@runtime_checkable
class RawTransform(Protocol):
    """A transform that can also work on JSON text without decoding what it does not use."""

    def apply_raw(self, batch: RecordBatch) -> RecordBatch | None:
        """What `apply` makes of a raw batch of JSON without schemas, as raw records; None: rows have to decide."""
        ...


class Predicate(Protocol):
    """Says yes or no to a record."""

    def test(self, record: SinkRecord, /) -> bool:
        """Whether it is so. An exception counts as the failure of the transform that asked."""
        ...


TransformLike = (
    Transform
    | AsyncTransform
    | Callable[[SinkRecord], SinkRecord | None]
    | Callable[[SinkRecord], Awaitable[SinkRecord | None]]
)
PredicateLike = Predicate | Callable[[SinkRecord], bool]
