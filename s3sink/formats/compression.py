"""Compressors that stream into a byte sink."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol

from isal import isal_zlib

from s3sink.config import problem_if
from s3sink.errors import MissingExtraError, Problem

if TYPE_CHECKING:
    from s3sink.formats import Buffer, ByteSink

Compression = Literal["none", "gzip", "zstd", "snappy"]

SUFFIXES: dict[Compression, str] = {"none": "", "gzip": ".gz", "zstd": ".zst", "snappy": ".sz"}
_PACKAGES = {"zstd": "zstandard", "snappy": "cramjam"}
_LEVELS: dict[str, range] = {"gzip": range(-1, 10), "zstd": range(-7, 23)}
_GZIP_MEMBER = 31  # the largest window, with gzip's header and trailer
_FAST_GZIP = 2  # isal's default trade: ten times zlib's speed at 13-19 % more bytes
_SNAPPY_CHUNK = 64 * 1024  # what the framing format compresses at once


class Compressor(Protocol):
    """One compressed stream on its way into a sink."""

    @property
    def buffered(self) -> int:
        """Bytes that wait to be compressed."""
        ...

    def write(self, data: Buffer) -> None:
        """Append. The caller must not change `data` afterwards."""
        ...

    def close(self) -> None:
        """Write what is held back and the trailer. The sink stays open."""
        ...


def check_compression(subject: str, compression: str, level: int | None) -> list[Problem]:
    """What is wrong with these options; raises MissingExtraError when the package for it is not installed."""
    if compression not in SUFFIXES:
        return [Problem("compression", f"{compression!r} is none of {', '.join(SUFFIXES)}")]
    package = _PACKAGES.get(compression)
    if package is not None and find_spec(package) is None:
        raise MissingExtraError(package, compression, f"{subject}.compression")
    problem = problem_if(level is not None and level not in _LEVELS.get(compression, ()), "level", _levels(compression))
    return [problem] if problem else []


def _levels(compression: str) -> str:
    levels = _LEVELS.get(compression)
    return f"{compression} has levels {levels[0]} to {levels[-1]}" if levels else f"{compression!r} has no levels"


def compressor(compression: Compression, level: int | None, sink: ByteSink) -> Compressor:
    """Begin a stream; level None is the default. gzip: one member, time 0, levels -1 to 3 by isal, 4 to 9 by zlib."""
    if compression == "none":
        return _Plain(sink)
    if compression == "gzip":
        return _Streamed(sink, *_gzip(-1 if level is None else level))
    if compression == "zstd":
        return _Streamed(sink, *_zstd(1 if level is None else level))
    return _Streamed(sink, *_snappy())


#: A file that gets a few records at a time collects so many bytes before they are compressed: eight records at a time
#: cost four times what two hundred do.
_BLOCK = 64 << 10
_Step = tuple[Callable[["Buffer"], Any], Callable[[], Any]]


def _gzip(level: int) -> _Step:
    if level > isal_zlib.ISAL_BEST_COMPRESSION:
        slow = zlib.compressobj(level, zlib.DEFLATED, _GZIP_MEMBER)
        return slow.compress, slow.flush
    fast = isal_zlib.compressobj(_FAST_GZIP if level < 0 else level, isal_zlib.DEFLATED, _GZIP_MEMBER)
    return fast.compress, fast.flush


def _zstd(level: int) -> _Step:
    import zstandard

    stream = zstandard.ZstdCompressor(level=level).compressobj()
    return stream.compress, stream.flush


def _snappy() -> _Step:
    import cramjam

    stream, pending = cramjam.snappy.Compressor(), 0

    def compress(data: Buffer) -> bytes:
        nonlocal pending
        stream.compress(data)
        pending += len(data)
        if pending < _SNAPPY_CHUNK:
            return b""
        pending = 0
        return bytes(stream.flush())

    return compress, lambda: bytes(stream.finish())


class _Plain:
    """No compression."""

    __slots__ = ("_sink",)

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink

    @property
    def buffered(self) -> int:
        return 0

    def write(self, data: Buffer) -> None:
        if data:
            self._sink.write(data)

    def close(self) -> None:
        """Nothing is held back."""


class _Streamed:
    """A codec with a step and an end, fed by blocks. The sink never sees an empty write."""

    __slots__ = ("_compress", "_finish", "_pieces", "_sink", "buffered")

    def __init__(self, sink: ByteSink, compress: Callable[[Buffer], Any], finish: Callable[[], Any]) -> None:
        self._sink, self._compress, self._finish = sink, compress, finish
        self._pieces: list[Buffer] = []
        self.buffered = 0

    def write(self, data: Buffer) -> None:
        if len(data) < _BLOCK or self._pieces:
            self._pieces.append(data)
            self.buffered += len(data)
            if self.buffered < _BLOCK:
                return
            data = self._take()
        if compressed := self._compress(data):
            self._sink.write(compressed)

    def _take(self) -> Buffer:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.buffered = 0
        return data

    def close(self) -> None:
        if self._pieces and (compressed := self._compress(self._take())):
            self._sink.write(compressed)
        if compressed := self._finish():
            self._sink.write(compressed)
