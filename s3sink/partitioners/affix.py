"""The name of the value's schema as one more directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.partitioners import BatchPartitioner, Partitioner, is_deterministic
from s3sink.partitioners.default import DefaultPartitioner
from s3sink.record import SinkRecord

Position = Literal["PREFIX", "SUFFIX"]


@dataclass(frozen=True, slots=True)
class SchemaNameAffix:
    """Puts `schema_name=<name>` before (PREFIX) or behind (SUFFIX) what another partitioner says.

    The name is that of the value's schema, `null` where it has none. Files of records with different schemas then stay
    open side by side, instead of being closed whenever the schema changes. (The connector's
    `s3.schema.partition.affix.type`.)
    """

    partitioner: Partitioner = field(default_factory=DefaultPartitioner)
    position: Annotated[Position, Option("s3.schema.partition.affix.type", "before or behind")] = "PREFIX"
    delimiter: Annotated[str, Option("directory.delim", "what stands between two directories")] = "/"

    def __post_init__(self) -> None:
        known = self.position in get_args(Position)
        check("SchemaNameAffix", [problem_if(not known, "position", f"must be one of {', '.join(get_args(Position))}")])

    @property
    def needs_value(self) -> bool:
        """The schema is known when the value is decoded."""
        return True

    @property
    def deterministic(self) -> bool:
        """As the other partitioner."""
        return is_deterministic(self.partitioner)

    def encode(self, record: SinkRecord, now: int) -> str:
        """Raises PartitionError where the other partitioner has no place for the record."""
        return self._with_name(record, self.partitioner.encode(record, now))

    def encode_batch(self, batch: RecordBatch, now: int) -> tuple[str | list[str], Sequence[int | None] | None]:
        """One text a record, and the timestamps of the other partitioner."""
        rows = batch.records()
        if not isinstance(self.partitioner, BatchPartitioner):
            return [self.encode(row, now) for row in rows], None
        encoded, timestamps = self.partitioner.encode_batch(batch, now)
        each = [encoded] * len(rows) if isinstance(encoded, str) else encoded
        return list(map(self._with_name, rows, each)), timestamps

    def _with_name(self, record: SinkRecord, encoded: str) -> str:
        schema = record.value_schema
        name = f"schema_name={'null' if schema is None or schema.name is None else schema.name}"
        parts = (name, encoded) if self.position == "PREFIX" else (encoded, name)
        return self.delimiter.join(parts)
