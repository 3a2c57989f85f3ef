"""Java's properties files."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.connect import parse_properties

texts = st.text(max_size=20)


def escaped(text: str) -> str:
    """As `Properties.store` writes it, every character that could mean something else behind a backslash."""
    letters = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"}
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(
        letters.get(chr(code)) or (chr(code) if chr(code).isascii() and chr(code).isalnum() else f"\\u{code:04x}")
        for code in codes
    )


@given(st.dictionaries(texts.filter(bool), texts), st.sampled_from(["=", ":", " ", " = ", "\t:\f"]))
@example({"🦆": "é=:#!\\"}, "=")
def test_what_java_writes_is_read_back(entries: dict[str, str], separator: str) -> None:
    text = "".join(f"{escaped(key)}{separator}{escaped(value)}\n" for key, value in entries.items())
    assert parse_properties(text) == entries


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", {}),
        ("a=1\nb=2", {"a": "1", "b": "2"}),
        ("a=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
        ("  # no\n! no\n\n \t\n a = 1", {"a": "1"}),
        ("a=x # not a comment", {"a": "x # not a comment"}),
        ("a = trailing  \nb", {"a": "trailing  ", "b": ""}),
        ("a 1 2", {"a": "1 2"}),
        ("a==b", {"a": "=b"}),
        ("a : = b", {"a": "= b"}),
        ("=x", {"": "x"}),
        (r"a\ b\=c=d", {"a b=c": "d"}),
        ("a=b\\\n   c\\\n\td", {"a": "bcd"}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        ("a=b\\\n# part of it\nc=d", {"a": "b# part of it", "c": "d"}),
        ("a=b\\\n\nc=d", {"a": "b", "c": "d"}),
        ("# continued? \\\na=1", {"a": "1"}),
        ("a=b\\", {"a": "b"}),
        (r"a=\q\"", {"a": 'q"'}),
        (r"a=\ud83e\udd86", {"a": "🦆"}),
        ("a=1\na=2", {"a": "2"}),
    ],
)
def test_lines_are_read_as_java_does(text: str, entries: dict[str, str]) -> None:
    assert parse_properties(text) == entries


@pytest.mark.parametrize("text", [r"a=\u12", r"a=\u12g4", r"\u=1"])
def test_a_broken_escape_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="Malformed"):
        parse_properties(text)


@given(st.text())
def test_any_text_without_a_broken_escape_is_read(text: str) -> None:
    parse_properties(text.replace("\\u", ""))
