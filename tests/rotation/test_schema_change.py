"""Schemas that share a file: records are projected to the schema of its first one, or are bad records."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink.batch import RecordBatch
from s3sink.converters import JsonConverter, StringConverter
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import RecordError
from s3sink.formats import AvroFormat, Format, JsonFormat, ParquetFormat
from s3sink.offline import Message, Preview, batch_of, preview
from s3sink.partitioners import FieldPartitioner, RecordTimestamp, TimeBasedPartitioner
from s3sink.record import SinkRecord
from s3sink.rotation import Compatibility, FlushSize, MaxBytes, RotateInterval, SchemaChange
from s3sink.rotation.compatibility import fits
from s3sink.rotation.projection import PROJECTOR_EXCEPTION, projector
from s3sink.schema import Field, Schema
from s3sink.sink import S3Sink
from s3sink.storage import MemoryStore
from s3sink.testing.failing import FailingFormat

INT, LONG = Schema(type="int32"), Schema(type="int64")
FILLED = Schema(type="string", default="d")
CONVERTER = JsonConverter(schemas_enable=True)
DEAD = DeadLetterTopic("dead", context_headers=True)


def record(version: int | None, **fields: Schema) -> Schema:
    members = (Field("n", LONG), *(Field(name, schema) for name, schema in fields.items()))
    return Schema(type="struct", name="r", version=version, fields=members)


W1, V1, V2, V3 = (
    record(1, a=LONG),
    record(1, a=INT),
    record(2, a=LONG, b=FILLED),
    record(3, a=LONG, b=FILLED, c=Schema(type="int32")),
)
U1, U2 = record(None, a=INT), record(None, a=LONG)
SCHEMAS: list[Schema | None] = [W1, V1, V2, V3, U1, U2, None]


def value_of(n: int, schema: Schema | None) -> dict[str, Any]:
    names = ["n"] if schema is None else [field.name for field in schema.fields]
    return {name: n if name == "n" else "bb" if name == "b" else 1 for name in names}


def message(n: int, schema: Schema | None, **options: Any) -> Message:
    return Message(CONVERTER.encode("t", schema, value_of(n, schema)), **options)


def written(
    mode: Compatibility,
    messages: Sequence[Message],
    *,
    rotation: Sequence[Any] = (),
    cuts: Sequence[int] = (),
    **options: Any,
) -> Preview:
    defaults: dict[str, Any] = {
        "converter": CONVERTER,
        "store": MemoryStore(),
        "rotation": [*rotation, SchemaChange(mode)],
    }
    return preview(S3Sink(**{**defaults, **options}), *batches_of(messages, cuts))


def batches_of(messages: Sequence[Message], cuts: Sequence[int]) -> list[RecordBatch]:
    borders = [0, *sorted({cut for cut in cuts if 0 < cut < len(messages)}), len(messages)]
    return [batch_of("t", messages[a:b], start=a) for a, b in pairwise(borders)]


def lines(seen: Preview) -> dict[str, list[Any]]:
    return {key: [json.loads(line) for line in content.splitlines()] for key, content in seen.objects.items()}


def letters(seen: Preview) -> dict[int, tuple[str, str]]:
    """Class and message of each."""
    heads = {letter.offset: dict(letter.headers) for letter in seen.dead_letters}
    prefix = "__connect.errors.exception."
    return {
        offset: ((head[f"{prefix}class.name"] or b"").decode(), (head[f"{prefix}message"] or b"").decode())
        for offset, head in heads.items()
    }


# ---------------------------------------------------------------------------------------------- what a file holds
@pytest.mark.parametrize("format", [JsonFormat(), ParquetFormat(), AvroFormat()], ids=lambda f: type(f).__name__)
@pytest.mark.parametrize("cuts", [(), (1, 2)], ids=["at once", "one by one"])
def test_older_records_go_up_into_a_file_and_newer_ones_down(format: Format, cuts: Sequence[int]) -> None:
    options: dict[str, Any] = {"format": format, "cuts": cuts}
    up = written("BACKWARD", [message(n, schema) for n, schema in enumerate([V2, V1, V2])], **options)
    down = written("FORWARD", [message(n, schema) for n, schema in enumerate([W1, V2, V3, W1])], **options)
    key = f"t/partition=0/t+0+0000000000{format.extension}"
    assert rows_of(up.objects[key], format) == [{"n": n, "a": 1, "b": b} for n, b in enumerate(["bb", "d", "bb"])]
    assert rows_of(down.objects[key], format) == [{"n": n, "a": 1} for n in range(4)]
    assert len(up.objects) == len(down.objects) == 1


def rows_of(content: bytes, format: Format) -> list[Any]:
    if isinstance(format, ParquetFormat):
        rows: list[Any] = pq.read_table(io.BytesIO(content)).to_pylist()
        return rows
    if isinstance(format, AvroFormat):
        import fastavro

        return list(fastavro.reader(io.BytesIO(content)))
    return [json.loads(line) for line in content.splitlines()]


def test_files_of_keys_stay_in_step_with_projected_values() -> None:
    messages = [message(n, schema, key=f"k{n}") for n, schema in enumerate([V2, U1, V1, V3, V2])]
    seen = written(
        "FULL", messages, key_converter=StringConverter(), keys_format=JsonFormat(), errors=DEAD, null_values="write"
    )
    base = "t/partition=0/t+0+000000000"
    assert lines(seen) == {
        f"{base}0.json": [{"n": 0, "a": 1, "b": "bb"}, {"n": 2, "a": 1, "b": "d"}],
        f"{base}0.keys.json": ["k0", "k2"],
        f"{base}3.json": [{"n": 3, "a": 1, "b": "bb", "c": 1}],
        f"{base}3.keys.json": ["k3"],
        f"{base}4.json": [{"n": 4, "a": 1, "b": "bb"}],
        f"{base}4.keys.json": ["k4"],
    }
    assert list(letters(seen)) == [1]


def test_each_route_has_a_schema_of_its_own() -> None:
    def of(n: int, route: int, schema: Schema) -> Message:
        value = value_of(n, schema) | {"a": route}
        return Message(CONVERTER.encode("t", schema, value))

    messages = [of(0, 0, V2), of(1, 1, V1), of(2, 0, V1), of(3, 1, V1)]
    seen = written("BACKWARD", messages, partitioner=FieldPartitioner(fields=["a"]))
    assert lines(seen) == {
        "t/a=0/t+0+0000000000.json": [{"n": 0, "a": 0, "b": "bb"}, {"n": 2, "a": 0, "b": "d"}],
        "t/a=1/t+0+0000000001.json": [{"n": 1, "a": 1}, {"n": 3, "a": 1}],
    }


# ---------------------------------------------------------------------------------------------- bad records
@pytest.mark.parametrize("mode", ["BACKWARD", "FORWARD", "FULL"])
def test_a_record_without_a_version_is_a_bad_one_where_it_matters(mode: Compatibility) -> None:
    seen = written(mode, [message(n, s) for n, s in enumerate([U1, U1, U2, V1, U1])], errors=DEAD)
    assert lines(seen) == {"t/partition=0/t+0+0000000000.json": [{"n": n, "a": 1} for n in (0, 1, 4)]}
    words = f"Schema version required for {mode} compatibility"
    assert letters(seen) == dict.fromkeys([2, 3], (PROJECTOR_EXCEPTION, words))


def test_without_tolerance_the_task_ends_with_it() -> None:
    with pytest.raises(RecordError, match="TASK_PUT: Schema version required for FULL compatibility") as caught:
        written("FULL", [message(n, schema) for n, schema in enumerate([U1, U2, U2])])
    assert caught.value.offset == 1


def test_a_bad_record_does_not_count() -> None:
    messages = [message(n, schema) for n, schema in enumerate([U1, U2, U2, U1, U1, U2])]
    seen = written("FULL", messages, rotation=[FlushSize(2)], errors=DEAD)
    assert [[line["n"] for line in found] for found in lines(seen).values()] == [[0, 3], [4]]
    assert list(letters(seen)) == [1, 2, 5]


def test_a_record_that_begins_the_next_file_is_good() -> None:
    messages = [message(n, schema, timestamp=n * 1000) for n, schema in enumerate([U1, U2, U2, U2])]
    partitioner = TimeBasedPartitioner("'p'", "1h", extractor=RecordTimestamp())
    seen = written("FULL", messages, rotation=[RotateInterval(2000)], partitioner=partitioner, errors=DEAD)
    assert [[line["n"] for line in found] for found in lines(seen).values()] == [[0], [2, 3]]
    assert list(letters(seen)) == [1]


def test_files_that_close_behind_a_bad_record_close_over_it() -> None:
    messages = [message(n, schema) for n, schema in enumerate([U1, U2, U1])]
    seen = written("FULL", messages, rotation=[MaxBytes(1)], errors=DEAD)
    assert {key: [line["n"] for line in found] for key, found in lines(seen).items()} == {
        "t/partition=0/t+0+0000000000.json": [0],
        "t/partition=0/t+0+0000000002.json": [2],
    }


def test_the_schema_of_a_record_that_the_format_refuses_is_forgotten() -> None:
    format = FailingFormat(JsonFormat(), when=lambda row: row.value["n"] == 0)
    seen = written("BACKWARD", [message(n, s) for n, s in enumerate([V1, V2, V1])], format=format, errors=DEAD)
    assert lines(seen) == {
        "t/partition=0/t+0+0000000001.json": [{"n": 1, "a": 1, "b": "bb"}, {"n": 2, "a": 1, "b": "d"}]
    }


def test_a_value_that_is_not_of_its_schema_is_a_bad_record() -> None:
    def spoil(row: SinkRecord) -> SinkRecord:
        return row.replace(value="text") if row.value["n"] == 1 else row

    messages = [message(n, schema) for n, schema in enumerate([V2, V1, V1])]
    seen = written("BACKWARD", messages, transforms=[spoil], errors=DEAD)
    assert list(letters(seen)) == [1]
    assert [line["n"] for found in lines(seen).values() for line in found] == [0, 2]


def test_a_compatibility_is_part_of_what_makes_files_equal() -> None:
    def fingerprint(*modes: Compatibility) -> str:
        return S3Sink(store=MemoryStore(), rotation=[FlushSize(1), *map(SchemaChange, modes)]).fingerprint

    assert fingerprint() == fingerprint("NONE")
    assert len({fingerprint(), fingerprint("BACKWARD"), fingerprint("FORWARD"), fingerprint("FULL")}) == 4


# ---------------------------------------------------------------------------------------------- a definition
@dataclass(frozen=True)
class TwoPlaces:
    """Some records go to `y`, the others to `x`."""

    others: frozenset[int]

    def encode(self, record: SinkRecord, now: int) -> str:
        return self.place(record.value["n"])

    def place(self, n: int) -> str:
        return "y" if n in self.others else "x"


class Defined(NamedTuple):
    files: dict[str, list[Any]]
    dead: list[int]


def defined(
    schemas: Sequence[Schema | None], mode: Compatibility, size: int, bad: set[int], places: TwoPlaces
) -> Defined:
    """What the connector does, a record at a time; all files close together."""
    files: dict[str, list[Any]] = {}
    dead: list[int] = []
    opened: dict[str, tuple[str, Schema | None]] = {}
    count = 0
    for n, schema in enumerate(schemas):
        place = places.place(n)
        if schema is None and n in bad:  # nothing but the record itself is looked at
            dead.append(n)
            continue
        if place in opened and not _goes_with(schema, opened[place][1], mode):
            opened, count = {}, 0
        key, current = opened.get(place, (f"t/{place}/t+0+{n:010}.json", schema))
        if n in bad or (schema != current and _lacks_version(schema, current)):
            dead.append(n)
            continue
        opened[place] = key, current
        files.setdefault(key, []).append(projector(schema, current, mode)(value_of(n, schema)))
        count += 1
        if count == size:
            opened, count = {}, 0
    return Defined(files, dead)


def _goes_with(schema: Schema | None, current: Schema | None, mode: Compatibility) -> bool:
    """A record without a version does not close a file either."""
    if schema is None or current is None:
        return schema is current
    return _lacks_version(schema, current) or fits(schema, current, mode)


def _lacks_version(schema: Schema | None, current: Schema | None) -> bool:
    return any(one is not None and one.version is None for one in (schema, current))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(SCHEMAS), min_size=1, max_size=14),
    st.sampled_from(["BACKWARD", "FORWARD", "FULL"]),
    st.integers(1, 5),
    st.sets(st.integers(0, 14)),
    st.sets(st.integers(0, 14)),
    st.frozensets(st.integers(0, 14)),
)
def test_files_and_dead_letters_are_as_defined_however_the_records_come(
    schemas: list[Schema | None],
    mode: Compatibility,
    size: int,
    bad: set[int],
    cuts: set[int],
    others: frozenset[int],
) -> None:
    format, places = FailingFormat(JsonFormat(), when=lambda row: row.value["n"] in bad), TwoPlaces(others)
    messages = [message(n, schema) for n, schema in enumerate(schemas)]
    options: dict[str, Any] = {"format": format, "partitioner": places, "errors": DEAD}
    seen = written(mode, messages, rotation=[FlushSize(size)], cuts=sorted(cuts), **options)
    expected = defined(schemas, mode, size, bad, places)
    assert lines(seen) == expected.files
    assert sorted(letter.offset for letter in seen.dead_letters) == expected.dead
