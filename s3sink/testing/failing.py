"""Stages that fail on the records you choose, for trying out an `ErrorPolicy` and what reads its dead letters.

Each stands before a real one and is that one where it does not fail. All print the same in every process, so that a
worker that is started again goes on with its files. `when` picks what fails; the same thing fails `times` times (None:
always) with what `error` makes: an exception class will do. `TemporaryError` is one that is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from s3sink.batch import RecordBatch
from s3sink.class_names import class_name
from s3sink.converters import Converter
from s3sink.errors import FormatError, RecordError, S3SinkError, class_of
from s3sink.formats import ByteSink, FileWriter, Format, PreparingFormat
from s3sink.partitioners import Partitioner, is_deterministic
from s3sink.record import Headers, SinkRecord
from s3sink.schema import Schema
from s3sink.transforms import TransformLike
from s3sink.transforms._callables import is_async, verb

MakeError = Callable[[], Exception]


class TemporaryError(S3SinkError):
    """An error that may be gone the next time."""

    retriable = True


def scripted() -> Exception:
    """What stages fail with unless told otherwise."""
    return ValueError("scripted")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failing:
    when: Callable[[Any], bool] = field(repr=False)
    error: MakeError = field(default=scripted, repr=False)
    times: int | None = field(default=None, repr=False)
    _failed: Counter[Any] = field(default_factory=Counter, init=False, repr=False, compare=False)

    def _act(self, thing: Any, known_by: Any) -> None:
        if self.when(thing) and (self.times is None or self._failed[known_by] < self.times):
            self._failed[known_by] += 1
            raise self.error()

    def _act_on(self, record: SinkRecord) -> None:
        self._act(record, (record.source, record.offset))


@dataclass(frozen=True, slots=True)
class FailingConverter(_Failing):
    """A converter of keys or values that fails on the bytes that `when` picks.

    >>> from s3sink import JsonConverter
    >>> converter = FailingConverter(JsonConverter(), when=lambda data: data == b"13", times=1)
    >>> converter.convert("orders", b"12", ())
    (None, 12)
    >>> converter.convert("orders", b"13", ())
    Traceback (most recent call last):
    ValueError: scripted
    >>> converter.convert("orders", b"13", ())
    (None, 13)
    """

    converter: Converter

    @property
    def connect_name(self) -> str:
        """Dead letters name the converter behind it."""
        return class_name(self.converter)

    def convert(self, topic: str, data: bytes | None, headers: Headers) -> tuple[Schema | None, Any]:
        """As the converter does, or the error."""
        self._act(data, data)
        return self.converter.convert(topic, data, headers)


@dataclass(frozen=True, slots=True)
class FailingTransform(_Failing):
    """A transform, or a function, that fails on the records that `when` picks; errors name the one behind it."""

    transform: TransformLike

    @property
    def is_async(self) -> bool:
        """Whether the transform behind it is."""
        return is_async(self.transform)

    @property
    def deterministic(self) -> bool:
        """What the transform behind it says."""
        return bool(getattr(self.transform, "deterministic", True))

    @property
    def keeps_topic(self) -> bool:
        """What the transform behind it says."""
        return bool(getattr(self.transform, "keeps_topic", False))

    def apply(self, record: SinkRecord, /) -> Any:
        """As the transform does, or the error."""
        self._act_on(record)
        return verb(self.transform, "apply")(record)


@dataclass(frozen=True, slots=True)
class FailingPartitioner(_Failing):
    """A partitioner that finds no place for the records that `when` picks. Such errors are never tried again."""

    partitioner: Partitioner

    @property
    def deterministic(self) -> bool:
        """What the partitioner behind it says."""
        return is_deterministic(self.partitioner)

    def encode(self, record: SinkRecord, now: int) -> str:
        """As the partitioner does, or the error."""
        self._act_on(record)
        return self.partitioner.encode(record, now)


@dataclass(frozen=True, slots=True)
class FailingFormat(_Failing):
    """A format that cannot hold the records that `when` picks. Such errors are never tried again."""

    format: Format

    @property
    def extension(self) -> str:
        """That of the format behind it."""
        return self.format.extension

    @property
    def takes_json(self) -> bool:
        """Rows, please: `when` looks at records."""
        return False

    def prepare(self, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
        """As the format does, without the records that were picked."""
        refused = {index: error for index, record in enumerate(batch.records()) if (error := self._refusal(record))}
        kept = batch.take([index for index in range(batch.n) if index not in refused]) if refused else batch
        batches, errors = self.format.prepare(kept) if isinstance(self.format, PreparingFormat) else ([kept], [])
        return batches, [*refused.values(), *errors]

    def _refusal(self, record: SinkRecord) -> RecordError | None:
        try:
            self._act_on(record)
        except Exception as error:
            refusal = FormatError(str(error), executing=type(self.format).__name__, connect_class=class_of(error))
            refusal.__cause__ = error
            return refusal.at(record.source, record.offset)
        return None

    def open(self, sink: ByteSink, schema: Schema | None) -> FileWriter:
        """A file of the format behind it."""
        return self.format.open(sink, schema)
