"""Results as tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bench import Result
from benchmarks.rows import ROWS, Goal

README = Path(__file__).with_name("README.md")
_MARK = "<!-- figures -->\n"
_PACKAGES = ("faust-streaming", "aiokafka", "aiobotocore", "pyarrow", "isal")

#: Results of each row, one a run, and the ratio of each run to the limit measured right before it.
Results = Mapping[str, Sequence[Result]]
Ratios = Mapping[str, Sequence[float]]


def figure(results: Results, name: str, goal: Goal) -> float | None:
    """What was reached; None where it was not measured."""
    if goal.figure in ("cpu_over", "cpu_beyond"):
        own, other = _median(results, name, "cpu"), _median(results, goal.over, "cpu")
        if own is None or not other:
            return None
        return own / other if goal.figure == "cpu_over" else own - other
    return _median(results, name, goal.figure)


def _median(results: Results, name: str, figure: Any) -> float | None:
    found = [result.figures[figure] for result in results.get(name, ()) if figure in result.figures]
    return median(found) if found else None


def as_json(results: Results, ratios: Ratios) -> dict[str, Any]:
    """Medians, for programs."""
    return {
        name: {
            "figures": {key: median(r.figures[key] for r in runs) for key in runs[0].figures},
            "cpu_total": median(r.cpu_total for r in runs),
            "ratio": median(ratios[name]) if name in ratios else None,
            "objects": runs[0].objects,
            "goals": {str(goal): figure(results, name, goal) for goal in ROWS[name].goals},
        }
        for name, runs in results.items()
    }


def page(command: str, results: Results, ratios: Ratios, machine: Sequence[float]) -> str:
    """Everything, as Markdown, with the command and the machine."""
    calibrated = f"Calibration before and after each run: {', '.join(f'{s:.3f}' for s in machine)} CPU-s."
    parts = (f"    {command}", _machine(), calibrated, table(results, ratios), goals(results))
    return "\n\n".join(parts) + "\n"


def write_readme(page: str) -> None:
    """Put the page in place of the one that is there."""
    text = README.read_text()
    README.write_text(text[: text.index(_MARK) + len(_MARK)] + "\n" + page)


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} x {_processor()}, {memory:.0f} GB; Python {platform.python_version()}, {packages}."


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def table(results: Results, ratios: Ratios) -> str:
    """What everything cost."""
    head = ("row", "what", "CPU-s/M", "with start", "of limit", "records/s", "peak MB", "objects")
    return aligned([head, *(_line(name, results, ratios) for name in ROWS if name in results)])


def _line(name: str, results: Results, ratios: Ratios) -> Sequence[str]:
    runs = results[name]
    return (
        name,
        ROWS[name].text,
        f"{_median(results, name, 'cpu'):.2f}",
        f"{median(run.cpu_total for run in runs):.2f}",
        f"{median(ratios[name]):.2f}" if name in ratios else "",
        f"{_median(results, name, 'rate'):,.0f}",
        f"{_median(results, name, 'memory'):.0f}",
        str(runs[0].objects or ""),
    )


def goals(results: Results) -> str:
    """What was wanted, what was reached, and whether that is enough."""
    head = ("row", "goal", "reached", "")
    return aligned(
        [head, *(_verdict(name, goal, results) for name in ROWS if name in results for goal in ROWS[name].goals)]
    )


def _verdict(name: str, goal: Goal, results: Results) -> Sequence[str]:
    value = figure(results, name, goal)
    if value is None:
        return name, str(goal), "not measured", ""
    return name, str(goal), f"{value:,.0f}" if value >= 100 else f"{value:.2f}", "yes" if goal.met(value) else "NO"


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table that can be read as it is."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
