"""Mask fields: personal data out, the shape of the record stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.connect_json import int_decoder, shortest_float32
from s3sink.errors import TransformError
from s3sink.java_class import INT_BITS, java_class
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import UNSET, FieldEditor, Of, Plan, field_reader, freeze, names_problem

_NOTHING: dict[type, Any] = {
    bool: False,
    int: 0,
    float: 0.0,
    str: "",
    Decimal: Decimal(0),
    date: date(1970, 1, 1),
    time: time(0),
    datetime: datetime(1970, 1, 1, tzinfo=UTC),
    list: [],
    dict: {},
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")  # digits of any script, as in Java's BigDecimal
_NARROW = {name: int_decoder(bits) for name, bits in INT_BITS.items()}


@dataclass(frozen=True, slots=True)
class MaskField:
    """Replaces fields by what is nothing in their type (0, false, "", [], {}), or by `replacement`.

    A replacement is text for texts and is read as a number for numbers; other types refuse it. Null stays null. Bytes
    and structs cannot be masked. In a value without schema, a field that is not there is added as null. As in Connect,
    a record without a value is an error: put it under `When(RecordIsTombstone(), ..., negate=True)`.
    """

    keeps_topic: ClassVar[bool] = True

    fields: Annotated[Sequence[str], Option(doc="Names of the fields to mask.")]
    replacement: Annotated[str | None, Option(doc="What texts and numbers become.")] = None
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether the key or the value is masked.")] = "value"
    editor: FieldEditor = field(init=False, repr=False, compare=False, default=UNSET)

    def __post_init__(self) -> None:
        empty = problem_if(
            self.replacement == "",
            "replacement",
            "Invalid value  for configuration replacement: String must be non-empty",
        )
        check("MaskField", [names_problem("fields", self.fields, required=True), empty])
        editor = FieldEditor("mask fields", self.of, self._edit, self._plan, passes_null=False)
        freeze(self, fields=tuple(self.fields), editor=editor)

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with masked fields."""
        return self.editor.apply(record)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with masked documents."""
        return self.editor.apply_batch(batch)

    def _edit(self, record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
        text = self.replacement or ""
        for name in self.fields:
            old = value.get(name)
            value[name] = text if type(old) is str else self._masked(old, None)
        return value

    def _plan(self, schema: Schema) -> Plan:
        read = field_reader([(field, field.name) for field in schema.fields], self.replace_null_with_default)
        masked = [(field.name, field.schema) for field in schema.fields if field.name in self.fields]

        def edit(record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
            result = read(value)
            for name, field_schema in masked:
                result[name] = self._masked(result[name], field_schema)
            return result

        return Plan(schema, edit)

    def _masked(self, value: Any, schema: Schema | None) -> Any:
        if value is None:
            return None
        if self.replacement is not None:
            return _replaced(value, schema, self.replacement)
        nothing = _NOTHING.get(type(value))
        if nothing is None or (schema is not None and schema.type == "struct"):
            raise TransformError(f"Cannot mask value of type: class {java_class(value, schema)}")
        return nothing.copy() if type(nothing) in (list, dict) else nothing


def _replaced(value: Any, schema: Schema | None, replacement: str) -> Any:
    kind = type(value)
    if kind is str:
        return replacement
    if kind is Decimal:
        return _number(replacement, "number")
    if kind is int:
        return _NARROW["int64" if schema is None else schema.type](_number(replacement, "a number"))
    if kind is float:
        number = float(_number(replacement, "a number"))
        return shortest_float32(number) if schema is not None and schema.type == "float32" else number
    raise TransformError(f"Cannot mask value of type class {java_class(value, schema)} with custom replacement.")


def _number(text: str, kind: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise TransformError(f"Unable to convert {text} (class java.lang.String) to {kind}")
    return Decimal(text)
