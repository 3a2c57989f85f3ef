"""`s3sink plan`: the objects that a connector file makes of a sample, and what that comes to."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from s3sink.cli.connectors import one_connector, worker_properties
from s3sink.cli.failures import json_option
from s3sink.cli.table import table
from s3sink.connect import Connector
from s3sink.connect.plan import PlannedObject, Rate, at_rate, odd_years, planned, sample_rate
from s3sink.connect.sample import SampleRecord, parse_sample
from s3sink.dlq import DeadLetter, DeadLetterTopic
from s3sink.errors import ConfigError, Problem
from s3sink.offline import Message, Preview, batch_of, preview
from s3sink.record import TopicPartition
from s3sink.tolerance import ErrorPolicy

_CONTEXT = "__connect.errors."
_SHOWN = 20
_FILE = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record of the sample that cannot be written."""

    topic: str
    partition: int
    offset: int
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything there is to say about a sample. `untimed` records had no timestamp and got one of now."""

    connector: Connector
    records: int
    untimed: int
    objects: Sequence[PlannedObject]
    bad: Sequence[BadRecord]
    dropped: int
    rate: Rate | None

    @property
    def stops(self) -> bool:
        """Whether a bad record ends the task."""
        return bool(self.bad) and self.connector.sink.error_policy.tolerance == "none"


@click.command("plan")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--sample", type=_FILE, required=True, help="Records: JSON lines, kcat -J, kafka-console-consumer.")
@click.option("--values", is_flag=True, help="Every line of the sample is a value, whatever it looks like.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Records a second; else as in the sample.")
@click.option("--partitions", type=click.IntRange(1), help="Of the topic; else those in the sample.")
@click.option("--topic", help="Topic of records that name none; else the connector's first.")
@click.option("--name", help="Which connector, when the file has several.")
@click.option("--worker", type=_FILE, metavar="FILE", help="The worker's properties.")
@click.option("--all", "show_all", is_flag=True, help=f"All keys, not the first {_SHOWN}.")
@json_option("One JSON object.")
def plan_command(
    file: Path,
    sample: Path,
    values: bool,
    rate: float | None,
    partitions: int | None,
    topic: str | None,
    name: str | None,
    worker: Path | None,
    show_all: bool,
    as_json: bool,
) -> None:
    """Show keys, sizes, files an hour and S3 requests that a connector file makes of a sample of its topic.

    The sample goes through the very code that runs, in memory: nothing is connected to, nothing is written. Files that
    are open at its end are closed, as time would close them. Exit code 0: fine. 1: there are records that cannot be
    written. 2: the file or the sample cannot be read.
    """
    made = one_connector(file, name, worker_properties(worker))
    records = parse_sample(_read(sample), plain=values)
    plan = make_plan(made, records, rate=rate, partitions=partitions, topic=topic)
    click.echo(_as_json(plan) if as_json else _as_text(plan, show_all))
    raise SystemExit(1 if plan.bad else 0)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), f"cannot be read: {error.strerror}")], "sample") from error


def make_plan(
    made: Connector,
    records: Sequence[SampleRecord],
    *,
    rate: float | None = None,
    partitions: int | None = None,
    topic: str | None = None,
) -> Plan:
    """The plan of a sample. Raises ConfigError where nobody says which topic it is of."""
    timestamps = [record.timestamp for record in records if record.timestamp is not None]
    rate = rate or sample_rate(timestamps)
    placed = _placed(made, _timed(records, rate), topic, partitions or 1)
    tolerant = ErrorPolicy("all", dead_letters=DeadLetterTopic("plan", context_headers=True))
    sink = replace(made.sink, errors=tolerant)
    seen = preview(sink, *(batch_of(s.topic, messages, partition=s.partition) for s, messages in placed.items()))
    prefix = getattr(made.sink.store, "prefix", "")
    objects = planned(sink, seen.objects, f"{prefix}/" if prefix else "")
    width = partitions or len(placed)
    return Plan(
        made,
        len(records),
        len(records) - len(timestamps),
        objects,
        [_bad(letter) for letter in seen.dead_letters],
        _dropped(seen),
        at_rate(sink, objects, rate, width) if rate else None,
    )


def _timed(records: Sequence[SampleRecord], rate: float | None) -> list[SampleRecord]:
    """Records without a timestamp get one of now on, as far apart as the rate says."""
    now, step = time.time() * 1000, 1000 / rate if rate else 0
    stamped = enumerate(records)
    return [r if r.timestamp is not None else r._replace(timestamp=int(now + at * step)) for at, r in stamped]


def _placed(
    made: Connector, records: Sequence[SampleRecord], topic: str | None, partitions: int
) -> dict[TopicPartition, list[Message]]:
    """Messages by partition, in order of their offsets; records that name no partition are dealt out in turn."""
    default = topic or (made.topics[0] if made.topics else None)
    if default is None and any(record.topic is None for record in records):
        raise ConfigError([Problem("--topic", "topics.regex names none: say which topic the sample is of")], "plan")
    by_source: dict[TopicPartition, list[SampleRecord]] = {}
    for at, record in enumerate(records):
        partition = at % partitions if record.partition is None else record.partition
        by_source.setdefault(TopicPartition(record.topic or str(default), partition), []).append(record)
    return {source: _messages(found) for source, found in sorted(by_source.items())}


def _messages(records: Sequence[SampleRecord]) -> list[Message]:
    offsets = [record.offset for record in records]
    known = None not in offsets and len(set(offsets)) == len(offsets)
    ordered = sorted(records, key=lambda record: record.offset or 0) if known else records
    return [Message(r.value, r.key, r.timestamp, r.headers, r.offset if known else None) for r in ordered]


def _bad(letter: DeadLetter) -> BadRecord:
    context = {name.removeprefix(_CONTEXT): (value or b"").decode(errors="replace") for name, value in letter.headers}
    reason = context["exception.message"].strip()
    if reason.endswith(":"):  # Kafka Connect leaves the rest to the cause
        reason = f"{reason} {_cause(context['exception.stacktrace'])}"
    return BadRecord(context["topic"], int(context["partition"]), letter.offset, context["stage"], reason)


def _cause(trace: str) -> str:
    """The message of the first exception in a trace of causes."""
    found = re.search(r"^(?:\w+\.)*\w+: (.+)$", trace, re.MULTILINE)
    return found[1] if found else ""


def _dropped(seen: Preview) -> int:
    return seen.counters.get("records_filtered", 0) + seen.counters.get("records_null", 0)


# ---------------------------------------------------------------------------------------------- for programs
def _as_json(plan: Plan) -> str:
    return json.dumps(
        {
            "name": plan.connector.name,
            "records": plan.records,
            "dropped": plan.dropped,
            "objects": [asdict(one) for one in plan.objects],
            "requests": sum(one.requests for one in plan.objects),
            "bad": [asdict(one) for one in plan.bad],
            "stops": plan.stops,
            "rate": _finite(asdict(plan.rate)) if plan.rate else None,
            "directories_of_1970": odd_years(plan.objects),
        }
    )


def _finite(figures: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no infinity: null."""
    return {name: None if value == math.inf else value for name, value in figures.items()}


