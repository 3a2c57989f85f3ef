"""Metadata of any text, in the characters that S3 takes in headers and in tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from s3sink.errors import StoreRefusedError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
MOST_TAGS, LONGEST_TAG_KEY, LONGEST_TAG_VALUE = 10, 128, 256

OWN_TAG = "s3sink"
"""The tag with the metadata of a multipart object; a long one goes on in `s3sink.1`, `s3sink.2`."""

# Servers trim header values and fold runs of blanks when they check the signature, so blanks are escaped as well.
_NOT_IN_HEADERS = re.compile(r"[^\x21-\x24\x26-\x7e]")
# There are servers that drop headers without a value.
_NOTHING = "%"
# Tags may have letters, digits, blanks and + - = . _ : / @; the equals sign is our escape, : and / divide.
_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9+\-._@]")
_ESCAPED_IN_TAGS = re.compile(r"((?:=[0-9A-F]{2})+)")


def to_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """Values in visible ASCII: everything else, and %, as %XX of its UTF-8 bytes; nothing at all as a single %."""
    return {key: _escape(_NOT_IN_HEADERS, "%", value) or _NOTHING for key, value in metadata.items()}


def from_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What `to_headers` was given. A value that somebody else wrote comes back as it is, unless it looks escaped."""
    return {key.lower(): "" if value == _NOTHING else unquote(value) for key, value in headers.items()}


def to_tags(metadata: Mapping[str, str], key: str, beside: int = 0) -> dict[str, str]:
    """As few tags as it takes: `name:value/name:value`, with =XX for what tags do not take.

    They share the object with `beside` tags of the user's. Raises StoreRefusedError beyond S3's limits.
    """
    text = "/".join(f"{_escape_tag(name)}:{_escape_tag(value)}" for name, value in sorted(metadata.items()))
    pieces = [text[start : start + LONGEST_TAG_VALUE] for start in range(0, len(text), LONGEST_TAG_VALUE)]
    if len(pieces) + beside > MOST_TAGS:
        limits = f"{MOST_TAGS} tags of {LONGEST_TAG_VALUE} characters"
        what = f"{len(text)} characters" + (f" beside {beside} other tags" if beside else "")
        raise StoreRefusedError(f"the metadata of {key!r} does not fit into object tags ({limits}): {what}", key=key)
    return {_own_tag(number): piece for number, piece in enumerate(pieces)}


def from_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What `to_tags` was given; other tags are left out."""
    values = {tag["Key"]: tag["Value"] for tag in tags}
    pieces: list[str] = []
    while (piece := values.get(_own_tag(len(pieces)))) is not None:
        pieces.append(piece)
    pairs = (pair.partition(":") for pair in "".join(pieces).split("/") if pair)
    return {_unescape_tag(name): _unescape_tag(value) for name, _, value in pairs}


def _own_tag(number: int) -> str:
    return f"{OWN_TAG}.{number}" if number else OWN_TAG


def _escape(unwanted: re.Pattern[str], sign: str, text: str) -> str:
    return unwanted.sub(lambda found: "".join(f"{sign}{byte:02X}" for byte in found.group().encode()), text)


def _escape_tag(text: str) -> str:
    return _escape(_NOT_IN_TAGS, "=", text)


def _unescape_tag(text: str) -> str:
    return _ESCAPED_IN_TAGS.sub(lambda found: unquote(found.group().replace("=", "%")), text)
