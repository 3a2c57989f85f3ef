"""A chain of transforms, made ready once."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from s3sink.batch import RecordBatch
from s3sink.class_names import class_name
from s3sink.config import check
from s3sink.errors import RecordError, TransformError, class_of
from s3sink.record import SinkRecord
from s3sink.transforms._callables import guarded, is_async, is_deterministic, name_of, takes_batches, verb, verb_problem
from s3sink.transforms._fields import FieldEditor, freeze, with_value

if TYPE_CHECKING:
    from s3sink.transforms import TransformLike

log = logging.getLogger("s3sink.transforms")

_BREATH = 200  # records between two looks at the event loop


class _Step(NamedTuple):
    """One transform, or several in one call: then failures say which (`_PartError`)."""

    apply: Callable[[SinkRecord], Any]
    transform: Any


class _PartError(Exception):
    def __init__(self, transform: Any, error: Exception) -> None:
        super().__init__(transform)
        self.transform, self.error = transform, error


@dataclass(frozen=True, slots=True)
class Chain:
    """Transforms, applied one after the other to each record; None from any of them drops the record.

    An error belongs to one record: the others go on without it. The span of a batch never changes. Batches keep their
    order; with `apply_async`, records are awaited one at a time.

    How many were dropped: records before - records after - errors.
    """

    transforms: Sequence[TransformLike] = ()
    _steps: tuple[_Step, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        check("Chain", [verb_problem(f"transforms[{i}]", t, "apply") for i, t in enumerate(self.transforms)])
        freeze(self, transforms=tuple(self.transforms), _steps=tuple(_steps(self.transforms)))

    @property
    def is_async(self) -> bool:
        """Whether one of them has to be awaited: then only `apply_async` works."""
        return any(map(is_async, self.transforms))

    @property
    def deterministic(self) -> bool:
        """Whether the result depends on the records alone, as far as the transforms say."""
        return all(map(is_deterministic, self.transforms))

    def apply(self, batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
        """The records that are left, and an error with coordinates for each that failed."""
        if not self._steps:
            return batch, []
        rows: list[SinkRecord] = []
        errors: list[RecordError] = []
        steps, keep = self._steps, rows.append
        for record in batch.records():
            result: Any = record
            try:
                for step in steps:
                    result = step.apply(result)
                    if result is None:
                        break
                    if type(result) is not SinkRecord:
                        raise _not_a_record(result)
                else:
                    keep(_same_origin(record, result))
            except Exception as error:
                errors.append(_failed(error, record, step))
        return batch.with_rows(rows), errors

    @property
    def takes_batches(self) -> bool:
        """Whether `apply_batch` is worth a try."""
        return all(map(takes_batches, self.transforms))

    def apply_batch(self, batch: RecordBatch) -> RecordBatch | None:
        """What `apply` makes of a raw batch of JSON without schemas, as text or documents, at a third of the cost.

        None when rows have to decide, as after any error: they say which record it was.
        """
        current: RecordBatch | None = batch
        try:
            for transform in self.transforms:
                if current is None:
                    break
                current = transform.apply_batch(current)  # type: ignore[union-attr]
        except Exception as error:
            log.debug("%r goes through the chain by rows: %s", batch, error)
            return None
        return current

    async def apply_async(self, batch: RecordBatch) -> tuple[RecordBatch, list[RecordError]]:
        """As `apply`, for chains with asynchronous transforms too. Lets the event loop run every few records."""
        if not self._steps:
            return batch, []
        rows: list[SinkRecord] = []
        errors: list[RecordError] = []
        for index, record in enumerate(batch.records()):
            result: Any = record
            try:
                for step in self._steps:
                    result = step.apply(result)
                    if inspect.isawaitable(result):
                        result = await result
                    if result is None:
                        break
                    if type(result) is not SinkRecord:
                        raise _not_a_record(result)
                else:
                    rows.append(_same_origin(record, result))
            except Exception as error:
                errors.append(_failed(error, record, step))
            if index % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
        return batch.with_rows(rows), errors


def _same_origin(record: SinkRecord, result: SinkRecord) -> SinkRecord:
    """Offsets and partitions are what exactly-once is made of."""
    if result is not record and (result.offset != record.offset or result.source != record.source):
        raise TransformError("a transform may not change where a record was read (source, offset)")
    return result


def _not_a_record(result: Any) -> TransformError:
    if inspect.iscoroutine(result):
        result.close()
        return TransformError(
            "the transform has to be awaited: the chain needs apply_async, and `async def` to know it"
        )
    return TransformError(f"returned {type(result).__name__}, not a record or None")


def _failed(error: Exception, record: SinkRecord, step: _Step) -> RecordError:
    transform = step.transform
    if isinstance(error, _PartError):
        transform, error = error.transform, error.error
    reason = error.reason if isinstance(error, RecordError) else f"{type(error).__name__}: {error}"
    failed = TransformError(reason, source=record.source, offset=record.offset, executing=name_of(transform))
    failed.executing_class = class_name(guarded(transform))
    failed.connect_class = class_of(error)
    failed.__cause__ = error
    return failed


# ---------------------------------------------------------------------------------------------- making steps
def _steps(transforms: Sequence[TransformLike]) -> list[_Step]:
    """One step for each transform, but one for consecutive ones that edit fields of the value."""
    steps: list[_Step] = []
    editors: list[Any] = []
    for transform in [*transforms, None]:
        editor = getattr(transform, "editor", None)
        if isinstance(editor, FieldEditor) and editor.of == "value":
            editors.append(transform)
            continue
        if editors:
            steps.append(_fused(editors))
            editors = []
        if transform is not None:
            steps.append(_Step(verb(transform, "apply"), transform))
    return steps


def _fused(transforms: list[Any]) -> _Step:
    """Their edits on one copy of the value, for maps without schema; anything else goes through them singly."""
    singly = [_Step(transform.apply, transform) for transform in transforms]
    if len(singly) == 1:
        return singly[0]
    edits = [(transform.editor.edit, transform) for transform in transforms]

    def apply(record: SinkRecord) -> SinkRecord:
        part: Any = None
        try:
            if record.value_schema is None and type(record.value) is dict:
                value = record.value.copy()
                for edit, part in edits:  # noqa: B007 -- read below, when one fails
                    value = edit(record, value)
                return with_value(record, value, None)
            for step, part in singly:  # noqa: B007
                record = step(record)
        except Exception as error:
            raise _PartError(part, error) from error
        return record

    return _Step(apply, None)
