"""Keep or drop records by what is in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, cast, get_args

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.errors import Problem, TransformError
from s3sink.record import SinkRecord
from s3sink.transforms._fields import Of, choice_problem, freeze, part_of
from s3sink.transforms._json_path import JsonPath, json_path_problem

FilterType = Literal["include", "exclude"]
MissingBehavior = Literal["fail", "include", "exclude"]
_UNSET: JsonPath = cast("JsonPath", None)


@dataclass(frozen=True, slots=True)
class FilterByCondition:
    """Keeps the records that a JSON path leads somewhere in, or drops them.

    `$.key[?(@.kind == 'v1')]` finds the map or struct `key` when it has that kind, `$[?(@.size > 2)]` the whole value;
    in a list the filter looks for members. Operators are those of the Java library JsonPath: `== != < <= > >= =~ in nin
    contains anyof noneof subsetof size empty`, with `&&`, `||`, `!(...)`. In a filter, a field that is null or not
    there matches nothing, not even `!=`.

    Where the path itself leads to null or nowhere before it comes to a filter, `missing_or_null_behavior` says what
    happens; so it does for records without a value. That a path without a filter leads to anything else is a match.

    >>> FilterByCondition("$[?(@.status == 'test')]", "exclude", missing_or_null_behavior="include").of
    'value'
    """

    keeps_topic: ClassVar[bool] = True

    filter_condition: Annotated[str, Option(doc="JSON path, mostly with a filter `[?(...)]`.")]
    filter_type: Annotated[FilterType, Option(doc="Whether records that match are kept, and no others, or dropped.")]
    missing_or_null_behavior: Annotated[
        MissingBehavior, Option(doc="What happens to records that have not what the path needs.")
    ] = "fail"
    of: Annotated[Of, Option(doc="Whether the key or the value is looked at.")] = "value"
    _path: JsonPath = field(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        check("FilterByCondition", self._problems())
        freeze(self, _path=JsonPath(self.filter_condition))

    def _problems(self) -> list[Problem | None]:
        return [
            json_path_problem("filter_condition", self.filter_condition),
            choice_problem("filter_type", self.filter_type, get_args(FilterType)),
            choice_problem("missing_or_null_behavior", self.missing_or_null_behavior, get_args(MissingBehavior)),
        ]

    def apply(self, record: SinkRecord, /) -> SinkRecord | None:
        """The record, or None."""
        value, _ = part_of(record, self.of)
        return record if self._keeps(value) else None

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """The records that stay, as they were."""
        was_text = not batch.holds_documents
        documents = batch.documents()
        kept = [index for index, document in enumerate(documents) if self._keeps(document)]
        return (batch if was_text else batch.with_documents(documents)).take(kept)

    def _keeps(self, value: Any) -> bool:
        found = self._path.find(value)
        if found is not None:
            return bool(found) == (self.filter_type == "include")
        if self.missing_or_null_behavior == "fail":
            raise TransformError(f"{self.filter_condition} needs what is null or not there in the {self.of}")
        return self.missing_or_null_behavior == "include"
