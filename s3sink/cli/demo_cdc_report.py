"""What `demo-cdc` says at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click

from s3sink.cli.demo_cdc_changes import Made
from s3sink.cli.demo_cdc_rebuild import Verdict
from s3sink.cli.demo_cdc_services import BUCKET, CONNECTOR, GROUP, TOPIC, Pipeline
from s3sink.cli.demo_report import size

_SHOWN = 5  # differences
_LABEL, _COUNT = 22, 10  # characters; a line has 80 at most


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL: how many records were committed then, and how long it took until the next ones were.

    None when there was nothing left to commit: a kill that proves nothing.
    """

    committed: int
    seconds_until_next_commit: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """One demo. `seconds` go from the start of the worker to the last commit, kills included."""

    made: Made
    seconds: float
    kills: Sequence[Kill]
    verdict: Verdict

    def figures(self) -> dict[str, Any]:
        """For `--json`."""
        verdict, told = self.verdict, self.verdict.rebuilt
        return {
            "equal": verdict.equal,
            "made": {**asdict(self.made), "changes": self.made.changes},
            "table": {
                "columns": verdict.columns,
                "in_mysql": verdict.in_mysql,
                "rebuilt": len(told.rows),
                "missing": len(verdict.missing),
                "extra": len(verdict.extra),
                "different": verdict.different,
            },
            "changes": {
                "expected": verdict.expected,
                "in_objects": told.lines,
                "lost": verdict.lost,
                "unexpected": verdict.unexpected,
                "twice": told.twice,
                "out_of_order": told.out_of_order,
                "unreadable": told.unreadable,
            },
            "objects": len(verdict.objects),
            "bytes": sum(summary.size for summary in verdict.objects),
            "seconds": round(self.seconds, 2),
            "kills": [asdict(kill) for kill in self.kills],
        }


def what_happened(made: Made) -> str:
    """The changes in MySQL, in one paragraph."""
    later = "no new columns"
    if made.altered_after is not None:
        later = f"ALTER TABLE ADD COLUMN after {made.altered_after:,} of them"
    return (
        f"In MySQL: {made.snapshot:,} rows in the snapshot, then {made.changes:,} changes of rows:\n"
        f"{made.inserts:,} inserts, {made.updates:,} updates, {made.deletes:,} deletes, "
        f"{made.key_updates:,} new primary keys;\n{made.rolled_back:,} transactions rolled back; {later}."
    )


def tables(run: Run) -> str:
    """The table against the table, and the changes against the lines of the objects; faults in red."""
    verdict, told = run.verdict, run.verdict.rebuilt
    rows = _table(
        ("table", f"customers, {verdict.columns} columns"),
        [("MySQL", verdict.in_mysql), ("bucket", len(told.rows))],
        [("missing", len(verdict.missing)), ("extra", len(verdict.extra)), ("different", verdict.different)],
    )
    nbytes = sum(summary.size for summary in verdict.objects)
    changes = _table(
        ("changes", f"{len(verdict.objects):,} objects, {size(nbytes)}"),
        [("MySQL", verdict.expected), ("bucket", told.lines)],
        [
            ("lost", verdict.lost),
            ("twice", told.twice),
            ("extra", verdict.unexpected),
            ("disorder", told.out_of_order),
            ("broken", told.unreadable),
        ],
    )
    return f"{rows}\n\n{changes}"


def _table(title: tuple[str, str], counts: Sequence[tuple[str, int]], faults: Sequence[tuple[str, int]]) -> str:
    """Two lines: heads and figures. A fault is green at nought and red above."""
    name, subject = title
    head = [f"{column:>{_COUNT}}" for column, _ in counts] + [f"  {column}" for column, _ in faults]
    figures = [f"{count:>{_COUNT},}" for _, count in counts]
    figures += [_judged(f"{count:>{len(column) + 2},}", good=not count) for column, count in faults]
    return f"{click.style(f'{name:{_LABEL}}' + ''.join(head), bold=True)}\n{subject:{_LABEL}}{''.join(figures)}"


def _judged(text: str, *, good: bool) -> str:
    return click.style(text, fg="green" if good else "red", bold=not good)


def conclusion(run: Run) -> str:
    """The verdict in one sentence, with the first differences if there are any."""
    verdict = run.verdict
    if verdict.equal:
        sentence = (
            f"The table rebuilt from the bucket equals the table in MySQL: {verdict.in_mysql:,} rows, all columns."
        )
        return _judged(sentence, good=True)
    lines = [_judged("The table rebuilt from the bucket is NOT the one in MySQL: see the table.", good=False)]
    return "\n".join([*lines, *_examples(verdict)])


def _examples(verdict: Verdict) -> Iterable[str]:
    for name, keys in (("missing", verdict.missing), ("extra", verdict.extra)):
        if keys:
            yield f"  {name}: {', '.join(map(str, keys[:_SHOWN]))}{' ...' if keys[_SHOWN:] else ''}"
    for each in verdict.differences[:_SHOWN]:
        yield f"  id {each.key}, {each.column}: {each.mysql!r} in MySQL, {each.rebuilt!r} from the bucket"


def pace(run: Run) -> str:
    """How long it took, in one sentence."""
    seconds = [kill.seconds_until_next_commit for kill in run.kills]
    waits = " + ".join(f"{each:.1f}" for each in seconds if each is not None)
    kills = f"; {waits} s from SIGKILL to the next commit" if waits else ""
    return f"{run.seconds:.1f} s from the worker's start to its last commit{kills}."


def addresses(running: Pipeline) -> str:
    """Where everything is while it runs."""
    mysql, keys = running.mysql, f"key {running.s3.access_key}, secret {running.s3.secret_key}"
    return "\n".join(
        [
            f"MySQL        {mysql.host}:{mysql.port}   (user {mysql.user}, no password)",
            f"Connect      {running.connect.url}/connectors/{CONNECTOR}/status",
            f"Kafka        {running.kafka.bootstrap}   (topic {TOPIC}, group {GROUP})",
            f"bucket       {running.s3.endpoint}/{BUCKET}   ({keys})",
            f"logs         {running.home}",
        ]
    )
