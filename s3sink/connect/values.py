"""The values of a connector file's properties: read by the table of keys, with all that is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from s3sink.config import masked
from s3sink.connect.findings import Findings, invalid
from s3sink.connect.keys import KEYS
from s3sink.connect.nearest import nearest
from s3sink.connect.plugins import class_messages
from s3sink.errors import ConfigError, Problem

_OPTIONAL_WITH_ROTATION = "flush.size"


@dataclass(frozen=True, slots=True)
class Values:
    """The values of all keys, as far as they can be read; a bad one has its default, a bad required one None.

    `messages` has what Kafka Connect says about each bad key, `hints` what was probably meant.
    """

    properties: Mapping[str, str]
    findings: Findings
    parsed: Mapping[str, Any]
    messages: Mapping[str, list[str]] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.parsed[key]

    def given(self, key: str) -> bool:
        """Whether the file has it."""
        return key in self.properties

    def under(self, prefix: str) -> dict[str, str]:
        """The properties that begin so, without it."""
        return {key[len(prefix) :]: text for key, text in self.properties.items() if key.startswith(prefix)}

    def refuse(self, key: str, message: str) -> None:
        """A problem, unless the key has one already."""
        if key not in self.messages and key not in {problem.key for problem in self.findings.problems}:
            self.findings.problem(key, message)

    def refuse_value(self, key: str, reason: str) -> None:
        """The same in Connect's words."""
        self.refuse(key, invalid(self._shown(key), key, reason))

    def refuse_all(self, error: ConfigError, keys: Mapping[str, str], *, in_connects_words: bool = False) -> None:
        """The problems of a class, whose fields are these keys."""
        for problem in error.problems:
            key = keys.get(problem.key, problem.key)
            if in_connects_words and key in KEYS and not problem.message.startswith("Invalid value"):
                self.refuse_value(key, problem.message)
            else:
                self.refuse(key, problem.message)

    def warn(self, key: str, message: str) -> None:
        """Something without effect, or with another than one may expect."""
        self.findings.warn(key, message)

    def warn_if_given(self, key: str, message: str) -> None:
        """The same, where the file has the key."""
        if self.given(key):
            self.warn(key, message)

    def _shown(self, key: str) -> Any:
        value = self.parsed.get(key)
        return f"[{', '.join(value)}]" if isinstance(value, tuple) else "" if value is None else value


def read_values(properties: Mapping[str, str], secrets: Collection[str] = ()) -> Values:
    """The values of properties. Nothing is raised: what is wrong is in `messages`."""
    parsed: dict[str, Any] = {}
    messages: dict[str, list[str]] = {}
    hints: dict[str, str] = {}
    hidden = {name for name, key in KEYS.items() if key.type == "PASSWORD"} | set(secrets)
    for name in KEYS:
        parsed[name], found, hint = _read(name, properties)
        if found:
            messages[name] = [_masked(name, message, properties, hidden) for message in found]
        if hint:
            hints[name] = hint
    return Values(properties, Findings(properties, hidden), parsed, messages, hints)


def _read(name: str, properties: Mapping[str, str]) -> tuple[Any, list[str], str]:
    """Value, messages, and what was probably meant; of a missing key, which key of the file probably means it."""
    key = KEYS[name]
    default = None if key.required else key.default
    if name not in properties:
        missing = key.required and not (name == _OPTIONAL_WITH_ROTATION and _without_flush_size(properties))
        meant = nearest(name, [given for given in properties if given not in KEYS]) if missing else None
        return default, [f'Missing required configuration "{name}" which has no default value.'] * missing, meant or ""
    text = properties[name]
    if key.type == "CLASS":
        messages, hint = class_messages(name, text)
        return default if messages else key.parse(text), messages, hint
    try:
        value, messages = key.parse(text), []
    except ValueError as error:
        value, messages = None, [invalid(text, name, str(error))]
    if key.check and (value is not None or key.type not in ("BOOLEAN", "LIST")):
        messages += list(_complaints(name, value))
    return default if messages else value, messages, ""


def _complaints(name: str, value: Any) -> Iterator[str]:
    check = KEYS[name].check
    complaint = check(value) if check else None
    if complaint:
        yield invalid(complaint.value, name, complaint.reason)


def _without_flush_size(properties: Mapping[str, str]) -> bool:
    listed = properties.get("s3sink.rotation", "")
    return bool(listed.strip()) and "flush_size" not in listed


def _masked(key: str, message: str, properties: Mapping[str, str], hidden: Collection[str]) -> str:
    if key not in hidden or key not in properties:
        return message
    return masked(Problem(key, message), {key: properties[key]}).message
