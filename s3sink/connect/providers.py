"""Config providers: `${file:/etc/secrets/s3.properties:password}` in the values of a connector file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol

from s3sink.config import Option, check
from s3sink.connect.building import build
from s3sink.connect.findings import Built, Findings
from s3sink.connect.java_properties import parse_properties
from s3sink.errors import ConfigError, Problem
from s3sink.transforms._regex import compile_java, regex_problem

_REFERENCE = re.compile(r"\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}")
_HIDDEN = "[hidden]"


class ConfigProvider(Protocol):
    """Looks up values that should not stand in a connector file."""

    def get(self, path: str, key: str, /) -> str | None:
        """The value of `${name:path:key}`; `path` is "" in `${name:key}`. None leaves the reference as it is.

        Raises ConfigError when it should be there and cannot be had.
        """
        ...


# ---------------------------------------------------------------------------------------------- the three of Kafka
@dataclass(frozen=True, slots=True)
class FileConfigProvider:
    """A key of a Java properties file: `${file:/etc/secrets/s3.properties:password}`."""

    allowed_paths: Annotated[Sequence[str], Option(doc="Files and directories that may be read, all if empty.")] = ()

    def __post_init__(self) -> None:
        check("FileConfigProvider", _path_problems(self.allowed_paths))
        object.__setattr__(self, "allowed_paths", tuple(self.allowed_paths))

    def get(self, path: str, key: str, /) -> str | None:
        """The value; None where the path is not allowed or the file has no such key."""
        allowed = _allowed(path, self.allowed_paths)
        if allowed is None:
            return None
        try:
            return parse_properties(allowed.read_text("utf-8")).get(key)
        except (OSError, ValueError) as error:
            raise _failed(f"Could not read properties from file {path}") from error


@dataclass(frozen=True, slots=True)
class DirectoryConfigProvider:
    """The content of a file in a directory, to its last byte: `${dir:/etc/secrets:password}`."""

    allowed_paths: Annotated[Sequence[str], Option(doc="Directories that may be read, all if empty.")] = ()

    def __post_init__(self) -> None:
        check("DirectoryConfigProvider", _path_problems(self.allowed_paths))
        object.__setattr__(self, "allowed_paths", tuple(self.allowed_paths))

    def get(self, path: str, key: str, /) -> str | None:
        """The text; None where the path is not allowed or no directory, or has no file of that name itself."""
        allowed = _allowed(path, self.allowed_paths)
        if allowed is None or not allowed.is_dir():
            return None
        try:
            found = key in os.listdir(allowed) and (allowed / key).is_file()
            return (allowed / key).read_bytes().decode() if found else None
        except (OSError, ValueError) as error:
            raise _failed(f"Could not read file {allowed / key} for property {key}") from error


@dataclass(frozen=True, slots=True)
class EnvVarConfigProvider:
    """A variable of the environment: `${env:PASSWORD}`."""

    allowlist_pattern: Annotated[
        str | None, Option(doc="Java regular expression for the names that may be read, all if left out.")
    ] = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def __post_init__(self) -> None:
        pattern = self.allowlist_pattern
        check("EnvVarConfigProvider", [None if pattern is None else regex_problem("allowlist_pattern", pattern)])

    def get(self, path: str, key: str, /) -> str | None:
        """The value; None where it is not set or not allowed."""
        if path:
            raise _failed(f"Path is not supported for EnvVarConfigProvider, invalid value '{path}'")
        pattern = self.allowlist_pattern
        if pattern is not None and not compile_java(pattern).fullmatch(key):
            return None
        return self.environment.get(key)


def _failed(message: str) -> ConfigError:
    return ConfigError([Problem("", message)])


def _path_problems(paths: Sequence[str]) -> list[Problem]:
    problems = []
    for path in map(os.path.normpath, paths):
        if not os.path.isabs(path):
            problems.append(Problem("allowed_paths", f"Path {path} is not absolute"))
        elif not os.path.exists(path):
            problems.append(Problem("allowed_paths", f"Path {path} does not exist"))
    return problems


def _allowed(path: str, allowed: Sequence[str]) -> Path | None:
    """The path, `..` taken out, when it is under one of the allowed ones."""
    if not path or not allowed:
        return Path(path) if path else None
    normal = Path(os.path.normpath(path))
    return normal if any(normal.is_relative_to(os.path.normpath(parent)) for parent in allowed) else None


# ---------------------------------------------------------------------------------------------- from properties
def build_providers(
    properties: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> Built[dict[str, ConfigProvider]]:
    """The providers of `config.providers`, by name, with their `config.providers.<name>.class` and `.param.*`.

    Raises ConfigError with all problems.
    """
    findings = Findings(properties)
    names = [name.strip() for name in properties.get("config.providers", "").split(",") if name.strip()]
    made: dict[str, Any] = {}
    for name in names:
        base = f"config.providers.{name}."
        made[name] = build("ConfigProvider", f"{base}class", f"{base}param.", findings, {"environment": environment})
    return findings.built(made, "config.providers")


# ---------------------------------------------------------------------------------------------- references
@dataclass(frozen=True, slots=True, repr=False)
class Resolved:
    """Properties with their references resolved. The values that held one are secret: `repr` and `shown` hide them.

    `warnings` are about references that stay as they are, which Kafka Connect does without a word.
    """

    properties: Mapping[str, str]
    secrets: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()

    def shown(self) -> dict[str, str]:
        """The properties as logs and status may show them."""
        return {key: _HIDDEN if key in self.secrets else text for key, text in self.properties.items()}

    def __repr__(self) -> str:
        return f"Resolved({self.shown()!r})"


def resolve(properties: Mapping[str, str], providers: Mapping[str, ConfigProvider]) -> Resolved:
    """Put values for the references `${provider:key}` and `${provider:path:key}`, wherever they stand in a value.

    As in Kafka Connect, a provider that is not there, a key that is not found and a path that is not allowed leave
    the reference as it is, and what a provider returns is not looked at again. Raises ConfigError with all that the
    providers refuse, each under the key of the property.
    """
    reading = _Reading(providers)
    resolved = {key: reading.resolved(key, text) for key, text in properties.items()}
    check("config.providers", reading.problems)
    return Resolved(resolved, frozenset(reading.secrets), tuple(reading.warnings))


@dataclass(slots=True)
class _Reading:
    """One pass over properties."""

    providers: Mapping[str, ConfigProvider]
    secrets: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def resolved(self, key: str, text: str) -> str:
        return _REFERENCE.sub(lambda match: self._value(key, match), text)

    def _value(self, key: str, match: re.Match[str]) -> str:
        provider = self.providers.get(match[1])
        try:
            value = None if provider is None else provider.get(match[2] or "", match[3])
        except ConfigError as error:
            self.problems += [Problem(key, problem.message) for problem in error.problems]
            return match[0]
        if value is None:
            found = (
                f"{match[3]!r} is not found, or may not be read"
                if provider
                else f"{match[1]!r} is not in config.providers"
            )
            self.warnings.append(Problem(key, f"the reference {match[0]} stays as it is: {found}"))
            return match[0]
        self.secrets.add(key)
        return value
