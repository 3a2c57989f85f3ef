"""Avro schemas for a codec: the same bytes, and values that say which branch of a union they are.

A codec for Python gives the value of a union without saying which branch it was: an int may be an Avro int or a long,
bytes may be a fixed. A record adds nothing to the bytes of its fields, so a branch may as well be a record with one
field, and that field's name says which branch it is. Types have short names of our own here, and what is no part of
the encoding is left out.
"""

from __future__ import annotations

from typing import Any

from s3sink.avro_data.names import is_plain_name
from s3sink.avro_data.tree import COMPOUND, NAMED, Avro

#: The logical types that a codec decodes to what Connect's logical types are here.
DECODED = {("int", "date"), ("int", "time-millis"), ("long", "timestamp-millis")}


def is_decoded(node: Avro) -> bool:
    """Whether the codec decodes the logical type when it reads."""
    return (node.type, node.logical_type) in DECODED


def key_of(index: int) -> str:
    """The field of the record that a branch is wrapped into."""
    return f"b{index}"


def wrapped_name(union: Avro, index: int) -> str:
    """The name of that record."""
    return f"U{union.number}_{index}"


def wraps(union: Avro, writing: bool) -> bool:
    """Whether the branches of a union are wrapped: where there are several, and those that are costly to tell apart."""
    others = [branch for _, branch in union.alternatives()]
    return len(others) > 1 or (writing and any(branch.type in COMPOUND for branch in others))


def symbol_texts(node: Avro) -> dict[str, str] | None:
    """Symbols of the codec's schema -> symbols of an enum with one that a codec refuses; None for other enums."""
    if all(map(is_plain_name, node.symbols)):
        return None
    return {f"S{index}": symbol for index, symbol in enumerate(node.symbols)}


def wire_schema(node: Avro, *, writing: bool) -> Any:
    """The schema for the codec, as JSON. Logical types are left to us, but for those in `DECODED` when reading."""
    return _wire(node, writing, {})


def _wire(node: Avro, writing: bool, known: dict[int, str]) -> Any:
    if node.type == "union":
        return _union(node, writing, known)
    if node.type in ("array", "map"):
        part = "items" if node.type == "array" else "values"
        return {"type": node.type, part: _wire(node.inner, writing, known)}
    if node.type in NAMED:
        return known.get(id(node)) or _named(node, writing, known)
    if not writing and is_decoded(node):
        return {"type": node.type, "logicalType": node.logical_type}
    return node.type


def _union(node: Avro, writing: bool, known: dict[int, str]) -> list[Any]:
    branches = [_wire(branch, writing, known) for branch in node.branches]
    if not wraps(node, writing):
        return branches
    return [
        branch if branch == "null" else _wrapped(wrapped_name(node, index), key_of(index), branch)
        for index, branch in enumerate(branches)
    ]


def _wrapped(name: str, key: str, branch: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": key, "type": branch}]}


def _named(node: Avro, writing: bool, known: dict[int, str]) -> dict[str, Any]:
    name = known[id(node)] = f"T{len(known)}"
    if node.type == "fixed":
        return {"type": "fixed", "name": name, "size": node.size}
    if node.type == "enum":
        return {"type": "enum", "name": name, "symbols": list(symbol_texts(node) or node.symbols)}
    fields = [{"name": field.name, "type": _wire(field.schema, writing, known)} for field in node.fields]
    return {"type": "record", "name": name, "fields": fields}
