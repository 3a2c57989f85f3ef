"""What the subcommands on connector files share: reading the files, the worker's, and one connector of several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3sink.connect import Connector, connector, read
from s3sink.connect.files import read_worker
from s3sink.errors import ConfigError, Problem


def worker_properties(path: Path | None) -> Mapping[str, Any] | None:
    """The worker's file: Java properties, or what else a connector's file can be. Raises ConfigError."""
    return None if path is None else read_worker(path)


def one_connector(file: Path, name: str | None, worker: Mapping[str, Any] | None) -> Connector:
    """The only connector of a file, or the one of this name. Raises ConfigError."""
    found = read(file)
    named = [one for one in found if name in (None, one.get("name"))]
    if len(named) != 1:
        names = ", ".join(str(one.get("name")) for one in found)
        what = f"has no connector {name!r}, but {names}" if not named else f"has {len(named)}: say which with --name"
        raise ConfigError([Problem(str(file), what if not named else f"{what} ({names})")], str(file))
    return connector(named[0], worker=worker)
