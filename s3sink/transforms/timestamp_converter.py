"""Convert timestamps between texts, numbers and Connect's Date, Time and Timestamp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Annotated, Any, ClassVar, cast, get_args

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.connect_json import PerSchema
from s3sink.date_pattern import has_two_digit_year, parse_pattern
from s3sink.errors import Problem, TransformError
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._fields import (
    UNSET,
    FieldEditor,
    Of,
    Plan,
    field_reader,
    freeze,
    part_of,
    require,
    struct_like,
    with_part,
)
from s3sink.transforms._timestamps import NO_FORMAT, Conversions, Precision, Target

_PURPOSE = "converting timestamp formats"
_UNUSABLE = "TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps"
_UNSET: Callable[[SinkRecord], SinkRecord] = cast("Callable[[SinkRecord], SinkRecord]", None)


@dataclass(frozen=True, slots=True)
class TimestampConverter:
    """Converts a field, or without `field` the whole key or value, to another form of a timestamp, in UTC.

    It may be a text in `format`, a number since the epoch in `unix_precision`, or Connect's Date, Time or Timestamp;
    with a schema that says which, without one the class of the value does. Everything passes through milliseconds:
    finer numbers are cut off towards zero. Texts are read leniently: what follows is not looked at, and month 13 is
    January of the next year. Without a schema, Date, Time and Timestamp are all `datetime`.

    Top level only. A field that is not there is added as null to a map. Null stays null, and its schema is converted;
    the default of a converted field is dropped.
    """

    keeps_topic: ClassVar[bool] = True

    target_type: Annotated[Target, Option(doc="What timestamps become.")]
    field: Annotated[str, Option(doc="Name of the field; empty for the whole key or value.")] = ""
    format: Annotated[str, Option(doc="Java's SimpleDateFormat pattern of texts, those read and those made.")] = ""
    unix_precision: Annotated[Precision, Option(doc="The unit of numbers, those read and those made.")] = "milliseconds"
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether it is about the key or the value.")] = "value"
    _apply: Callable[[SinkRecord], SinkRecord] = attribute(init=False, repr=False, compare=False, default=_UNSET)
    editor: FieldEditor = attribute(init=False, repr=False, compare=False, default=UNSET)

    def __post_init__(self) -> None:
        check("TimestampConverter", self._problems())
        conversions = Conversions(self.target_type, self.unix_precision, self.format)
        if self.field:
            fields = _FieldConverter(self.field, conversions, self.replace_null_with_default)
            editor = FieldEditor(_PURPOSE, self.of, fields.edit, fields.plan)
            freeze(self, editor=editor, _apply=_in_field(editor, PerSchema(fields.schema_of_null)))
        else:
            freeze(self, _apply=_whole(self.of, conversions))

    def _problems(self) -> list[Problem | None]:
        formatless = self.target_type == "string" and not self.format.strip()
        return [
            _choice_problem("target_type", "target.type", self.target_type, get_args(Target)),
            _choice_problem("unix_precision", "unix.precision", self.unix_precision, get_args(Precision)),
            problem_if(formatless, "format", NO_FORMAT),
            _format_problem(self.format),
        ]

    @property
    def deterministic(self) -> bool:
        """False when it reads years of two digits, whose century depends on the day on which it was made."""
        return self.target_type == "string" or not has_two_digit_year(parse_pattern(self.format))

    @property
    def takes_batches(self) -> bool:
        """Whether it is about a field of the value, and makes of it what JSON can say."""
        return bool(self.field) and self.of == "value" and self.target_type in ("string", "unix")

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the converted timestamp."""
        return self._apply(record)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with converted timestamps in its documents."""
        return self.editor.apply_batch(batch)


def _choice_problem(name: str, key: str, value: str, choices: tuple[str, ...]) -> Problem | None:
    known = f"Invalid value {value} for configuration {key}: String must be one of: {', '.join(choices)}"
    return problem_if(value not in choices, name, known)


def _format_problem(pattern: str) -> Problem | None:
    try:
        parse_pattern(pattern)
    except ValueError as error:
        cause = f"java.lang.IllegalArgumentException: {error}"
        return Problem("format", f"Invalid value {cause} for configuration {_UNUSABLE}: {pattern}")
    return None


# ---------------------------------------------------------------------------------------------- where
def _whole(of: Of, conversions: Conversions) -> Callable[[SinkRecord], SinkRecord]:
    """For the whole key or value."""
    by_class, by_schema = conversions.of_class, PerSchema(conversions.of_schema)

    def apply(record: SinkRecord) -> SinkRecord:
        value, schema = part_of(record, of)
        if schema is None:
            return record if value is None else with_part(record, of, by_class(value), None)
        conversion = by_schema(schema)
        return with_part(record, of, None if value is None else conversion.convert(value), conversion.schema)

    return apply


def _in_field(editor: FieldEditor, schema_of_null: PerSchema[Schema]) -> Callable[[SinkRecord], SinkRecord]:
    """For a field; a null gets the new schema, if there is one."""

    def apply(record: SinkRecord) -> SinkRecord:
        value, schema = part_of(record, editor.of)
        if value is None and schema is not None:
            return with_part(record, editor.of, None, schema_of_null(schema))
        return editor.apply(record)

    return apply


class _FieldConverter:
    """What is done to one field of maps and structs."""

    __slots__ = ("_conversions", "_field", "_with_defaults")

    def __init__(self, field: str, conversions: Conversions, with_defaults: bool) -> None:
        self._field = field
        self._conversions = conversions
        self._with_defaults = with_defaults

    def edit(self, record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
        old = value.get(self._field)
        value[self._field] = None if old is None else self._conversions.of_class(old)
        return value

    def plan(self, schema: Schema) -> Plan:
        name, found = self._field, schema.field(self._field)
        if found is None:
            read = field_reader([(item, item.name) for item in schema.fields], self._with_defaults)
            return Plan(schema, lambda record, value: read(value))
        conversion = self._conversions.of_schema(found.schema)
        before = [_optional(item) if item is found else item for item in schema.fields]
        read = field_reader([(item, item.name) for item in before], self._with_defaults)

        def edit(record: SinkRecord | None, value: dict[str, Any]) -> dict[str, Any]:
            result = read(value)
            old = result[name]
            if old is None:
                require(name, conversion.schema, None)
            else:
                result[name] = conversion.convert(old)
            return result

        default = None if schema.default is None else edit(None, schema.default)
        return Plan(self._after(schema).replace(default=default), edit)

    def schema_of_null(self, schema: Schema) -> Schema:
        """The new schema of a struct that is null; Connect does not mind then if the field is no timestamp."""
        if schema.type != "struct":
            raise TransformError("Cannot list fields on non-struct type")
        return self._after(schema) if schema.default is None else self.plan(schema).schema

    def _after(self, schema: Schema) -> Schema:
        fields = [self._field_after(item) if item.name == self._field else item for item in schema.fields]
        return struct_like(schema, fields).replace(optional=schema.optional)

    def _field_after(self, item: Field) -> Field:
        return Field(item.name, self._conversions.schema_after(item.schema))


def _optional(item: Field) -> Field:
    """For reading: null is looked at after the conversion."""
    return Field(item.name, item.schema.replace(optional=True))
