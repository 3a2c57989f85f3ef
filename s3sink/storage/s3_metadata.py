"""Metadata of any text, in the characters that S3 takes in headers and in tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from s3sink.errors import StoreRefusedError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
MOST_TAGS, LONGEST_TAG_KEY, LONGEST_TAG_VALUE = 10, 128, 256

# Servers trim header values and fold runs of blanks when they check the signature, so blanks are escaped as well.
_NOT_IN_HEADERS = re.compile(r"[^\x21-\x24\x26-\x7e]")
# There are servers that drop headers without a value.
_NOTHING = "%"
# Tags may have letters, digits, blanks and + - = . _ : / @; the equals sign is our escape.
_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9+\-._:/@]")
_ESCAPED_IN_TAGS = re.compile(r"((?:=[0-9A-F]{2})+)")


def to_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """Values in visible ASCII: everything else, and %, as %XX of its UTF-8 bytes; nothing at all as a single %."""
    return {key: _escape(_NOT_IN_HEADERS, "%", value) or _NOTHING for key, value in metadata.items()}


def from_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What `to_headers` was given. A value that somebody else wrote comes back as it is, unless it looks escaped."""
    return {key.lower(): "" if value == _NOTHING else unquote(value) for key, value in headers.items()}


def to_tags(metadata: Mapping[str, str], key: str) -> list[dict[str, str]]:
    """A tag set, with =XX where tags do not take a character. Raises StoreRefusedError beyond S3's limits."""
    tags = [{"Key": _escape_tag(name), "Value": _escape_tag(value)} for name, value in sorted(metadata.items())]
    long = [tag["Key"] for tag in tags if len(tag["Key"]) > LONGEST_TAG_KEY or len(tag["Value"]) > LONGEST_TAG_VALUE]
    if long or len(tags) > MOST_TAGS:
        limits = f"{MOST_TAGS} tags, keys of {LONGEST_TAG_KEY} and values of {LONGEST_TAG_VALUE} characters"
        what = f"{', '.join(long)} is too long" if long else f"there are {len(tags)}"
        raise StoreRefusedError(f"the metadata of {key!r} does not fit into object tags ({limits}): {what}", key=key)
    return tags


def from_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """What `to_tags` was given."""
    return {_unescape_tag(tag["Key"]): _unescape_tag(tag["Value"]) for tag in tags}


def _escape(unwanted: re.Pattern[str], sign: str, text: str) -> str:
    return unwanted.sub(lambda found: "".join(f"{sign}{byte:02X}" for byte in found.group().encode()), text)


def _escape_tag(text: str) -> str:
    return _escape(_NOT_IN_TAGS, "=", text)


def _unescape_tag(text: str) -> str:
    return _ESCAPED_IN_TAGS.sub(lambda found: unquote(found.group().replace("=", "%")), text)
