"""A batch can be divided in every way without losing a record, an offset or a form."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import RecordBatch, Route, RoutedBatch, Span, TopicPartition

SOURCE = TopicPartition("orders", 3)


class Raw(NamedTuple):
    """A raw record."""

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@st.composite
def batches(draw: st.DrawFn) -> RecordBatch:
    """Raw batches with gaps in their offsets and around them, sometimes empty."""
    start = draw(st.integers(0, 100))
    offsets = sorted(draw(st.sets(st.integers(start, start + 30), max_size=12)))
    stop = draw(st.integers(max([start, *[o + 1 for o in offsets]]), start + 40))
    raw = [Raw(o, draw(st.sampled_from([-1, 5, 7])), b"k", b"%d" % o) for o in offsets]
    batch = RecordBatch(SOURCE, Span(start, stop), raw=raw, nbytes=10 * len(raw))
    form = draw(st.sampled_from(["raw", "encoded", "columns"]))
    if form == "encoded":
        return batch.with_encoded([b"<%d>" % o for o in offsets])
    if form == "columns":
        return batch.with_columns(pa.RecordBatch.from_pydict({"o": pa.array(offsets, pa.int64())}))
    return batch


def offsets_in_all_forms(batch: RecordBatch) -> list[list[int]]:
    forms = [list(batch.offsets), [int(v or b"") for v in batch.values()], [r.offset for r in batch.records()]]
    encoded, columns = batch.encoded(), batch.columns()
    if encoded is not None:
        forms.append([int(e[1:-1]) for e in encoded])
    if columns is not None:
        forms.append(columns.column("o").to_pylist())
    return forms


@given(batches(), st.integers(0, 150))
def test_a_split_keeps_every_record_and_the_spans_meet(batch: RecordBatch, offset: int) -> None:
    head, tail = batch.split(offset)
    assert (head.span.start, tail.span.stop) == batch.span
    assert head.span.stop == tail.span.start == min(max(offset, batch.span.start), batch.span.stop)
    assert all(o < offset for o in head.offsets)
    assert all(o >= offset for o in tail.offsets)
    for whole, a, b in zip(*map(offsets_in_all_forms, (batch, head, tail)), strict=True):
        assert whole == a + b


@given(batches(), st.integers(1, 5))
def test_slices_make_up_the_batch_and_its_span(batch: RecordBatch, size: int) -> None:
    slices = [batch.slice(at, at + size) for at in range(0, max(batch.n, 1), size)]
    assert [o for s in slices for o in s.offsets] == list(batch.offsets)
    assert (slices[0].span.start, slices[-1].span.stop) == batch.span
    assert all(a.span.stop == b.span.start for a, b in itertools.pairwise(slices))


@given(batches(), st.data())
def test_a_filter_shortens_the_batch_not_the_span(batch: RecordBatch, data: st.DataObject) -> None:
    kept = sorted(data.draw(st.sets(st.integers(0, batch.n - 1)))) if batch.n else []
    taken = batch.take(kept)
    assert taken.span == batch.span
    for whole, part in zip(offsets_in_all_forms(batch), offsets_in_all_forms(taken), strict=True):
        assert part == [whole[i] for i in kept]


@given(batches(), st.data())
def test_routes_divide_a_batch_in_the_order_of_their_first_record(batch: RecordBatch, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from("abc"), min_size=batch.n, max_size=batch.n))
    routed = RoutedBatch(batch, [Route("t", name) for name in names])
    parts = list(routed.by_route())
    assert [route.encoded_partition for route, _ in parts] == list(dict.fromkeys(names))
    assert sorted(o for _, part in parts for o in part.offsets) == list(batch.offsets)
    for route, part in parts:
        assert list(part.offsets) == [o for o, n in zip(batch.offsets, names, strict=True) if n == route[1]]


def test_a_timestamp_of_minus_one_is_none() -> None:
    batch = RecordBatch(SOURCE, Span(0, 2), raw=[Raw(0, -1, None, b"a"), Raw(1, 5, None, b"b")])
    assert batch.timestamps == [None, 5]
    assert [r.timestamp for r in batch.records()] == [None, 5]


def test_lines_end_with_a_newline_each() -> None:
    batch = RecordBatch(SOURCE, Span(0, 2), raw=[Raw(0, 0, None, b"a"), Raw(1, 0, None, b"b")])
    assert batch.joined() == b"a\nb\n"
    assert batch.joined(1, 2) == b"b\n"
    assert batch.with_encoded([b"x", b"y"]).joined() == b"x\ny\n"


@pytest.mark.parametrize("wrong", [[], [b"1", b"2"]])
def test_another_number_of_encoded_values_is_refused(wrong: list[bytes]) -> None:
    batch = RecordBatch(SOURCE, Span(0, 1), raw=[Raw(0, 0, None, b"a")])
    with pytest.raises(ValueError, match="for 1 records"):
        batch.with_encoded(wrong)
