from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s3sink.batch import RecordBatch
from s3sink.config import from_properties
from s3sink.errors import ConfigError, ConsistencyError
from s3sink.formats import ParquetFormat, PreparingFormat, SchemaBoundWriter
from s3sink.formats.parquet import ParquetCompression
from s3sink.formats.parquet_file import ParquetFile
from s3sink.schema import Field, Schema
from tests.formats.making import Sink, files, prepared, raw, rows, table, without_nulls, written

_CODECS: list[tuple[ParquetCompression, str, str]] = [
    ("snappy", ".snappy.parquet", "SNAPPY"),
    ("zstd", ".zstd.parquet", "ZSTD"),
    ("gzip", ".gz.parquet", "GZIP"),
    ("lz4", ".lz4raw.parquet", "LZ4"),
    ("none", ".parquet", "UNCOMPRESSED"),
]
_TINY = ParquetFormat(row_group_bytes=1)  # a row group after each batch


def _batches(*lines: str | bytes, start: int = 100) -> list[RecordBatch]:
    values: list[bytes | None] = [line.encode() if isinstance(line, str) else line for line in lines]
    batches, errors = prepared(ParquetFormat(), raw(values, start))
    assert errors == []
    return batches


def _fast(data: bytes) -> list[dict[str, Any]]:
    """The rows by the independent reader, nulls left out."""
    frame = fastparquet.ParquetFile(io.BytesIO(data)).to_pandas().astype(object)
    records = frame.where(frame.notna(), None).to_dict("records")
    return [{k: v for k, v in record.items() if v is not None} for record in records]


# ------------------------------------------------------------------- what another reader says
@pytest.mark.parametrize(("compression", "extension", "codec"), _CODECS)
def test_another_reader_finds_the_records_whatever_the_codec(
    compression: ParquetCompression, extension: str, codec: str
) -> None:
    format = ParquetFormat(compression)
    lines = [f'{{"id":{i},"name":"n{i % 7}","price":{i / 4},"ok":{json.dumps(i % 2 == 0)}}}' for i in range(3000)]
    data = written(format, _batches(*lines))
    assert _fast(data) == [json.loads(line) for line in lines]
    assert pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0).compression == codec
    assert (format.extension, isinstance(format, PreparingFormat), format.takes_json) == (extension, True, True)


def test_another_reader_finds_nulls_text_and_row_groups() -> None:
    data = written(_TINY, [*_batches('{"a":"한","b":1}', '{"a":null}'), *_batches('{"b":2}', start=102)])
    assert _fast(data) == [{"a": "한", "b": 1}, {}, {"b": 2}]
    assert pq.ParquetFile(io.BytesIO(data)).num_row_groups == 2


def test_another_reader_finds_values_with_a_schema() -> None:
    fields = {"i8": "int8", "i32": "int32", "f": "float64", "s": "string", "b": "boolean"}
    schema = Schema(type="struct", fields=tuple(Field(n, Schema(type=t)) for n, t in fields.items()))  # type: ignore[arg-type]
    values = [
        {"i8": -1, "i32": 70000, "f": 0.1, "s": "x", "b": True},
        {"i8": 1, "i32": -5, "f": 1e9, "s": "", "b": False},
    ]
    assert _fast(written(ParquetFormat(), prepared(ParquetFormat(), rows(values, schema))[0])) == values


# ------------------------------------------------------------------- a schema that grows, then is pinned
def test_the_schema_grows_until_the_first_row_group_is_written() -> None:
    batches = [
        *_batches('{"a":1}'),
        *_batches('{"b":"x","a":2.5}', start=101),
        *_batches('{"c":{}}', '{"c":{"d":1}}', start=102),
    ]
    (data,) = files(ParquetFormat(), batches)
    assert table(data) == [
        {"a": 1.0, "b": None, "c": None},
        {"a": 2.5, "b": "x", "c": None},
        {"a": None, "b": None, "c": {"d": None}},
        {"a": None, "b": None, "c": {"d": 1}},
    ]
    assert pq.ParquetFile(io.BytesIO(data)).schema_arrow.names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("first", "then", "fits"),
    [
        ('{"a":1}', '{"a":2}', True),
        ('{"a":1,"b":"x"}', '{"a":2}', True),
        ('{"a":1}', '{"a":2,"b":null}', True),
        ('{"a":1}', '{"a":2,"b":"x"}', False),
        ('{"a":1}', '{"a":2.0}', True),
        ('{"a":1}', '{"a":2.5}', False),
        ('{"a":1.5}', '{"a":2}', True),
        ('{"a":1.5}', '{"a":9007199254740993}', False),
        ('{"a":1}', '{"a":9223372036854775808}', False),
        ('{"a":9223372036854775808}', '{"a":1}', True),
        ('{"a":1}', '{"a":"x"}', False),
        ('{"a":true}', '{"a":1}', False),
        ('{"a":1,"b":null}', '{"b":"x"}', False),
        ('{"a":{"b":1}}', '{"a":{"b":2,"c":null}}', True),
        ('{"a":{"b":1}}', '{"a":{"c":2}}', False),
        ('{"a":{"b":1}}', '{"a":{}}', True),
        ('{"i":1,"a":{}}', '{"a":{"b":null}}', True),
        ('{"i":1,"a":{}}', '{"a":{"b":1}}', False),
        ('{"a":[1]}', '{"a":[]}', True),
        ('{"a":[1.5]}', '{"a":[null,2]}', True),
        ('{"a":[{"b":1}]}', '{"a":[{"b":null},null]}', True),
        ('{"a":[1]}', '{"a":["x"]}', False),
        ('{"a":[]}', '{"a":[1]}', False),
    ],
)
def test_once_a_row_group_is_written_only_what_has_a_place_fits(first: str, then: str, fits: bool) -> None:
    sink = Sink()
    writer = _TINY.open(sink, None)
    assert isinstance(writer, SchemaBoundWriter)
    writer.write(_batches(first)[0])
    (batch,) = _batches(then, start=101)
    assert writer.fits(batch) is fits
    if not fits:
        with pytest.raises(ConsistencyError, match="partition=3"):
            writer.write(batch)
    else:
        writer.write(batch)
    writer.close()
    assert len(table(sink.data)) == 1 + fits


