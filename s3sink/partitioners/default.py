"""One directory per Kafka partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from s3sink.batch import RecordBatch
from s3sink.record import SinkRecord


@dataclass(frozen=True, slots=True)
class DefaultPartitioner:
    """Encodes the Kafka partition that a record was read from: `partition=3`."""

    @property
    def needs_value(self) -> bool:
        return False

    @property
    def deterministic(self) -> bool:
        return True

    def encode(self, record: SinkRecord, now: int) -> str:
        """Never fails."""
        return f"partition={record.source.partition}"

    def encode_batch(self, batch: RecordBatch, now: int) -> tuple[str | list[str], Sequence[int | None] | None]:
        """One answer for all records."""
        return f"partition={batch.source.partition}", None
