"""`s3sink takeover`: whether s3sink can go on where a stopped connector left off. It changes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from s3sink.agents.offsets import GroupStand, Stand, group_stand
from s3sink.cli.connectors import worker_properties
from s3sink.cli.failures import json_option
from s3sink.cli.run_jobs import Job, build_job
from s3sink.cli.table import screen_width, table, wrapped
from s3sink.connect import Connector, read
from s3sink.connect.takeover import Decision, Place, Stored, decide, expected_key, look_back, places
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import ConfigError, Problem, S3SinkError
from s3sink.offline import Message, batch_of, preview
from s3sink.record import TopicPartition
from s3sink.sink import S3Sink
from s3sink.tolerance import ErrorPolicy
from s3sink.transforms._regex import compile_java

_COLOURS = {"error": "red", "warning": "yellow", None: "green"}
_PATH = click.Path()


@dataclass(frozen=True, slots=True)
class Row:
    """One partition, with keys as they are in the bucket. `taken` says that an object has the first new key already."""

    source: TopicPartition
    stand: Stand
    stored: Stored
    decision: Decision
    first_key: str
    taken: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """All partitions of a connector; `members` are consumers that still are in its group."""

    connector: Connector
    members: int
    rows: Sequence[Row]
    place: str

    @property
    def exit_code(self) -> int:
        """1 where something is in the way."""
        return int(self.members > 0 or any(row.decision.level == "error" for row in self.rows))


@click.command("takeover")
@click.argument("file", type=_PATH, metavar="FILE")
@click.option("--bootstrap-servers", metavar="HOST:PORT,...", help="Kafka; goes over what files say.")
@click.option("--worker", type=_PATH, metavar="FILE", help="The worker's properties: brokers, security, converters.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A property of every connector; repeatable."
)
@click.option("--objects", type=click.IntRange(1), default=100, show_default=True, help="Objects looked at, at most.")
@json_option("One JSON object.")
def takeover_command(
    file: str, bootstrap_servers: str | None, worker: str | None, settings: Sequence[str], objects: int, as_json: bool
) -> None:
    """Say for each partition where the last object ends, where the group stands, and what the first new key will be.

    Reads the offsets of the group connect-<name>, lists the bucket, and reads the last objects of each partition
    (--objects of them at most). It commits nothing, writes nothing, and joins no group. Stop the connector first. Exit
    code 0: s3sink goes on where it stopped. 1: records would be written twice or are missing, or it still runs. 2: the
    file is no configuration that can run.
    """
    workers = worker_properties(Path(worker) if worker else None) or {}
    over = dict(map(_setting, settings))
    jobs = [build_job(file, {**one, **over}, workers, bootstrap_servers) for one in read(file)]
    surveys = [asyncio.run(survey(job, objects)) for job in jobs]
    width = screen_width()
    text = json.dumps([_plain(one) for one in surveys]) if as_json else "\n\n".join(_text(s, width) for s in surveys)
    click.echo(text)
    raise SystemExit(max(one.exit_code for one in surveys))


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError([Problem(text, "is not KEY=VALUE")], "--set")
    return key.strip(), value


# ---------------------------------------------------------------------------------------------- asking
async def survey(job: Job, most: int) -> Survey:
    """What there is in Kafka and in the bucket. Raises BrokerError, StorageError, ConfigError."""
    made = job.connector
    stand = await group_stand(job.clients, made.group, _wanted(made))
    if not stand.partitions:
        raise ConfigError([Problem("topics", f"there is no topic {made.topics_regex or ', '.join(made.topics)}")])
    await made.sink.store.open()
    try:
        rows = await _rows(made.sink, stand, most)
    finally:
        await made.sink.store.close()
    return Survey(made, stand.members, rows, made.sink.store.url)


def _wanted(made: Connector) -> Any:
    if made.topics_regex is None:
        return made.topics.__contains__
    return compile_java(made.topics_regex).fullmatch


async def _rows(sink: S3Sink, stand: GroupStand, most: int) -> list[Row]:
    rows = []
    for topic in dict.fromkeys(source.topic for source in stand.partitions):
        listing = [summary async for summary in sink.store.list(sink.layout.directory(topic))]
        found = places(sink, topic, listing)
        keys = {summary.key for summary in listing}
        for source, at in stand.partitions.items():
            if source.topic == topic:
                rows.append(await _row(sink, source, at, found.get(source.partition, []), keys, most))
    return rows


async def _row(
    sink: S3Sink, source: TopicPartition, at: Stand, found: Sequence[Place], keys: set[str], most: int
) -> Row:
    stored = await look_back(sink, found, at.committed, most)
    decision = decide(sink, at.committed, at.begin, at.end, stored)
    first = await asyncio.to_thread(_first_key, sink, source, at)
    whole = replace(stored, objects=tuple(one._replace(key=_whole(sink, one.key)) for one in stored.objects))
    return Row(source, at, whole, decision, _whole(sink, first), first in keys)


def _whole(sink: S3Sink, key: str) -> str:
    """A key as it is in the bucket."""
    prefix = getattr(sink.store, "prefix", "")
    return f"{prefix}/{key}" if prefix else key


def _first_key(sink: S3Sink, source: TopicPartition, at: Stand) -> str:
    """Of the records that wait, the first that is neither dropped nor bad says it; a guess where none does."""
    tolerant = replace(sink, errors=ErrorPolicy("all", dead_letters=DeadLetterTopic("takeover")))
    messages = [Message(r.value, r.key, r.timestamp, dict(r.headers), r.offset) for r in at.waiting]
    if messages:
        try:
            made = preview(tolerant, batch_of(source.topic, messages, partition=source.partition))
        except S3SinkError:
            return expected_key(sink, source, messages[0].offset or 0)
        starts = {sink.layout.first_offset(key, source.partition): key for key in sorted(made.objects)}
        if starts:
            return starts[min(start for start in starts if start is not None)]
    return expected_key(sink, source, max(at.begin, at.committed or 0))


# ---------------------------------------------------------------------------------------------- for programs
def _plain(survey: Survey) -> dict[str, Any]:
    made = survey.connector
    return {
        "name": made.name,
        "group": made.group,
        "members": survey.members,
        "bucket": survey.place,
        "exit_code": survey.exit_code,
        "partitions": [_plain_row(row) for row in survey.rows],
    }


def _plain_row(row: Row) -> Mapping[str, Any]:
    last = row.stored.objects[0] if row.stored.objects else None
    return {
        "topic": row.source.topic,
        "partition": row.source.partition,
        "committed": row.stand.committed,
        "topic_begin": row.stand.begin,
        "topic_end": row.stand.end,
        "objects": row.stored.total,
        "last_object": last.key if last else None,
        "stored_until": row.stored.stop,
        "outcome": row.decision.outcome,
        "level": row.decision.level,
        "count": row.decision.count,
        "reason": row.decision.reason,
        "remedy": row.decision.remedy,
        "first_key": row.first_key,
        "first_key_taken": row.taken,
    }


# ---------------------------------------------------------------------------------------------- for people
def _text(survey: Survey, width: int) -> str:
    made = survey.connector
    head = f"{click.style(made.name, bold=True)}: group {made.group}, {survey.place}"
    parts = [head, *_members(survey), _table(survey), *_keys(survey), *_findings(survey, width)]
    return "\n\n".join([*parts, _conclusion(survey)])


def _members(survey: Survey) -> list[str]:
    if not survey.members:
        return []
    what = f"The group has {survey.members} members: the connector still runs. Stop it, or what follows is of no use."
    return [click.style(what, fg="red", bold=True)]


def _table(survey: Survey) -> str:
    rows = [
        (
            str(row.source),
            f"{row.stored.total:,}",
            _offset(row.stored.stop),
            _offset(row.stand.committed),
            f"{row.stand.end:,}",
            click.style(_outcome(row.decision), fg=_COLOURS.get(row.decision.level)),
        )
        for row in survey.rows
    ]
    return table(("partition", "objects", "stored until", "group at", "topic ends", ""), rows)


def _offset(offset: int | None) -> str:
    return "-" if offset is None else f"{offset:,}"


def _outcome(decision: Decision) -> str:
    return f"{decision.outcome} of {decision.count:,}" if decision.count else decision.outcome


def _keys(survey: Survey) -> list[str]:
    lines = []
    for row in survey.rows:
        last = row.stored.objects[0].key if row.stored.objects else "-"
        taken = click.style("  (there is an object of this name)", fg="red") if row.taken else ""
        lines.append(f"{row.source}\n  last object   {last}\n  first new key {row.first_key}{taken}")
    return ["\n".join(lines)]


def _findings(survey: Survey, width: int) -> list[str]:
    lines = []
    for row in survey.rows:
        if row.decision.level is not None:
            level = click.style(row.decision.level, fg=_COLOURS[row.decision.level])
            lines.append(wrapped(row.decision.reason, "  ", width, f"{level} {row.source}: "))
            if row.decision.remedy:
                lines.append(wrapped(row.decision.remedy, "    ", width, "  > "))
            lines += _command(survey, row)
    return ["\n".join(lines)] if lines else []


def _command(survey: Survey, row: Row) -> list[str]:
    """What sets the offset. Whoever runs it has looked at it."""
    if row.decision.outcome != "overlap":
        return []
    where = f"--group {survey.connector.group} --topic {row.source.topic}:{row.source.partition}"
    what = f"--reset-offsets --to-offset {row.stored.stop} --execute"
    return [f"    kafka-consumer-groups.sh --bootstrap-server ... {where} {what}"]


def _conclusion(survey: Survey) -> str:
    if survey.exit_code:
        return click.style("Not yet: see above. Nothing was changed.", fg="red", bold=True)
    if any(row.decision.level for row in survey.rows):
        return click.style("s3sink goes on where it stopped; look at the gaps first. Nothing was changed.", fg="yellow")
    return click.style("s3sink goes on where it stopped. Nothing was changed.", fg="green")
