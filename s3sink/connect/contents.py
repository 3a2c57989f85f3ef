"""How many records an object of a connector holds, whoever wrote it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable

from s3sink.errors import MissingExtraError


def records_in(key: str, body: bytes, separator: bytes = b"\n") -> int | None:
    """The records of an object by its key's ending; None for an ending or a content that is not known.

    JSON has a line for each, Avro and Parquet say it themselves. Raw files have `separator` behind each, which values
    may have in them too: the answer is then too high.

    >>> records_in("topics/t/t+0+0000000000.json", b'{"a":1}\\n{"a":2}\\n')
    2
    """
    try:
        if key.endswith(".gz"):
            key, body = key[: -len(".gz")], gzip.decompress(body)
        return _counter(key, separator)(body)
    except (OSError, EOFError, ValueError, zlib.error):
        return None


def _counter(key: str, separator: bytes) -> Callable[[bytes], int | None]:
    if key.endswith(".json"):
        return _lines
    if key.endswith(".avro"):
        return _avro
    if key.endswith(".parquet"):
        return _parquet
    if key.endswith((".zst", ".sz", ".snappy")) or not separator:
        return lambda body: None
    return lambda body: body.count(separator)


def _lines(body: bytes) -> int:
    return body.count(b"\n")


def _parquet(body: bytes) -> int:
    from pyarrow import parquet

    return int(parquet.read_metadata(io.BytesIO(body)).num_rows)


def _avro(body: bytes) -> int:
    try:
        import fastavro
    except ImportError as error:
        raise MissingExtraError("fastavro", "avro", "counting the records of Avro files") from error
    return sum(block.num_records for block in fastavro.block_reader(io.BytesIO(body)))
