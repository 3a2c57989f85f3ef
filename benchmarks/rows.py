"""What is measured: one `Row` for each process that runs, and the goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks import limits
from benchmarks.records import Kind
from s3sink import FieldPartitioner
from s3sink.transforms import ExtractNewRecordState

Figure = Literal["cpu", "rate", "memory", "objects_a_second", "requests_an_object", "start", "cpu_over", "cpu_beyond"]

_UNITS: Mapping[Figure, str] = {
    "cpu": "CPU-s per million records",
    "rate": "records/s",
    "memory": "MB",
    "objects_a_second": "objects/s",
    "requests_an_object": "S3 requests an object",
    "start": "s from start to the first object",
    "cpu_over": "times the CPU",
    "cpu_beyond": "CPU-s per million records beyond those",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """`figure` must be `at_most` or `at_least` so much; `over` names the other row of a comparison."""

    figure: Figure
    at_most: float | None = None
    at_least: float | None = None
    over: str = ""

    def met(self, value: float) -> bool:
        """Whether it is."""
        low, high = self.at_least, self.at_most
        return (low is None or value >= low) and (high is None or value <= high)

    def __str__(self) -> str:
        sign, value = ("≤", self.at_most) if self.at_most is not None else ("≥", self.at_least)
        return f"{sign} {value:,g} {_UNITS[self.figure]}" + (f" of {self.over}" if self.over else "")


@dataclass(frozen=True, slots=True)
class Work:
    """What the process does.

    `sink`: the app of apps/topic_to_s3.py with these variables and options of S3Sink. `tap`: the same without what
    comes after reading. `agent`: a plain Faust agent. `limit`: `limits.run` with the fields below.
    """

    kind: Literal["sink", "tap", "agent", "limit"]
    env: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    fetch: Callable[[Mapping[str, str]], limits.Fetched] = limits.from_aiokafka
    body: Callable[[], Any] | None = None
    change: Callable[[limits.Lines], limits.Lines] = lambda lines: lines


@dataclass(frozen=True, slots=True)
class Row:
    """One process of the benchmark.

    `share` of the records, over so many partitions. `limit` is the row measured right before it, for the ratio.
    `files`: about 10,000 records a file ("usual"), so many, or one for each partition and route ("whole").
    """

    text: str
    work: Work
    limit: str | None = None
    goals: tuple[Goal, ...] = ()
    kind: Kind = "clicks"
    share: float = 1.0
    partitions: int = 4
    files: int | Literal["usual", "whole"] = "usual"
    through_proxy: bool = False
    writes: bool = True
    needs: str | None = None


def _limit(text: str, **of: Any) -> Row:
    row = {name: of.pop(name) for name in ("kind", "share", "writes", "needs") if name in of}
    return Row(text, Work("limit", **of), **row)


def _sink(text: str, limit: str | None, *goals: Goal, work: Mapping[str, Any] | None = None, **row: Any) -> Row:
    return Row(text, Work("sink", **(work or {})), limit, goals, **row)


def _at_most(figure: Figure, value: float, over: str = "") -> Goal:
    return Goal(figure, at_most=value, over=over)


def _by(field: str) -> Mapping[str, Any]:
    return {"options": {"partitioner": FieldPartitioner(field)}}


_CHANGES: Mapping[str, Any] = {"kind": "changes", "share": 0.2}
_UNWRAP: Mapping[str, Any] = {
    "transforms": (ExtractNewRecordState(delete_tombstone_handling_mode="drop"),),
}
_PARQUET = {"FORMAT": "parquet", "COMPRESSION": "zstd"}

ROWS: Mapping[str, Row] = {
    "fetch": _limit("fetch alone", writes=False),
    "limit": _limit("limit: fetch, isal 2, upload", body=limits.GzipBody),
    "limit-librdkafka": _limit(
        "limit by librdkafka", body=limits.GzipBody, fetch=limits.from_librdkafka, needs="confluent_kafka"
    ),
    "limit-parquet": _limit("limit: fetch, pyarrow.json, Parquet zstd, upload", body=limits.ParquetBody),
    "fetch-changes": _limit("fetch alone, changes of 1.1 kB", writes=False, **_CHANGES),
    "limit-unwrap": _limit(
        "limit: fetch, cut out row, JSON gzip", body=limits.GzipBody, change=limits.unwrapped, **_CHANGES
    ),
    "limit-unwrap-parquet": _limit(
        "limit: fetch, cut out row, Parquet zstd", body=limits.ParquetBody, change=limits.unwrapped, **_CHANGES
    ),
    "agent": Row("plain Faust agent, an event a record", Work("agent"), "limit", share=0.05),
    "tap": Row("our tap alone, in Faust", Work("tap"), "fetch", writes=False),
    "json": _sink(
        "JSON gzip",
        "limit",
        _at_most("cpu", 1.7),
        Goal("rate", at_least=350_000),
        _at_most("start", 5),
    ),
    "json-transforms": _sink(
        "JSON gzip, four transforms", "limit", _at_most("cpu", 5.0), work={"env": {"TRANSFORMS": "four"}}
    ),
    "parquet": _sink("JSON to Parquet zstd", "limit-parquet", _at_most("cpu", 4.5), work={"env": _PARQUET}),
    "unwrap": _sink(
        "Debezium unwrap to JSON gzip", "limit-unwrap", work={"options": _UNWRAP}, **_CHANGES
    ),
    "unwrap-parquet": _sink(
        "Debezium unwrap to Parquet zstd",
        "limit-unwrap-parquet",
        _at_most("cpu_beyond", 3.2, "fetch-changes"),
        work={"env": _PARQUET, "options": _UNWRAP},
        **_CHANGES,
    ),
    "files-4": _sink("4 open files, by a field", "limit", work=_by("site"), files="whole"),
    "files-100": _sink(
        "100 open files, by a field", "limit", _at_most("memory", 300), work=_by("country"), files="whole"
    ),
    "files-1000": _sink(
        "1,000 open files, by a field",
        "limit",
        _at_most("cpu_over", 1.3, "files-4"),
        work=_by("city"),
        files="whole",
    ),
    "partitions-64": _sink("JSON gzip, 64 partitions", "limit", _at_most("cpu_over", 1.3, "json"), partitions=64),
    "one-record-files": _sink(
        "one record a file, one partition",
        None,
        Goal("objects_a_second", at_least=200),
        share=0.005,
        partitions=1,
        files=1,
    ),
    "requests": _sink(
        "S3 requests, counted by a proxy",
        None,
        _at_most("requests_an_object", 1),
        share=0.05,
        files=500,
        through_proxy=True,
    ),
}  # fmt: skip
