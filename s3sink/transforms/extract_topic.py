"""Route records to the topic that they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Annotated, Any, Literal, cast, get_args

from s3sink.config import Option, check, problem_if
from s3sink.errors import Problem, TransformError
from s3sink.java_class import java_class
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import choice_problem, freeze, not_a_map, not_a_struct, part_of, with_topic
from s3sink.transforms._json_path import JsonPath, json_path_problem

OfAny = Literal["value", "key", "header"]
FieldFormat = Literal["PLAIN", "JSON_PATH"]
_PURPOSE = "topic extraction"
_Found = tuple[Any, Schema | None]
_UNSET: Callable[[SinkRecord], _Found] = cast("Callable[[SinkRecord], _Found]", None)


@dataclass(frozen=True, slots=True)
class ExtractTopic:
    """Makes a text in the key, the value or a header the topic: a field of it, or the whole.

    Of several headers of one name the last counts; its bytes are read as UTF-8 when no converter has read them. What is
    null or not there is an error, or with `skip_missing_or_null` leaves the topic as it is; anything else that is not a
    text is an error.
    """

    field: Annotated[
        str, Option(doc="Name of the field, or JSON path to it; name of the header. Empty: the whole key or value.")
    ] = ""
    field_format: Annotated[
        FieldFormat, Option(doc="PLAIN: `field` is a name at the top level. JSON_PATH: such as `$['a']['b']`.")
    ] = "PLAIN"
    skip_missing_or_null: Annotated[bool, Option(doc="Whether records that name no topic keep the one they have.")] = (
        False
    )
    of: Annotated[OfAny, Option(doc="Where the topic is named.")] = "value"
    _find: Callable[[SinkRecord], _Found] = attribute(init=False, repr=False, compare=False, default=_UNSET)

    def __post_init__(self) -> None:
        freeze(self, field_format=str(self.field_format) or "PLAIN")
        check("ExtractTopic", self._problems())
        freeze(self, _find=_last_header(self.field) if self.of == "header" else self._in_part())

    def _problems(self) -> list[Problem | None]:
        in_header, by_path = self.of == "header", self.field_format == "JSON_PATH"
        return [
            problem_if(in_header and not self.field, "field", "the name of a header is needed"),
            choice_problem("field_format", self.field_format, get_args(FieldFormat)),
            problem_if(in_header and by_path, "field_format", "headers are read by name: PLAIN"),
            _path_problem(self.field) if by_path and self.field and not in_header else None,
        ]

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with its new topic."""
        topic, schema = self._find(record)
        if type(topic) is str:
            return record if topic == record.topic else with_topic(record, topic)
        if topic is not None:
            raise TransformError(f"the {self._place} is no text for a topic: {java_class(topic, schema)}")
        if self.skip_missing_or_null:
            return record
        raise TransformError(f"the {self._place} has no topic: it is null or not there")

    @property
    def _place(self) -> str:
        if self.of == "header" or not self.field:
            return f"{self.of} {self.field}".rstrip()
        return f"field {self.field} of the {self.of}"

    def _in_part(self) -> Callable[[SinkRecord], _Found]:
        of: Any = self.of
        if not self.field:
            return lambda record: part_of(record, of)
        if self.field_format == "PLAIN":
            return lambda record: _member(*part_of(record, of), self.field)
        read = JsonPath(self.field).read
        return lambda record: (read(part_of(record, of)[0]), None)


def _path_problem(path: str) -> Problem | None:
    wrong = json_path_problem("field", path)
    if wrong is not None:
        return wrong
    return problem_if(not JsonPath(path).is_definite, "field", f"{path} may lead to several places")


def _member(value: Any, schema: Schema | None, name: str) -> _Found:
    """A field at the top level; None of nothing, or where there is no such field."""
    if value is None:
        return None, None
    if schema is None or schema.type == "map":
        if type(value) is not dict:
            raise not_a_map(value, _PURPOSE)
        return value.get(name), None if schema is None else schema.items
    if schema.type != "struct":
        raise not_a_struct(value, schema, _PURPOSE)
    found = schema.field(name)
    if found is None:
        return None, None
    member = value.get(name)
    return found.schema.default if member is None else member, found.schema


def _last_header(name: str) -> Callable[[SinkRecord], _Found]:
    def find(record: SinkRecord) -> _Found:
        for header in reversed(record.headers):
            if header.key == name:
                return _as_text(header.value) if header.schema is None else header.value, header.schema
        return None, None

    return find


def _as_text(value: Any) -> Any:
    try:
        return value.decode() if type(value) is bytes else value
    except UnicodeDecodeError:
        return value
