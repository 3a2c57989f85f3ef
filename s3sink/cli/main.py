"""The group that all subcommands hang on, and what an error looks like."""

from __future__ import annotations

import importlib.metadata
import io
import os
import sys
from typing import Any

import click

from s3sink.cli.demo import demo
from s3sink.cli.demo_cdc import demo_cdc
from s3sink.cli.failures import Failure
from s3sink.cli.lint import lint_command
from s3sink.cli.plan import plan_command
from s3sink.cli.run import run
from s3sink.cli.table import shortened
from s3sink.cli.takeover import takeover_command
from s3sink.errors import ConfigError, S3SinkError


class _Group(click.Group):
    """Says our errors in one screen, without a traceback: exit code 2 for a wrong configuration, 1 for the rest."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except S3SinkError as error:
            raise _failure(error) from error


def _failure(error: S3SinkError) -> Failure:
    if not isinstance(error, ConfigError):
        return Failure(f"Error: {error}", [{"key": "", "reason": str(error)}], 1)
    lines = [f"Error: {error.subject}:", *(shortened(str(problem)) for problem in error.problems)]
    problems = [{"subject": error.subject, "key": key, "reason": reason} for key, reason in error.problems]
    return Failure("\n  ".join(lines), problems, 2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.metadata.version("s3sink"), prog_name="s3sink")
@click.pass_context
def main(context: click.Context) -> None:
    """Kafka topics into S3 objects, exactly once."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        context.color = False
    if isinstance(sys.stdout, io.TextIOWrapper):  # as it is for stderr: what a terminal cannot show ends nothing
        sys.stdout.reconfigure(errors="backslashreplace")


main.add_command(demo)
main.add_command(demo_cdc)
main.add_command(run)
main.add_command(lint_command)
main.add_command(plan_command)
main.add_command(takeover_command)
