"""Avro and Kafka Connect: schemas and values of the one in terms of the other, as Confluent's AvroData maps them.

Nothing here reads or writes bytes. A codec does that with `wire`, the same schema in a form in which values say which
branch of a union they are; `convert` is what stands between its values and ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from s3sink.avro_data.from_connect import ANYTHING_SCHEMA, avro_schema
from s3sink.avro_data.names import ANYTHING
from s3sink.avro_data.options import MappingOptions
from s3sink.avro_data.reading import read_anything, reader
from s3sink.avro_data.to_connect import connect_schema
from s3sink.avro_data.tree import Avro, Names, parse_avro
from s3sink.avro_data.wire import wire_schema
from s3sink.avro_data.writing import anything_writer, writer
from s3sink.connect_json import PerSchema
from s3sink.errors import ConversionError
from s3sink.schema import Schema

__all__ = ["AvroData", "MappingOptions", "Reading", "Writing"]

_CACHE = 1000  # AvroConverter's schemas.cache.config


class Reading(NamedTuple):
    """How values of an Avro schema are read. `type` is the Avro type at the top, `name` its full name, if it has one.

    `convert` makes a value of what a codec decoded with `wire`. It may change its argument. `schema` is None for
    values that were written without one.
    """

    type: str
    name: str | None
    schema: Schema | None
    wire: Any
    convert: Callable[[Any], Any]


class Writing(NamedTuple):
    """How values of a Connect schema are written. `avro` is the schema to publish, as JSON.

    `convert` makes of a value what a codec encodes with `wire`; it raises FormatError. `type` and `name` are the Avro
    schema's.
    """

    type: str
    name: str | None
    avro: Any
    wire: Any
    convert: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class AvroData:
    """The mapping, both ways, with its options. What is made of a schema is made once.

    >>> AvroData().writing(Schema(type="int8", optional=True)).avro
    ['null', {'type': 'int', 'connect.type': 'int8'}]
    >>> AvroData().reading('{"type": "long", "logicalType": "timestamp-millis"}', version=1).schema.name
    'org.apache.kafka.connect.data.Timestamp'
    """

    options: MappingOptions = field(default_factory=MappingOptions)
    _readings: Callable[..., Reading] = field(init=False, repr=False, compare=False)
    _writings: PerSchema[Writing] = field(init=False, repr=False, compare=False)
    _anything: Callable[[], Writing] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_readings", lru_cache(_CACHE)(self._reading))
        object.__setattr__(self, "_writings", PerSchema(self._writing))
        object.__setattr__(self, "_anything", lru_cache(1)(self._writing_anything))

    def reading(self, avro: str, version: int | None = None, references: Sequence[str] = ()) -> Reading:
        """How values of the Avro schema with that text are read.

        `version` is what a registry calls it, for a schema that names no version itself. `references` are texts of
        schemas that it names types of, each after those that it needs itself. Raises ConversionError.
        """
        return self._readings(avro, version, tuple(references))

    def writing(self, schema: Schema | None) -> Writing:
        """How values of the schema are written; None is for values without one. Raises FormatError."""
        return self._anything() if schema is None else self._writings(schema)

    def _reading(self, avro: str, version: int | None, references: tuple[str, ...]) -> Reading:
        names = Names()
        for reference in references:
            parse_avro(_decoded(reference), names)
        node = parse_avro(_decoded(avro), names)
        wire = wire_schema(node, writing=False)
        if node.type == "null":
            return Reading(node.type, node.name, None, wire, _same)
        if node.name == ANYTHING:
            return Reading(node.type, node.name, None, wire, read_anything)
        schema = connect_schema(node, self.options, version)
        return Reading(node.type, node.name, schema, wire, reader(node, schema, self.options) or _same)

    def _writing(self, schema: Schema) -> Writing:
        avro = avro_schema(schema, self.options)
        node = parse_avro(avro)
        return _writing_of(node, avro, writer(schema, node, self.options))

    def _writing_anything(self) -> Writing:
        node = parse_avro(ANYTHING_SCHEMA)
        return _writing_of(node, ANYTHING_SCHEMA, anything_writer(node))


def _writing_of(node: Avro, avro: Any, convert: Callable[[Any], Any]) -> Writing:
    return Writing(node.type, node.name, avro, wire_schema(node, writing=True), convert)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        if text.strip().isidentifier():
            return text.strip()  # the name of a primitive type, as some registries keep it
        raise ConversionError(f"not an Avro schema: {error}") from error


def _same(value: Any) -> Any:
    return value
