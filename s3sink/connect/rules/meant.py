"""What somebody probably meant by a path pattern that does something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from s3sink.partitioners.joda import Letters, Token, compile_tokens, parse_joda
from s3sink.zones import parse_zone

_FIREHOSE = re.compile(r"!\{timestamp:'?([^}']*)'?\}")
_STRFTIME = {"Y": "YYYY", "y": "yy", "m": "MM", "d": "dd", "H": "HH", "M": "mm", "S": "ss", "j": "DDD", "G": "xxxx"}
_FIELD = r"y{2,4}|Y{2,4}|M{2}|d{2}|D{2}|H{2}|h{2}|m{2}|s{2}|S{1,3}"
_WORDS = re.compile(r"[A-Za-z]+")
_HOUR = "HhKk"

EXPRESSION = re.compile(r"[!$]\{[^}]*\}?")
"""`!{timestamp:yyyy}` and `${value}`: expressions of other programs."""
DIRECTIVE = re.compile(r"%[A-Za-z]")
"""`%Y`: strftime."""


def fields(pattern: str) -> list[Letters]:
    """The fields of a pattern in Joda's language."""
    return [token for token in parse_joda(pattern) if isinstance(token, Letters)]


def bare_words(pattern: str) -> list[str]:
    """Words before an equals sign that are not quoted, so that their letters are fields."""
    unquoted = re.sub(r"'[^']*'?", "\0", pattern)
    return re.findall(r"([A-Za-z]+)=", unquoted)


def meant(pattern: str) -> str | None:
    """A legal pattern with what looks like a field as a field and the rest quoted; None when there is no better one.

    >>> meant("'year=!{timestamp:yyyy}/day=!{timestamp:dd}'")
    "'year'=yyyy/'day'=dd"
    >>> meant("year=YYYY/month=MM/day=DD")
    "'year'=YYYY/'month'=MM/'day'=dd"
    >>> meant("YYYY-mm-dd")
    'YYYY-MM-dd'
    """
    tokens = _corrected(_tokens(pattern))
    guess = _joined(tokens)
    same = _merged(tokens) == _merged(parse_joda(pattern))
    return guess if not same and is_legal(guess) and fields(guess) else None


def is_legal(pattern: str) -> bool:
    """Whether the connector takes it."""
    try:
        compile_tokens(parse_joda(pattern), "en", parse_zone("UTC"))
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------------------------------------- reading
def _tokens(pattern: str) -> list[Token]:
    if "!{timestamp:" in pattern:
        return _alternating(_FIREHOSE.split(pattern.replace("'", "")))
    if DIRECTIVE.search(pattern):
        pieces = re.split(r"%([A-Za-z])", pattern.replace("'", ""))
        return _alternating([_STRFTIME.get(p, p) if at % 2 else p for at, p in enumerate(pieces)])
    if fields(pattern) and is_legal(pattern) and not bare_words(pattern):
        return parse_joda(pattern)
    return _guessed(pattern.replace("'", ""))


def _alternating(pieces: Sequence[str]) -> list[Token]:
    """Text and fields in turn."""
    tokens: list[Token] = []
    for at, piece in enumerate(pieces):
        tokens += parse_joda(piece) if at % 2 else [piece]
    return tokens


def _guessed(text: str) -> list[Token]:
    """Runs of letters that look like fields and stand before no equals sign; everything else is text."""
    tokens: list[Token] = []
    end = 0
    for word in _WORDS.finditer(text):
        tokens.append(text[end : word.start()])
        is_name = text[word.end() : word.end() + 1] == "=" or not re.fullmatch(f"(?:{_FIELD})+", word[0])
        tokens += [word[0]] if is_name else parse_joda(word[0])
        end = word.end()
    return [*tokens, text[end:]]


# ---------------------------------------------------------------------------------------------- correcting
def _corrected(tokens: Sequence[Token]) -> list[Token]:
    """Days of the month, months and minutes where others stand that are not likely there."""
    letters = [token.letter for token in tokens if isinstance(token, Letters)]
    made: list[Token] = []
    for token in tokens:
        seen = [one.letter for one in made if isinstance(one, Letters)]
        made.append(_likely(token, seen, letters) if isinstance(token, Letters) else token)
    return made


def _likely(token: Letters, seen: Sequence[str], letters: Sequence[str]) -> Letters:
    after_hour = any(letter in _HOUR for letter in seen)
    if token == ("D", 2) and ("M" in letters or "m" in letters):
        return Letters("d", 2)
    if token == ("m", 2) and not after_hour and "M" not in letters:
        return Letters("M", 2)
    if token == ("M", 2) and after_hour and "M" in seen:
        return Letters("m", 2)
    return Letters("H", token.width) if token.letter == "h" and "a" not in letters else token


# ---------------------------------------------------------------------------------------------- writing
def _joined(tokens: Iterable[Token]) -> str:
    return "".join(
        token.letter * token.width if isinstance(token, Letters) else _quoted(token) for token in _merged(tokens)
    )


def _merged(tokens: Iterable[Token]) -> list[Token]:
    """Text beside text as one."""
    merged: list[Token] = []
    for token in tokens:
        if isinstance(token, str) and merged and isinstance(merged[-1], str):
            merged[-1] += token
        elif token:
            merged.append(token)
    return merged


def _quoted(text: str) -> str:
    return _WORDS.sub(lambda word: f"'{word[0]}'", text.replace("'", "''"))
