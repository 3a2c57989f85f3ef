"""What comes of reading a configuration: something built, and what there is to say about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from s3sink.config import masked
from s3sink.errors import ConfigError, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Built(Generic[T]):
    """What a configuration says, built, and what in it has no effect or not the one that its writer may expect.

    A warning has the full key of the property, as the problems of a ConfigError have.
    """

    made: T
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Findings:
    """Collects problems and warnings about properties. None of them shows the value of a secret one."""

    properties: Mapping[str, str]
    secrets: Collection[str] = ()
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, key: str, message: str) -> None:
        """Something that has to be put right."""
        self.problems.append(self._masked(key, message))

    def warn(self, key: str, message: str) -> None:
        """Something that one should know."""
        self.warnings.append(self._masked(key, message))

    def add(self, error: ConfigError) -> None:
        """All that an error says."""
        for problem in error.problems:
            self.problem(*problem)

    def built(self, made: T, subject: str) -> Built[T]:
        """The result, when there is no problem. Raises ConfigError with all of them otherwise."""
        if self.problems:
            raise ConfigError(self.problems, subject)
        return Built(made, tuple(self.warnings))

    def _masked(self, key: str, message: str) -> Problem:
        hidden = {key: self.properties[key]} if key in self.secrets and key in self.properties else {}
        return masked(Problem(key, message), hidden)


def invalid(value: Any, key: str, reason: str) -> str:
    """How Kafka Connect says it."""
    return f"Invalid value {value} for configuration {key}: {reason}"
