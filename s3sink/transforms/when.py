"""A transform for some records only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from s3sink.batch import RecordBatch
from s3sink.config import check
from s3sink.record import SinkRecord
from s3sink.transforms._callables import is_async, is_deterministic, takes_batches, verb, verb_problem
from s3sink.transforms._fields import freeze

if TYPE_CHECKING:
    from s3sink.transforms import PredicateLike, TransformLike


@dataclass(frozen=True, slots=True)
class When:
    """Applies `transform` where `predicate` is true (false with `negate`); other records go on unchanged."""

    predicate: PredicateLike
    transform: TransformLike
    negate: bool = False
    _test: Callable[[SinkRecord], bool] = field(init=False, repr=False, compare=False, default=bool)
    _apply: Callable[[SinkRecord], Any] = field(init=False, repr=False, compare=False, default=id)

    def __post_init__(self) -> None:
        problems = [
            verb_problem("predicate", self.predicate, "test"),
            verb_problem("transform", self.transform, "apply"),
        ]
        check("When", problems)
        freeze(self, _test=verb(self.predicate, "test"), _apply=verb(self.transform, "apply"))

    @property
    def is_async(self) -> bool:
        """Whether the guarded transform is."""
        return is_async(self.transform)

    @property
    def deterministic(self) -> bool:
        """Whether predicate and transform both are."""
        return is_deterministic(self.predicate) and is_deterministic(self.transform)

    @property
    def takes_batches(self) -> bool:
        """Whether predicate and transform both do."""
        return hasattr(self.predicate, "test_batch") and takes_batches(self.transform)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch, transformed or as it is; None where the predicate differs from record to record."""
        answer: bool | None = self.predicate.test_batch(batch)  # type: ignore[union-attr]
        if answer is None:
            return None
        if answer is self.negate:
            return batch
        result: RecordBatch | None = self.transform.apply_batch(batch)  # type: ignore[union-attr]
        return result

    def apply(self, record: SinkRecord, /) -> Any:
        """The transformed record, None where it was dropped, an awaitable of either, or the record itself."""
        if bool(self._test(record)) is self.negate:
            return record
        result: SinkRecord | Awaitable[SinkRecord | None] | None = self._apply(record)
        return result
