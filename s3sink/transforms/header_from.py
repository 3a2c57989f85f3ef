"""Make headers of fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, cast, get_args

from s3sink.config import Option, check, problem_if
from s3sink.connect_json import PerSchema
from s3sink.errors import Problem, TransformError
from s3sink.record import Header, Headers, SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import (
    Of,
    field_reader,
    freeze,
    names_problem,
    not_a_map,
    not_a_struct,
    part_of,
    struct_like,
    with_headers,
    with_part,
)
from s3sink.transforms._record_text import schema_text

Operation = Literal["move", "copy"]


class _HeaderPlan(NamedTuple):
    """What is done to structs of one schema: `rest` makes the new struct, None leaves it as it is."""

    schema: Schema
    headers: Callable[[dict[str, Any]], Headers]
    rest: Callable[[dict[str, Any]], dict[str, Any]] | None


_UNSET: PerSchema[_HeaderPlan] = cast("PerSchema[_HeaderPlan]", None)


@dataclass(frozen=True, slots=True)
class HeaderFrom:
    """Adds headers with the values of fields, and with `move` takes the fields out of the key or value.

    Field and header belong together by their places in the two lists. Headers of the same name stay. A field that is
    not there makes a header that is null; with a schema it is an error. As in Connect, a record without a value is an
    error: put it under `When(RecordIsTombstone(), ..., negate=True)`.
    """

    keeps_topic: ClassVar[bool] = True

    fields: Annotated[Sequence[str], Option(doc="Names of the fields, top level.")]
    headers: Annotated[Sequence[str], Option(doc="Names of the headers, one for each field.")]
    operation: Annotated[Operation, Option(doc="Whether the fields go (`move`) or stay (`copy`).")]
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether the fields are in the key or in the value.")] = "value"
    _plan: PerSchema[_HeaderPlan] = field(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        check("HeaderFrom", self._problems())
        freeze(self, fields=tuple(self.fields), headers=tuple(self.headers), _plan=PerSchema(self._made_plan))

    def _problems(self) -> list[Problem | None]:
        uneven = "'fields' config must have the same number of elements as 'headers' config."
        one_of = f"String must be one of: {', '.join(get_args(Operation))}"
        wrong = f"Invalid value {self.operation} for configuration operation: {one_of}"
        lists = [_list_problem("fields", self.fields), _list_problem("headers", self.headers)]
        return [
            *lists,
            problem_if(not any(lists) and len(self.fields) != len(self.headers), "fields", uneven),
            problem_if(self.operation not in get_args(Operation), "operation", wrong),
        ]

    @property
    def _purpose(self) -> str:
        return f"header {self.operation}"

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the headers."""
        value, schema = part_of(record, self.of)
        if schema is None:
            return self._from_map(record, value)
        if schema.type != "struct" or value is None:
            raise not_a_struct(value, schema, self._purpose)
        plan = self._plan(schema)
        record = with_headers(record, record.headers + plan.headers(value))
        return record if plan.rest is None else with_part(record, self.of, plan.rest(value), plan.schema)

    def _from_map(self, record: SinkRecord, value: Any) -> SinkRecord:
        if not isinstance(value, dict):
            raise not_a_map(value, self._purpose)
        added = [Header(header, value.get(name)) for name, header in zip(self.fields, self.headers, strict=True)]
        record = with_headers(record, (*record.headers, *added))
        if self.operation == "copy":
            return record
        rest = {name: item for name, item in value.items() if name not in self.fields}
        return with_part(record, self.of, rest, None)

    def _made_plan(self, schema: Schema) -> _HeaderPlan:
        sources = [_existing(schema, name) for name in self.fields]
        headers = _header_reader(sources, self.headers, self.replace_null_with_default)
        if self.operation == "copy":
            return _HeaderPlan(schema, headers, None)
        rest = [field for field in schema.fields if field.name not in self.fields]
        read = field_reader([(field, field.name) for field in rest], self.replace_null_with_default)
        return _HeaderPlan(struct_like(schema, rest), headers, read)


def _list_problem(key: str, names: Sequence[str]) -> Problem | None:
    """As in Connect, the list may not be empty and the names in it may."""
    if isinstance(names, str):
        return names_problem(key, names)
    return None if names else Problem(key, f"Invalid value [] for configuration {key}: Empty list")


def _existing(schema: Schema, name: str) -> Field:
    found = schema.field(name)
    if found is None:  # in Java, a NullPointerException
        raise TransformError(f"Field does not exist: {name}")
    return found


def _header_reader(
    fields: Sequence[Field], names: Sequence[str], replace_null_with_default: bool
) -> Callable[[dict[str, Any]], Headers]:
    parts = [
        (field.name, name, field.schema, field.schema.default if replace_null_with_default else None)
        for field, name in zip(fields, names, strict=True)
    ]

    def read(value: dict[str, Any]) -> Headers:
        found = [(value.get(source), name, schema, default) for source, name, schema, default in parts]
        return tuple([_header(name, default if v is None else v, schema) for v, name, schema, default in found])

    return read


def _header(name: str, value: Any, schema: Schema) -> Header:
    if value is None and not schema.optional:
        raise TransformError(f"A null value requires an optional schema but was {schema_text(schema)}")
    return Header(name, value, schema)
