"""Debezium's change events: which records are one, and what row, headers and topic come out of it.

The same questions have an answer with schema (`TypedEnvelope`) and without (`PlainEnvelope`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from s3sink.errors import ILLEGAL_ARGUMENT, SCHEMA_BUILDER_EXCEPTION, TransformError
from s3sink.java_class import java_class
from s3sink.java_text import JAVA_SPACE
from s3sink.record import Header, Headers
from s3sink.schema import Field, Schema
from s3sink.transforms._dropped_fields import Names, plain_without, typed_without
from s3sink.transforms._field_references import (
    ABSENT,
    Envelope,
    FieldReference,
    TypedReference,
    read_plain,
    typed_references,
)
from s3sink.transforms._fields import field_reader, struct_like

OPERATIONS = frozenset(("c", "r", "u", "d", "t"))
DELETED = "__deleted"
_FLAG = Field(DELETED, Schema(type="string", optional=True))
_MAX_PLANS = 1000


class RowOptions(NamedTuple):
    """What is done to the rows of all change events."""

    marks_deleted: bool = False
    fields: tuple[FieldReference, ...] = ()
    headers: tuple[FieldReference, ...] = ()
    replace_null_with_default: bool = True
    keeps_required: bool = True


class Unwrapping(Protocol):
    """Takes change events apart. `deleted` says whether the row is the one before, of a delete, or the one after."""

    has_before: bool
    deleted_schema: Schema | None

    def row(self, envelope: Envelope, deleted: bool, dropped: Names) -> tuple[Any, Schema | None]:
        """The row, a new object unless it is as it was in the envelope, and its schema."""
        ...

    def headers(self, envelope: Envelope) -> Headers:
        """The headers that are added."""
        ...

    def topic(self, envelope: Envelope, deleted: bool, column: str) -> str | None:
        """The text in that column, None where it is null or blank."""
        ...


def is_envelope(value: Any) -> bool:
    """Whether a value without schema is a change event. One member proves nothing: rows have a column `op` too."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("op"), str)
        and value["op"] in OPERATIONS
        and isinstance(value.get("source"), dict)
        and _is_row(value.get("after", ()))
        and _is_row(value.get("before", ()))
    )


def _is_row(value: Any) -> bool:
    return value is None or isinstance(value, dict)


def duplicate(name: str) -> TransformError:
    """A field is there already: in a struct it cannot be there twice, and in a map a column would be lost."""
    complaint = f"Cannot create field because of field name duplication {name}"
    return TransformError(complaint, connect_class=SCHEMA_BUILDER_EXCEPTION)


def _member(deleted: bool) -> str:
    return "before" if deleted else "after"


def _text_of(deleted: bool) -> str:
    return "true" if deleted else "false"


def _not_blank(text: str | None) -> str | None:
    return text if text and text.strip(JAVA_SPACE) else None


# ---------------------------------------------------------------------------------------------- without schema
class PlainEnvelope:
    """Change events without schema, the same one for all of them. A field that is there already is refused."""

    has_before = True
    deleted_schema: Schema | None = None

    def __init__(self, options: RowOptions) -> None:
        self._options = options

    def row(self, envelope: Envelope, deleted: bool, dropped: Names) -> tuple[Any, None]:
        """As `Unwrapping.row`."""
        row = envelope[_member(deleted)]
        options = self._options
        if not (options.marks_deleted or options.fields or dropped):
            return row, None
        row = dict(row)
        if options.marks_deleted:
            _put(row, DELETED, _text_of(deleted))
        if deleted:
            plain_without(row, dropped)
            self._add(row, envelope)
        else:
            self._add(row, envelope)
            plain_without(row, dropped)
        return row, None

    def _add(self, row: dict[str, Any], envelope: Envelope) -> None:
        for reference in self._options.fields:
            value = read_plain(reference, envelope)
            if value is not ABSENT:
                _put(row, reference.name, value)

    def headers(self, envelope: Envelope) -> Headers:
        """As `Unwrapping.headers`."""
        read = ((reference.name, read_plain(reference, envelope)) for reference in self._options.headers)
        return tuple(Header(name, value) for name, value in read if value is not ABSENT)

    def topic(self, envelope: Envelope, deleted: bool, column: str) -> str | None:
        """As `Unwrapping.topic`."""
        text = envelope[_member(deleted)].get(column, ABSENT)
        if text is ABSENT:
            raise _no_column(column)
        if text is not None and not isinstance(text, str):
            raise _not_text(column)
        return _not_blank(text)


def _put(row: dict[str, Any], name: str, value: Any) -> None:
    if name in row:
        raise duplicate(name)
    row[name] = value


def _no_column(name: str) -> TransformError:
    return TransformError(f"{name} is not a valid field name")


def _not_text(name: str) -> TransformError:
    return TransformError(f"Field '{name}' is not of type STRING")


# ---------------------------------------------------------------------------------------------- with schema
class _RowPlan(NamedTuple):
    """How rows come out of envelopes with one schema, and the schema that they have then."""

    schema: Schema
    row: Callable[[Envelope], Any]


