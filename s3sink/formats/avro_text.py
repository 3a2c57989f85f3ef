"""The text of an Avro schema."""

from __future__ import annotations

import json
from typing import Any

from s3sink.errors import FormatError

_FIRST = ("type", "name", "namespace", "doc", "fields", "symbols", "items", "values", "size", "default")
_FIRST_OF_FIELD = ("name", "type", "doc", "default")


def schema_text(avro: Any) -> bytes:
    """As Avro's Java library prints it: no spaces, members in its order, other characters than ASCII as they are.

    Raises FormatError for text in it that is no Unicode.
    """
    try:
        return json.dumps(_ordered(avro), separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise FormatError("the schema has text in it that is no Unicode") from error


def _ordered(avro: Any) -> Any:
    if isinstance(avro, list):
        return [_ordered(branch) for branch in avro]
    if not isinstance(avro, dict):
        return avro
    ordered = _sorted(avro, _FIRST)
    for part in ("type", "items", "values"):
        if part in ordered:
            ordered[part] = _ordered(ordered[part])
    if "fields" in ordered:
        ordered["fields"] = [_ordered_field(field) for field in ordered["fields"]]
    return ordered


def _ordered_field(field: dict[str, Any]) -> dict[str, Any]:
    ordered = _sorted(field, _FIRST_OF_FIELD)
    return ordered | {"type": _ordered(ordered["type"])}


def _sorted(members: dict[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    return {key: members[key] for key in first if key in members} | members