# ---------------------------------------------------------------------------------------------- for people
def _as_text(plan: Plan, show_all: bool) -> str:
    parts = [_head(plan), _keys(plan, show_all), _bad_records(plan), _at_rate(plan), _hints(plan)]
    return "\n\n".join(part for part in parts if part)


def _head(plan: Plan) -> str:
    name = click.style(plan.connector.name, bold=True)
    requests = sum(one.requests for one in plan.objects)
    dropped = f", {plan.dropped:,} dropped" if plan.dropped else ""
    become = f"{_of(len(plan.objects), 'object')} with {_of(requests, 'request')}"
    what = f"{_of(plan.records, 'record')}: {become}{dropped}"
    return f"{name}, {what}"


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _keys(plan: Plan, show_all: bool) -> str:
    shown = plan.objects if show_all else plan.objects[:_SHOWN]
    rows = [(one.key, "-" if one.records is None else f"{one.records:,}", _size(one.size)) for one in shown]
    left = len(plan.objects) - len(shown)
    more = f"\n... and {left:,} more: --all" if left else ""
    return table(("key", "records", "size"), rows) + more if rows else ""


def _bad_records(plan: Plan) -> str:
    if not plan.bad:
        return ""
    what = "the first of them ends the task" if plan.stops else "they are tolerated"
    title = click.style(f"{len(plan.bad):,} of {plan.records:,} records cannot be written: {what}", fg="red", bold=True)
    rows = [(f"{one.topic}:{one.partition}", f"{one.offset:,}", one.stage, one.reason) for one in plan.bad[:_SHOWN]]
    left = len(plan.bad) - len(rows)
    more = f"\n... and {left:,} more" if left else ""
    return f"{title}\n{table(('partition', 'offset', 'stage', 'reason'), rows)}{more}"


def _at_rate(plan: Plan) -> str:
    rate = plan.rate
    if rate is None:
        return "Say --rate (records a second) to see files an hour and requests." if plan.objects else ""
    title = f"At {rate.records_per_second:,.4g} records/s over {_of(rate.partitions, 'partition')}"
    if not rate.closed_by:
        return f"{title}: {click.style('nothing ever closes the files', fg='yellow')}"
    rows = [
        ("closed by", f"{rate.closed_by}, every {_duration(rate.seconds_open)}"),
        ("records a file", f"{rate.records_per_file:,.0f}"),
        ("size of a file", _size(rate.bytes_per_file)),
        ("files an hour", f"{rate.files_per_hour:,.0f}"),
        ("S3 requests an hour", f"{rate.requests_per_hour:,.0f}"),
        ("stored a day", _size(rate.bytes_per_day)),
    ]
    return click.style(title, bold=True) + "\n" + "\n".join(f"  {name:<21}{figure}" for name, figure in rows)


def _hints(plan: Plan) -> str:
    hints = []
    if plan.untimed:
        hints.append(f"{_of(plan.untimed, 'record')} without a timestamp in the sample: taken for records of now")
    if odd_years(plan.objects):
        hints.append("directories of 1970: are timestamps seconds, or digits of a date? They are read as milliseconds")
    return "\n".join(click.style(hint, fg="yellow") for hint in hints)


def _size(nbytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.1f} TB"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"
