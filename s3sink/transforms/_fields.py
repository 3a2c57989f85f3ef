"""What the transforms that look at the fields of a key or value have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, cast

from s3sink.batch import RecordBatch
from s3sink.config import problem_if
from s3sink.connect_json import PerSchema
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, Problem, TransformError
from s3sink.java_class import java_class
from s3sink.record import Headers, SinkRecord
from s3sink.schema import Field, Schema

Of = Literal["value", "key"]
Edit = Callable[[SinkRecord, dict[str, Any]], dict[str, Any]]
"""Takes a record, and a dict that it may change, and returns the dict to go on with."""

EditAll = Callable[[RecordBatch, list[Any]], list[Any]]
"""Takes a batch and its documents, dicts and Nones, which it may change."""


class Plan(NamedTuple):
    """What a transform does to all values with the same schema."""

    schema: Schema
    edit: Edit


class FieldEditor:
    """Edits the fields of a map without schema, or of a struct; everything else is refused with Connect's words.

    `edit` is for maps and gets a copy that it may change. `plan` is for structs: its edit gets the value itself and
    returns a new dict. `passes_null` says whether a record without key or value goes on as it is. `edit_all` does what
    `edit` does to the documents of a batch; only an edit that looks at the record needs one. `not_struct` is what is
    said of a schema without fields, where Connect says something else than usual.
    """

    __slots__ = ("edit", "edit_all", "not_struct", "of", "passes_null", "plan", "purpose")

    def __init__(
        self,
        purpose: str,
        of: Of,
        edit: Edit,
        plan: Callable[[Schema], Plan],
        passes_null: bool = True,
        edit_all: EditAll | None = None,
        not_struct: str | None = None,
    ) -> None:
        self.purpose = purpose
        self.of = of
        self.edit = edit
        self.edit_all = edit_all
        self.plan = PerSchema(plan)
        self.passes_null = passes_null
        self.not_struct = not_struct

    def apply(self, record: SinkRecord) -> SinkRecord:
        """The record with the edited key or value."""
        old, schema = part_of(record, self.of)
        if old is None and self.passes_null:
            return record
        value, schema = self._edited(record, old, schema)
        return with_part(record, self.of, value, schema)

    def apply_batch(self, batch: RecordBatch) -> RecordBatch | None:
        """The batch with its documents edited; None when rows have to decide."""
        documents = batch.documents()
        kinds = set(map(type, documents))
        if not kinds <= {dict, type(None)} or (type(None) in kinds and not self.passes_null):
            return None
        if self.edit_all is not None:
            return batch.with_documents(self.edit_all(batch, documents))
        edit = cast("Callable[[None, dict[str, Any]], dict[str, Any]]", self.edit)
        if type(None) in kinds:
            return batch.with_documents([None if value is None else edit(None, value) for value in documents])
        return batch.with_documents([edit(None, value) for value in documents])

    def _edited(self, record: SinkRecord, value: Any, schema: Schema | None) -> tuple[dict[str, Any], Schema | None]:
        if schema is None:
            if not isinstance(value, dict):
                raise not_a_map(value, self.purpose)
            return self.edit(record, value.copy()), None
        if schema.type != "struct" or value is None:
            raise TransformError(self.not_struct) if self.not_struct else not_a_struct(value, schema, self.purpose)
        plan = self.plan(schema)
        return plan.edit(record, value), plan.schema


UNSET: FieldEditor = cast("FieldEditor", None)
"""Stands for the editor in the class body: `config.from_properties` passes over fields that have a default."""


def with_value(record: SinkRecord, value: Any, schema: Schema | None) -> SinkRecord:
    """`record.replace(value=..., value_schema=...)`, in a third of the time."""
    return SinkRecord(
        record.source,
        record.offset,
        record.timestamp,
        record.topic,
        record.key,
        value,
        record.headers,
        record.key_schema,
        schema,
    )


def with_headers(record: SinkRecord, headers: Headers) -> SinkRecord:
    """`record.replace(headers=...)`, in a third of the time."""
    return SinkRecord(
        record.source,
        record.offset,
        record.timestamp,
        record.topic,
        record.key,
        record.value,
        headers,
        record.key_schema,
        record.value_schema,
    )


def with_topic(record: SinkRecord, topic: str) -> SinkRecord:
    """`record.replace(topic=...)`, in a third of the time."""
    return SinkRecord(
        record.source,
        record.offset,
        record.timestamp,
        topic,
        record.key,
        record.value,
        record.headers,
        record.key_schema,
        record.value_schema,
    )


def part_of(record: SinkRecord, of: Of) -> tuple[Any, Schema | None]:
    """The key or the value, with its schema."""
    return (record.value, record.value_schema) if of == "value" else (record.key, record.key_schema)


def with_part(record: SinkRecord, of: Of, value: Any, schema: Schema | None) -> SinkRecord:
    """The record with another key or value."""
    if of == "value":
        return with_value(record, value, schema)
    return record.replace(key=value, key_schema=schema)


def field_reader(
    fields: Iterable[tuple[Field, str]], replace_null_with_default: bool
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Copies these fields of a struct under new names, as Connect does: null becomes the default of its schema.

    Raises TransformError for a required field without a value.
    """
    items = [(field.name, new, field.schema) for field, new in fields]

    def read(value: dict[str, Any]) -> dict[str, Any]:
        get = value.get
        result = {new: get(old) for old, new, _ in items}
        if None in result.values():
            fill(result)
        return result

    def fill(result: dict[str, Any]) -> None:
        for _, name, schema in items:
            if result[name] is None:
                result[name] = schema.default if replace_null_with_default else None
                require(name, schema, result[name])

    return read


