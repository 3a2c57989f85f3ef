"""Object tags that tell people and lifecycle rules what is in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, cast
from urllib.parse import quote, urlencode

from s3sink.config import Option, check, problem_if
from s3sink.errors import Problem
from s3sink.storage.s3_metadata import LONGEST_TAG_KEY, LONGEST_TAG_VALUE, MOST_TAGS, OWN_TAG

COUNTED: Mapping[str, str] = {
    "startOffset": "s3sink-first",
    "endOffset": "s3sink-last",
    "recordCount": "s3sink-count",
}
"""Tags from the metadata of a file. `endOffset` is that of the last record in it, as Kafka Connect has it."""

_TAKEN_BY_S3 = re.compile(r"[\w +\-=.:/@]*")

COMPANION = "s3sink-kind"
"""Metadata of the files of keys and headers beside a file of values: those are not tagged."""


@dataclass(frozen=True, slots=True)
class Tagging:
    """Every file of values has the tags `startOffset`, `endOffset`, `recordCount`, and `pairs`, which win.

    A file that is one PUT gets them in it, at no cost; a multipart one in the request after it became visible, which
    it needs anyway. The credentials need s3:PutObjectTagging. With `on_error="ignore"` a file whose tags are refused
    is written without them, with a warning in the log; with "fail" that is a StorageError, found out at open if it
    can be.
    """

    pairs: Annotated[
        Mapping[str, str] | Iterable[tuple[str, str]],
        Option("s3.object.tagging.key.value.pairs", "More tags; at most 9 with the three."),
    ] = ()
    on_error: Annotated[
        Literal["ignore", "fail"], Option("s3.object.behavior.on.tagging.error", "What refused tags do.")
    ] = "ignore"

    def __post_init__(self) -> None:
        items = self.pairs.items() if isinstance(self.pairs, Mapping) else self.pairs
        object.__setattr__(self, "pairs", tuple((str(key), str(value)) for key, value in items))
        count = len(COUNTED.keys() | dict(self._pairs).keys())
        most = MOST_TAGS - 1
        check(
            "Tagging",
            [
                *(_pair_problem(key, value) for key, value in self._pairs),
                problem_if(count > most, "pairs", f"are {count} tags with ours: S3 takes 10, and one is s3sink's own"),
                problem_if(self.on_error not in ("ignore", "fail"), "on_error", 'must be "ignore" or "fail"'),
            ],
        )

    @property
    def _pairs(self) -> tuple[tuple[str, str], ...]:
        return cast(tuple[tuple[str, str], ...], self.pairs)

    def tags_of(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """The tags of an object with this metadata; none when it is no file of values."""
        if COMPANION in metadata or not all(name in metadata for name in COUNTED.values()):
            return {}
        return {tag: metadata[name] for tag, name in COUNTED.items()} | dict(self._pairs)


def as_header(tags: Mapping[str, str]) -> str:
    """As `x-amz-tagging` has them."""
    return urlencode(tags, quote_via=quote)


def as_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As PutObjectTagging has them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _pair_problem(key: str, value: str) -> Problem | None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html"""
    if not _TAKEN_BY_S3.fullmatch(key + value):
        return Problem("pairs", f"{key!r}: tags have letters, digits, blanks and + - = . _ : / @")
    if not key or len(key) > LONGEST_TAG_KEY or len(value) > LONGEST_TAG_VALUE:
        limits = f"1 to {LONGEST_TAG_KEY} characters, its value at most {LONGEST_TAG_VALUE}"
        return Problem("pairs", f"{key[:40]!r}: a tag has {limits}")
    reserved = key == OWN_TAG or key.startswith((f"{OWN_TAG}.", "aws:"))
    return problem_if(reserved, "pairs", f"{key!r}: aws: and {OWN_TAG} are taken")
