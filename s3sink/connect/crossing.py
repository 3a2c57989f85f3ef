"""What the connector checks across keys, with its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from s3sink.connect.keys import BYTES, JSON
from s3sink.connect.values import Values
from s3sink.errors import Problem

_GZIP_KEY: Final = "s3.compression.type"
_TOMBSTONES = "Writing Kafka record keys to storage is mandatory when tombstone writing is enabled."
_ACCELERATED = (
    "Both accelerate mode and path style access are being enabled. These options are mutually exclusive and cannot be "
    "enabled together. Please disable one of them"
)


def crossing_problems(values: Values) -> Iterator[Problem]:
    """One problem for each key that takes part. Keys that are bad by themselves are left out of it."""
    for problem in (*_of_compression(values), *_of_tombstones(values), *_of_acceleration(values)):
        if problem.key not in values.messages:
            yield problem


def _of_compression(values: Values) -> Iterator[Problem]:
    """Only JSON and raw files are compressed as a whole."""
    stored = [what for what in ("keys", "headers") if values[f"store.kafka.{what}"]]
    places = [("data", "format.class", ""), *((what, f"{what}.format.class", f"store.kafka.{what}") for what in stored)]
    for what, key, flag in places:
        name = values[key]
        if values[_GZIP_KEY] != "none" and name and name not in (JSON, BYTES):
            words = f"Compression Type {values[_GZIP_KEY]} not valid for {what} format class: ( {name} )."
            yield from (Problem(one, words) for one in (flag, key, _GZIP_KEY) if one)


def _of_tombstones(values: Values) -> Iterator[Problem]:
    if values["behavior.on.null.values"].lower() == "write" and not values["store.kafka.keys"]:
        yield from (Problem(key, _TOMBSTONES) for key in ("store.kafka.keys", "behavior.on.null.values"))


def _of_acceleration(values: Values) -> Iterator[Problem]:
    if values["s3.wan.mode"] and values["s3.path.style.access.enabled"]:
        yield from (Problem(key, _ACCELERATED) for key in ("s3.wan.mode", "s3.path.style.access.enabled"))
