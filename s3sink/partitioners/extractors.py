"""Timestamp extractors: which time of a record decides on its directory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Protocol, runtime_checkable

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.errors import DATA_EXCEPTION, PartitionError
from s3sink.partitioners.iso import parse_iso
from s3sink.partitioners.paths import MISSING, FieldPath, no_place
from s3sink.record import SinkRecord
from s3sink.zones import local_to_utc, parse_zone, zone_problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_INT64 = range(-(2**63), 2**63)
_DIGITS = re.compile("-?[0-9]{1,19}")


@runtime_checkable
class BatchExtractor(Protocol):
    """A timestamp extractor that also does a whole batch at once, and agrees with its `extract`."""

    def extract_batch(self, batch: RecordBatch, now: int) -> Sequence[int | None]:
        """One timestamp a record. Raises PartitionError when any record has none."""
        ...


@dataclass(frozen=True, slots=True)
class RecordTimestamp:
    """The timestamp that Kafka keeps for the record: when it was produced, or appended to the log."""

    @property
    def needs_value(self) -> bool:
        return False

    @property
    def deterministic(self) -> bool:
        return True

    def extract(self, record: SinkRecord, now: int) -> int | None:
        """None where the record has no timestamp."""
        return record.timestamp

    def extract_batch(self, batch: RecordBatch, now: int) -> Sequence[int | None]:
        """The timestamps of the batch, not copied."""
        return batch.timestamps


@dataclass(frozen=True, slots=True)
class WallClock:
    """The time at which a batch is processed.

    The object of a record then depends on when it was read: after a crash it may be in two, so the promise is at least
    once.
    """

    @property
    def needs_value(self) -> bool:
        return False

    @property
    def deterministic(self) -> bool:
        return False

    def extract(self, record: SinkRecord, now: int) -> int | None:
        """The clock as it was read for the batch."""
        return now

    def extract_batch(self, batch: RecordBatch, now: int) -> Sequence[int | None]:
        """The same for all records."""
        return [now] * batch.n


@dataclass(frozen=True, slots=True)
class RecordField:
    """A field of the value: `RecordField("created_at")`, `RecordField("payload.time.created")`.

    Integers are epoch milliseconds, never seconds. Text of digits alone is epoch milliseconds too; other text is
    ISO 8601 (`2017-03-02T10:00:00Z`, `2017-03-02`, `2017-W09-4`), local to `timezone` where it has no offset. With
    `format`, a pattern of `datetime.strptime`, text is read by that alone. Dates and timestamps with a schema are
    taken as such. (The connector's `RecordField`; `timezone` is the JVM's default zone there.)

    Raises PartitionError for a missing or null field and for anything that is no time.
    """

    name: Annotated[str, Option("timestamp.field", "path of the field, with dots")] = "timestamp"
    format: str | None = None
    timezone: str = "UTC"
    _path: FieldPath = field(init=False, repr=False, compare=False, default=FieldPath("timestamp"))
    _zone: tzinfo = field(init=False, repr=False, compare=False, default=UTC)

    def __post_init__(self) -> None:
        problem = zone_problem(self.timezone)
        check(
            "RecordField",
            [
                problem_if(not self.name.strip(), "name", "The field to extract cannot be null or empty."),
                problem_if(problem is not None, "timezone", problem or ""),
                problem_if(self.format == "", "format", "is empty; leave it out for ISO 8601"),
            ],
        )
        object.__setattr__(self, "_path", FieldPath(self.name))
        object.__setattr__(self, "_zone", parse_zone(self.timezone))

    @property
    def needs_value(self) -> bool:
        return True

    @property
    def value_fields(self) -> tuple[str, ...]:
        """The top-level field of the value that it looks at."""
        return self._path.roots

    @property
    def deterministic(self) -> bool:
        return True

    def extract(self, record: SinkRecord, now: int) -> int | None:
        """Epoch milliseconds, always within int64."""
        if not isinstance(record.value, dict):
            raise no_place("the value has no fields")
        found = self._path.get(record.value, record.value_schema)
        if type(found) is not int:
            found = self._millis(found, schemaless=record.value_schema is None)
        if found not in _INT64:
            raise PartitionError(f"Error extracting timestamp from record field: {self.name}: {found} is out of range")
        return found

    def extract_batch(self, batch: RecordBatch, now: int) -> Sequence[int | None]:
        """`extract` of each row."""
        extract = self.extract
        return [extract(record, now) for record in batch.records()]

    def _millis(self, found: Any, schemaless: bool) -> int:
        if found is None or found is MISSING:
            raise PartitionError(f"The field '{self.name}' does not exist.", connect_class=DATA_EXCEPTION)
        if isinstance(found, str):
            return self._parse(found)
        if isinstance(found, date):
            return self._of_date(found)
        if schemaless and isinstance(found, float | Decimal) and isfinite(found):
            return int(found)
        if isinstance(found, int) and not isinstance(found, bool):
            return int(found)
        raise PartitionError(f"Error extracting timestamp from record field: {self.name}")

    def _parse(self, text: str) -> int:
        try:
            if self.format is not None:
                return self._of_date(datetime.strptime(text, self.format))
            if _DIGITS.fullmatch(text) and int(text) in _INT64:
                return int(text)
            return parse_iso(text, self._zone)
        except ValueError as error:
            raise PartitionError(f"Error extracting timestamp from record field: {self.name}: {error}") from error

    def _of_date(self, found: date) -> int:
        """A date is its midnight in UTC, as Connect's Date type is; a naive datetime is local."""
        if not isinstance(found, datetime):
            return (datetime.combine(found, time(), UTC) - _EPOCH) // _MS
        if found.tzinfo is not None:
            return (found - _EPOCH) // _MS
        return local_to_utc((found.replace(tzinfo=UTC) - _EPOCH) // _MS, self._zone)
