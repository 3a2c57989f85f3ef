"""One open Avro container file."""

from __future__ import annotations

import bz2
import zlib
from bisect import bisect_left
from collections.abc import Callable
from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING

from isal import isal_zlib

from s3sink.batch import RecordBatch
from s3sink.errors import ConsistencyError
from s3sink.formats.avro import AvroCodec
from s3sink.formats.avro_encoding import long_bytes
from s3sink.schema import Schema

if TYPE_CHECKING:
    from s3sink.formats import ByteSink

Compress = Callable[[bytes], bytes]

BLOCK = 64_000  # bytes before compression: where Avro's own Java library ends a block
_RAW_DEFLATE = -15  # the largest window, without header and trailer
_FAST = 2  # isal's level, as in gzip files


class AvroFile:
    """Collects encoded records into blocks and writes each as soon as it is full.

    Its bytes depend on its records only, not on the batches that they came in; the marker between blocks is made of
    the first record's coordinates and the schema.
    """

    def __init__(self, sink: ByteSink, codec: AvroCodec, level: int | None, schema: Schema | None, text: bytes) -> None:
        self._sink = sink
        self._codec, self._compress = codec, compress_with(codec, level)
        self._schema, self._text = schema, text
        self._pieces: list[bytes] = []
        self._sync = b""
        self.buffered = 0

    def fits(self, batch: RecordBatch) -> bool:
        """Whether the records have the schema of this file."""
        if not batch.n:
            return True
        schema = batch.records()[0].value_schema
        return schema is self._schema or schema == self._schema

    def hold(self) -> None:
        """Its schema cannot change: all records of a decided file have it."""

    def write(self, batch: RecordBatch) -> None:
        """Append. Raises ConsistencyError for records of another schema."""
        if not batch.n:
            return
        encoded = batch.encoded()
        if encoded is None:
            raise ValueError("the batch was not prepared for this format")
        if not self.fits(batch):
            raise ConsistencyError("the file has another schema", source=batch.source)
        if not self._sync:
            self._begin(batch)
        self._append(encoded)

    def close(self) -> None:
        """Write the last block; nothing where there is no record."""
        if self._pieces:
            self._write_block()

    def _begin(self, batch: RecordBatch) -> None:
        topic, partition = batch.source
        seed = f"{topic}\0{partition}\0{batch.offset_at(0)}\0".encode("utf-8", "surrogatepass") + self._text
        self._sync = blake2b(seed, digest_size=16).digest()
        self._sink.write(header(self._text, self._codec, self._sync))

    def _append(self, encoded: list[bytes]) -> None:
        sizes = list(accumulate(map(len, encoded), initial=self.buffered))
        start, before = 0, 0
        while (stop := bisect_left(sizes, before + BLOCK, start)) < len(sizes):
            self._pieces += encoded[start:stop]
            self._write_block()
            start, before = stop, sizes[stop]
        self._pieces += encoded[start:]
        self.buffered = sizes[-1] - before

    def _write_block(self) -> None:
        data = self._compress(b"".join(self._pieces))
        self._sink.write(long_bytes(len(self._pieces)) + long_bytes(len(data)) + data + self._sync)
        self._pieces, self.buffered = [], 0


def header(text: bytes, codec: str, sync: bytes) -> bytes:
    """What a container file begins with."""
    entries = ((b"avro.schema", text), (b"avro.codec", codec.encode()))
    return b"Obj\x01\x04" + b"".join(_counted(key) + _counted(value) for key, value in entries) + b"\x00" + sync


def _counted(data: bytes) -> bytes:
    return long_bytes(len(data)) + data


# ---------------------------------------------------------------------------------------------- codecs
def compress_with(codec: AvroCodec, level: int | None) -> Compress:
    """What compresses a block; a level is one of deflate, -1 to 3 by isal, 4 to 9 by zlib."""
    if codec == "deflate":
        return _deflate(-1 if level is None else level)
    if codec == "bzip2":
        return bz2.compress
    return _snappy() if codec == "snappy" else _as_it_is


def _deflate(level: int) -> Compress:
    def slow(data: bytes) -> bytes:
        stream = zlib.compressobj(level, zlib.DEFLATED, _RAW_DEFLATE)
        return stream.compress(data) + stream.flush()

    def fast(data: bytes) -> bytes:
        stream = isal_zlib.compressobj(_FAST if level < 0 else level, isal_zlib.DEFLATED, _RAW_DEFLATE)
        return bytes(stream.compress(data) + stream.flush())

    return slow if level > isal_zlib.ISAL_BEST_COMPRESSION else fast


def _snappy() -> Compress:
    """With the checksum that Avro has behind each block."""
    import cramjam

    compress = cramjam.snappy.compress_raw
    return lambda data: bytes(compress(data)) + zlib.crc32(data).to_bytes(4, "big")


def _as_it_is(data: bytes) -> bytes:
    return data