class TypedEnvelope:
    """Change events with one schema. Plans are made when first needed: a fault in one says nothing of the others."""

    def __init__(self, schema: Schema, options: RowOptions) -> None:
        after, before = schema.field("after"), schema.field("before")
        if after is None:
            raise unknown_field("after")
        self.has_before = before is not None
        self.deleted_schema: Schema | None = after.schema
        self._schema, self._options = schema, options
        self._plans: dict[tuple[bool, Names], _RowPlan] = {}
        self._headers: list[TypedReference] | None = None

    def row(self, envelope: Envelope, deleted: bool, dropped: Names) -> tuple[Any, Schema]:
        """As `Unwrapping.row`."""
        plan = self._plans.get((deleted, dropped)) or self._remembered(deleted, dropped)
        return plan.row(envelope), plan.schema

    def _remembered(self, deleted: bool, dropped: Names) -> _RowPlan:
        plan = self._plan(deleted, dropped)
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        self._plans[deleted, dropped] = plan
        return plan

    def _plan(self, deleted: bool, dropped: Names) -> _RowPlan:
        plan = self._marked(deleted) if self._options.marks_deleted else self._as_it_is(deleted)
        if deleted:
            return self._added(self._without(plan, dropped))
        return self._without(self._added(plan), dropped)

    def _row_schema(self, deleted: bool) -> Schema:
        field = self._schema.field(_member(deleted))
        if field is None:
            raise unknown_field(_member(deleted))
        return field.schema

    def _as_it_is(self, deleted: bool) -> _RowPlan:
        schema, member = self._row_schema(deleted), _member(deleted)
        required = struct_like(schema, schema.fields) if schema.type == "struct" else schema
        return _RowPlan(required, lambda envelope: envelope.get(member))

    def _marked(self, deleted: bool) -> _RowPlan:
        """As InsertField does it, which puts defaults where the row has null."""
        schema, member, text = self._row_schema(deleted), _member(deleted), _text_of(deleted)
        _require_struct(schema, "field insertion")
        read = field_reader([(field, field.name) for field in schema.fields], self._options.replace_null_with_default)

        def row(envelope: Envelope) -> dict[str, Any]:
            result = read(envelope[member])
            result[DELETED] = text
            return result

        return _RowPlan(struct_like(schema, [*schema.fields, _FLAG]), row)

    def _added(self, plan: _RowPlan) -> _RowPlan:
        if not self._options.fields:
            return plan
        _require_struct(plan.schema, "source field insertion")
        typed = typed_references(self._options.fields, self._schema)
        fields = [Field(reference.name, _without_inner(reference.schema)) for reference in typed]
        reads = [(reference.name, _checked(reference)) for reference in typed]
        base = plan.row

        def row(envelope: Envelope) -> dict[str, Any]:
            result = dict(base(envelope))
            for name, read in reads:
                result[name] = read(envelope)
            return result

        return _RowPlan(struct_like(plan.schema, [*plan.schema.fields, *fields]), row)

    def _without(self, plan: _RowPlan, dropped: Names) -> _RowPlan:
        without = typed_without(plan.schema, dropped, self._options.keeps_required)
        if without is None:
            return plan
        base, edit = plan.row, without.edit
        return _RowPlan(without.schema, lambda envelope: edit(base(envelope)))

    def headers(self, envelope: Envelope) -> Headers:
        """As `Unwrapping.headers`."""
        if self._headers is None:
            self._headers = typed_references(self._options.headers, self._schema)
        return tuple(Header(name, read(envelope), schema) for name, schema, read in self._headers)

    def topic(self, envelope: Envelope, deleted: bool, column: str) -> str | None:
        """As `Unwrapping.topic`."""
        field = self._row_schema(deleted).field(column)
        if field is None:
            raise _no_column(column)
        if field.schema.type != "string":
            raise _not_text(column)
        text = envelope[_member(deleted)].get(column)
        if text is None and not deleted and self._options.marks_deleted and self._options.replace_null_with_default:
            text = field.schema.default  # a change is routed by the row that has its mark already, a delete is not
        return _not_blank(text)


def unknown_field(name: str) -> TransformError:
    """An envelope by its name only."""
    return TransformError(f"Unknown field: {name}", connect_class=ILLEGAL_ARGUMENT)


def _require_struct(schema: Schema, purpose: str) -> None:
    if schema.type != "struct":
        found = java_class("", schema)
        raise TransformError(f"Only Struct objects supported for [{purpose}], found: {found}")


def _without_inner(schema: Schema) -> Schema:
    """What Debezium makes of the schema of a struct that it adds: nothing but null fits into that."""
    return schema.replace(fields=())


def _checked(reference: TypedReference) -> Callable[[Envelope], Any]:
    read = reference.read
    if reference.schema.type != "struct":
        return read

    def read_null(envelope: Envelope) -> None:
        if read(envelope) is not None:
            raise TransformError("Struct schemas do not match.")

    return read_null
