"""Make a key of fields of the value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NamedTuple, cast

from s3sink.config import Option, check
from s3sink.connect_json import PerSchema
from s3sink.errors import TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import field_reader, freeze, names_problem, not_a_map, not_a_struct, struct_like

_PURPOSE = "copying fields from value to key"


class _KeyPlan(NamedTuple):
    schema: Schema
    read: Callable[[dict[str, Any]], dict[str, Any]]


_UNSET: PerSchema[_KeyPlan] = cast("PerSchema[_KeyPlan]", None)


@dataclass(frozen=True, slots=True)
class ValueToKey:
    """Replaces the key by a map of fields of the value, with a schema by a struct without name, in the given order.

    A field that is not there is null in a map; with a schema it is an error. As in Connect, a record without a value is
    an error: put it under `When(RecordIsTombstone(), ..., negate=True)`.
    """

    keeps_topic: ClassVar[bool] = True

    fields: Annotated[Sequence[str], Option(doc="Names of the fields that make the key, top level.")]
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    _plan: PerSchema[_KeyPlan] = field(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        check("ValueToKey", [names_problem("fields", self.fields, required=True)])
        once = tuple(dict.fromkeys(self.fields))  # Connect drops what a list of keys has twice
        freeze(self, fields=once, _plan=PerSchema(self._made_plan))

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with another key."""
        value, schema = record.value, record.value_schema
        if schema is None:
            if not isinstance(value, dict):
                raise not_a_map(value, _PURPOSE)
            get = value.get
            return record.replace(key={name: get(name) for name in self.fields}, key_schema=None)
        if schema.type != "struct" or value is None:
            raise not_a_struct(value, schema, _PURPOSE)
        plan = self._plan(schema)
        return record.replace(key=plan.read(value), key_schema=plan.schema)

    def _made_plan(self, schema: Schema) -> _KeyPlan:
        found = [_existing(schema, name) for name in self.fields]
        read = field_reader([(item, item.name) for item in found], self.replace_null_with_default)
        return _KeyPlan(struct_like(Schema(type="struct"), found), read)


def _existing(schema: Schema, name: str) -> Field:
    found = schema.field(name)
    if found is None:
        raise TransformError(f"Field does not exist: {name}")
    return found
