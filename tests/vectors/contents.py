"""When an object of ours holds what an object of the connector holds."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
from datetime import date, time
from decimal import Decimal
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from tests.vectors.scenarios import Content


def same_content(ours: bytes, theirs: Content, *, decoded: bool, wrapped: bool = False) -> bool:
    """Whether the bytes are the same, or what is in them where compression or container may differ.

    `decoded`: lines are documents without schemas, whose members the connector has in the order of a Java HashMap and
    whose numbers in Java's notation. `wrapped`: it has wrapped integers of more than 64 bits, and made texts of numbers
    beyond a double.
    """
    if "parquet" in theirs:
        return _parquet(ours) == _theirs_in_parquet(theirs["parquet"])
    if "avro" in theirs:
        return _avro(ours) == {part: theirs["avro"][part] for part in ("schema", "codec", "data")}
    if "gunzip_text" in theirs:
        return _same_text(gzip.decompress(ours), theirs["gunzip_text"].encode(), decoded, wrapped)
    text = _text(theirs)
    if text is None:
        return bool(len(ours) == theirs["size"] and hashlib.sha256(ours).hexdigest() == theirs["sha256"])
    return _same_text(ours, text, decoded, wrapped)


def _text(theirs: Content) -> bytes | None:
    if "b64" in theirs:
        return base64.b64decode(theirs["b64"])
    return theirs["text"].encode() if "text" in theirs else None


# ---------------------------------------------------------------------------------------------- lines
def _same_text(ours: bytes, theirs: bytes, decoded: bool, wrapped: bool) -> bool:
    return ours == theirs or (decoded and _documents(ours, wrapped) == _documents(theirs, False))


def _documents(text: bytes, wrapped: bool) -> list[Any]:
    try:
        return [_kinds(json.loads(line), wrapped) for line in text.split(b"\n") if line]
    except ValueError:
        return [text]


def _kinds(value: Any, wrapped: bool) -> Any:
    """Equal for what is the same to Connect: 1, 1.0 and true are three things."""
    if isinstance(value, dict):
        return {key: _kinds(item, wrapped) for key, item in value.items()}
    if isinstance(value, list):
        return [_kinds(item, wrapped) for item in value]
    if wrapped and type(value) is int:
        value = (value + (1 << 63)) % (1 << 64) - (1 << 63)
    if wrapped and value in (float("inf"), float("-inf")):
        value = "Infinity" if value > 0 else "-Infinity"
    return (type(value).__name__, value)


# ---------------------------------------------------------------------------------------------- containers
def _avro(content: bytes) -> dict[str, Any]:
    reader = fastavro.reader(io.BytesIO(content))
    rows = [_plain(row) for row in reader]
    return {"schema": json.loads(reader.metadata["avro.schema"]), "codec": reader.codec, "data": rows}


def _parquet(content: bytes) -> dict[str, Any]:
    file = pq.ParquetFile(pa.BufferReader(content))
    columns = range(file.metadata.num_columns)
    return {
        "data": [_plain(row) for row in file.read().to_pylist()],
        "codec": sorted({file.metadata.row_group(0).column(i).compression for i in columns}),
        "schema": json.loads(file.metadata.metadata[b"parquet.avro.schema"]),
    }


def _theirs_in_parquet(theirs: dict[str, Any]) -> dict[str, Any]:
    schema = json.loads(theirs["key_value_metadata"]["parquet.avro.schema"])
    return {"data": theirs["data"], "codec": sorted(set(theirs["codec"])), "schema": schema}


def _plain(value: Any) -> Any:
    """As the vectors write what JSON has no word for."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return {"$b64": base64.b64encode(value).decode()}
    if isinstance(value, Decimal):
        return {"$dec": str(value)}
    return {"$t": value.isoformat()} if isinstance(value, date | time) else value
