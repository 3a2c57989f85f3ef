"""Samples of a topic, as people have them in files: JSON lines, kcat's, the console consumer's."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from s3sink.errors import ConfigError, Problem


class SampleRecord(NamedTuple):
    """A record of a sample; None where the sample does not say. Key and value are bytes as Kafka has them."""

    value: bytes | None
    key: bytes | None = None
    timestamp: int | None = None
    headers: Mapping[str, bytes | None] | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None


_OWN: Final = frozenset(("key", "value", "timestamp", "headers", "topic", "partition", "offset"))
_BYTES: Final = {"key_base64": "key", "value_base64": "value"}
_KCAT: Final = frozenset(("topic", "partition", "offset", "payload"))
_CONSOLE = re.compile(
    rb"(?:(?:CreateTime|LogAppendTime):(?P<timestamp>\d+)\t|NO_TIMESTAMP\t)?(?:Partition:(?P<partition>\d+)\t)?"
    rb"(?:Offset:(?P<offset>\d+)\t)?(?:(?P<no>NO_HEADERS)\t)?(?P<rest>.*)",
    re.DOTALL,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_sample(data: bytes, *, plain: bool = False) -> list[SampleRecord]:
    """The records of a sample, a line each; empty lines are left out.

    * A JSON object with `value` and none but `key`, `timestamp` (milliseconds or ISO 8601), `headers`, `topic`,
      `partition` and `offset` beside it is a record. Key and value that are texts are those bytes, null is null, and
      anything else stays the JSON that it is; `key_base64` and `value_base64` are for bytes.
    * What `kcat -J` prints, and what `kafka-console-consumer` prints with `print.timestamp`, `print.partition`,
      `print.offset` and `print.key`, are records as well.
    * Any other line is a value, byte for byte; with `plain` every line is.

    Raises ConfigError with the line of every record that is none.
    """
    records: list[SampleRecord] = []
    problems: list[Problem] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        text = line.rstrip(b"\r")
        if text.strip():
            try:
                records.append(SampleRecord(text) if plain else _record(text))
            except ValueError as error:
                problems.append(Problem(f"line {number}", str(error)))
    if problems or not records:
        raise ConfigError(problems or [Problem("sample", "has no records")], "sample")
    return records


def _record(line: bytes) -> SampleRecord:
    members = _members(line)
    if members is None:
        return _of_console(line)
    if members.keys() >= _KCAT:
        return _of_kcat(members)
    if _is_record(members.keys()):
        return _own(members)
    return SampleRecord(line)


def _is_record(names: Iterable[str]) -> bool:
    meant = {_BYTES.get(name, name) for name in names}
    return "value" in meant and meant <= _OWN


def _members(line: bytes) -> dict[str, msgspec.Raw] | None:
    """Of a JSON object, each as it is written."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        return msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return None


def _own(members: Mapping[str, msgspec.Raw]) -> SampleRecord:
    data: dict[str, bytes | None] = {}
    for name in ("key", "value"):
        if name in members:
            data[name] = _bytes(members[name])
        elif f"{name}_base64" in members:
            data[name] = _of_base64(_plain(members, f"{name}_base64"))
    headers = _plain(members, "headers") or {}
    if not isinstance(headers, dict):
        raise ValueError(f"headers are {type(headers).__name__}, not an object of names and texts")
    return SampleRecord(
        data.get("value"),
        data.get("key"),
        _milliseconds(_plain(members, "timestamp")),
        {str(name): _header(value) for name, value in headers.items()},
        _text(_plain(members, "topic"), "topic"),
        _whole(_plain(members, "partition"), "partition"),
        _whole(_plain(members, "offset"), "offset"),
    )


def _plain(members: Mapping[str, msgspec.Raw], name: str) -> Any:
    return msgspec.json.decode(members[name]) if name in members else None


def _bytes(raw: msgspec.Raw) -> bytes | None:
    written = bytes(raw)
    if written == b"null":
        return None
    return msgspec.json.decode(written, type=str).encode() if written.startswith(b'"') else written


def _of_base64(text: Any) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, binascii.Error) as error:
        raise ValueError(f"{text!r} is not base64") from error


def _header(value: Any) -> bytes | None:
    return None if value is None else value.encode() if isinstance(value, str) else msgspec.json.encode(value)


def _milliseconds(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"timestamp {value!r} is neither milliseconds nor ISO 8601") from error
    if moment.tzinfo is None:
        raise ValueError(f"timestamp {value!r} has no zone: write 2026-01-01T10:00:00Z")
    return round((moment - _EPOCH).total_seconds() * 1000)


def _text(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{name} {value!r} is no text")


def _whole(value: Any, name: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ValueError(f"{name} {value!r} is no whole number from 0")


# ---------------------------------------------------------------------------------------------- other programs
def _of_kcat(members: Mapping[str, msgspec.Raw]) -> SampleRecord:
    """Headers are a flat list of names and values; a payload that is no text is what `-s` made of it."""
    flat = _plain(members, "headers") or []
    stamp = _plain(members, "ts")
    return SampleRecord(
        _bytes(members["payload"]),
        _bytes(members["key"]) if "key" in members else None,
        stamp if isinstance(stamp, int) and stamp >= 0 else None,
        {name: _header(value) for name, value in zip(flat[::2], flat[1::2], strict=False)},
        _text(_plain(members, "topic"), "topic"),
        _whole(_plain(members, "partition"), "partition"),
        _whole(_plain(members, "offset"), "offset"),
    )


def _of_console(line: bytes) -> SampleRecord:
    """A key stands before the last tab, if anything at all stands before the value."""
    found = _CONSOLE.fullmatch(line)
    assert found is not None
    stamp, partition, offset = (_number(found[name]) for name in ("timestamp", "partition", "offset"))
    rest = found["rest"]
    if rest == line:
        return SampleRecord(line)
    key, tab, value = rest.rpartition(b"\t")
    return SampleRecord(_console_text(value), _console_text(key) if tab else None, stamp, None, None, partition, offset)


def _number(digits: bytes | None) -> int | None:
    return None if digits is None else int(digits)


def _console_text(text: bytes) -> bytes | None:
    return None if text == b"null" else text
