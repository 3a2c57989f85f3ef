"""What `s3sink run` is told, read: connector files, the worker's file, options of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from s3sink.agents.clients import ClientOptions, client_options
from s3sink.agents.security import KEYS as SECURITY
from s3sink.cli.run_problems import Misconfigured, Report
from s3sink.config import masked
from s3sink.connect import Connector, connector, read
from s3sink.connect.files import STILL, read_worker
from s3sink.connect.given import given_properties
from s3sink.errors import ConfigError, Problem

Texts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """One connector to run. `properties` are as they were written, references and all; `repr` leaves them out.

    `warnings` are about what has no effect, or not the one that one may expect.
    """

    path: str
    properties: Texts
    connector: Connector
    clients: ClientOptions
    warnings: tuple[Problem, ...]

    def __repr__(self) -> str:
        return f"Job({self.path!r}, {self.connector.name!r})"


def read_jobs(
    files: Iterable[str], worker_file: str | None, bootstrap: str | None, settings: Iterable[str]
) -> tuple[list[Job], Texts]:
    """The connectors of all files, and the worker's properties. Raises Misconfigured with every problem of them all."""
    reports: list[Report] = []
    over = _settings(settings, reports)
    worker = _worker(worker_file, reports)
    if worker is None:
        worker, bootstrap = {}, bootstrap or "?"  # what cannot be read may have named a Kafka
    jobs = [job for path in files for job in _of_file(path, over, worker, bootstrap, reports)]
    _check_names(jobs, reports)
    _check_keys(jobs, reports)
    if reports:
        raise Misconfigured(reports)
    return jobs, worker


def build_job(path: str, properties: Texts, worker: Texts, bootstrap: str | None) -> Job:
    """One connector. Raises ConfigError with all that is wrong with it."""
    problems: list[Problem] = []
    made = clients = None
    try:
        made = connector(properties, worker=worker)
    except ConfigError as error:
        problems += error.problems
    try:
        clients = _clients(_overrides(made, properties, worker), worker, bootstrap)
    except ConfigError as error:
        found = [_placed(problem, properties, worker) for problem in error.problems]
        problems += [problem for problem in _hidden(found, properties, worker) if problem not in problems]
    if made is None or clients is None or problems:
        raise ConfigError(problems, path)
    about_clients = (_placed(problem, properties, worker) for problem in clients.warnings)
    return Job(path, properties, made, clients, (*made.warnings, *about_clients))


def _clients(overrides: Sequence[Texts], worker: Texts, bootstrap: str | None) -> ClientOptions:
    resolved = given_properties({}, worker).worker
    connection = {key: text for key, text in resolved.items() if key == "bootstrap.servers" or key in SECURITY}
    if bootstrap:
        connection["bootstrap.servers"] = bootstrap
        overrides = [{key: text for key, text in each.items() if key != "bootstrap.servers"} for each in overrides]
    consumer, producer, admin = overrides
    return client_options(consumer, producer, admin, connection)


def _overrides(made: Connector | None, properties: Texts, worker: Texts) -> Sequence[Texts]:
    """Of consumer, producer and admin; of a connector that is wrong, its own alone. Raises ConfigError."""
    if made is not None:
        return made.consumer_overrides, made.producer_overrides, made.admin_overrides
    given = given_properties(properties, worker).properties
    prefixes = [f"{client}.override." for client in ("consumer", "producer", "admin")]
    return [{key[len(p) :]: text for key, text in given.items() if key.startswith(p)} for p in prefixes]


def _hidden(problems: Sequence[Problem], properties: Texts, worker: Texts) -> Iterator[Problem]:
    """The same, without what came from config providers."""
    try:
        given = given_properties(properties, worker)
    except ConfigError:
        yield from problems  # nothing has come from anywhere
        return
    for problem in problems:
        key = problem.key
        yield masked(problem, {key: given.properties[key]} if key in given.secrets else {})


def _placed(problem: Problem, properties: Texts, worker: Texts) -> Problem:
    """Under the key that says it: `consumer.x` is the connector's `consumer.override.x`, or the worker's own `x`."""
    client, _, option = problem.key.partition(".")
    own = f"{client}.override.{option}"
    if own in properties:
        return Problem(own, problem.message)
    return Problem(option if problem.key not in worker and option in worker else problem.key, problem.message)


# ---------------------------------------------------------------------------------------------- one thing after another
def _settings(settings: Iterable[str], reports: list[Report]) -> dict[str, str]:
    found = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if equals and key.strip():
            found[key.strip()] = text
        else:
            reports.append(Report("--set", [Problem(setting, "is not KEY=VALUE")]))
    return found


def _worker(path: str | None, reports: list[Report]) -> Texts | None:
    """None where it cannot be read."""
    if path is None:
        return {}
    try:
        worker = read_worker(path)
        given_properties({}, worker)
    except ConfigError as error:
        reports.append(Report(path, error.problems))
        return None
    return worker


def _of_file(
    path: str, over: Mapping[str, str], worker: Texts, bootstrap: str | None, reports: list[Report]
) -> Iterator[Job]:
    try:
        found = read(path)
    except ConfigError as error:
        reports.append(Report(path, error.problems))
        return
    for properties in found:
        if properties.state in STILL:
            problem = Problem("state", f"the file says {properties.state}: leave the file out, or let it say running")
            reports.append(Report(path, [problem], properties))
            continue
        ours = properties
        ours.update(over)
        try:
            yield build_job(path, ours, worker, bootstrap)
        except ConfigError as error:
            lines = {key: line for key, line in properties.lines.items() if key not in over}
            reports.append(Report(path, error.problems, ours, lines))


def _check_names(jobs: Iterable[Job], reports: list[Report]) -> None:
    """A name is a consumer group: two connectors of one name would take each other's partitions."""
    known: dict[str, Job] = {}
    for job in jobs:
        other = known.setdefault(job.connector.group, job)
        if other is not job:
            words = (
                f"{os.fspath(Path(other.path))} has a connector of this name and consumer group too: give it another"
            )
            reports.append(Report(job.path, [Problem("name", words)], job.properties))


def _check_keys(jobs: Iterable[Job], reports: list[Report]) -> None:
    """Two connectors that write the same keys would take each other's objects for their own, or fail at them."""
    for one, other in combinations(jobs, 2):
        shared = sorted(set(one.connector.topics) & set(other.connector.topics))
        if (
            shared
            and one.connector.group != other.connector.group
            and one.connector.sink.writes_like(other.connector.sink)
        ):
            words = (
                f"{one.connector.name} reads {', '.join(shared)} and writes the same keys: give one another topics.dir"
            )
            reports.append(Report(other.path, [Problem("topics.dir", words)], other.properties))
