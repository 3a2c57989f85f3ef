"""Drop records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from s3sink.batch import RecordBatch
from s3sink.record import SinkRecord


@dataclass(frozen=True, slots=True)
class Filter:
    """Drops every record: put it under `When` with a predicate that says which."""

    keeps_topic: ClassVar[bool] = True

    def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """None."""
        return None

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """None of the records, with the same span. What is not JSON is not dropped but refused: rows say which."""
        batch.documents()
        return batch.take([])
