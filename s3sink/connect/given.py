"""The properties of a file as Kafka Connect gets them: all text, references resolved."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from s3sink.connect.providers import (
    ConfigProvider,
    DirectoryConfigProvider,
    EnvVarConfigProvider,
    FileConfigProvider,
    build_providers,
    resolve,
)
from s3sink.errors import ConfigError, Problem

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """A connector's and its worker's properties; the values of `secrets` came from config providers."""

    properties: Mapping[str, str]
    worker: Mapping[str, str]
    secrets: frozenset[str]
    warnings: tuple[Problem, ...]


def given_properties(properties: Mapping[str, Any], worker: Mapping[str, Any] | None) -> Given:
    """Properties as texts, with values put in for references such as `${env:PASSWORD}`.

    The providers are those of the worker's `config.providers`. Where it names none they are `env`, `file` and
    `directory`, each Kafka's own. Raises ConfigError.
    """
    texts, nulls = _texts(properties, "connector")
    worker_texts, _ = _texts(worker or {}, "worker")
    providers = _providers(worker_texts)
    resolved = resolve(texts, providers)
    twice = [key for key in properties if key in getattr(properties, "repeated", ())]
    warnings = (
        *(Problem(key, "has no value, as if it were not there") for key in nulls),
        *(Problem(key, "stands there more than once: the last one counts, as in Kafka Connect") for key in twice),
        *resolved.warnings,
    )
    return Given(resolved.properties, resolve(worker_texts, providers).properties, resolved.secrets, warnings)


def _providers(worker: Mapping[str, str]) -> Mapping[str, ConfigProvider]:
    if worker.get("config.providers", "").strip():
        return build_providers(worker).made
    return {
        "env": EnvVarConfigProvider(environment=os.environ),
        "file": FileConfigProvider(),
        "directory": DirectoryConfigProvider(),
    }


def _texts(properties: Any, subject: str) -> tuple[dict[str, str], list[str]]:
    if not isinstance(properties, Mapping):
        raise ConfigError([Problem(subject, f"is {type(properties).__name__}, not keys with values")], subject)
    problems, texts, nulls = [], {}, []
    for key, value in properties.items():
        if not isinstance(key, str):
            problems.append(Problem(str(key), "is no text: keys are texts"))
        elif value is None:
            nulls.append(key)
        elif not isinstance(value, str | int | float):
            problems.append(Problem(key, f"is {type(value).__name__}: the values of properties are texts"))
        elif _HALF.search(key + (text := text_of(value))):
            problems.append(Problem(repr(key)[1:-1], "has half of a surrogate pair: that is no Unicode text"))
        else:
            texts[key] = text
    if problems:
        raise ConfigError(problems, subject)
    return texts, nulls


def text_of(value: str | int | float) -> str:
    """A scalar of JSON or YAML as Kafka Connect gets it: `true`, not `True`."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        return hex(value) if isinstance(value, int) else repr(value)
