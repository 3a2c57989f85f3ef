"""Wrap a key or value in a struct or map."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Annotated, Any, ClassVar, cast

from s3sink.batch import RecordBatch
from s3sink.config import Option
from s3sink.connect_json import PerSchema
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import Of, check_name, freeze, part_of, require, with_part

_UNSET: PerSchema[Schema] = cast("PerSchema[Schema]", None)


@dataclass(frozen=True, slots=True)
class HoistField:
    """Makes the key or value the only field of a map, or with a schema of a struct without name.

    Null is wrapped as well, `{field: null}`; with a schema that is an error where null is not allowed.
    """

    keeps_topic: ClassVar[bool] = True

    field: Annotated[str, Option(doc="Name of the field that the key or value becomes.")]
    of: Annotated[Of, Option(doc="Whether the key or the value is wrapped.")] = "value"
    _around: PerSchema[Schema] = attribute(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        name = self.field
        freeze(self, _around=PerSchema(lambda schema: Schema(type="struct", fields=(Field(name, schema),))))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with its key or value wrapped."""
        value, schema = part_of(record, self.of)
        if schema is None:
            return with_part(record, self.of, {self.field: value}, None)
        check_name(self.field)
        if value is None:
            require(self.field, schema, value)
        return with_part(record, self.of, {self.field: value}, self._around(schema))

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """The batch with its documents wrapped."""
        name = self.field
        documents: list[Any] = batch.documents()
        return batch.with_documents([{name: document} for document in documents])
