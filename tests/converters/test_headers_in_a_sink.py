"""What a sink makes of headers, with and without a converter for them."""

from __future__ import annotations

import asyncio

import pytest

from s3sink import JsonFormat, MemoryStore, ParquetFormat, S3Sink, SinkRecord
from s3sink.converters import Converter, IntegerConverter, JsonConverter, SimpleHeaderConverter
from s3sink.offline import Message, batch_of
from s3sink.pipeline import Prepared
from s3sink.record import Header
from s3sink.schema import Schema
from s3sink.transforms import TransformLike

GOOD, BAD = {"n": b"300"}, {"n": b"{"}


class Seen:
    """A transform that keeps what it gets."""

    def __init__(self) -> None:
        self.records: list[SinkRecord] = []

    def __call__(self, record: SinkRecord) -> SinkRecord:
        self.records.append(record)
        return record


def run(sink: S3Sink, *headers: dict[str, bytes]) -> Prepared:
    batch = batch_of("orders", [Message({"id": i}, headers=h) for i, h in enumerate(headers)])
    return asyncio.run(sink.pipeline().run(batch, 0))


def sink_of(header_converter: Converter | None, *transforms: TransformLike, parquet: bool = False) -> S3Sink:
    return S3Sink(
        store=MemoryStore("test"),
        header_converter=header_converter,
        transforms=transforms,
        format=ParquetFormat() if parquet else JsonFormat(),
    )


@pytest.mark.parametrize(
    ("converter", "header"),
    [(None, Header("n", b"300")), (SimpleHeaderConverter(), Header("n", 300, Schema(type="int16")))],
)
def test_transforms_see_headers_as_the_converter_makes_them(converter: Converter | None, header: Header) -> None:
    seen = Seen()
    assert not run(sink_of(converter, seen), GOOD).errors
    assert [record.headers for record in seen.records] == [(header,)]


@pytest.mark.parametrize("parquet", [False, True])
@pytest.mark.parametrize("transforms", [(), (Seen(),)])
def test_a_bad_header_makes_a_bad_record_whichever_way_it_goes(
    parquet: bool, transforms: tuple[TransformLike, ...]
) -> None:
    prepared = run(sink_of(JsonConverter(), *transforms, parquet=parquet), GOOD, BAD, {})
    assert [(error.offset, error.at_stage) for error in prepared.errors] == [(1, "HEADER_CONVERTER")]
    assert [offset for routed in prepared.routed for offset in routed.batch.offsets] == [0, 2]


def test_values_stay_text_where_headers_are_good_or_cannot_be_bad() -> None:
    for converter in (None, SimpleHeaderConverter(), JsonConverter()):
        (routed,) = run(sink_of(converter), GOOD, {}).routed
        assert routed.batch.is_raw


def test_a_failed_header_names_its_converter_as_connect_does() -> None:
    sink = sink_of(IntegerConverter())
    (error,) = run(sink, BAD).errors
    assert sink.pipeline().executing(error) == "org.apache.kafka.connect.converters.IntegerConverter"


def test_the_fingerprint_changes_with_the_converter_only() -> None:
    prints = {sink_of(c).fingerprint for c in (None, SimpleHeaderConverter(), JsonConverter())}
    assert len(prints) == 3
    sizes = {S3Sink(store=MemoryStore("t"), converter=JsonConverter(schemas_cache_size=n)).fingerprint for n in (1, 2)}
    assert len(sizes) == 1
