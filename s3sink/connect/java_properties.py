"""Java's `.properties` files, as `Properties.load` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BLANK = " \t\f"
_LINE = re.compile(r"\r\n|\n|\r")
_ENTRY = re.compile(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse_properties(text: str) -> dict[str, str]:
    r"""Keys and values in the order of the file; of a key that comes twice the last value counts.

    Comments begin with `#` or `!`, a backslash at the end of a line continues it, white space at the end of a value
    belongs to it. Raises ValueError for a broken `\u` escape.

    >>> parse_properties("a = 1\n# comment\nb: x\\\n   y\n")
    {'a': '1', 'b': 'xy'}
    """
    return dict(entries(text))


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Keys with their values, as often as they stand there. Raises ValueError as `parse_properties` does."""
    return map(_entry, _logical_lines(text))


def _logical_lines(text: str) -> Iterator[str]:
    held = ""
    for line in _LINE.split(text):
        line = line.lstrip(_BLANK)
        if not held and (not line or line[0] in "#!"):
            continue
        held += line
        if _is_continued(held):
            held = held[:-1]
            continue
        yield held
        held = ""
    if held:
        yield held


def _is_continued(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _entry(line: str) -> tuple[str, str]:
    match = _ENTRY.match(line)
    assert match is not None
    return _unescaped(match[1]), _unescaped(match[2])


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    units = _ESCAPE.sub(_character, text).encode("utf-16", "surrogatepass")
    return units.decode("utf-16", "surrogatepass")  # an emoji is two escapes


def _character(match: re.Match[str]) -> str:
    letter = match[1]
    if len(letter) == 5:
        return chr(int(letter[1:], 16))
    if letter == "u":
        raise ValueError("Malformed \\uxxxx encoding.")
    return _LETTERS.get(letter, letter)
