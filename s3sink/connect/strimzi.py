"""Strimzi's `KafkaConnector` resources, and other YAML with a connector in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from s3sink.connect.files import Properties, Source, connector_of
from s3sink.errors import ConfigError, Problem

_SPEC = {"class": "connector.class", "tasksMax": "tasks.max", "version": "connector.plugin.version"}
_MOST_NODES = 20_000
_DEEPEST = 20
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"


def parse_yaml(text: str, path: str) -> list[Properties]:
    """The connectors of a YAML text, of all its documents; scalars are texts as they are written.

    Of a mapping within `config` the keys are joined with dots, of a list the items with commas. Raises ConfigError.
    """
    import yaml  # 20 ms, for none but these

    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise ConfigError([Problem(place, f"is no YAML: {error.problem or error.context}")], path) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError([Problem(path, f"is no YAML: {str(error).splitlines()[0]}")], path) from error
    return [one for node in nodes if not _is_nothing(node) for one in _connectors(node, path)]


def _is_nothing(node: Any) -> bool:
    """A document of comments alone: what templates leave over."""
    return node is None or (node.id == "scalar" and node.tag == _NULL)


def _connectors(node: Any, path: str) -> Iterator[Properties]:
    reading = _Reading(path)
    document = reading.value(node)
    resources = document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else [document]
    for resource in resources if isinstance(resources, list) else []:
        if not isinstance(resource, dict) or "apiVersion" not in resource:
            yield connector_of(resource, path, reading.lines, reading.repeated)
        elif resource.get("kind") == "KafkaConnector":
            yield _connector(resource, reading)


def _connector(resource: Mapping[str, Any], reading: _Reading) -> Properties:
    metadata, spec = (_mapping(resource, key, reading.path) for key in ("metadata", "spec"))
    config = _flat(_mapping(spec, "config", reading.path))
    own = {_SPEC[key]: spec[key] for key in _SPEC if spec.get(key) is not None}
    own |= {"name": metadata["name"]} if metadata.get("name") is not None else {}
    _check_own(config, own, reading)
    labels = {str(key): str(value) for key, value in _mapping(metadata, "labels", reading.path).items()}
    texts = {key: value for key, value in (config | own).items() if value is None or isinstance(value, str)}
    return Properties(texts, Source(reading.path, reading.lines, _state(spec), labels, reading.repeated))


def _check_own(config: Mapping[str, Any], own: Mapping[str, Any], reading: _Reading) -> None:
    """What the resource says elsewhere must not be in its config: the operator leaves it out there."""
    problems = [
        Problem(key, f"{reading.path}: stands in spec.config as {config[key]!r} and elsewhere as {own[key]!r}")
        for key in own
        if key in config and config[key] != own[key]
    ]
    problems += [Problem(key, f"{reading.path}: is no text") for key in own if not isinstance(own[key], str)]
    if problems:
        raise ConfigError(problems, reading.path)


def _mapping(parent: Mapping[str, Any], key: str, path: str) -> dict[str, Any]:
    found = parent.get(key)
    if found is None or found == "":
        return {}
    if not isinstance(found, dict):
        raise ConfigError([Problem(path, f"{key} must have keys with values")], path)
    return found


def _state(spec: Mapping[str, Any]) -> str:
    """`pause` is the older way to say it."""
    state = spec.get("state")
    if isinstance(state, str) and state:
        return state.lower()
    return "paused" if str(spec.get("pause", "")).lower() == "true" else "running"


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = ",".join(map(str, value)) if isinstance(value, list) else value
    return flat


@dataclass(slots=True)
class _Reading:
    """Nodes as texts, lists and dicts. A document of few bytes may stand for one of any size: there is a limit."""

    path: str
    lines: dict[str, int] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    nodes: int = 0

    def value(self, node: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if self.nodes > _MOST_NODES or depth > _DEEPEST:
            raise ConfigError(
                [Problem(f"{self.path}:{node.start_mark.line + 1}", "is too large or too deep")], self.path
            )
        if node.id == "mapping":
            return self._mapping(node, depth)
        if node.id == "sequence":
            return [self.value(item, depth + 1) for item in node.value]
        return None if node.tag == _NULL else node.value

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        """Its own keys go over those that `<<` merges into it."""
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                merged = self._merged(value, depth) | merged
                continue
            name, made = self._pair(key, value, depth)
            if name in own:
                self.repeated.add(name)
            own[name] = made
        return merged | own

    def _merged(self, node: Any, depth: int) -> dict[str, Any]:
        value = self.value(node, depth + 1)
        mappings = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in mappings):
            place = f"{self.path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
            raise ConfigError([Problem(place, "<< merges keys with values, nothing else")], self.path)
        return {key: one[key] for one in reversed(mappings) for key in one}

    def _pair(self, key: Any, value: Any, depth: int) -> tuple[str, Any]:
        name = str(self.value(key, depth + 1))
        self.lines[name] = key.start_mark.line + 1
        return name, self.value(value, depth + 1)
