"""A vector of a converter, run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from s3sink.connect import Role, build_converter
from s3sink.errors import ConfigError, RecordError
from tests.vectors.errors import assert_failed, assert_refused
from tests.vectors.files import Vector, from_base64
from tests.vectors.records import agrees, read_schema, same_schema, schema_text, typed
from tests.vectors.rules import expected

TOPIC = "topic"


def run_converter(vector: Vector, options: Mapping[str, str] | None = None) -> None:
    """Check the answer of the converter that the vector names, with these options besides its own."""
    wanted = expected(vector)
    role: Role = "header" if vector["op"].startswith("header_") else "value"
    try:
        converter: Any = build_converter(role, _properties(role, vector, options or {})).made
    except ConfigError as error:
        return assert_refused(error, wanted, f"{role}.converter.")
    try:
        answer = _answer(converter, vector)
    except RecordError as error:
        return assert_failed(error, wanted)
    assert "error" not in wanted, answer
    return _check_read(answer, wanted) if vector["op"].endswith("to_connect") else _check_written(answer, wanted)


def _properties(role: Role, vector: Vector, options: Mapping[str, str]) -> dict[str, str]:
    options = {**options, **vector["config"]}
    return {f"{role}.converter": vector["converter"]} | {f"{role}.converter.{key}": options[key] for key in options}


def _answer(converter: Any, vector: Vector) -> Any:
    if vector["op"].endswith("to_connect"):
        return converter.convert(TOPIC, _data(vector), ())
    schema = read_schema(vector.get("schema"))
    return converter.encode(TOPIC, schema, typed(schema, vector.get("value")))


def _data(vector: Vector) -> bytes | None:
    if "text" in vector:
        return str(vector["text"]).encode()
    return next(
        (from_base64(vector[name]) for name in ("base64", "raw_base64", "payload_base64") if name in vector), None
    )


def _check_read(answer: Any, wanted: dict[str, Any]) -> None:
    schema, value = answer
    if "result" in wanted:  # Connect's converter returns nothing at all, which goes on as null
        assert value is None
        return
    assert same_schema(schema, wanted["schema"]), f"{schema_text(schema)} is not {wanted['schema']}"
    assert agrees(value, schema, wanted["value"]), f"{value!r} is not {wanted['value']}"


def _check_written(answer: bytes | None, wanted: dict[str, Any]) -> None:
    name = next(name for name in ("bytes", "base64", "payload_base64") if name in wanted)
    assert answer == from_base64(wanted[name]), wanted.get("text")
