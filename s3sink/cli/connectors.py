"""What the subcommands on connector files share: reading the files, the worker's, and one connector of several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3sink.connect import Connector, connector, parse_properties, read
from s3sink.errors import ConfigError, Problem


def worker_properties(path: Path | None) -> Mapping[str, str] | None:
    """The worker's file, Java properties. Raises ConfigError."""
    if path is None:
        return None
    try:
        return parse_properties(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(str(path), f"cannot be read: {reason}")], "worker") from error


def one_connector(file: Path, name: str | None, worker: Mapping[str, Any] | None) -> Connector:
    """The only connector of a file, or the one of this name. Raises ConfigError."""
    found = read(file)
    named = [one for one in found if name in (None, one.get("name"))]
    if len(named) != 1:
        names = ", ".join(str(one.get("name")) for one in found)
        what = f"has no connector {name!r}, but {names}" if not named else f"has {len(named)}: say which with --name"
        raise ConfigError([Problem(str(file), what if not named else f"{what} ({names})")], str(file))
    return connector(named[0], worker=worker)
