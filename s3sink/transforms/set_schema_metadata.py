"""Give the schema of a key or value another name or version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, cast

from s3sink.config import Option, check, problem_if
from s3sink.connect_json import PerSchema
from s3sink.errors import TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import Of, Plan, field_reader, freeze, part_of, with_part

_UNSET: PerSchema[Plan] = cast("PerSchema[Plan]", None)


@dataclass(frozen=True, slots=True)
class SetSchemaMetadata:
    """Sets name and version of a struct's schema; what is not given stays, and everything else of the schema does.

    As in Connect only structs can be renamed: any other schema is an error, and so is a value without schema. A null
    without schema goes on unchanged, a null with one gets the new schema.
    """

    keeps_topic: ClassVar[bool] = True

    schema_name: Annotated[str | None, Option(doc="The new name; an empty one is a name too.")] = None
    schema_version: Annotated[int | None, Option(doc="The new version.")] = None
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether it is about the schema of the key or of the value.")] = "value"
    _plan: PerSchema[Plan] = field(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        nothing = self.schema_name is None and self.schema_version is None
        complaint = "Neither schema name nor version configured"
        check("SetSchemaMetadata", [problem_if(nothing, "schema_name", complaint)])
        freeze(self, _plan=PerSchema(self._made_plan))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the new schema."""
        value, schema = part_of(record, self.of)
        if schema is None:
            if value is None:
                return record
            raise TransformError("Schema required for [updating schema metadata]")
        plan = self._plan(schema)
        return with_part(record, self.of, None if value is None else plan.edit(record, value), plan.schema)

    def _made_plan(self, schema: Schema) -> Plan:
        if schema.type != "struct":
            raise TransformError("Cannot list fields on non-struct type")
        changes: dict[str, Any] = {"name": self.schema_name, "version": self.schema_version}
        read = field_reader([(field, field.name) for field in schema.fields], self.replace_null_with_default)
        new = schema.replace(**{name: value for name, value in changes.items() if value is not None})
        return Plan(new, lambda record, value: read(value))
