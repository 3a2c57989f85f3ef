"""Avro schemas with their names resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from s3sink.avro_data.names import full_name
from s3sink.errors import ConversionError

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
COMPOUND = frozenset({"record", "array", "map"})
NAMED = frozenset({"record", "enum", "fixed"})


@dataclass(slots=True, eq=False)
class Avro:
    """One Avro schema. A named one that is used twice is one object; a record may contain itself.

    `props` is its JSON object, empty where it has none. `items` is the schema in an array or a map. `number` tells the
    unions of one tree apart.
    """

    type: str
    props: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    doc: str | None = None
    fields: list[AvroField] = field(default_factory=list)
    items: Avro | None = None
    branches: list[Avro] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    size: int = 0
    number: int = 0

    @property
    def logical_type(self) -> str | None:
        """Lower case, because Connect does not look at case; None where it is no text."""
        logical = self.props.get("logicalType")
        return logical.lower() if isinstance(logical, str) else None

    @property
    def inner(self) -> Avro:
        """The schema of what is in an array or a map."""
        if self.items is None:
            raise ConversionError(f"an Avro schema of type {self.type} has nothing in it")
        return self.items

    def alternatives(self) -> Iterator[tuple[int, Avro]]:
        """The branches of a union other than null, each with its index."""
        return ((index, branch) for index, branch in enumerate(self.branches) if branch.type != "null")

    @property
    def is_nullable(self) -> bool:
        """A union that has null in it."""
        return any(branch.type == "null" for branch in self.branches)

    def flat_member(self, flatten_singletons: bool) -> Avro | None:
        """The one schema that a union comes down to: of null and another, or, when flattened, of one alone."""
        if len(self.branches) == 1 and flatten_singletons:
            return self.branches[0]
        if len(self.branches) == 2 and self.is_nullable:
            return next((branch for _, branch in self.alternatives()), None)
        return None


@dataclass(slots=True, eq=False)
class AvroField:
    """A field of a record; `props` is its JSON object, where its default is, if it has one."""

    name: str
    schema: Avro
    doc: str | None
    props: Mapping[str, Any]


class Names:
    """The named types known so far; schemas that refer to each other are parsed with the same one."""

    __slots__ = ("known", "numbers")

    def __init__(self) -> None:
        self.known: dict[str, Avro] = {}
        self.numbers = count()


def parse_avro(schema: Any, names: Names | None = None) -> Avro:
    """The schema of a decoded JSON value. Raises ConversionError for what is no Avro schema."""
    try:
        return _parse(schema, None, names or Names())
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConversionError(f"not an Avro schema: {error!r}") from error


def _parse(schema: Any, space: str | None, names: Names) -> Avro:
    if isinstance(schema, str):
        return _known(schema, space, names, {})
    if isinstance(schema, list):
        return _union(schema, space, names)
    type_ = schema["type"]
    if not isinstance(type_, str):
        return _parse(type_, space, names)
    if type_ == "error":
        type_ = "record"
    if type_ in NAMED:
        return _named(type_, schema, space, names)
    if type_ == "array":
        return Avro("array", schema, items=_parse(schema["items"], space, names))
    if type_ == "map":
        return Avro("map", schema, items=_parse(schema["values"], space, names))
    return _known(type_, space, names, schema)


def _known(name: str, space: str | None, names: Names, props: Mapping[str, Any]) -> Avro:
    if name in PRIMITIVES:
        return Avro(name, props)
    known = names.known.get(full_name(name, space)) or names.known.get(name)
    if known is None:
        raise ConversionError(f'"{name}" is not a defined name of the Avro schema')
    return known


def _union(branches: list[Any], space: str | None, names: Names) -> Avro:
    node = Avro("union", number=next(names.numbers))
    node.branches = [_parse(branch, space, names) for branch in branches]
    if any(branch.type == "union" for branch in node.branches):
        raise ConversionError("an Avro union is directly in another")
    return node


def _named(type_: str, schema: Mapping[str, Any], space: str | None, names: Names) -> Avro:
    given = schema.get("namespace", space)
    name = full_name(schema["name"], given or None)
    if name in names.known:
        raise ConversionError(f"Can't redefine: {name}")
    node = names.known[name] = Avro(type_, schema, name=name, doc=_text(schema.get("doc")))
    if type_ == "enum":
        node.symbols = list(schema["symbols"])
    elif type_ == "fixed":
        node.size = int(schema["size"])
    else:
        inside = name.rpartition(".")[0] or None
        node.fields = [_field(item, inside, names) for item in schema["fields"]]
    return node


def _field(item: Mapping[str, Any], space: str | None, names: Names) -> AvroField:
    return AvroField(item["name"], _parse(item["type"], space, names), _text(item.get("doc")), item)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
