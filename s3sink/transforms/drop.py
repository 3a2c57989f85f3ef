"""Take the key or the value away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, cast, get_args

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.connect_json import PerSchema
from s3sink.errors import TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import Of, choice_problem, freeze, part_of, with_part

SchemaBehavior = Literal["nullify", "retain", "validate", "force_optional"]
_UNSET: PerSchema[Schema | None] = cast("PerSchema[Schema | None]", None)


@dataclass(frozen=True, slots=True)
class Drop:
    """Makes the key or value null. The record itself stays: one without a value is a tombstone."""

    keeps_topic: ClassVar[bool] = True

    schema_behavior: Annotated[
        SchemaBehavior,
        Option(
            doc="What becomes of the schema. nullify: it is dropped too; retain: it stays; validate: it stays, and one "
            "that is not optional is an error; force_optional: it is made optional."
        ),
    ] = "nullify"
    of: Annotated[Of, Option(doc="Whether the key or the value is dropped.")] = "value"
    _schema: PerSchema[Schema | None] = field(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        check("Drop", [choice_problem("schema_behavior", self.schema_behavior, get_args(SchemaBehavior))])
        freeze(self, _schema=PerSchema(_BEHAVIORS[self.schema_behavior]))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record without its key or value."""
        _, schema = part_of(record, self.of)
        return with_part(record, self.of, None, None if schema is None else self._schema(schema))

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """The batch without values. What is not JSON is not dropped but refused: rows say which."""
        return batch.with_documents([None] * len(batch.documents()))


def _optional(schema: Schema) -> Schema:
    if not schema.optional:
        raise TransformError(f"the schema of what is dropped is not optional: {schema.type.upper()}")
    return schema


_BEHAVIORS: dict[str, Callable[[Schema], Schema | None]] = {
    "nullify": lambda schema: None,
    "retain": lambda schema: schema,
    "validate": _optional,
    "force_optional": lambda schema: schema.replace(optional=True),
}
