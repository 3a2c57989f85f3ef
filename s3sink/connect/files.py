"""Connector files: JSON, Java's `.properties`, Strimzi's YAML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from s3sink.connect.java_properties import entries
from s3sink.errors import ConfigError, Problem

STILL: Final = ("paused", "stopped")
"""States of a connector that should not run."""
_LARGEST: Final = 1 << 20
"""Bytes of a file. Kafka Connect keeps a connector in one record, and a record has 1 MiB at most."""


class Properties(dict[str, Any]):
    """The properties of one connector, and where they stand.

    `lines` has the line of a key (from 1), as far as it is known. `state` is what the file says that the connector
    should do: `running`, `paused` or `stopped`. `labels` are those of a Kubernetes resource. `repeated` are the keys
    that stand there more than once: the last one counts.
    """

    def __init__(self, properties: Mapping[str, Any], source: Source) -> None:
        super().__init__(properties)
        self.path = source.path
        self.lines = source.lines
        self.state = source.state
        self.labels = source.labels
        self.repeated = frozenset(source.repeated) & self.keys()


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of properties beside themselves."""

    path: str
    lines: Mapping[str, int] = field(default_factory=dict)
    state: str = "running"
    labels: Mapping[str, str] = field(default_factory=dict)
    repeated: Collection[str] = ()


def read(path: str | Path) -> list[Properties]:
    """The connectors of a file, in its order.

    JSON is `{"name", "config"}` as REST takes it, or the properties alone, or a list of either; YAML has any number of
    Strimzi's `KafkaConnector`, other resources are passed over; `.properties` is one connector. Another ending does not
    matter. Raises ConfigError with line, column, what is wrong and the remedy.
    """
    text = _text(Path(path))
    found = parse(text, str(path))
    if not found:
        raise ConfigError([Problem(str(path), "has no connector in it")], str(path))
    return found


def read_worker(path: str | Path) -> dict[str, Any]:
    """A worker's properties, in any of the forms that a connector may have; none in an empty file."""
    found = parse(_text(Path(path)), str(path))
    return dict(found[0]) if found else {}


def parse(text: str, path: str = "") -> list[Properties]:
    """The connectors of a text; `path` is what errors call it, and its ending says what it is."""
    kind = _kind(text, path)
    if kind == "json":
        from s3sink.connect.json_files import parse_json

        return parse_json(text, path)
    if kind == "yaml":
        from s3sink.connect.strimzi import parse_yaml

        return parse_yaml(text, path)
    return [found for found in [_of_java(text, path)] if found]


def _text(path: Path) -> str:
    """UTF-8, or what Java takes a `.properties` file for."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(str(path), f"cannot be read: {reason}")], str(path)) from error
    if len(data) > _LARGEST:
        words = f"is larger than {_LARGEST >> 20} MiB: that is no connector, Kafka Connect could not store it"
        raise ConfigError([Problem(str(path), words)], str(path))
    if b"\0" in data:
        raise ConfigError([Problem(str(path), "is not text, or not UTF-8: save it as UTF-8")], str(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if path.suffix == ".properties":
            return data.decode("latin-1")
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError([Problem(f"{path}:{line}", "is not UTF-8: save it as UTF-8")], str(path)) from error


def _kind(text: str, path: str) -> str:
    suffix = Path(path).suffix.lower()
    known = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".properties": "properties"}
    if suffix in known:
        return known[suffix]
    if text.lstrip()[:1] in ("{", "["):
        return "json"
    return "yaml" if re.search(r"^(?:apiVersion|kind):", text, re.MULTILINE) else "properties"


def _of_java(text: str, path: str) -> Properties:
    try:
        pairs = list(entries(text))
    except ValueError as error:
        found = re.search(r"\\u(?![0-9a-fA-F]{4})", text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        remedy = "write four hexadecimal digits behind \\u, and a backslash itself as \\\\"
        raise ConfigError([Problem(f"{path}:{line}", f"{error} {remedy}")], path) from error
    times = Counter(key for key, _ in pairs)
    properties = dict(pairs)
    repeated = [key for key in times if times[key] > 1]
    return Properties(properties, Source(path, _lines(text, properties), repeated=repeated))


def _lines(text: str, keys: Iterable[str]) -> dict[str, int]:
    """The last line that begins with a key: the one that counts."""
    begun = {re.split(r"[=: \t\f]", line.lstrip(), maxsplit=1)[0]: at for at, line in enumerate(text.splitlines(), 1)}
    return {key: begun[key] for key in keys if key in begun}


# ---------------------------------------------------------------------------------------------- of what is read
def connector_of(document: Any, path: str, lines: Mapping[str, int], repeated: Collection[str] = ()) -> Properties:
    """The connector that an object is: `{"name", "config"}`, or its properties alone. Raises ConfigError."""
    if not isinstance(document, Mapping):
        what = "a list" if isinstance(document, list) else "text" if isinstance(document, str) else "no object"
        message = f'is {what}: a connector is {{"name": ..., "config": {{...}}}}, or its properties alone'
        raise ConfigError([Problem(path, message)], path)
    if "config" not in document:
        return Properties(checked(document, path, lines), Source(path, lines, repeated=repeated))
    config = document["config"]
    if not isinstance(config, Mapping):
        words = f"{where(path, lines, 'config')}is {_kind_of(config)}: it is an object with the connector's properties"
        raise ConfigError([Problem("config", words)], path)
    properties = checked(config, path, lines)
    name = document.get("name")
    if name is not None:
        problem = _name_problem(name, properties, path)
        if problem:
            raise ConfigError([problem], path)
        properties = {"name": name, **properties}
    state = str(document.get("initial_state") or "running").lower()
    return Properties(properties, Source(path, lines, state, repeated=repeated))


def _name_problem(name: Any, properties: Mapping[str, Any], path: str) -> Problem | None:
    if not isinstance(name, str):
        return Problem(path, "name is no text")
    inner = properties.get("name", name)
    if inner != name:
        return Problem(path, f"the connector has two names, {name!r} and in its config {inner!r}: leave the second out")
    return None


def checked(properties: Mapping[Any, Any], path: str, lines: Mapping[str, int]) -> dict[str, Any]:
    """Properties whose values are texts, or nothing. Raises ConfigError with all that are something else."""
    problems = [
        Problem(str(key), f"{where(path, lines, str(key))}is {_kind_of(value)}: the values of properties are texts")
        for key, value in properties.items()
        if not (value is None or isinstance(value, str))
    ]
    if problems:
        raise ConfigError(problems, path)
    return {str(key): value for key, value in properties.items()}


def where(path: str, lines: Mapping[str, int], key: str) -> str:
    """`file:line: `, as far as it is known."""
    parts = [part for part in (path, str(lines.get(key, ""))) if part]
    return f"{':'.join(parts)}: " if parts else ""


def _kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else "text" if isinstance(value, str) else "an object"
