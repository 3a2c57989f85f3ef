"""Where s3sink answers otherwise than Kafka Connect, on purpose: for which inputs, what it answers, and why.

A rule looks at what an input does, never at the name of a vector.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.vectors.files import Vector


class Rule(NamedTuple):
    """`answer` is what s3sink says instead, for the vectors that the rule is about."""

    why: str
    applies: Callable[[Vector], bool]
    answer: Callable[[Vector], dict[str, Any]]


def expected(vector: Vector) -> dict[str, Any]:
    """What s3sink has to answer."""
    for rule in RULES:
        if rule.applies(vector):
            return rule.answer(vector)
    answer: dict[str, Any] = vector["expected"]
    return answer


# ---------------------------------------------------------------------------------------------- integers
def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _whole_numbers(item)
    elif type(value) is int:
        yield value


def _reads_a_long_integer(vector: Vector) -> bool:
    if vector.get("op") != "to_connect" or not vector["converter"].endswith(".JsonConverter"):
        return False
    if "error" in vector["expected"] or vector["expected"].get("schema") is not None or not vector.get("text"):
        return False
    try:
        value = json.loads(vector["text"])
    except ValueError:
        return False
    return any(not -(1 << 63) <= number < 1 << 63 for number in _whole_numbers(value))


# ---------------------------------------------------------------------------------------------- encodings
def _names_a_bad_encoding(vector: Vector) -> bool:
    return str(vector["expected"].get("error", {}).get("message")).startswith("Unsupported encoding ")


def _at_construction(vector: Vector) -> dict[str, Any]:
    return {"error": {**vector["expected"]["error"], "phase": "configure"}}


# ---------------------------------------------------------------------------------------------- old options
_LAST_WITH_OLD_OPTIONS = "3.1.3"


def _has_old_unwrap_options_only(vector: Vector) -> bool:
    config = vector.get("config", {})
    old = "delete.handling.mode" in config or "drop.tombstones" in config
    return old and "delete.tombstone.handling.mode" not in config


def _was_answered_by_several_versions(vector: Vector) -> bool:
    return _has_old_unwrap_options_only(vector) and "expected_by_version" in vector


def _wants_tombstones(vector: Vector) -> bool:
    old = _has_old_unwrap_options_only(vector) and vector["config"].get("drop.tombstones") == "false"
    return old and "add.headers" not in vector["config"] and vector["input"].get("value") is None


def _as_before(vector: Vector) -> dict[str, Any]:
    for answer in vector["expected_by_version"]:
        if _LAST_WITH_OLD_OPTIONS in answer["versions"]:
            found: dict[str, Any] = answer["expected"]
            return found
    raise LookupError(f"{vector['id']} has no answer of Debezium {_LAST_WITH_OLD_OPTIONS}")


# ---------------------------------------------------------------------------------------------- kinds of integers
def _refuses_a_narrow_integer(vector: Vector) -> bool:
    error = vector["expected"].get("error", {})
    narrow = ("java.lang.Byte", "java.lang.Short", "java.lang.Integer")
    refused = [f"TimestampConverter does not support class {name} objects as timestamps" for name in narrow]
    return error.get("message") in refused and vector.get("config") == {"target.type": "Timestamp"}


def _as_a_long(vector: Vector) -> dict[str, Any]:
    (milliseconds,) = vector["input"]["value"].values()
    return {**vector["input"], "value": {"$date": milliseconds}}


RULES = (
    Rule(
        "A whole number without a schema is a Long: Python has one kind of integer, and no converter makes others.",
        _refuses_a_narrow_integer,
        _as_a_long,
    ),
    Rule(
        "Debezium 3.2 and later passes over delete.handling.mode and drop.tombstones without a word; who has written "
        "them wants what they did in the last version that knew them.",
        _was_answered_by_several_versions,
        _as_before,
    ),
    Rule(
        "The same, where only an answer of Debezium 3.2 or later is known: a tombstone goes on as it is.",
        _wants_tombstones,
        lambda vector: vector["input"],
    ),
    Rule(
        "Connect wraps integers beyond 64 bits around without a word; here they keep their digits.",
        _reads_a_long_integer,
        lambda vector: {**vector["expected"], "value": json.loads(vector["text"])},
    ),
    Rule(
        "Connect finds out with the first record that there is no such encoding; here nothing is built with it.",
        _names_a_bad_encoding,
        _at_construction,
    ),
)
