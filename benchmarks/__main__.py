"""`python -m benchmarks`: every row beside its limit, on a real broker and a real S3 server that it starts itself."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson

from benchmarks.bench import Bench, Result, RowError, runnable
from benchmarks.meter import calibration
from benchmarks.report import as_json, page, write_readme
from benchmarks.rows import ROWS
from s3sink.testing.services import KafkaBroker, SeaweedFS


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="of the largest topic (default: a million)")
    parser.add_argument("--runs", type=int, default=1, help="medians of so many runs")
    parser.add_argument("--only", nargs="+", choices=list(ROWS), metavar="ROW", help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--compression", default="none", choices=("none", "lz4", "zstd", "snappy", "gzip"))
    parser.add_argument("--dir", type=Path, help="keep services' data here: the next run finds its topics")
    parser.add_argument("--json", action="store_true", help="the medians as JSON on standard output, not as tables")
    parser.add_argument("--write", action="store_true", help="also write the tables into benchmarks/README.md")
    parser.add_argument("--under", default="", help="command before each row's, {row} is its name: a profiler")
    given = parser.parse_args(arguments)
    given.command = shlex.join(["python", "-m", "benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code is 1 when a row failed, whatever became of the goals."""
    given = _arguments(arguments)
    names = [name for name in given.only or ROWS if runnable(name)]
    with tempfile.TemporaryDirectory(prefix="s3sink-bench-") as temporary:
        home = given.dir or Path(temporary)
        with SeaweedFS(home / "seaweedfs") as s3, KafkaBroker(home / "kafka") as kafka:
            bench = Bench(kafka, s3, home.absolute(), given.records, given.compression, given.under)
            return _report(given, *_runs(bench, names, given.runs))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class _Runs:
    """Everything measured so far."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.results: dict[str, list[Result]] = {}
        self.ratios: dict[str, list[float]] = {}
        self.failed: list[str] = []
        self._limit: tuple[str | None, Result | None] = None, None

    def row(self, name: str) -> None:
        """Measure a row right after its limit."""
        limit = ROWS[name].limit
        beside = None if limit is None else self._beside(limit)
        result = self._measured(name)
        if ROWS[name].limit is None:
            self._limit = name, result
        if beside is not None and result is not None:
            self.ratios.setdefault(name, []).append(result.figures["cpu"] / beside.figures["cpu"])

    def _beside(self, limit: str) -> Result | None:
        """The limit, measured now unless it was measured just before."""
        name, result = self._limit
        self._limit = None, None
        return result if name == limit else self._measured(limit)

    def _measured(self, name: str) -> Result | None:
        try:
            result = self._bench.measure(name)
        except RowError as error:
            self.failed.append(name)
            _say(f"{name}: {error}")
            return None
        self.results.setdefault(name, []).append(result)
        _say(
            f"{name:<21} {result.figures['cpu']:6.2f} CPU-s/M, {result.figures['rate']:9,.0f} records/s, "
            f"{result.figures['memory']:4.0f} MB"
        )
        return result


def _runs(bench: Bench, names: Sequence[str], runs: int) -> tuple[_Runs, list[float]]:
    needed = {limit for name in names if (limit := ROWS[name].limit)} | set(names)
    _say(f"loading {bench.records:,} records")
    bench.load([name for name in ROWS if name in needed])
    measured, machine = _Runs(bench), [calibration()]
    for _ in range(runs):
        for name in names:
            measured.row(name)
        machine.append(calibration())
    return measured, machine


def _report(given: argparse.Namespace, runs: _Runs, machine: Sequence[float]) -> int:
    made = page(given.command, runs.results, runs.ratios, machine)
    if given.json:
        print(orjson.dumps({"calibration": machine, "rows": as_json(runs.results, runs.ratios)}).decode())
    else:
        print(made)
    if given.write and not runs.failed:
        write_readme(made)
    if runs.failed:
        _say(f"failed: {', '.join(runs.failed)}")
    return 1 if runs.failed else 0


if __name__ == "__main__":
    sys.exit(main())
