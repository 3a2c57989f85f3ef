"""How the connectors of `s3sink run` are, every few seconds: a table, log lines, or JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

from s3sink.agents.standing import Standing, total

Show = Callable[[Sequence[Standing]], None]
Kind = Literal["json", "table", "log"]

log = logging.getLogger("s3sink.run")
_COLUMNS = ("connector", "state", "tasks", "partitions", "records", "lag", "objects", "errors")


def show(kind: Kind) -> Show:
    """What shows a status. Its argument has a line for each connector and process."""
    return {"json": _json, "table": _table, "log": _log}[kind]


def by_connector(standings: Iterable[Standing]) -> list[Standing]:
    """One line a connector, in the order in which they came."""
    parts: dict[str, list[Standing]] = {}
    for standing in standings:
        parts.setdefault(standing.name, []).append(standing)
    return [total(found) for found in parts.values()]


def _json(standings: Sequence[Standing]) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    connectors = [standing.plain() for standing in by_connector(standings)]
    sys.stdout.write(json.dumps({"time": now, "connectors": connectors}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _table(standings: Sequence[Standing]) -> None:
    rows = [_COLUMNS, *(_row(standing) for standing in by_connector(standings))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_COLUMNS))]
    lines = (
        "  ".join(_padded(text, width, at) for at, (text, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _padded(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column < 2 else text.rjust(width)


def _row(standing: Standing) -> tuple[str, ...]:
    lag = "?" if standing.lag is None else f"{standing.lag:,}"
    numbers = (standing.tasks, standing.partitions, standing.records)
    return (
        standing.name,
        standing.state,
        *(f"{number:,}" for number in numbers),
        lag,
        f"{standing.objects:,}",
        f"{standing.errors:,}",
    )


def _log(standings: Sequence[Standing]) -> None:
    for one in by_connector(standings):
        log.info(
            "status connector=%s state=%s tasks=%d partitions=%d records=%d lag=%s objects=%d errors=%d",
            one.name, one.state, one.tasks, one.partitions, one.records,
            "?" if one.lag is None else one.lag, one.objects, one.errors,
        )  # fmt: skip
