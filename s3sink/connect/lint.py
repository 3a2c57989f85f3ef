"""What there is to say about a connector file before it runs: every problem, every trap, and what it promises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from s3sink.connect.files import STILL
from s3sink.connect.framework import is_sink
from s3sink.connect.given import Given, given_properties
from s3sink.connect.keys import KEYS, SINK
from s3sink.connect.load import Connector, connector
from s3sink.connect.rules import LEVELS, RULES, Finding, Level, Linted, Rule
from s3sink.connect.unknown import warn_of_unknown
from s3sink.connect.values import read_values
from s3sink.errors import ConfigError, Problem
from s3sink.partitioners import is_deterministic
from s3sink.rotation import MaxAge, RotateSchedule
from s3sink.sink import S3Sink

_MEANT = re.compile(r"\s*Did you mean (.+?)\?\s*$")
_ORDER: Final = {level: place for place, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a connector is exactly once on a store with conditional create, what it promises, and why."""

    exactly_once: bool
    promise: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """All about one connector. It is `valid` when it would start; only then is there a verdict."""

    name: str
    findings: tuple[Finding, ...]
    verdict: Verdict | None = None
    connector: Connector | None = None

    @property
    def valid(self) -> bool:
        """Whether the configuration can be run at all."""
        return self.connector is not None

    def count(self, level: Level) -> int:
        """Findings of a level."""
        return sum(finding.level == level for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 fine, 1 errors, 2 not even a configuration."""
        return 2 if not self.valid else int(self.count("error") > 0)


def lint(properties: Mapping[str, Any], *, worker: Mapping[str, Any] | None = None, path: str = "") -> Report:
    """Everything about one connector. Nothing is raised for what is wrong with it: that is what findings are for."""
    try:
        given = given_properties(properties, worker)
    except ConfigError as error:
        return _unreadable(properties, error, path)
    made, said = _read(properties, worker)
    values = read_values(given.properties, given.secrets)
    sink = is_sink(values["connector.class"] or SINK)
    if made is None and sink:  # reading it has not come so far
        warn_of_unknown(values)
        said += [("warning", problem) for problem in values.findings.warnings]
    linted = Linted(values, made, given.worker, _sources(properties, path), properties)
    rules = RULES if sink else ()
    found = [finding for rule in rules for finding in _of_rule(rule, linted)]
    findings = (*_not_said_better(linted, said, found), *found, *_of_state(properties, path))
    return Report(_name(given), tuple(sorted(findings, key=_severity)), verdict(made.sink) if made else None, made)


def _read(
    properties: Mapping[str, Any], worker: Mapping[str, Any] | None
) -> tuple[Connector | None, list[tuple[Level, Problem]]]:
    """The connector if there is one, and what reading it had to say."""
    try:
        made = connector(properties, worker=worker)
    except ConfigError as error:
        return None, [("error", problem) for problem in error.problems]
    return made, [("warning", problem) for problem in made.warnings]


def _unreadable(properties: Mapping[str, Any], error: ConfigError, path: str) -> Report:
    name = properties.get("name") if isinstance(properties, Mapping) else None
    return Report(str(name or "?"), tuple(of_problem("error", problem, path) for problem in error.problems))


def _name(given: Given) -> str:
    return given.properties.get("name", "").strip() or "?"


def _sources(properties: Mapping[str, Any], path: str) -> dict[str, str]:
    """Where each key stands, as far as the file tells."""
    lines: Mapping[str, int] = getattr(properties, "lines", {})
    path = path or getattr(properties, "path", "")
    return {key: f"{path}:{lines[key]}" if key in lines else path for key in properties}


# ---------------------------------------------------------------------------------------------- findings
def of_problem(level: Level, problem: Problem, source: str = "", value: str = "") -> Finding:
    """A problem with what to do about it: what was meant, what is missing, or what the key is for."""
    key, message = problem
    meant = _MEANT.search(message)
    if meant:
        return Finding(level, key, value, message[: meant.start()], f"did you mean {meant[1]}?", source)
    return Finding(level, key, value, message, _remedy(key, message), source)


def _remedy(key: str, message: str) -> str:
    doc = KEYS[key].doc if key in KEYS else ""
    if message.startswith("Missing required"):
        return f"add {key}. {doc}".strip()
    if message.startswith("has no effect"):
        return "leave it out"
    if message.startswith("the reference"):
        return "set it where s3sink runs; providers of your own are in the worker's config.providers"
    return doc


def _of_state(properties: Mapping[str, Any], path: str) -> Iterable[Finding]:
    state = getattr(properties, "state", "running")
    if state in STILL:
        reason = "the file says that the connector should not run, and s3sink run refuses to start it"
        yield Finding("warning", "state", state, reason, "let it say running, or leave the file out", path, "state")


def _of_rule(rule: Rule, linted: Linted) -> Iterable[Finding]:
    name = getattr(rule, "__name__", "")
    return (finding._replace(rule=name) for finding in rule(linted))


def _not_said_better(
    linted: Linted, said: Iterable[tuple[Level, Problem]], found: Sequence[Finding]
) -> Iterable[Finding]:
    """What reading the file said of keys that no rule speaks of as gravely: rules know more remedies."""
    better = {(finding.level, finding.key) for finding in found}
    for level, problem in said:
        if (level, problem.key) not in better:
            told = of_problem(level, problem)
            yield linted.say(level, problem.key, told.reason, told.remedy)


def _severity(finding: Finding) -> tuple[int, str]:
    return _ORDER[finding.level], finding.key


# ---------------------------------------------------------------------------------------------- the promise
def verdict(sink: S3Sink) -> Verdict:
    """What the sink promises, and what decides it."""
    return Verdict(sink.deterministic, sink.promise(conditional_create=True), _why(sink))


def _why(sink: S3Sink) -> str:
    if not is_deterministic(sink.partitioner):
        return "the directory of a record depends on when it is processed: timestamp.extractor is the wall clock"
    unsteady = [type(one).__name__ for one in sink.transforms if not getattr(one, "deterministic", True)]
    if unsteady:
        return f"{', '.join(unsteady)} depends on more than the record"
    if any(isinstance(policy, RotateSchedule | MaxAge) for policy in sink.rotation):
        return "the directory of a record depends on it alone, and what the clock cuts is logged before it is written"
    return "the key of an object depends on its records alone"


# ---------------------------------------------------------------------------------------------- several connectors
def lint_together(reports: Sequence[Report]) -> list[Finding]:
    """What is wrong with connectors that are well by themselves: one name twice, or the same keys from two of them."""
    known = [report.connector for report in reports if report.connector]
    return [finding for one, other in combinations(known, 2) for finding in _of_pair(one, other)]


def _of_pair(one: Connector, other: Connector) -> Iterable[Finding]:
    if one.name == other.name:
        reason = "two connectors have this name: they share one consumer group, and each reads a part of the topics"
        yield Finding("error", "name", one.name, reason, "give each a name of its own", rule="same_name")
    shared = sorted(set(one.topics) & set(other.topics))
    if shared and one.name != other.name and one.sink.writes_like(other.sink):
        reason = f"{one.name} and {other.name} read {', '.join(shared)} and write the same keys: {one.sink.store.url}"
        yield Finding("error", "topics.dir", "", reason, "give one of them another topics.dir", rule="same_keys")