def require(name: str, schema: Schema, value: Any) -> None:
    """Raise TransformError when a required field has no value."""
    if value is None and not schema.optional:
        kind = schema.type.upper()
        raise TransformError(f'Invalid value: null used for required field: "{name}", schema type: {kind}')


def struct_like(schema: Schema, fields: Sequence[Field]) -> Schema:
    """A struct schema with other fields: name, version, doc and parameters stay, optional and default do not."""
    seen: set[str] = set()
    for field in fields:
        check_name(field.name)
        if field.name in seen:
            raise _cannot_build(f"Cannot create field because of field name duplication {field.name}")
        seen.add(field.name)
    return schema.replace(optional=False, default=None, fields=tuple(fields))


def check_name(name: str) -> None:
    """Raise TransformError for the one name that no field of a struct can have."""
    if not name:
        raise _cannot_build("fieldName cannot be null.")


def _cannot_build(complaint: str) -> TransformError:
    return TransformError(complaint, connect_class=SCHEMA_BUILDER_EXCEPTION)


# ---------------------------------------------------------------------------------------------- Connect's words
def not_a_map(value: Any, purpose: str, schema: Schema | None = None) -> TransformError:
    """What is said of a value without schema that has no fields, or that has to be a map."""
    return TransformError(
        f"Only Map objects supported in absence of schema for [{purpose}], found: {java_class(value, schema)}"
    )


def not_a_struct(value: Any, schema: Schema | None, purpose: str) -> TransformError:
    """What is said of a value with a schema that has no fields."""
    return TransformError(f"Only Struct objects supported for [{purpose}], found: {java_class(value, schema)}")


def not_connect_data(value: Any, transformation: str) -> TransformError:
    """What is said of a value without schema whose class has no type in Connect."""
    complaint = f"{transformation} transformation was passed a value of type class {java_class(value)}"
    return TransformError(f"{complaint} which is not supported by Connect's data API")


# ---------------------------------------------------------------------------------------------- options
def names_problem(key: str, names: Sequence[str], required: bool = False) -> Problem | None:
    """What is wrong with a list of field names."""
    if isinstance(names, str):
        return Problem(key, f"{names!r} is one string; write [{names!r}]")
    if required and not names:
        return Problem(key, f"Configuration '{key}' must not be empty. Valid values include: any non-empty value")
    if not all(names):
        return Problem(key, f"Configuration '{key}' values must not be empty.")
    return None


def choice_problem(name: str, value: str, choices: Sequence[str]) -> Problem | None:
    """What is wrong with an option that is one of several words; its key is its name with dots."""
    known = f"Invalid value {value} for configuration {name.replace('_', '.')}: "
    return problem_if(value not in choices, name, f"{known}String must be one of: {', '.join(choices)}")


def freeze(instance: object, **attributes: Any) -> None:
    """Set attributes of a frozen dataclass while it is made."""
    for name, value in attributes.items():
        object.__setattr__(instance, name, value)
