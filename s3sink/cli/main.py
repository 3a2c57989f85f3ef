"""The group that all subcommands hang on, and what an error looks like."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import click

from s3sink.cli.demo import demo
from s3sink.cli.demo_cdc import demo_cdc
from s3sink.cli.lint import lint_command
from s3sink.cli.plan import plan_command
from s3sink.cli.run import run
from s3sink.cli.takeover import takeover_command
from s3sink.errors import ConfigError, S3SinkError


class _Group(click.Group):
    """Says our errors in one screen, without a traceback: exit code 2 for a wrong configuration, 1 for the rest."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except S3SinkError as error:
            raise _Failure(error) from error


class _Failure(click.ClickException):
    def __init__(self, error: S3SinkError) -> None:
        lines = [f"{error.subject}:", *map(str, error.problems)] if isinstance(error, ConfigError) else [str(error)]
        super().__init__("\n  ".join(lines))
        self.exit_code = 2 if isinstance(error, ConfigError) else 1


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.metadata.version("s3sink"), prog_name="s3sink")
def main() -> None:
    """Kafka topics into S3 objects, exactly once."""


main.add_command(demo)
main.add_command(demo_cdc)
main.add_command(run)
main.add_command(lint_command)
main.add_command(plan_command)
main.add_command(takeover_command)
