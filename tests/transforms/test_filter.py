"""Filter drops what its predicate names."""

from __future__ import annotations

from hypothesis import given

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.offline import batch_of
from s3sink.testing.strategies import row_batches
from s3sink.transforms import Chain, Filter, RecordIsTombstone, When


@given(row_batches())
def test_a_filter_shortens_the_batch_and_not_the_span(batch: RecordBatch) -> None:
    rows, errors = Chain([Filter()]).apply(batch)
    assert (list(rows.records()), rows.span, errors) == ([], batch.span, [])


def test_what_is_not_json_is_refused_and_not_dropped() -> None:
    assert Chain([Filter()]).apply_batch(batch_of("t", [{"a": 1}, b"{bad"])) is None
    dropped = Chain([Filter()]).apply_batch(batch_of("t", [{"a": 1}, None]))
    assert dropped is not None
    assert (dropped.n, dropped.span) == (0, Span(0, 2))


@given(row_batches())
def test_a_predicate_says_which(batch: RecordBatch) -> None:
    there = [row for row in batch.records() if row.value is not None]
    assert list(Chain([When(RecordIsTombstone(), Filter())]).apply(batch)[0].records()) == there
    others = Chain([When(RecordIsTombstone(), Filter(), negate=True)]).apply(batch)[0]
    assert others.n == batch.n - len(there)


def test_it_has_no_options() -> None:
    assert from_properties(Filter, {"unknown": "x"}) == Filter()
