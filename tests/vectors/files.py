"""The files of vectors, as lists of test cases."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

Vector = dict[str, Any]


def vectors(directory: Path, name: str) -> list[Vector]:
    """The vectors of `<name>_vectors.json`, none when the directory has no such file."""
    path = directory / f"{name}_vectors.json"
    found: list[Vector] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return found


def json_lines(path: Path) -> list[Vector]:
    """One object a line."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def from_base64(text: str | None) -> bytes | None:
    """The bytes; None stays None."""
    return None if text is None else base64.b64decode(text)
