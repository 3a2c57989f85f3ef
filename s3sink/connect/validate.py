"""What Kafka Connect's REST interface answers to a configuration: messages under each key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from s3sink.connect.converters import Role, build_converter
from s3sink.connect.crossing import crossing_problems
from s3sink.connect.framework import is_sink, other_class, topic_problems
from s3sink.connect.given import given_properties
from s3sink.connect.keys import KEYS
from s3sink.connect.transforms import build_transforms
from s3sink.connect.values import Values, read_values
from s3sink.errors import ConfigError, Problem

_FRAMEWORK = ("framework", "errors")
_ROLES: tuple[Role, ...] = ("key", "value", "header")


def validate(properties: Mapping[str, Any], *, worker: Mapping[str, Any] | None = None) -> dict[str, list[str]]:
    """What REST's `PUT /connector-plugins/.../config/validate` answers: messages by key, nothing if all is well.

    It knows less than `connector` does: Kafka Connect finds a missing locale, a bad `path.format` or a schedule without
    a time zone when the task starts. Like there, checks across keys wait until every key by itself is well. Where
    Kafka Connect answers with an internal error (a `partitioner.class` that is not there, no `connector.class`), this
    says what is wrong.
    """
    messages: dict[str, list[str]] = defaultdict(list)
    try:
        given = given_properties(properties, worker)
    except ConfigError as error:
        return _by_key(messages, error.problems)
    if not is_sink(given.properties.get("connector.class", "S3Sink")):
        return {"connector.class": [other_class(given.properties["connector.class"])]}
    values = read_values(given.properties, given.secrets)
    for key, found in values.messages.items():
        if not KEYS[key].hidden and KEYS[key].group != "s3sink":
            messages[key] += found
    _by_key(messages, topic_problems(values))
    if not _is_bad(values):
        _by_key(messages, crossing_problems(values))
    return _by_key(messages, (*_of_chain(given.properties), *_of_converters(given.properties, given.worker)))


def _is_bad(values: Values) -> bool:
    """Whether the connector's own configuration cannot be made at all: the framework's part does not matter."""
    bad = any(KEYS[key].group not in (*_FRAMEWORK, "s3sink") for key in values.messages)
    return bad or (values["rotate.schedule.interval.ms"] > 0 and not values["timezone"])


def _by_key(messages: dict[str, list[str]], problems: Iterable[Problem]) -> dict[str, list[str]]:
    for key, message in problems:
        messages[key].append(message)
    return dict(messages)


def _of_chain(properties: Mapping[str, str]) -> Iterable[Problem]:
    try:
        build_transforms(properties)
    except ConfigError as error:
        for key, message in error.problems:
            is_negate = key.endswith(".negate") and message.startswith("Config '")
            yield Problem(f"{key.removesuffix('.negate')}.type" if is_negate else key, message)


def _of_converters(properties: Mapping[str, str], worker: Mapping[str, str]) -> Iterable[Problem]:
    for role in _ROLES:
        if f"{role}.converter" in properties:
            try:
                build_converter(role, properties, worker)
            except ConfigError as error:
                yield from error.problems
