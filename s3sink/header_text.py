"""The texts of Connect's SimpleHeaderConverter: what a header says without saying what type it is.

The reader never fails: what looks like nothing else is a text. Its quirks are Connect's and are kept, since a header
that means a number there has to mean one here: `1,2` is the number 1, and `["2019-08-23"]` holds a date.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from s3sink.header_values import NotNested, Parsed, common_schema, converted, map_of, moment_of, number_of
from s3sink.java_text import to_string
from s3sink.schema import Schema

_SPACE = "".join(map(chr, range(33)))  # what Java's trim takes away
_TOKEN = re.compile(r'[{}\[\]:,"]|(?:\\.|[^{}\[\]:,"\\])+\\?|\\', re.DOTALL)
_MAYBE_MORE = frozenset("+-[{tfn")
_TEXT, _BOOLEAN = Schema(type="string"), Schema(type="boolean")


# ---------------------------------------------------------------------------------------------- reading
def parse(text: str) -> Parsed:
    """The schema and value of a header's text, as Connect's `Values.parseString` finds them; null is (None, None).

    Whole numbers get the smallest type that holds them, others float32 where that is finite. Dates, times and
    timestamps are UTC. An array or map of mixed types has no schema for its items. What Python cannot hold (a year
    beyond 9999, a list as the key of a map) stays text.

    >>> parse("300")[1], parse("1.5")[0].type, parse("null"), parse("[1")[1]
    (300, 'float32', (None, None), '[1')
    """
    first = text.lstrip(_SPACE)[:1]
    if first not in _MAYBE_MORE and not first.isdecimal():
        return _TEXT, text
    tokens = _TOKEN.findall(text)
    try:
        return _Reader(tokens).top(text)
    except (NotNested, RecursionError):  # Java keeps of the text what it did not count
        return _TEXT, text if tokens[0].strip(_SPACE) else tokens[0]


class _Reader:
    """Reads tokens from left to right: delimiters, and runs of everything else."""

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def top(self, text: str) -> Parsed:
        token = self._peek()
        if token in ("[", "{"):
            return self._nested()
        word = token.strip(_SPACE)
        if word in _WORDS and self.at + 1 == len(self.tokens):
            return _WORDS[word]
        return self._literal(word) or (_TEXT, text)

    def _nested(self) -> Parsed:
        """An element, key or value inside an array or map."""
        if self._took("["):
            return self._array()
        if self._took("{"):
            return self._map()
        if self._took('"'):
            return self._quoted()
        word = self._peek().strip(_SPACE)
        if word in _WORDS:
            self.at += 1
            return _WORDS[word]
        found = self._literal(word)
        if found is None:
            raise NotNested
        return found

    def _literal(self, word: str) -> Parsed | None:
        """A moment, which colons may divide into five tokens, or a number."""
        found = None
        if word[:1].isdecimal():
            whole = [word, *self.tokens[self.at + 1 : self.at + 5]]
            if len(whole) == 5 and (found := moment_of("".join(whole))):
                self.at += 5
                return found
            found = moment_of(word)
        self.at += 1
        return found or number_of(word)

    def _quoted(self) -> Parsed:
        start = self.at
        while self._next() != '"':
            pass
        content = "".join(token for token in self.tokens[start : self.at - 1] if token.strip(_SPACE))
        return (moment_of(content) if content[:1].isdecimal() else None) or (_TEXT, content)

    def _array(self) -> Parsed:
        items: list[Parsed] = []
        while not self._took("]"):
            if self._peek() == ",":
                raise NotNested
            items.append(self._nested())
            if not self._took(",") and self._peek() != "]":
                raise NotNested
        common = common_schema(schema for schema, _ in items)
        return Schema(type="array", items=common), [converted(item, common) for item in items]

    def _map(self) -> Parsed:
        entries: list[tuple[Parsed, Parsed]] = []
        while not self._took("}"):
            key = self._nested()
            if key[1] is None or isinstance(key[1], list | dict) or not self._took(":"):
                raise NotNested
            entries.append((key, self._nested()))
            self._took(",")
        return map_of(entries)

    def _peek(self) -> str:
        """The next token that is not blank; blank ones before a delimiter do not count."""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.strip(_SPACE):
                return token
            self.at += 1
        raise NotNested

    def _took(self, delimiter: str) -> bool:
        found = self._peek() == delimiter
        self.at += found
        return found

    def _next(self) -> str:
        if self.at >= len(self.tokens):
            raise NotNested
        self.at += 1
        return self.tokens[self.at - 1]


_WORDS: dict[str, Parsed] = {"null": (None, None), "true": (_BOOLEAN, True), "false": (_BOOLEAN, False)}


# ---------------------------------------------------------------------------------------------- writing
def text_of(value: Any, schema: Schema | None = None) -> str:
    """The text of a value, as Connect's `Values.convertToString` writes it; null is `null`.

    A text is written as it is, bytes in base64, an array, map or struct like JSON with its texts in quotes. In a struct
    null is the default of its field.

    >>> text_of("a"), text_of(1e10), text_of([1, 'a"b', None]), text_of({"a": b"x"})
    ('a', '1.0E10', '[1,"a\\\\"b",null]', '{"a":"eA=="}')
    """
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, list):
        items = None if schema is None else schema.items
        return "[" + ",".join(_part(item, items) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{item}" for key, item in _entries(value, schema)) + "}"
    return to_string(value, schema)


def _entries(value: dict[Any, Any], schema: Schema | None) -> Iterable[tuple[str, str]]:
    if schema is not None and schema.type == "struct":
        fields = ((field.name, field.schema, value.get(field.name)) for field in schema.fields)
        return ((_part(n), _part(inner.default if item is None else item, inner)) for n, inner, item in fields)
    keys, items = (None, None) if schema is None else (schema.keys, schema.items)
    return ((_part(key, keys), _part(item, items)) for key, item in value.items())


def _part(value: Any, schema: Schema | None = None) -> str:
    """A value inside another one."""
    text = text_of(value, schema)
    if not isinstance(value, str | bytes):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
