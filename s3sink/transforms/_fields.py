"""What the transforms that look at the fields of a key or value have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal, NamedTuple, cast

from s3sink.batch import RecordBatch
from s3sink.connect_json import PerSchema
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, Problem, TransformError
from s3sink.record import SinkRecord
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema

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
    `edit` does to the documents of a batch; only an edit that looks at the record needs one.
    """

    __slots__ = ("edit", "edit_all", "of", "passes_null", "plan", "purpose")

    def __init__(
        self,
        purpose: str,
        of: Of,
        edit: Edit,
        plan: Callable[[Schema], Plan],
        passes_null: bool = True,
        edit_all: EditAll | None = None,
    ) -> None:
        self.purpose = purpose
        self.of = of
        self.edit = edit
        self.edit_all = edit_all
        self.plan = PerSchema(plan)
        self.passes_null = passes_null

    def apply(self, record: SinkRecord) -> SinkRecord:
        """The record with the edited key or value."""
        if self.of == "value":
            old, schema = record.value, record.value_schema
        else:
            old, schema = record.key, record.key_schema
        if old is None and self.passes_null:
            return record
        value, schema = self._edited(record, old, schema)
        if self.of == "value":
            return with_value(record, value, schema)
        return record.replace(key=value, key_schema=schema)

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
                found = java_class(value)
                raise TransformError(
                    f"Only Map objects supported in absence of schema for [{self.purpose}], found: {found}"
                )
            return self.edit(record, value.copy()), None
        if schema.type != "struct" or value is None:
            raise TransformError(
                f"Only Struct objects supported for [{self.purpose}], found: {java_class(value, schema)}"
            )
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
        if field.name in seen:
            raise TransformError(
                f"Cannot create field because of field name duplication {field.name}",
                connect_class=SCHEMA_BUILDER_EXCEPTION,
            )
        seen.add(field.name)
    return schema.replace(optional=False, default=None, fields=tuple(fields))


# ---------------------------------------------------------------------------------------------- Java's names
_OF_SCHEMA = {
    "int8": "java.lang.Byte",
    "int16": "java.lang.Short",
    "int32": "java.lang.Integer",
    "int64": "java.lang.Long",
    "float32": "java.lang.Float",
    "float64": "java.lang.Double",
    "boolean": "java.lang.Boolean",
    "string": "java.lang.String",
    "bytes": "[B",
    "array": "java.util.ArrayList",
    "map": "java.util.HashMap",
    "struct": "org.apache.kafka.connect.data.Struct",
    DECIMAL: "java.math.BigDecimal",
    **dict.fromkeys((DATE, TIME, TIMESTAMP), "java.util.Date"),
}
_OF_PYTHON = {
    bool: "java.lang.Boolean",
    int: "java.lang.Long",
    float: "java.lang.Double",
    str: "java.lang.String",
    bytes: "[B",
    list: "java.util.ArrayList",
    dict: "java.util.HashMap",
    Decimal: "java.math.BigDecimal",
    **dict.fromkeys((date, time, datetime), "java.util.Date"),
}


def java_class(value: Any, schema: Schema | None = None) -> str:
    """The class that the value has in Connect, for messages that say the same."""
    if value is None:
        return "null"
    if schema is None:
        return _OF_PYTHON.get(type(value), type(value).__name__)
    return _OF_SCHEMA.get(schema.name or "") or _OF_SCHEMA[schema.type]


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


def freeze(instance: object, **attributes: Any) -> None:
    """Set attributes of a frozen dataclass while it is made."""
    for name, value in attributes.items():
        object.__setattr__(instance, name, value)
