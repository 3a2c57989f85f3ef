"""Give fields, or the whole key or value, another type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NamedTuple, cast

from s3sink.batch import RecordBatch
from s3sink.config import Option, check
from s3sink.connect_json import PerSchema
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, Problem, TransformError
from s3sink.record import SinkRecord
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type
from s3sink.transforms._casts import TARGETS, Convert, PlainConverters, converter
from s3sink.transforms._fields import (
    UNSET,
    FieldEditor,
    Of,
    Plan,
    field_reader,
    freeze,
    names_problem,
    part_of,
    require,
    struct_like,
    with_part,
)

_TYPES = (*TARGETS, "bytes", "array", "map", "struct")
_NO_EDIT: Callable[[SinkRecord], SinkRecord] = cast("Callable[[SinkRecord], SinkRecord]", None)


class _FieldCast(NamedTuple):
    name: str
    convert: Convert
    new: Schema


class _WholeCast(NamedTuple):
    schema: Schema
    convert: Convert


@dataclass(frozen=True, slots=True)
class Cast:
    """Converts numbers, booleans and texts into each other as Java does; bytes become text (base64).

    Integers keep their low bits (300 is 44 in 8 bits); numbers with a fraction are cut off and stop at the limits of
    int32 or int64. A text that is no number of the new type is an error. Other types than int8, int16, int32, int64,
    float32, float64, boolean, string and bytes are refused, but logical types can be cast where there is a schema: a
    date is its number, or a text in ISO 8601.

    Top level only. A field that is not there is added as null to a map. With a schema a field keeps being optional and
    its default, which is cast too; a logical type becomes a plain one. The whole key or value keeps the name of its
    schema. Null goes on unchanged.

    >>> cast = Cast(["price:float64", "id:string"])
    >>> Cast({"price": "float64", "id": "string"}) == cast
    True
    """

    keeps_topic: ClassVar[bool] = True

    spec: Annotated[
        Sequence[str] | Mapping[str, str],
        Option(doc="New types: a mapping, or a list of `field:type`; one `type` alone is for the whole key or value."),
    ]
    replace_null_with_default: Annotated[bool, Option(doc="Whether null becomes the default of its schema.")] = True
    of: Annotated[Of, Option(doc="Whether the key or the value is cast.")] = "value"
    _targets: dict[str | None, str] = field(init=False, repr=False, compare=False, default_factory=dict)
    _apply: Callable[[SinkRecord], SinkRecord] = field(init=False, repr=False, compare=False, default=_NO_EDIT)
    editor: FieldEditor = field(init=False, repr=False, compare=False, default=UNSET)

    def __post_init__(self) -> None:
        if isinstance(self.spec, Mapping):
            freeze(self, spec=[f"{name}:{target}" for name, target in self.spec.items()])
        check("Cast", _spec_problems(cast("Sequence[str]", self.spec)))
        freeze(self, spec=tuple(self.spec), _targets=dict(map(_target_of, self.spec)))
        if None in self._targets:
            freeze(self, _apply=self._whole(self._targets[None]))
            return
        fieldless = "Cannot list fields on non-struct type"
        editor = FieldEditor("cast types", self.of, self._map_edit(), self._plan, not_struct=fieldless)
        freeze(self, editor=editor, _apply=editor.apply)

    @property
    def takes_batches(self) -> bool:
        """Whether it is about fields of the value."""
        return self.editor is not UNSET and self.of == "value"

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with other types."""
        return self._apply(record)

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch | None:
        """The batch with other types in its documents."""
        return self.editor.apply_batch(batch)

    # ------------------------------------------------------------------ the whole key or value
    def _whole(self, target: str) -> Callable[[SinkRecord], SinkRecord]:
        of, converters, plan = self.of, PlainConverters(target), PerSchema(lambda schema: _whole_cast(schema, target))

        def apply(record: SinkRecord) -> SinkRecord:
            value, schema = part_of(record, of)
            if value is None:
                return record
            if schema is None:
                return with_part(record, of, converters[type(value)](value), None)
            new_schema, convert = plan(schema)
            return with_part(record, of, convert(value), new_schema)

        return apply

    # ------------------------------------------------------------------ fields
    def _map_edit(self) -> Callable[[SinkRecord, dict[str, Any]], dict[str, Any]]:
        targets = [(str(name), PlainConverters(target)) for name, target in self._targets.items()]

        def edit(record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
            get = value.get
            for name, converters in targets:
                old = get(name)
                value[name] = converters[type(old)](old)
            return value

        return edit

    def _plan(self, schema: Schema) -> Plan:
        if schema.default is not None:
            converter("string", schema)(schema.default)  # Connect casts it as well, and cannot
        fields = [self._cast_field(item) for item in schema.fields]
        read = field_reader([(_lenient(item, new), item.name) for item, new in zip(schema.fields, fields, strict=True)],
                            self.replace_null_with_default)  # fmt: skip
        casts = [
            _FieldCast(item.name, converter(new.schema.type, item.schema), new.schema)
            for item, new in zip(schema.fields, fields, strict=True)
            if new is not item
        ]

        def edit(record: SinkRecord, value: dict[str, Any]) -> dict[str, Any]:
            result = read(value)
            for name, convert, new_schema in casts:
                old = result[name]
                if old is None:
                    require(name, new_schema, None)
                else:
                    result[name] = convert(old)
            return result

        return Plan(struct_like(schema, fields).replace(optional=schema.optional), edit)

    def _cast_field(self, item: Field) -> Field:
        target = self._targets.get(item.name)
        if target is None:
            return item
        old = item.schema
        default = None if old.default is None else converter(target, old)(old.default)
        return Field(item.name, Schema(type=cast("Type", target), optional=old.optional, default=default))


def _lenient(old: Field, new: Field) -> Field:
    """For reading: null is looked at after the cast, when the field has its new type."""
    return old if new is old else Field(old.name, old.schema.replace(optional=True))


def _whole_cast(schema: Schema, target: str) -> _WholeCast:
    convert = converter(target, schema)
    default = None if schema.default is None else convert(schema.default)
    if default is not None and schema.name in (DECIMAL, DATE, TIME, TIMESTAMP):
        raise TransformError("Invalid default value", connect_class=SCHEMA_BUILDER_EXCEPTION)
    new = schema.replace(type=cast("Type", target), default=default, fields=(), keys=None, items=None)
    return _WholeCast(new, convert)


# ---------------------------------------------------------------------------------------------- specifications
def _parts(item: str) -> list[str]:
    """Name and type, or a type alone. As in Java, colons at the end do not count."""
    return [part.strip() for part in item.rstrip(":").split(":")]


def _target_of(item: str) -> tuple[str | None, str]:
    *name, target = _parts(item)
    return (name[0] if name else None), target.lower()


def _spec_problems(spec: Sequence[str]) -> list[Problem | None]:
    wrong = names_problem("spec", spec)
    if wrong is not None:
        return [wrong]
    if not spec:
        return [Problem("spec", "Must specify at least one field to cast.")]
    problems = [_item_problem(item, spec) for item in spec]
    if len(spec) > 1 and any(len(_parts(item)) == 1 for item in spec):
        only = "may only specify a single cast in their spec"
        problems.append(Problem("spec", f"Cast transformations that specify a type to cast the entire value to {only}"))
    return problems


def _item_problem(item: str, spec: Sequence[str]) -> Problem | None:
    parts = _parts(item)
    if len(parts) > 2:
        shown = ", ".join(spec)
        return Problem("spec", f"Invalid value [{shown}] for configuration renames: Invalid rename mapping: {item}")
    target = parts[-1]
    if target.lower() in TARGETS:
        return None
    if target.lower() in _TYPES:
        known = ", ".join(map(str.upper, TARGETS))
        message = f"Cast transformation does not support casting to {target.upper()}; supported types are [{known}]"
        return Problem("spec", message)
    unknown = f"No enum constant org.apache.kafka.connect.data.Schema.Type.{target.upper()}"
    invalid = f"Invalid type found in casting spec: {target}"
    return Problem("spec", f"Invalid value java.lang.IllegalArgumentException: {unknown} for configuration {invalid}")
