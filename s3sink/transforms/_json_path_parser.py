"""The language of JSON paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from s3sink.transforms._json_comparisons import NULL, OPERATORS
from s3sink.transforms._json_path_steps import (
    Step,
    Test,
    deep_step,
    filter_step,
    indexes_step,
    members,
    several,
    slice_step,
    walker,
)
from s3sink.transforms._regex import compile_java

Read = Callable[[Any, Any], Any]
"""Takes what `@` stands for, and what `$` stands for."""

_NAME = re.compile(r"[^\s.\[\]()=<>!&|'\",?*]+")
_STRING = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/([imsx]*)", re.DOTALL)
_SLICE = re.compile(r"(-?[0-9]+)?\s*:\s*(-?[0-9]+)?")
_INDEXES = re.compile(r"-?[0-9]+(?:\s*,\s*-?[0-9]+)*")
_WORD = re.compile(r"true\b|false\b|null\b")
_OPERATOR = re.compile(r"[=!]==?|<=|>=|<|>|=~|(?:n?in|contains|anyof|noneof|subsetof|size|empty)\b", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_CONSTANTS = {"true": True, "false": False, "null": NULL}


class PathParser:
    """Reads a path from left to right. Raises ValueError with the place of what is wrong."""

    __slots__ = ("_at", "_text")

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._at = 0
        if self._text[:1] not in ("$", "@"):
            self._text = f"$.{self._text}"

    def path(self) -> tuple[list[str | int], list[Step]]:
        """The steps to one place that it begins with, and all others."""
        self._at = 1
        head, tail = self._steps()
        if self._at < len(self._text):
            raise self._wrong("'.' or '[' is expected")
        return head, tail

    # ------------------------------------------------------------------ steps
    def _steps(self) -> tuple[list[str | int], list[Step]]:
        head: list[str | int] = []
        tail: list[Step] = []
        while self._peek() in (".", "["):
            deep = self._take("..")
            step = self._step(deep or self._take("."))
            if not deep and not tail and not isinstance(step, Step):
                head.append(step)
            else:
                tail.append(deep_step(several(step)) if deep else several(step))
        return head, tail

    def _step(self, dotted: bool) -> str | int | Step:
        if self._take("["):
            return self._bracket()
        if dotted and self._take("*"):
            return Step(members)
        name = self._match(_NAME) if dotted else None
        if name is None:
            raise self._wrong("a name is expected (one with other characters: ['name'])")
        if self._peek() == "(":
            raise self._wrong("functions are not supported")
        return name[0]

    def _bracket(self) -> str | int | Step:
        self._blanks()
        step = self._in_bracket()
        self._blanks()
        if isinstance(step, str) and self._peek() == ",":
            raise self._wrong("several names are not supported")
        self._expect("]")
        return step

    def _in_bracket(self) -> str | int | Step:
        if self._take("*"):
            return Step(members)
        if self._take("?"):
            return self._filter()
        if part := self._match(_SLICE):
            return slice_step(slice(*(None if end is None else int(end) for end in part.groups())))
        if indexes := self._match(_INDEXES):
            several = [int(index) for index in indexes[0].split(",")]
            return several[0] if len(several) == 1 else indexes_step(several)
        if name := self._match(_STRING):
            return _unescaped(name)
        raise self._wrong("a name in quotes, a number, '*' or a filter is expected")

    def _filter(self) -> Step:
        self._blanks()
        self._expect("(")
        test = self._either()
        self._expect(")")
        return filter_step(test)

    # ------------------------------------------------------------------ filters
    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("||"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda node, root: any(test(node, root) for test in tests)

    def _both(self) -> Test:
        tests = [self._condition()]
        while self._take("&&"):
            tests.append(self._condition())
        return tests[0] if len(tests) == 1 else lambda node, root: all(test(node, root) for test in tests)

    def _condition(self) -> Test:
        self._blanks()
        if self._take("!"):
            return self._negated()
        if not self._take("("):
            return self._comparison()
        test = self._either()
        self._expect(")")
        self._blanks()
        return test

    def _negated(self) -> Test:
        self._blanks()
        if self._peek() not in ("(", "!"):
            read = self._path_operand()
            self._blanks()
            if self._match(_OPERATOR):
                raise self._wrong("a comparison that is negated stands in parentheses: !(...)")
            return lambda node, root: read(node, root) is None
        test = self._condition()
        return lambda node, root: not test(node, root)

    def _comparison(self) -> Test:
        if self._peek() in ("@", "$"):
            left = self._path_operand()
            self._blanks()
            if self._peek() in (")", "&", "|"):
                return lambda node, root: left(node, root) is not None
        else:
            left = _constant(self._literal())
        self._blanks()
        operator = self._match(_OPERATOR)
        if operator is None:
            raise self._wrong("an operator is expected")
        return self._compared(left, operator[0].lower())

    def _compared(self, left: Read, operator: str) -> Test:
        self._blanks()
        holds = OPERATORS[operator]
        if self._peek() in ("@", "$") and operator != "=~":
            right = self._path_operand()
            self._blanks()
            return lambda node, root: (
                (a := left(node, root)) is not None and (b := right(node, root)) is not None and holds(a, b)
            )
        literal = self._regex() if operator == "=~" else self._literal()
        self._blanks()
        return lambda node, root: (value := left(node, root)) is not None and holds(value, literal)

    # ------------------------------------------------------------------ operands
    def _path_operand(self) -> Read:
        if self._peek() not in ("@", "$"):
            raise self._wrong("a path is expected")
        from_root = self._take("$") or not self._take("@")
        head, tail = self._steps()
        if tail:
            raise self._wrong("in a filter, only paths to one place are supported")
        walk = walker(head)
        return (lambda node, root: walk(root)) if from_root else (lambda node, root: walk(node))

    def _regex(self) -> re.Pattern[str]:
        found = self._match(_REGEX)
        if found is None:
            raise self._wrong("a regular expression /.../ with no flags but i, m, s, x is expected")
        pattern, flags = found.groups()
        try:
            return compile_java(f"(?{flags}){pattern}" if flags else pattern)
        except re.error as error:
            raise self._wrong(f"{found[0]} is no regular expression ({error})") from error

    def _literal(self) -> Any:
        if string := self._match(_STRING):
            return _unescaped(string)
        if number := self._match(_NUMBER):
            return int(number[0]) if number[0].lstrip("-").isdigit() else Decimal(number[0])
        if word := self._match(_WORD):
            return _CONSTANTS[word[0]]
        if self._take("["):
            return self._list()
        raise self._wrong("a path, text, number, list, true, false or null is expected")

    def _list(self) -> list[Any]:
        items: list[Any] = []
        self._blanks()
        while not self._take("]"):
            if items:
                self._expect(",")
                self._blanks()
            item = self._literal()
            items.append(float(item) if isinstance(item, Decimal) else item)
            self._blanks()
        return items

    # ------------------------------------------------------------------ characters
    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, token: str) -> bool:
        taken = self._text.startswith(token, self._at)
        self._at += len(token) if taken else 0
        return taken

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found

    def _blanks(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._wrong(f"{token!r} is expected")

    def _wrong(self, complaint: str) -> ValueError:
        return ValueError(f"{complaint} at position {self._at} of {self._text}")


def _constant(value: Any) -> Read:
    return lambda node, root: value


def _unescaped(string: re.Match[str]) -> str:
    return _ESCAPE.sub(_character, string[1] if string[1] is not None else string[2])


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _CONTROLS.get(escape[2], escape[2])