@pytest.mark.parametrize("then", ['{"a":"x"}', '{"a":[1]}', '{"a":true}'])
def test_types_that_contradict_each_other_never_share_a_file(then: str) -> None:
    writer = ParquetFormat().open(Sink(), None)
    assert isinstance(writer, SchemaBoundWriter)
    writer.write(_batches('{"a":1}')[0])
    assert not writer.fits(_batches(then)[0])


def test_a_column_of_nulls_is_left_out_unless_there_is_no_other() -> None:
    assert table(written(ParquetFormat(), _batches('{"a":1,"b":null}', '{"b":null}'))) == [{"a": 1}, {"a": None}]
    assert table(written(ParquetFormat(), _batches('{"b":null}', '{"b":null}'))) == [{"b": None}] * 2


def test_an_object_of_which_no_field_is_known_is_written_as_text() -> None:
    lines = ['{"a":{},"l":[{},null]}', '{"a":null,"l":[]}', '{"a":{"b":null}}']
    assert table(written(ParquetFormat(), _batches(*lines))) == [
        {"a": "{}", "l": ["{}", None]},
        {"a": None, "l": []},
        {"a": "{}", "l": None},
    ]


def test_a_held_file_keeps_its_schema_open_to_the_end() -> None:
    sink = Sink()
    writer = _TINY.open(sink, None)
    assert isinstance(writer, ParquetFile)
    writer.hold()
    writer.write(_batches('{"a":1}')[0])
    writer.write(_batches('{"a":2.5,"b":1}', start=101)[0])
    assert sink.writes == []
    writer.close()
    assert table(sink.data) == [{"a": 1.0, "b": None}, {"a": 2.5, "b": 1}]


def test_what_lies_outside_a_slice_does_not_count() -> None:
    writer = _TINY.open(Sink(), None)
    assert isinstance(writer, SchemaBoundWriter)
    writer.write(_batches('{"a":[1]}')[0])
    (batch,) = _batches('{"a":[2.5]}', '{"a":[3.0,4.0]}', '{"a":[5.5]}')
    parts = [batch.slice(i, i + 1) for i in range(3)]
    assert [writer.fits(part) for part in parts] == [False, True, False]


def test_integers_and_whole_doubles_share_a_file_even_beyond_what_doubles_hold() -> None:
    batches = [*_batches('{"a":9007199254740993}'), *_batches('{"a":5.0}', start=101)]
    assert [table(data) for data in files(ParquetFormat(), batches)] == [[{"a": 2**53 + 1}, {"a": 5}]]


# ------------------------------------------------------------------- nothing lost, in order, whatever comes
_SCALARS: list[Any] = [None, 1, 2**53 + 1, 2**70, 1.5, 5.0, "x", "2024-01-01", True]
_OBJECTS: list[Any] = [{}, {"k": 1}, {"k": "v", "l": None}, {"m": {"n": []}}]
_LISTS: list[Any] = [[], [1], [1.5, None], [{}], [{"k": 1}], [["x"]]]
_VALUES = st.sampled_from([*_SCALARS, *_OBJECTS, *_LISTS])
_RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), _VALUES, min_size=1), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.lists(_RECORDS, min_size=1, max_size=4), st.sampled_from([1, 100, 10**6]), st.data())
@example([[{"a": [{"k": 1}]}, {"a": [{}]}]], 1, None)
def test_every_record_is_in_one_file_in_order_whatever_comes(
    polls: list[list[dict[str, Any]]], row_group_bytes: int, data: st.DataObject | None
) -> None:
    format = ParquetFormat(row_group_bytes=row_group_bytes)
    batches: list[RecordBatch] = []
    start = 0
    for poll in polls:
        made, errors = prepared(format, raw([json.dumps(record).encode() for record in poll], start))
        assert errors == []
        start += len(poll)
        for batch in made:
            batches += batch.split(data.draw(st.integers(batch.span.start, batch.span.stop))) if data else [batch]
    found = [record for file in files(format, [b for b in batches if b.n]) for record in table(file)]
    assert [_plain(record) for record in found] == [_plain(record) for poll in polls for record in poll]


