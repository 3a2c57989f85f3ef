from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink.errors import ConfigError, MissingExtraError
from s3sink.formats import Compression, JsonFormat
from s3sink.formats.compression import compressor
from tests.formats.making import Sink

_DECODERS: dict[Compression, Callable[[bytes], bytes]] = {
    "none": lambda data: data,
    "gzip": gzip.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "snappy": lambda data: bytes(cramjam.snappy.decompress(data)),
}
_ALL: list[tuple[Compression, int | None]] = [
    *[("gzip", level) for level in (None, *range(-1, 10))],
    *[("zstd", level) for level in (None, -7, 1, 3, 19)],
    ("none", None),
    ("snappy", None),
]


def _compressed(compression: Compression, level: int | None, chunks: list[bytes]) -> Sink:
    sink = Sink()
    stream = compressor(compression, level, sink)
    for chunk in chunks:
        stream.write(chunk)
    stream.close()
    return sink


@settings(deadline=None)
@given(st.sampled_from(_ALL), st.lists(st.binary(max_size=2000), max_size=20))
def test_what_was_written_comes_back_and_no_write_is_empty(
    how: tuple[Compression, int | None], chunks: list[bytes]
) -> None:
    sink = _compressed(*how, chunks)
    assert _DECODERS[how[0]](sink.data) == b"".join(chunks)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "snappy"])
def test_bytes_reach_the_sink_while_the_stream_grows(compression: Compression) -> None:
    chunk = random.Random(1).randbytes(256_000)
    sink = Sink()
    stream = compressor(compression, None, sink)
    for _ in range(40):
        stream.write(chunk)
    assert sink.writes
    stream.close()
    assert _DECODERS[compression](sink.data) == chunk * 40


@pytest.mark.parametrize("level", [-1, 0, 1, 2, 3, 4, 6, 9])
def test_gzip_is_one_member_that_says_nothing_of_the_time(level: int) -> None:
    data = _compressed("gzip", level, [b"a" * 1000, b"b" * 1000]).data
    assert data[:8] == bytes.fromhex("1f8b080000000000")
    member = zlib.decompressobj(31)
    assert len(member.decompress(data)) == 2000
    assert (member.eof, member.unused_data) == (True, b"")


def test_a_high_level_of_gzip_compresses_better_than_the_fast_ones() -> None:
    text = [b'{"id":%d,"name":"user number %d"}\n' % (i, i * 7919 % 1000) for i in range(5000)]
    assert len(_compressed("gzip", 9, text).data) < len(_compressed("gzip", None, text).data)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"compression": "lzma"}, ["compression"]),
        ({"compression": "gzip", "level": 10}, ["level"]),
        ({"compression": "gzip", "level": -2}, ["level"]),
        ({"compression": "zstd", "level": 23}, ["level"]),
        ({"compression": "none", "level": 6}, ["level"]),
        ({"compression": "snappy", "level": 1, "decimal_format": "HEX"}, ["level", "decimal_format"]),
    ],
)
def test_wrong_options_are_refused_together(options: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        JsonFormat(**options)
    assert [problem.key for problem in caught.value.problems] == keys


@pytest.mark.parametrize(("compression", "extra"), [("zstd", "zstd"), ("snappy", "snappy")])
def test_a_codec_that_is_not_installed_names_its_extra(
    compression: Compression, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sink.formats.compression.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=rf"s3sink\[{extra}\]"):
        JsonFormat(compression)
