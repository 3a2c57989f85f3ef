"""Debezium's topic routing: change events of many physical tables into the topic of one logical table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from s3sink.batch import RecordBatch
from s3sink.config import Option, check, problem_if
from s3sink.connect_json import PerSchema
from s3sink.errors import Problem
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms._envelope import duplicate
from s3sink.transforms._fields import freeze, struct_like
from s3sink.transforms._regex import compile_java, compile_replacement, regex_problem

_MAX_TOPICS = 10_000


class _Table(NamedTuple):
    """A physical table: where its records go, what names it in their keys, and their schemas there."""

    topic: str
    identifier: str
    key_schema: Callable[[Schema], Schema]
    value_schema: Callable[[Schema], Schema]


@dataclass(frozen=True, slots=True)
class ByLogicalTableRouter:
    """A topic that `topic_regex` matches as a whole gets a new name, and the key tells the tables apart; others stay.

    As in Java, the first match is replaced, `$1` is a group. A new name that is empty changes nothing.

    Keys are unique within a physical table only, so a field is added to them (unless `key_enforce_uniqueness` is
    false): the old topic, or what `key_field_replacement` makes of it where `key_field_regex` matches it as a whole.
    A key that has that field already is refused. Keys that are neither map nor struct, such as bytes, stay as they are:
    give the sink a key converter.

    Schemas are called after the new topic: `.Key`, `.Envelope`, and `.Value` for the rows in it.
    """

    topic_regex: Annotated[str, Option(doc="Java regular expression for the whole topic name.")]
    topic_replacement: Annotated[str, Option(doc="The new name, with references to groups.")]
    key_enforce_uniqueness: Annotated[bool, Option(doc="Whether keys get a field that names the table.")] = True
    key_field_name: Annotated[str, Option(doc="The name of that field.")] = "__dbz__physicalTableIdentifier"
    key_field_regex: Annotated[str | None, Option(doc="Regular expression for the whole of the old topic.")] = None
    key_field_replacement: Annotated[str | None, Option(doc="What that field says, with references to groups.")] = None
    _tables: dict[str, _Table | None] = field(init=False, repr=False, compare=False, default_factory=dict)
    _routed: Callable[[str], str] = field(init=False, repr=False, compare=False, default=str)
    _identified: Callable[[str], str] = field(init=False, repr=False, compare=False, default=str)

    def __post_init__(self) -> None:
        check("ByLogicalTableRouter", self._problems())
        freeze(self, _routed=_replacer(self.topic_regex, self.topic_replacement))
        if self.key_field_regex and self.key_field_replacement is not None:
            freeze(self, _identified=_replacer(self.key_field_regex, self.key_field_replacement))

    def _problems(self) -> list[Problem | None]:
        lonely = bool(self.key_field_regex) and not self.key_field_replacement
        return [
            regex_problem("topic_regex", self.topic_regex),
            regex_problem("key_field_regex", self.key_field_regex or ""),
            problem_if(not self.key_field_name, "key_field_name", "must not be empty"),
            problem_if(lonely, "key_field_replacement", "is needed with key.field.regex"),
        ]

    @property
    def takes_batches(self) -> bool:
        """Whether `apply_batch` is worth a try: not when keys are changed."""
        return not self.key_enforce_uniqueness

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with its new topic, key and schema names."""
        table = self._table(record.topic)
        if table is None:
            return record
        key, key_schema = record.key, record.key_schema
        if self.key_enforce_uniqueness and isinstance(key, dict):
            key, key_schema = self._unique(key, key_schema, table)
        schema = record.value_schema
        return record.replace(
            topic=table.topic, key=key, key_schema=key_schema, value_schema=schema and table.value_schema(schema)
        )

    def apply_batch(self, batch: RecordBatch, /) -> RecordBatch:
        """The batch with its new topic."""
        table = self._table(batch.topic)
        return batch if table is None else batch.with_topic(table.topic)

    def _unique(
        self, key: dict[str, Any], schema: Schema | None, table: _Table
    ) -> tuple[dict[str, Any], Schema | None]:
        if schema is not None and schema.type != "struct":
            return key, schema
        if schema is None and self.key_field_name in key:
            raise duplicate(self.key_field_name)
        new_schema = schema and table.key_schema(schema)
        return key | {self.key_field_name: table.identifier}, new_schema

    def _table(self, topic: str) -> _Table | None:
        try:
            return self._tables[topic]
        except KeyError:
            if len(self._tables) >= _MAX_TOPICS:
                self._tables.clear()
            return self._tables.setdefault(topic, self._found(topic))

    def _found(self, topic: str) -> _Table | None:
        if not (new := self._routed(topic)) or not compile_java(self.topic_regex).fullmatch(topic):
            return None
        added = Field(self.key_field_name, Schema(type="string"))
        return _Table(
            new,
            self._identified(topic),
            PerSchema(lambda schema: struct_like(schema, [*schema.fields, added]).replace(name=f"{new}.Key")),
            PerSchema(lambda schema: _renamed(schema, new)),
        )


def _replacer(regex: str, replacement: str) -> Callable[[str], str]:
    """Replaces the first match in a text that matches as a whole; leaves others."""
    pattern = compile_java(regex)
    expand = compile_replacement(pattern, replacement)
    return lambda text: pattern.sub(expand, text, count=1) if pattern.fullmatch(text) else text


def _renamed(schema: Schema, topic: str) -> Schema:
    if schema.type != "struct" or not (schema.name or "").endswith(".Envelope"):
        return schema
    fields = tuple(
        Field(one.name, one.schema.replace(name=f"{topic}.Value") if one.name in ("before", "after") else one.schema)
        for one in schema.fields
    )
    return schema.replace(name=f"{topic}.Envelope", fields=fields)
