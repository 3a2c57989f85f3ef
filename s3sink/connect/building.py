"""One object from a class name and the options beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from s3sink.config import from_properties, options_of
from s3sink.connect.classes import ConnectClass, Kind, find, load
from s3sink.connect.findings import Findings, invalid
from s3sink.connect.nearest import nearest
from s3sink.errors import ConfigError, Problem

_FRAMEWORK = frozenset(("type", "predicate", "negate", "plugin.version"))


def build(
    kind: Kind, key: str, prefix: str, findings: Findings, implied: Mapping[str, Any] | None = None
) -> Any | None:
    """What the property `key` names, with its options under `prefix`; None when there is a problem, then found.

    `implied` are arguments that the class gets when it has fields for them: what the place in the file says.
    """
    name = findings.properties.get(key, "").strip()
    if not name:
        findings.problem(key, f'Missing required configuration "{key}" which has no default value.')
        return None
    try:
        known = find(kind, name, key)
        cls = load(known, key)
        return _built(known, cls, key, prefix, findings, implied or {})
    except ConfigError as error:
        findings.add(error)
        return None


def _built(known: ConnectClass, cls: Any, key: str, prefix: str, findings: Findings, implied: Mapping[str, Any]) -> Any:
    if not isinstance(cls, type) or not is_dataclass(cls):
        _warn_of_options(findings, prefix, known.name)
        return _called(cls, known, key) if isinstance(cls, type) else cls
    options = {option.name: option.key for option in options_of(cls, known.keys)}
    fixed = {**{name: value for name, value in implied.items() if name in options}, **known.fixed}
    _warn_of_unknown(findings, prefix, known, [key for name, key in options.items() if name not in fixed])
    properties = {prefix + name: text for name, text in known.defaults.items()} | dict(findings.properties)
    return from_properties(cls, properties, prefix, fixed=fixed, keys=known.keys, secrets=findings.secrets)


def _called(cls: type, known: ConnectClass, key: str) -> Any:
    try:
        return cls()
    except TypeError as error:
        reason = f"{error}; a class with options is a dataclass, and its fields are the options"
        raise ConfigError([Problem(key, invalid(known.name, key, reason))]) from error


def _warn_of_options(findings: Findings, prefix: str, name: str) -> None:
    for key in _options_under(findings, prefix):
        findings.warn(key, f"has no effect: {name} is not a dataclass, so it has no options")


def _warn_of_unknown(findings: Findings, prefix: str, known: ConnectClass, options: list[str]) -> None:
    for key in _options_under(findings, prefix):
        option = key.removeprefix(prefix)
        if option not in options:
            findings.warn(key, _no_option(option, prefix, known, options))


def _no_option(option: str, prefix: str, known: ConnectClass, options: list[str]) -> str:
    if option in known.removed:
        return f"has no effect since Kafka 4.0: write {prefix}{known.removed[option]}"
    found = nearest(option, options)
    if found:
        return f"has no effect: {known.name} has no such option. Did you mean {prefix}{found}?"
    has = f"; it has {', '.join(options)}" if options else ""
    return f"has no effect: {known.name} has no such option{has}"


def _options_under(findings: Findings, prefix: str) -> list[str]:
    return [key for key in findings.properties if key.startswith(prefix) and key[len(prefix) :] not in _FRAMEWORK]
