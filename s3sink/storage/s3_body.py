"""The body of a request: several buffers, sent without copying them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from isal import isal_zlib

if TYPE_CHECKING:
    from s3sink.storage import Buffer

SLICE = 512 * 1024
"""Bytes that are handed to the transport at once; between two slices the event loop turns."""

SMALL = 64 * 1024
"""Up to this size copying is cheaper than the extra round trip (`Expect: 100-continue`) of a body that is read."""

Checksum = Literal["crc32", "md5"]
"""Which sum of a body travels with it; CRC-32 costs 0.03 s of CPU a GB, MD5 1.1 s."""

_LONG = 1024 * 1024  # bytes that MD5 takes about a millisecond for


class Pieces:
    """Buffers, one after the other, as one body that can be read any number of times.

    HTTP clients resend silently when a kept connection turns out to be dead, so `slices` starts anew at each call and
    nothing is ever used up. `read`, `seek` and `tell` are what botocore asks of a body: it reads when it signs the
    payload, and otherwise never. The buffers must not change until the request has been answered.
    """

    __slots__ = ("_at", "_size", "_views", "patience")

    def __init__(self, buffers: Sequence[Buffer], patience: float) -> None:
        self._views = [memoryview(b).cast("B") for b in buffers if len(b)]
        self._size = sum(view.nbytes for view in self._views)
        self._at = 0
        self.patience = patience  # seconds that the other side may take to accept one slice

    def __len__(self) -> int:
        return self._size

    def slices(self) -> Iterator[memoryview]:
        """All of it from the beginning, at most SLICE bytes at a time."""
        for view in self._views:
            for start in range(0, view.nbytes, SLICE):
                yield view[start : start + SLICE]

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, all that is left when negative."""
        stop = self._size if size < 0 else min(self._size, self._at + size)
        found = b"".join(self._between(self._at, stop))
        self._at = stop
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to `offset`, counted from the start (0), from here (1) or from the end (2)."""
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        """Where the next `read` begins."""
        return self._at

    def _between(self, start: int, stop: int) -> Iterator[memoryview]:
        for view in self._views:
            if start < view.nbytes and stop > 0:
                yield view[max(0, start) : stop]
            start, stop = start - view.nbytes, stop - view.nbytes


def body_of(buffers: Sequence[Buffer], patience: float) -> bytes | Pieces:
    """What to give botocore as `Body`."""
    pieces = Pieces(buffers, patience)
    return pieces if len(pieces) > SMALL else pieces.read()


def crc32_of(buffers: Sequence[Buffer]) -> str:
    """The CRC-32 of all buffers as S3 wants it in a header: base64 of four big-endian bytes."""
    crc = 0
    for buffer in buffers:
        crc = isal_zlib.crc32(buffer, crc)
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


async def checksum_of(buffers: Sequence[Buffer], kind: Checksum) -> dict[str, str]:
    """The sum that goes with a body, as parameters of the request. MD5 of a large one is made in a thread."""
    if kind == "crc32":
        return {"ChecksumCRC32": crc32_of(buffers)}
    long = sum(map(len, buffers)) > _LONG
    return {"ContentMD5": await asyncio.to_thread(md5_of, buffers) if long else md5_of(buffers)}


def md5_of(buffers: Sequence[Buffer]) -> str:
    """The MD5 of all buffers as `Content-MD5` has it: base64."""
    md5 = hashlib.md5(usedforsecurity=False)
    for buffer in buffers:
        md5.update(buffer)
    return base64.b64encode(md5.digest()).decode()
