"""Routes of a batch: from any partitioner, fast where it can be, with the bad records taken out."""

from __future__ import annotations

from collections.abc import Sequence

from s3sink.batch import RecordBatch, Route, RoutedBatch
from s3sink.errors import PartitionError, RecordError, class_of
from s3sink.partitioners import BatchPartitioner, Partitioner
from s3sink.partitioners.glance import glances
from s3sink.record import SinkRecord


def is_deterministic(partitioner: Partitioner) -> bool:
    """Whether the same record always gets the same encoded partition; one that does not say is taken to."""
    return bool(getattr(partitioner, "deterministic", True))


def needs_value(partitioner: Partitioner) -> bool:
    """Whether it looks into keys or values; one that does not say is taken to."""
    return bool(getattr(partitioner, "needs_value", True))


def routes_text(partitioner: Partitioner) -> bool:
    """Whether `route` can place records whose values are JSON text: nothing of them is looked at, or known fields."""
    return not needs_value(partitioner) or getattr(partitioner, "value_fields", None) is not None


def route(partitioner: Partitioner, batch: RecordBatch, now: int) -> tuple[RoutedBatch, list[RecordError]]:
    """The routes of the records that have a place, and one error, with coordinates, for each that has none.

    The span stays what it was. Whatever a partitioner raises for a record becomes a PartitionError of that record,
    with the cause. Timestamps are there only when the partitioner does batches. Of a raw batch, which must hold JSON
    text, only the fields are decoded that a partitioner says it looks at.
    """
    if not batch.n:
        return RoutedBatch(batch, []), []
    if batch.is_raw and needs_value(partitioner):
        return _route_text(partitioner, batch, now)
    if not isinstance(partitioner, BatchPartitioner):
        return _route_rows(partitioner, batch, now)
    try:
        return _route_batch(partitioner, batch, now), []
    except Exception:  # which record it was, and what it is worth, `encode` says below
        return _route_good(partitioner, batch, now)


def _route_text(partitioner: Partitioner, batch: RecordBatch, now: int) -> tuple[RoutedBatch, list[RecordError]]:
    rows = glances(batch, tuple(getattr(partitioner, "value_fields", ())))
    routed, errors = route(partitioner, rows, now)
    kept = batch if not errors else batch.take([batch.index_of(offset) for offset in routed.batch.offsets])
    return RoutedBatch(kept, routed.routes, routed.timestamps), errors


def _route_batch(partitioner: BatchPartitioner, batch: RecordBatch, now: int) -> RoutedBatch:
    encoded, timestamps = partitioner.encode_batch(batch, now)
    return RoutedBatch(batch, _routes(batch, encoded), timestamps)


def _route_good(partitioner: BatchPartitioner, batch: RecordBatch, now: int) -> tuple[RoutedBatch, list[RecordError]]:
    """The good records are asked for once more as a batch, for their timestamps; failing then is a fault of its own."""
    good, _, errors = _sorted_out(partitioner, batch, now)
    if not good:
        return RoutedBatch(batch.take([]), []), errors
    return _route_batch(partitioner, batch.take(good) if errors else batch, now), errors


def _route_rows(partitioner: Partitioner, batch: RecordBatch, now: int) -> tuple[RoutedBatch, list[RecordError]]:
    good, encoded, errors = _sorted_out(partitioner, batch, now)
    kept = batch.take(good) if errors else batch
    return RoutedBatch(kept, _routes(kept, encoded) if good else []), errors


def _sorted_out(
    partitioner: Partitioner, batch: RecordBatch, now: int
) -> tuple[list[int], list[str], list[RecordError]]:
    """Indices and encoded partitions of the records that have a place, and the errors of the others."""
    good: list[int] = []
    encoded: list[str] = []
    errors: list[RecordError] = []
    for index, record in enumerate(batch.records()):
        answer = _encode(partitioner, record, now)
        if isinstance(answer, str):
            good.append(index)
            encoded.append(answer)
        else:
            errors.append(answer.at(record.source, record.offset))
    return good, encoded, errors


def _encode(partitioner: Partitioner, record: SinkRecord, now: int) -> str | RecordError:
    name = type(partitioner).__name__
    try:
        encoded: object = partitioner.encode(record, now)
    except RecordError as error:
        error.executing = error.executing or name
        return error
    except Exception as cause:
        reason = f"{type(cause).__name__}: {cause}"
        wrapped = PartitionError(reason, executing=name, connect_class=class_of(cause))
        wrapped.__cause__ = cause
        return wrapped
    if isinstance(encoded, str):
        return encoded
    return PartitionError(f"the encoded partition is {type(encoded).__name__}, not text", executing=name)


def _routes(batch: RecordBatch, encoded: str | Sequence[str]) -> Route | list[Route]:
    """One Route object a distinct route; a single one when they are all the same."""
    topics = _topics(batch)
    if isinstance(encoded, str) and isinstance(topics, str):
        return Route(topics, encoded)
    n = batch.n
    pairs = list(
        zip(
            [topics] * n if isinstance(topics, str) else topics,
            [encoded] * n if isinstance(encoded, str) else encoded,
            strict=True,
        )
    )
    made = {pair: Route(*pair) for pair in set(pairs)}
    return next(iter(made.values())) if len(made) == 1 else [made[pair] for pair in pairs]


def _topics(batch: RecordBatch) -> str | list[str]:
    if batch.is_raw:
        return batch.topic
    topics = [record.topic for record in batch.records()]
    return topics[0] if topics.count(topics[0]) == len(topics) else topics
