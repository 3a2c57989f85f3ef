"""Say what happens to records without a value."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.errors import TransformError
from s3sink.record import SinkRecord
from s3sink.transforms._fields import choice_problem

Behavior = Literal["warn", "ignore", "fail"]
log = logging.getLogger("s3sink.transforms")


@dataclass(frozen=True, slots=True)
class TombstoneHandler:
    """Drops tombstones, or refuses them. A tombstone is a record whose value is null, with or without a schema."""

    keeps_topic: ClassVar[bool] = True

    behavior: Annotated[
        Behavior,
        Option(doc="ignore: drop, with a line in the log at level DEBUG; warn: at level WARNING; fail: an error."),
    ] = "warn"

    def __post_init__(self) -> None:
        check("TombstoneHandler", [choice_problem("behavior", self.behavior, get_args(Behavior))])

    def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """The record, unless it is a tombstone."""
        if record.value is not None:
            return record
        level = logging.WARNING if self.behavior == "warn" else logging.DEBUG
        topic, partition = record.source
        log.log(level, "tombstone topic=%s partition=%d offset=%d behavior=%s",
                topic, partition, record.offset, self.behavior)  # fmt: skip
        if self.behavior == "fail":
            raise TransformError("a tombstone: the record has no value")
        return None

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch as it is; None when there are tombstones in it, for they go into the log one by one."""
        return None if any(batch.nulls()) else batch
