"""Transforms change, route or drop records. One SMT a file; a function will do, a class when there are options.

Rows define what a transform does. `BatchTransform` may do the same faster, and must agree.

A class whose result depends on more than the record (the clock, randomness, the environment, a lookup) says so with
`deterministic = False`: what it writes into an object's path can then be promised at least once only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from s3sink.batch import RecordBatch
from s3sink.record import SinkRecord
from s3sink.transforms.by_logical_table_router import ByLogicalTableRouter
from s3sink.transforms.cast import Cast
from s3sink.transforms.chain import Chain
from s3sink.transforms.drop import Drop
from s3sink.transforms.drop_headers import DropHeaders
from s3sink.transforms.extract_field import ExtractField
from s3sink.transforms.extract_new_record_state import ExtractNewRecordState
from s3sink.transforms.extract_topic import ExtractTopic
from s3sink.transforms.filter import Filter
from s3sink.transforms.filter_by_condition import FilterByCondition
from s3sink.transforms.flatten import Flatten
from s3sink.transforms.header_from import HeaderFrom
from s3sink.transforms.hoist_field import HoistField
from s3sink.transforms.insert_field import InsertField
from s3sink.transforms.insert_header import InsertHeader
from s3sink.transforms.mask_field import MaskField
from s3sink.transforms.message_timestamp_router import MessageTimestampRouter
from s3sink.transforms.nested_replace_field import NestedReplaceField
from s3sink.transforms.predicates import HasHeaderKey, RecordIsTombstone, TopicNameMatches
from s3sink.transforms.regex_router import RegexRouter
from s3sink.transforms.replace_field import ReplaceField
from s3sink.transforms.set_schema_metadata import SetSchemaMetadata
from s3sink.transforms.timestamp_converter import TimestampConverter
from s3sink.transforms.timestamp_router import TimestampRouter
from s3sink.transforms.timezone_converter import TimezoneConverter
from s3sink.transforms.tombstone_handler import TombstoneHandler
from s3sink.transforms.value_to_key import ValueToKey
from s3sink.transforms.when import When

__all__ = [
    "AsyncTransform",
    "BatchPredicate",
    "BatchTransform",
    "ByLogicalTableRouter",
    "Cast",
    "Chain",
    "Drop",
    "DropHeaders",
    "ExtractField",
    "ExtractNewRecordState",
    "ExtractTopic",
    "Filter",
    "FilterByCondition",
    "Flatten",
    "HasHeaderKey",
    "HeaderFrom",
    "HoistField",
    "InsertField",
    "InsertHeader",
    "MaskField",
    "MessageTimestampRouter",
    "NestedReplaceField",
    "Predicate",
    "PredicateLike",
    "RecordIsTombstone",
    "RegexRouter",
    "ReplaceField",
    "SetSchemaMetadata",
    "TimestampConverter",
    "TimestampRouter",
    "TimezoneConverter",
    "TombstoneHandler",
    "TopicNameMatches",
    "Transform",
    "TransformLike",
    "ValueToKey",
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


class BatchTransform(Protocol):
    """A transform that also does a whole batch of JSON without schemas at once."""

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """What `apply` makes of each record, with the same span; None, or any exception: rows have to decide.

        The batch is raw: work on the text of its `values()`, on its `documents()`, or on what Kafka says of it. It is
        yours, documents included; what is returned is a raw batch too.
        """
        ...


class Predicate(Protocol):
    """Says yes or no to a record."""

    def test(self, record: SinkRecord, /) -> bool:
        """Whether it is so. An exception counts as the failure of the transform that asked."""
        ...


class BatchPredicate(Protocol):
    """A predicate that also answers for a whole raw batch of JSON without schemas."""

    def test_batch(self, batch: RecordBatch, /) -> bool | None:
        """What `test` says of every record; None where it differs from record to record."""
        ...


TransformLike = (
    Transform
    | AsyncTransform
    | Callable[[SinkRecord], SinkRecord | None]
    | Callable[[SinkRecord], Awaitable[SinkRecord | None]]
)
PredicateLike = Predicate | Callable[[SinkRecord], bool]
