"""A wrong configuration in one screen: every problem with its key, its value, the reason and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from s3sink.cli.failures import Failure
from s3sink.cli.table import shortened
from s3sink.connect.keys import KEYS
from s3sink.connect.secret import is_secret, without_user
from s3sink.errors import Problem

_REFERENCE = re.compile(r"\$\{[^}]*\}")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Report:
    """The problems of one file. The values of `properties` are shown, those of secrets are not."""

    subject: str
    problems: Sequence[Problem]
    properties: Mapping[str, Any] = field(default_factory=dict, repr=False)
    lines: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """Lines for people."""
        n = len(self.problems)
        head = click.style(f"{self.subject}: {n} problem{'s' if n > 1 else ''}", bold=True)
        return "\n".join([head, *(line for problem in self.problems for line in self._lines_of(problem))])

    def plain(self) -> list[dict[str, Any]]:
        """For JSON."""
        return [
            {
                "file": self.subject,
                "key": problem.key,
                "value": self._value(problem.key),
                "reason": without_user(problem.message),
                "remedy": _remedy(problem),
                "line": self.lines.get(problem.key),
            }
            for problem in self.problems
        ]

    def _lines_of(self, problem: Problem) -> Iterator[str]:
        value, line = self._value(problem.key), self.lines.get(problem.key)
        shown = click.style(problem.key, fg="red") + ("" if value is None else f" = {value}")
        yield f"  {shown}" + (f"   (line {line})" if line else "")
        yield f"      {shortened(without_user(problem.message))}"
        remedy = _remedy(problem)
        if remedy:
            yield f"      {click.style(remedy, dim=True)}"

    def _value(self, key: str) -> str | None:
        """The value as it is written, when it may be shown."""
        if key not in self.properties:
            return None
        text = str(self.properties[key])
        if is_secret(key) and not _REFERENCE.fullmatch(text.strip()):
            return "[hidden]"
        return shortened(without_user(text), _LONGEST)


def _remedy(problem: Problem) -> str:
    """What the key is for, where the reason does not say what to write."""
    known = KEYS.get(problem.key)
    return f"{known.name}: {known.doc}" if known is not None and known.doc else ""


class Misconfigured(Failure):
    """Exit code 2, and all of it on stderr."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self.reports = list(reports)
        text = "\n".join(report.text() for report in self.reports)
        super().__init__(text, [problem for report in self.reports for problem in report.plain()], 2)
