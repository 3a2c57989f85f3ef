"""Java's regular expressions and replacement texts, in Python."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

from s3sink.errors import ILLEGAL_ARGUMENT, Problem, TransformError

_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "XDigit": "0-9a-fA-F",
    "Space": r"\s",
    "Blank": r" \t",
    "ASCII": r"\x00-\x7f",
}
_TOKEN = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|\Z)"
    r"|\\[pP]\{(?:Is)?(?P<posix>\w+)\}"
    r"|\\k<(?P<back>\w+)>"
    r"|\(\?<(?P<group>[A-Za-z]\w*)>"
    r"|(?P<end>\\[zZ])"
    r"|(?P<space>\\h)"
    r"|\\.|\[\^?\]?|\]|.",
    re.DOTALL,
)


def compile_java(pattern: str) -> re.Pattern[str]:
    """The pattern of a Java regular expression. Raises re.error for one that is wrong, or that Python cannot say."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error", FutureWarning
        )  # set operations such as [a-z&&[^b]], which Python reads otherwise
        try:
            return re.compile(_translated(pattern), re.ASCII)
        except FutureWarning as warning:
            raise re.error(str(warning), pattern) from warning


def _translated(pattern: str) -> str:
    result: list[str] = []
    in_class = False
    for match in _TOKEN.finditer(pattern):
        result.append(_translated_token(match, in_class))
        if match[0].startswith("["):
            in_class = True
        elif match[0] == "]":
            in_class = False
    return "".join(result)


def _translated_token(match: re.Match[str], in_class: bool) -> str:
    if match["quoted"] is not None:
        return re.escape(match["quoted"])
    if match["posix"]:
        return _posix(match, in_class)
    if match["back"]:
        return f"(?P={match['back']})"
    if match["group"]:
        return f"(?P<{match['group']}>"
    if match["end"]:
        return r"\Z" if match["end"] == r"\z" else r"(?=\n?\Z)"
    if match["space"]:
        return r" \t" if in_class else r"[ \t]"
    return match[0]


def _posix(match: re.Match[str], in_class: bool) -> str:
    chars = _POSIX.get(match["posix"])
    negated = match[0].startswith(r"\P")
    if chars is None or (negated and in_class):
        raise re.error(f"{match[0]} is not supported", match.string, match.start())
    return chars if in_class else f"[{'^' if negated else ''}{chars}]"


def regex_problem(key: str, pattern: str) -> Problem | None:
    """What is wrong with a regular expression, said as Connect does."""
    try:
        compile_java(pattern)
    except re.error as error:
        return Problem(
            key, f"Invalid value {pattern} for configuration {key}: Invalid regex: {_jdk_text(error, pattern)}"
        )
    return None


def _jdk_text(error: re.error, pattern: str) -> str:
    last = len(pattern) - 1
    if error.msg == "unterminated character set":
        return f"Unclosed character class near index {last}\n{pattern}\n{' ' * last}^"
    if error.msg.startswith("missing ), unterminated subpattern"):
        return f"Unclosed group near index {last + 1}\n{pattern}"
    if error.msg == "nothing to repeat" and error.pos is not None and error.pattern == pattern:
        return f"Dangling meta character '{pattern[error.pos]}' near index {error.pos}\n{pattern}\n{' ' * error.pos}^"
    return str(error)


# ---------------------------------------------------------------------------------------------- replacement
def compile_replacement(pattern: re.Pattern[str], replacement: str) -> Callable[[re.Match[str]], str]:
    """What Java's `Matcher.replaceFirst` puts in place of a match: `$1`, `${name}`, backslash escapes.

    A wrong text is found out when it is used, as in Java: the function then raises TransformError.
    """
    parts: list[str | int] = []
    try:
        _parse(pattern, replacement, parts)
    except TransformError as error:
        reason, connect_class = error.reason, error.connect_class

        def fail(_: re.Match[str]) -> str:
            raise TransformError(reason, connect_class=connect_class)

        return fail
    return lambda match: "".join(part if isinstance(part, str) else match[part] or "" for part in parts)


def _parse(pattern: re.Pattern[str], text: str, parts: list[str | int]) -> None:
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            if at + 1 == len(text):
                raise _illegal("character to be escaped is missing")
            parts.append(text[at + 1])
            at += 2
        elif char == "$":
            group, at = _reference(pattern, text, at + 1)
            parts.append(group)
        else:
            parts.append(char)
            at += 1


def _reference(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int]:
    """The group that is meant, and where the text goes on."""
    if at == len(text):
        raise _illegal("Illegal group reference: group index is missing")
    if text[at] == "{":
        return _named(pattern, text, at + 1)
    if not _is_digit(text[at]):
        raise _illegal("Illegal group reference")
    group = int(text[at])
    if group > pattern.groups:
        raise TransformError(f"No group {group}", connect_class="java.lang.IndexOutOfBoundsException")
    at += 1
    while at < len(text) and _is_digit(text[at]) and group * 10 + int(text[at]) <= pattern.groups:
        group = group * 10 + int(text[at])
        at += 1
    return group, at


def _named(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int]:
    name = re.compile("[A-Za-z0-9]*").match(text, at)
    assert name is not None
    if not name[0]:
        raise _illegal("named capturing group is missing trailing '}'")
    if text[name.end() : name.end() + 1] != "}":
        raise _illegal("named capturing group is missing trailing '}'")
    if name[0][0].isdigit():
        raise _illegal(f"capturing group name {{{name[0]}}} starts with digit character")
    if name[0] not in pattern.groupindex:
        raise _illegal(f"No group with name {{{name[0]}}}")
    return pattern.groupindex[name[0]], name.end() + 1


def _illegal(reason: str) -> TransformError:
    return TransformError(reason, connect_class=ILLEGAL_ARGUMENT)


def _is_digit(char: str) -> bool:
    return "0" <= char <= "9"
