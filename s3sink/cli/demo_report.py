"""What the demo says at the end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from s3sink.cli.demo_services import BUCKET, Services, Worker
from s3sink.cli.demo_verdict import SINKS, Verdict
from s3sink.storage import ObjectSummary

_SHOWN = 2  # entries of a directory


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL: how many records were committed then, and how long it took until the next ones were."""

    committed: int
    seconds_until_next_commit: float


@dataclass(frozen=True, slots=True)
class Run:
    """One demo. `seconds` go from the start of the first worker to the last commit, kills included."""

    records: int
    seconds: float
    seconds_to_first_commit: float
    kills: Sequence[Kill]
    verdict: Verdict

    @property
    def records_per_second(self) -> int:
        """Over the whole time: starts, kills and what had to be done again included."""
        return round(self.records / self.seconds)

    def figures(self) -> dict[str, Any]:
        """For `--json`."""
        tallies = {sink: tally.figures() for sink, tally in self.verdict.tallies.items()}
        return {
            "records": self.records,
            "lost": sum(t["lost"] for t in tallies.values()),
            "duplicates": sum(t["duplicates"] for t in tallies.values()),
            "changed": sum(t["changed"] for t in tallies.values()),
            "exactly_once": self.verdict.exactly_once,
            "seconds": round(self.seconds, 2),
            "seconds_to_first_commit": round(self.seconds_to_first_commit, 2),
            "records_per_second": self.records_per_second,
            "kills": [asdict(kill) for kill in self.kills],
            "sinks": tallies,
        }


def table(run: Run) -> str:
    """The figures, a sink a line."""
    titles = (("records in", 12), ("in objects", 12), ("lost", 8), ("duplicates", 12), ("changed", 9), ("objects", 9))
    head = " " * 10 + "".join(f"{title:>{width}}" for title, width in titles) + f"{'size':>10}"
    lines = [
        f"{sink:10}{run.records:>12,}{t.records:>12,}{t.lost:>8,}{t.duplicates:>12,}{t.changed:>9,}{t.objects:>9,}"
        f"{size(t.bytes):>10}"
        for sink, t in run.verdict.tallies.items()
    ]
    return "\n".join([head, *lines])


def pace(run: Run) -> str:
    """How long it took, in one sentence."""
    waits = " + ".join(f"{kill.seconds_until_next_commit:.1f}" for kill in run.kills)
    kills = f", {waits} s from SIGKILL to the next commit" if waits else ""
    return (
        f"{run.records_per_second:,} records/s, each into two objects: {run.seconds:.1f} s in all,\n"
        f"of which {run.seconds_to_first_commit:.1f} s from the worker's start to its first commit{kills}."
    )


def conclusion(run: Run) -> str:
    """The verdict in one sentence."""
    if run.verdict.exactly_once:
        return f"Every one of {run.records:,} records is in exactly one JSON object and in exactly one Parquet object."
    return "NOT exactly once: see the table."


# ---------------------------------------------------------------------------------------------- the tree of keys
def tree(objects: Iterable[ObjectSummary]) -> str:
    """The keys as directories, the first entries of each."""
    root: dict[str, Any] = {}
    for key, nbytes in objects:
        *directories, name = key.split("/")
        node = root
        for directory in directories:
            node = node.setdefault(directory, {})
        node[name] = nbytes
    return "\n".join(_branches(root, "  ", shown=len(SINKS)))


def _branches(node: dict[str, Any], indent: str, shown: int = _SHOWN) -> Iterable[str]:
    entries = list(node.items())
    for name, below in entries[:shown]:
        files, nbytes = _weight(below)
        if isinstance(below, dict):
            yield f"{indent + name + '/':<52}{files:>6,} objects{size(nbytes):>10}"
            yield from _branches(below, indent + "  ")
        else:
            yield f"{indent + name:<66}{size(nbytes):>10}"
    if entries[shown:]:
        yield f"{indent}... and {len(entries) - shown:,} more"


def _weight(below: Any) -> tuple[int, int]:
    if not isinstance(below, dict):
        return 1, below
    weights = [_weight(each) for each in below.values()]
    return sum(files for files, _ in weights), sum(nbytes for _, nbytes in weights)


def size(nbytes: float) -> str:
    """
    >>> size(1234567)
    '1.2 MB'
    """
    for unit in ("B", "kB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.1f} GB"


# ---------------------------------------------------------------------------------------------- looking around
def addresses(running: Services, worker: Worker) -> str:
    """Where everything is while it runs."""
    keys = f"key {running.s3.access_key}, secret {running.s3.secret_key}"
    return "\n".join(
        [
            f"bucket       {running.s3.endpoint}/{BUCKET}   ({keys})",
            f"Kafka        {running.kafka.bootstrap}",
            f"Faust        {worker.page}flights/   (how far the sinks are)",
            f"logs         {running.home}",
        ]
    )


def how_to_look(running: Services, objects: Sequence[ObjectSummary]) -> str:
    """Commands that show the beginning of the largest file of each sink; S3 tools work with the same variables."""
    largest = {o.key.split("/", 1)[0]: f"s3://{BUCKET}/{o.key}" for o in sorted(objects, key=lambda o: o.size)}
    variables = " ".join(f"{name}={value}" for name, value in running.aws.items())
    python = shlex.quote(sys.executable)
    read_json = "s3, path = fs.FileSystem.from_uri('{}'); print(s3.open_input_stream(path).read(700).decode())"
    read_parquet = "print(parquet.read_table('{}').slice(0, 5))"
    return "\n".join(
        [
            f"export {variables} AWS_ENDPOINT_URL={running.s3.endpoint}",
            f'{python} -c "from pyarrow import fs; {read_json.format(largest["json"])}"',
            f'{python} -c "from pyarrow import parquet; {read_parquet.format(largest["parquet"])}"',
        ]
    )
