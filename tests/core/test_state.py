"""What is durable can be read back, fits where it must, and garbage is nobody's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from s3sink.state import (
    Boundary,
    FileEntry,
    GenerationEntry,
    Intent,
    Progress,
    decode_boundary,
    decode_metadata,
    encode_boundary,
    encode_metadata,
)
from s3sink.writer import GENERATIONS_A_ROUND

offsets = st.integers(0, 2**62)


@st.composite
def progresses(draw: st.DrawFn, lowest: int) -> Progress:
    """Progress at or above an offset, half of the time with an intent."""
    start = lowest + draw(st.integers(0, 1000))
    if draw(st.booleans()):
        return Progress(start)
    steps = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=GENERATIONS_A_ROUND))
    stops = tuple(start + sum(steps[: i + 1]) for i in range(len(steps)))
    return Progress(start, Intent(draw(st.text("0123456789abcdef", min_size=16, max_size=16)), stops, "c0ffee"))


@given(offsets, st.data())
def test_the_progress_of_every_sink_can_be_read_back(offset: int, data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(["lake", "backup", "s3sink-x"]), min_size=1))
    by_sink = {name: data.draw(progresses(offset)) for name in sorted(names)}
    known = decode_metadata(offset, encode_metadata(offset, by_sink))
    assert {name: known.get(name, Progress(offset)) for name in by_sink} == by_sink


@given(offsets)
def test_nothing_to_say_is_empty_metadata(offset: int) -> None:
    assert encode_metadata(offset, {"lake": Progress(offset)}) == ""


def test_a_full_round_of_four_sinks_fits_into_an_offsets_metadata() -> None:
    stops = tuple(2**60 + 99_999 * (i + 1) for i in range(GENERATIONS_A_ROUND))
    by_sink = {f"a-rather-long-name-{i}": Progress(2**60, Intent("0" * 16, stops, "0" * 12)) for i in range(4)}
    assert len(encode_metadata(2**60, by_sink)) < 4096


@given(st.text())
def test_metadata_of_other_programs_names_nobody(metadata: str) -> None:
    assert decode_metadata(5, "v1 " + metadata) == {}
    assert decode_metadata(5, '{"lake": "' + metadata.replace('"', "")) == {}


def test_a_boundary_can_be_read_back() -> None:
    file = FileEntry("orders", "dt=2026-11-21", "orders/dt=2026-11-21/orders+0+0000000007.json", 7, 12, 4)
    boundary = Boundary((GenerationEntry("id", 5, 20, "flush_size", (file,)),), "c0ffee")
    assert decode_boundary(encode_boundary(boundary)) == boundary
    assert (boundary.id, boundary.stop) == ("id", 20)
