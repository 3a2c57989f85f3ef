"""Debezium's TimezoneConverter: moments in change events as the clocks of a time zone show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Annotated, Any, ClassVar, NamedTuple

from s3sink.config import Option, check, problem_if
from s3sink.connect_json import PerSchema
from s3sink.errors import Problem
from s3sink.record import SinkRecord
from s3sink.schema import Schema
from s3sink.transforms._fields import freeze, names_problem, with_value
from s3sink.transforms._zoned_values import Convert, converter_of
from s3sink.zones import parse_zone, zone_problem

_PLACES = ("before", "after", "source")
_MAX_EDITS = 1000


class _Rule(NamedTuple):
    """`kind` says what `name` is: of a table (`source`), a topic, or of either (``). No field means all of a row."""

    kind: str
    name: str
    place: str | None
    field: str | None

    def is_about(self, topic: str, table: str | None) -> bool:
        """Whether events of that topic and table are meant."""
        if self.kind == "topic":
            return topic == self.name
        return (table if self.kind == "source" or table is not None else topic) == self.name

    def names(self, place: str | None, field: str) -> bool:
        """Whether that field is meant, in one of _PLACES, or in a row that is in no envelope (None)."""
        if self.field is None:
            return place != "source"
        return self.field == field and (place == self.place or (self.place is None and place != "source"))


_Event = tuple[str, str | None]  # topic and table


class _Edit(NamedTuple):
    """What is converted in one place of a value; None is the value itself."""

    place: str | None
    fields: Sequence[tuple[str, Convert]]


_Edits = dict[_Event, list[_Edit]]


@dataclass(frozen=True, slots=True)
class TimezoneConverter:
    """Times that are in UTC become those that the clocks of `converted_timezone` show.

    A zoned timestamp (a text) stays the same moment and gets the zone's offset; a timestamp without zone (a number, or
    Connect's Timestamp) is moved by the offset. Zoned times of day have no date, so they are converted when the zone is
    a fixed offset, and stay as they are otherwise. What is no moment, such as `infinity`, stays too.

    All such columns are converted in `before` and `after` of a change event, or in a row that is unwrapped; or those
    that `include_list` names, or all but those that `exclude_list` names: `source:TABLE`, `topic:TOPIC`, each with
    `:COLUMN` if you like, or `NAME:COLUMN` for a table of that name, or a topic where a record says no table. COLUMN
    may begin with `before.`, `after.` or `source.`.

    It is the schema that says what a time is: records without one go on unchanged.
    """

    keeps_topic: ClassVar[bool] = True

    converted_timezone: Annotated[str, Option(doc="A zone such as `America/New_York`, or an offset such as `+02:00`.")]
    include_list: Annotated[Sequence[str], Option(doc="What to convert, all when empty.")] = ()
    exclude_list: Annotated[Sequence[str], Option(doc="What not to convert.")] = ()
    _rules: tuple[_Rule, ...] = field(init=False, repr=False, compare=False, default=())
    _zone: tzinfo = field(init=False, repr=False, compare=False, default=UTC)
    _edits: PerSchema[_Edits] = field(
        init=False, repr=False, compare=False, default_factory=lambda: PerSchema(lambda schema: {})
    )

    def __post_init__(self) -> None:
        check("TimezoneConverter", self._problems())
        freeze(self, include_list=tuple(self.include_list), exclude_list=tuple(self.exclude_list))
        freeze(self, _zone=parse_zone(self.converted_timezone))
        freeze(self, _rules=tuple(_rule(text) for text in self.include_list or self.exclude_list))

    def _problems(self) -> list[Problem | None]:
        zone = zone_problem(self.converted_timezone)
        both = bool(self.include_list and self.exclude_list)
        return [
            Problem("converted_timezone", zone) if zone else None,
            _rules_problem("include_list", self.include_list),
            _rules_problem("exclude_list", self.exclude_list),
            problem_if(both, "exclude_list", "include.list and exclude.list exclude each other"),
        ]

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with its times converted."""
        value, schema = record.value, record.value_schema
        if schema is None or schema.type != "struct" or value is None:
            return record
        known, event = self._edits(schema), (record.topic, _table_of(value, schema))
        edits = known.get(event)
        if edits is None:
            edits = self._remembered(known, schema, event)
        return with_value(record, _edited(value, edits), schema) if edits else record

    def _remembered(self, known: _Edits, schema: Schema, event: _Event) -> list[_Edit]:
        if len(known) >= _MAX_EDITS:
            known.clear()
        return known.setdefault(event, self._edits_of(schema, *event))

    def _edits_of(self, schema: Schema, topic: str, table: str | None) -> list[_Edit]:
        rules = [rule for rule in self._rules if rule.is_about(topic, table)]
        edits = [self._edit(place, inner, rules) for place, inner in _structs_of(schema)]
        return [edit for edit in edits if edit.fields]

    def _edit(self, place: str | None, schema: Schema, rules: list[_Rule]) -> _Edit:
        found = [(one.name, converter_of(one.schema, self._zone)) for one in schema.fields]
        return _Edit(place, [(name, c) for name, c in found if c is not None and self._chosen(place, name, rules)])

    def _chosen(self, place: str | None, field: str, rules: list[_Rule]) -> bool:
        named = any(rule.names(place, field) for rule in rules)
        return named if self.include_list else place != "source" and not named


def _is_envelope(schema: Schema) -> bool:
    return (schema.name or "").endswith(".Envelope")


def _table_of(value: dict[str, Any], schema: Schema) -> str | None:
    source = value.get("source") if _is_envelope(schema) else None
    table = source.get("table") if isinstance(source, dict) else None
    return table if isinstance(table, str) else None


def _structs_of(schema: Schema) -> list[tuple[str | None, Schema]]:
    if not _is_envelope(schema):
        return [(None, schema)]
    return [(one.name, one.schema) for one in schema.fields if one.name in _PLACES and one.schema.type == "struct"]


def _edited(value: dict[str, Any], edits: list[_Edit]) -> dict[str, Any]:
    result = dict(value)
    for place, fields in edits:
        if place is None:
            _convert(result, fields)
        elif result.get(place) is not None:
            result[place] = dict(result[place])
            _convert(result[place], fields)
    return result


def _convert(row: dict[str, Any], fields: Sequence[tuple[str, Convert]]) -> None:
    for name, convert in fields:
        if row.get(name) is not None:
            row[name] = convert(row[name])


# ---------------------------------------------------------------------------------------------- rules
def _rule(text: str) -> _Rule:
    kind, *rest = text.strip().split(":")
    if kind not in ("source", "topic"):
        kind, rest = "", [kind, *rest]
    name, *path = rest
    return _Rule(kind, name, *_path(path[0] if path else None))


def _path(column: str | None) -> tuple[str | None, str | None]:
    place, dot, name = (column or "").partition(".")
    return (place, name) if dot and place in _PLACES else (None, column)


def _rules_problem(key: str, texts: Sequence[str]) -> Problem | None:
    if problem := names_problem(key, texts):
        return problem
    bad = [text for text in texts if not _is_rule(text)]
    expected = "source:TABLE[:COLUMN], topic:TOPIC[:COLUMN] or NAME:COLUMN"
    return Problem(key, f"{', '.join(bad)}: write {expected}") if bad else None


def _is_rule(text: str) -> bool:
    kind, *rest = text.strip().split(":")
    return bool(kind) and all(rest) and len(rest) in ((1, 2) if kind in ("source", "topic") else (1,))
