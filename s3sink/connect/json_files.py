"""JSON connector files, and what is wrong with those that are nearly JSON."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Any

from s3sink.connect.files import Properties, connector_of
from s3sink.errors import ConfigError, Problem

_STRING = r'"(?:\\.|[^"\\\n])*"'
_COMMENT = re.compile(rf"{_STRING}|(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*|#[^\n]*)", re.DOTALL)
_COMMA = re.compile(rf"{_STRING}|(?P<comma>,)(?=\s*[}}\]])")
_KEY = re.compile(r'"((?:\\.|[^"\\\n])*)"\s*:')
_REMEDIES = (
    ("property name enclosed", "a key stands in double quotes"),
    ("',' delimiter", "a comma is missing before this, or a quote inside a text needs a backslash"),
    ("':' delimiter", "a colon stands between a key and its value"),
    ("Unterminated string", "the text is not closed on its line: a double quote is missing"),
    ("Invalid control character", "a text goes on in the next line: close it, and write \\n for a new line"),
    ("Invalid \\", "a backslash itself is written \\\\"),
    ("Extra data", "the file goes on behind the end of the object: remove that, or make a list of connectors"),
    ("Expecting value", "a value is missing: text in double quotes, a number, true or false"),
)


def parse_json(text: str, path: str) -> list[Properties]:
    """The connectors of a JSON text; numbers and booleans are texts as they are written.

    Raises ConfigError: one problem for each comment and each comma too many, then the first of the others.
    """
    repeated: set[str] = set()

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            repeated.update(key for key, times in Counter(key for key, _ in found).items() if times > 1)
        return made

    try:
        document = json.loads(text, object_pairs_hook=pairs, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise ConfigError(list(_problems(text, path, error)), path) from error
    breaks = [match.end() for match in re.finditer("\n", text)]
    lines = {_unquoted(match[1]): bisect_right(breaks, match.start()) + 1 for match in _KEY.finditer(text)}
    documents = document if isinstance(document, list) else [document]
    return [connector_of(_texts(one), path, lines, repeated) for one in documents]


def _texts(document: Any, depth: int = 2) -> Any:
    """Booleans as texts, where properties can stand."""
    if isinstance(document, bool):
        return str(document).lower()
    if isinstance(document, dict) and depth:
        return {key: _texts(value, depth - 1) for key, value in document.items()}
    return document


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


# ---------------------------------------------------------------------------------------------- nearly JSON
def _problems(text: str, path: str, error: Exception) -> Iterator[Problem]:
    comments = [match for match in _COMMENT.finditer(text) if match["comment"]]
    for match in comments:
        first = match[0].splitlines()[0]
        yield _problem(text, path, match.start(), f"JSON has no comments: remove {first[:60]}")
    bare = _without(text, [match.span() for match in comments])
    commas = [match for match in _COMMA.finditer(bare) if match["comma"]]
    for match in commas:
        closing = bare[match.end() :].lstrip()[0]
        yield _problem(text, path, match.start(), f"a comma before {closing}: remove it")
    if comments or commas:
        bare = _without(bare, [match.span() for match in commas])
        try:
            json.loads(bare)
        except (ValueError, RecursionError) as other:
            yield _other(text, path, other)
    else:
        yield _other(text, path, error)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with blanks in those places, so that everything else stays where it is."""
    for start, stop in spans:
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:stop]) + text[stop:]
    return text


def _other(text: str, path: str, error: Exception) -> Problem:
    if not isinstance(error, json.JSONDecodeError):
        return Problem(path, f"is no JSON that can be read: {type(error).__name__}")
    if not text.strip():
        return Problem(path, "is empty")
    remedy = next((remedy for words, remedy in _REMEDIES if words in error.msg), "")
    if text[error.pos : error.pos + 1] == "'":
        remedy = "texts stand in double quotes, not single ones"
    return _problem(text, path, error.pos, f"{error.msg}{': ' if remedy else ''}{remedy}")


def _problem(text: str, path: str, at: int, message: str) -> Problem:
    line, column = _place(text, at)
    shown = text.splitlines()[line - 1].strip()[:80] if line <= len(text.splitlines()) else ""
    return Problem(f"{path}:{line}:{column}", f"{message}{f' ({shown})' if shown else ''}")


def _place(text: str, at: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
