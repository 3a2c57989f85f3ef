"""Tables and wrapped text for a terminal, without a library."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence
from typing import Final

_NARROWEST, _WIDEST = 60, 120
_STYLES = re.compile(r"\x1b\[[0-9;]*m")
_NUMERIC: Final = re.compile(r"[-+]?[\d,.]+( ?[kMGT]?i?B)?%?")


def screen_width() -> int:
    """Columns of the terminal, within reason; 100 where there is none."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Titles over rows; columns of numbers are right-aligned. Styles in cells do not count as width.

    >>> print(table(("topic", "records"), [("orders", "1,200"), ("clicks", "7")]))
    topic   records
    orders    1,200
    clicks        7
    """
    cells = [tuple(map(str, row)) for row in (titles, *rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    right = [_is_numeric(column[1:]) for column in zip(*cells, strict=True)]
    return "\n".join(indent + _line(row, widths, right) for row in cells)


def shortened(text: str, longest: int = 400) -> str:
    """The beginning of a text that nobody reads to its end.

    >>> shortened("9" * 500, 10)
    '999999999…'
    """
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        f"{' ' * (width - _width(cell))}{cell}" if to_right else f"{cell}{' ' * (width - _width(cell))}"
        for cell, width, to_right in zip(row, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _is_numeric(column: Sequence[str]) -> bool:
    texts = [_STYLES.sub("", cell) for cell in column]
    return any(texts) and all(_NUMERIC.fullmatch(text) or text in ("", "-") for text in texts)


def _width(cell: str) -> int:
    return len(_STYLES.sub("", cell))


def wrapped(text: str, indent: str, width: int, first: str | None = None) -> str:
    """Text in lines of a width, all but the `first` behind `indent`; long words stay whole."""
    return textwrap.fill(
        text,
        width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
