"""A body of several buffers: whole, in order, any number of times."""

from __future__ import annotations

import base64
import zlib

from hypothesis import given
from hypothesis import strategies as st

from s3sink.storage import Buffer
from s3sink.storage.s3_body import SLICE, SMALL, Pieces, body_of, crc32_of

buffers = st.lists(st.binary(max_size=40).flatmap(lambda b: st.sampled_from([b, bytearray(b), memoryview(b)])))


@given(buffers, st.lists(st.integers(-1, 30)))
def test_reading_gives_the_buffers_one_after_the_other(body: list[Buffer], sizes: list[int]) -> None:
    pieces, whole = Pieces(body, 1), b"".join(body)
    got = [pieces.read(size) for size in sizes]
    assert all(size < 0 or len(part) <= size for part, size in zip(got, sizes, strict=True))
    assert b"".join(got) + pieces.read() == whole
    assert pieces.tell() == len(pieces) == len(whole)


@given(buffers, st.integers(0, 50), st.integers(0, 10))
def test_a_seek_moves_the_next_read(body: list[Buffer], offset: int, size: int) -> None:
    pieces, whole = Pieces(body, 1), b"".join(body)
    assert pieces.seek(offset) == offset
    assert pieces.read(size) == whole[offset : offset + size]
    assert pieces.seek(0, 2) == len(whole)
    assert pieces.seek(0) == 0
    assert pieces.read() == whole


@given(buffers)
def test_the_checksum_is_that_of_the_whole(body: list[Buffer]) -> None:
    assert base64.b64decode(crc32_of(body)) == zlib.crc32(b"".join(body)).to_bytes(4, "big")


def test_slices_are_views_of_bounded_size_and_start_anew_each_time() -> None:
    big = bytes(2 * SLICE + 7)
    pieces = Pieces([big, b"", b"end"], 1)
    assert [len(piece) for piece in pieces.slices()] == [SLICE, SLICE, 7, 3]
    assert all(piece.obj in (big, b"end") for piece in pieces.slices())
    pieces.read()
    assert b"".join(pieces.slices()) == big + b"end"


def test_a_buffer_of_wider_items_counts_its_bytes() -> None:
    wide = memoryview(bytes(8 * 100)).cast("Q")
    assert len(Pieces([wide], 1)) == 800


def test_small_bodies_are_copied_and_large_ones_are_not() -> None:
    assert body_of([bytes(SMALL - 1), b"x"], 1) == bytes(SMALL - 1) + b"x"
    assert isinstance(body_of([bytes(SMALL), b"x"], 1), Pieces)
