"""What an error looks like: text on stderr for people and, with `--json`, a line of JSON on stdout too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any] | click.Command)

_WANTED = "s3sink.json"


def json_option(help: str) -> Callable[[F], F]:
    """`--json`, the argument `as_json` of a command; its errors are JSON then, too."""

    def remember(context: click.Context, _: click.Parameter, value: bool) -> bool:
        context.meta[_WANTED] = value
        return value

    return click.option("--json", "as_json", is_flag=True, callback=remember, help=help)


class Failure(click.ClickException):
    """The end of a command. `problems` are for programs: at least `key` and `reason` of each."""

    def __init__(self, text: str, problems: Iterable[Mapping[str, Any]], exit_code: int) -> None:
        super().__init__(text)
        self.problems, self.exit_code = list(problems), exit_code
        context = click.get_current_context(silent=True)
        self.as_json = context is not None and bool(context.meta.get(_WANTED))

    def show(self, file: IO[Any] | None = None) -> None:
        """Without the word Error before it."""
        click.echo(self.format_message(), file=file, err=file is None, color=self.show_color)
        if self.as_json:
            click.echo(json.dumps({"exit_code": self.exit_code, "problems": self.problems}))
