"""`s3sink lint`: every problem of connector files, their traps, and what they promise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from s3sink.cli.connectors import worker_properties
from s3sink.cli.failures import json_option
from s3sink.cli.table import screen_width, shortened, table, wrapped
from s3sink.connect import read
from s3sink.connect.lint import Report, lint, lint_together, of_problem
from s3sink.connect.rules import LEVELS, Finding, Level
from s3sink.errors import ConfigError

_COLOURS: Mapping[Level, str] = {"error": "red", "warning": "yellow", "note": "cyan"}
_MOST = 50  # findings of a connector that people are shown
_NOT_SET = "(not in the file)"


@click.command("lint")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--worker",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The worker's properties: converters and config providers that connectors do not name.",
)
@click.option("--level", type=click.Choice(LEVELS), default="note", help="The least that is shown.  [default: note]")
@json_option("One JSON object.")
def lint_command(files: Sequence[Path], worker: Path | None, level: Level, as_json: bool) -> None:
    """Say what is wrong with connector files, and what they promise, before they run.

    Reads JSON, .properties and Strimzi's YAML. Nothing is connected to. Exit code 0: fine, or warnings only. 1: there
    are errors, which is what nobody means. 2: a file cannot be read, or is no configuration that can run.
    """
    workers = worker_properties(worker)
    reports = [(path, report) for path in files for report in _reports(path, workers)]
    together = lint_together([report for _, report in reports])
    code = max([*(report.exit_code for _, report in reports), int(bool(together))])
    click.echo(_as_json(reports, together, level, code) if as_json else _as_text(reports, together, level))
    raise SystemExit(code)


def _reports(path: Path, worker: Mapping[str, Any] | None) -> list[Report]:
    """One for each connector of a file; one without a name for a file that cannot be read."""
    try:
        return [lint(properties, worker=worker, path=str(path)) for properties in read(path)]
    except ConfigError as error:
        return [Report("", tuple(of_problem("error", problem, str(path)) for problem in error.problems))]


def _shown(findings: Sequence[Finding], level: Level) -> list[Finding]:
    return [finding for finding in findings if LEVELS.index(finding.level) <= LEVELS.index(level)]


# ---------------------------------------------------------------------------------------------- for programs
def _as_json(reports: Sequence[tuple[Path, Report]], together: Sequence[Finding], level: Level, code: int) -> str:
    connectors = [
        {
            "file": str(path),
            "name": report.name,
            "valid": report.valid,
            "exactly_once": report.verdict.exactly_once if report.verdict else None,
            "promise": report.verdict.promise if report.verdict else None,
            "reason": report.verdict.reason if report.verdict else None,
            "findings": [finding._asdict() for finding in _shown(report.findings, level)],
        }
        for path, report in reports
    ]
    return json.dumps({"exit_code": code, "connectors": connectors, "together": [one._asdict() for one in together]})


# ---------------------------------------------------------------------------------------------- for people
def _as_text(reports: Sequence[tuple[Path, Report]], together: Sequence[Finding], level: Level) -> str:
    width = screen_width()
    parts = [_section(path, report, level, width) for path, report in reports]
    if together:
        parts.append("\n".join([click.style("together", bold=True), *(_finding(one, width) for one in together)]))
    return "\n\n".join([*parts, _summary(reports)])


def _section(path: Path, report: Report, level: Level, width: int) -> str:
    name = click.style(report.name or str(path), bold=True)
    title = f"{name} {click.style(f'({path})', dim=True)}" if report.name else name
    shown = _shown(report.findings, level)
    lines = [_finding(finding, width, in_file=bool(report.name)) for finding in shown[:_MOST]] or ["  nothing to say"]
    if len(shown) > _MOST:
        lines.append(f"  ... and {len(shown) - _MOST:,} more: --json, or --level")
    return "\n".join([title, *lines, *_verdict(report, width)])


def _finding(finding: Finding, width: int, *, in_file: bool = True) -> str:
    """`in_file`: the file could be read, so what has no value is not in it."""
    level = click.style(f"{finding.level:<8}", fg=_COLOURS[finding.level], bold=finding.level == "error")
    line = finding.source.rpartition(":")[2]
    missing = "" if line.isdigit() or not in_file or not _may_be_set(finding) else f" {_NOT_SET}"
    value = f" = {shortened(finding.value, 120)}" if finding.value else missing
    where = click.style(f"  line {line}", dim=True) if line.isdigit() else ""
    head = f"  {level}{click.style(finding.key, bold=True)}{value}{where}"
    indent = " " * 10
    lines = [head, wrapped(shortened(finding.reason), indent, width)]
    if finding.remedy:
        lines.append(wrapped(finding.remedy, indent + "  ", width, f"{indent}> "))
    return "\n".join(lines)


def _may_be_set(finding: Finding) -> bool:
    """A file's own name is no key."""
    return "/" not in finding.key and ":" not in finding.key and finding.key != finding.source


def _verdict(report: Report, width: int) -> list[str]:
    if report.verdict is None:
        return [click.style("  cannot run", fg="red", bold=True)]
    colour = "green" if report.verdict.exactly_once else "yellow"
    text = f"{report.verdict.promise.partition(':')[0]}: {report.verdict.reason}"
    return [click.style(wrapped(text, "    ", width, "  "), fg=colour)]


def _summary(reports: Sequence[tuple[Path, Report]]) -> str:
    rows = [
        (
            report.name or path.name,
            *(_count(report, level) for level in LEVELS),
            _once(report),
        )
        for path, report in reports
    ]
    return table(("connector", "errors", "warnings", "notes", "exactly once"), rows)


def _count(report: Report, level: Level) -> str:
    count = report.count(level)
    return click.style(str(count), fg=_COLOURS[level]) if count else "0"


def _once(report: Report) -> str:
    if report.verdict is None:
        return click.style("cannot run", fg="red")
    return click.style("yes", fg="green") if report.verdict.exactly_once else click.style("no", fg="yellow")