def _plain(value: Any) -> Any:
    """What is the same in a file: no field and a null, an empty object and its text."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None} or "{}"
    return [_plain(item) for item in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from([None, 1, {"k": "x"}, {}]), min_size=1), min_size=1
    )
)
def test_records_of_several_routes_can_be_taken_apart(records: list[dict[str, Any]]) -> None:
    for batch in _batches(*map(json.dumps, records)):
        odd, even = (batch.take(range(first, batch.n, 2)) for first in (1, 0))
        found = [table(written(ParquetFormat(), [part])) if part.n else [] for part in (even, odd)]
        rejoined = [found[i % 2][i // 2] for i in range(batch.n)]
        wanted = records[batch.span.start - 100 : batch.span.stop - 100]
        assert [_plain(without_nulls(r)) for r in rejoined] == [_plain(without_nulls(r)) for r in wanted]


# ------------------------------------------------------------------- memory, writes, the end
def test_row_groups_go_out_while_the_file_grows() -> None:
    format = ParquetFormat("none", row_group_bytes="100kB")
    sink = Sink()
    writer = format.open(sink, None)
    assert isinstance(writer, SchemaBoundWriter)
    highest = 0
    for start in range(0, 40_000, 1000):
        for batch in _batches(*(f'{{"id":{i},"text":"{i * 7919}"}}' for i in range(start, start + 1000)), start=start):
            writer.write(batch)
        highest = max(highest, writer.buffered)
    assert highest < 130_000
    assert len(sink.data) > 300_000
    writer.close()
    assert (writer.buffered, [row["id"] for row in table(sink.data)]) == (0, list(range(40_000)))


def test_many_small_batches_do_not_stay_small() -> None:
    sink = Sink()
    writer = ParquetFormat().open(sink, None)
    assert isinstance(writer, ParquetFile)
    for i in range(1000):
        writer.write(_batches(f'{{"id":{i},"t":"{i}"}}', start=i)[0])
    assert len(writer._held) < 300
    writer.close()
    assert [row["id"] for row in table(sink.data)] == list(range(1000))


def test_a_file_without_a_record_is_no_file() -> None:
    sink = Sink()
    writer = ParquetFormat().open(sink, None)
    writer.write(raw([]))
    writer.close()
    assert sink.writes == []


def test_a_batch_that_was_not_prepared_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="prepared"):
        ParquetFormat().open(Sink(), None).write(raw([b'{"a":1}']))


def test_columns_that_a_transform_has_made_are_taken_as_they_are() -> None:
    columns = pa.RecordBatch.from_pydict({"x": [1, 2]})
    batch = raw([b"not", b"json"]).with_columns(columns)
    batches, errors = prepared(ParquetFormat(), batch)
    assert (table(written(ParquetFormat(), batches)), errors) == ([{"x": 1}, {"x": 2}], [])


def test_columns_have_statistics_and_dictionaries() -> None:
    data = written(ParquetFormat(), _batches(*(f'{{"a":"v{i % 3}"}}' for i in range(100))))
    column = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0)
    assert (column.statistics.min, column.statistics.max) == ("v0", "v2")
    assert column.has_dictionary_page


# ------------------------------------------------------------------- options
@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"compression": "lzo"}, ["compression"]),
        ({"compression": "snappy", "level": 3}, ["level"]),
        ({"compression": "gzip", "level": 10}, ["level"]),
        ({"row_group_bytes": "many"}, ["row_group_bytes"]),
        ({"row_group_bytes": 0, "compression": "zstd", "level": 0}, ["level", "row_group_bytes"]),
        ({"on_type_conflict": "drop"}, ["on_type_conflict"]),
    ],
)
def test_wrong_options_are_refused_together(options: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        ParquetFormat(**options)
    assert [problem.key for problem in caught.value.problems] == keys


def test_formats_are_values() -> None:
    used = ParquetFormat("zstd")
    used.prepare(raw([b'{"a":"2024-01-01"}']))
    assert (used, hash(used)) == (ParquetFormat("zstd"), hash(ParquetFormat("zstd")))
    assert "hints" not in repr(used)
    assert replace(used, level=3).extension == ".zstd.parquet"
    assert from_properties(ParquetFormat, {"parquet.codec": "gzip"}) == ParquetFormat("gzip")
