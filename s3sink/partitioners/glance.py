"""A look at some fields of JSON text, without decoding the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from s3sink.batch import RecordBatch
from s3sink.record import SinkRecord

_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


def glances(batch: RecordBatch, fields: tuple[str, ...]) -> RecordBatch:
    """Rows of a raw batch of JSON without schemas, whose values have these top-level fields alone.

    A value that is no object is there as it is; keys and headers are not. Raises msgspec.DecodeError for what is no
    JSON: it was checked before.
    """
    source, topic = batch.source, batch.topic
    rows = [
        SinkRecord(source, offset, timestamp, topic, None, value)
        for offset, timestamp, value in zip(batch.offsets, batch.timestamps, _values(batch, fields), strict=True)
    ]
    return batch.with_rows(rows)


def _values(batch: RecordBatch, fields: tuple[str, ...]) -> list[Any]:
    encoded = batch.encoded()
    texts: list[Any] = batch.values() if encoded is None else encoded
    try:
        return list(map(_reader(fields), texts))
    except msgspec.ValidationError:
        return list(map(_decode, texts))


@lru_cache(maxsize=64)
def _reader(fields: tuple[str, ...]) -> Callable[[bytes], dict[str, Any]]:
    names = list(dict.fromkeys(fields))
    slots = [(f"f{i}", Any, msgspec.UNSET) for i in range(len(names))]
    rename = {slot: name for (slot, _, _), name in zip(slots, names, strict=True)}
    decode = msgspec.json.Decoder(msgspec.defstruct("Glance", slots, rename=rename, gc=False)).decode
    return _read_one(decode, names[0]) if len(names) == 1 else _read_all(decode, names)


def _read_one(decode: Callable[[bytes], Any], name: str) -> Callable[[bytes], dict[str, Any]]:
    unset = msgspec.UNSET

    def read(text: bytes) -> dict[str, Any]:
        found = decode(text).f0
        return {} if found is unset else {name: found}

    return read


def _read_all(decode: Callable[[bytes], Any], names: list[str]) -> Callable[[bytes], dict[str, Any]]:
    as_tuple, unset = msgspec.structs.astuple, msgspec.UNSET

    def read(text: bytes) -> dict[str, Any]:
        return {name: found for name, found in zip(names, as_tuple(decode(text)), strict=True) if found is not unset}

    return read
