"""Columns of JSON objects that have no schema: guessed a slice at a time, and never wrong.

The fast way is Arrow's JSON reader. It has habits that damage data silently: it makes times of text, doubles of long
integers, two rows of two documents in one record; it takes NaN and invalid UTF-8; it overflows the stack on deep
nesting. So the text is looked at before and the columns after, and whatever is not beyond doubt goes the slow way:
record by record through an exact decoder. Both give the same columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from s3sink.errors import FormatError
from s3sink.formats.kinds import MAX_DEPTH, Kind, ObjectOf, arrow_type, kind_of, merged_kind
from s3sink.formats.merging import Misfit, merged_schema, rebased

SLICE = 2000
"""Records read at once: Arrow holds them in the processor's cache, and one odd record costs only these."""

SLICE_BYTES = 16 << 20

_EXACT_IN_DOUBLE = float(1 << 53)
_SHALLOW = 4096  # bytes: a record of this length cannot nest deep enough to hurt
_MAX_HINTS = 200
_FAILURES = (msgspec.DecodeError, ValueError, RecursionError)
_scan: Callable[[bytes], object] = msgspec.json.Decoder(msgspec.Raw).decode
_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode

Hints = dict[str, pa.Schema]
"""By topic, the columns whose text looked like times: the next slice is read right at once. Results do not depend
on it. Schemas are replaced and never changed, so that threads may share it."""


class Run(NamedTuple):
    """Consecutive records that one set of columns can hold, by their indices in the slice."""

    indices: list[int]
    columns: pa.RecordBatch


class Inferred(NamedTuple):
    """A slice as columns, and the reason for each record, by index, that no columns can hold."""

    runs: list[Run]
    bad: dict[int, str]


def infer(lines: list[bytes], topic: str, hints: Hints) -> Inferred:
    """The columns of these records: one run unless types contradict each other. At least one line."""
    columns = _read(lines, topic, hints)
    return exact(lines) if columns is None else Inferred([Run(list(range(len(lines))), columns)], {})


# ---------------------------------------------------------------------------------------------- the fast way
def _read(lines: list[bytes], topic: str, hints: Hints) -> pa.RecordBatch | None:
    text = b"\n".join([*lines, b""])
    if not _is_plain(text, lines):
        return None
    hint = hints.get(topic)
    columns = _parsed(text, hint, len(lines))
    if columns is None and hint is not None:
        hint = None
        hints.pop(topic, None)
        columns = _parsed(text, None, len(lines))
    if columns is not None and (times := _times_as_text(list(columns.schema))):
        hint = hints[topic] = _joined_hints(hint, pa.schema(times))
        columns = _parsed(text, hint, len(lines))
    if columns is None or any(_is_doubtful(array, 1) for array in columns.columns):
        return None
    return _settled_columns(columns if hint is None else _in_order(columns, hint, text, lines[0]))


def _is_plain(text: bytes, lines: list[bytes]) -> bool:
    """Whether each record begins and ends as an object with fields does, in UTF-8, of normal depth.

    Then none can run into the next: no JSON text goes on with an object after a closing brace. And as many rows as
    records means one of each.
    """
    return (
        _are_objects(lines)
        and _is_utf8(text)
        and (max(map(len, lines)) <= _SHALLOW or not any(map(_may_be_deep, lines)))
    )


def _are_objects(lines: list[bytes]) -> bool:
    try:
        return (
            set(map(itemgetter(0), lines)) == {ord("{")}
            and set(map(itemgetter(1), lines)) == {ord('"')}
            and set(map(itemgetter(-1), lines)) == {ord("}")}
        )
    except IndexError:
        return False


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    offsets = pa.array([0, len(text)], pa.int32()).buffers()[1]
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(text)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _may_be_deep(line: bytes) -> bool:
    if len(line) <= _SHALLOW:
        return False
    try:
        _scan(line)
    except _FAILURES:
        return True
    return False


def _parsed(text: bytes, hint: pa.Schema | None, n: int) -> pa.RecordBatch | None:
    try:
        table = pj.read_json(
            pa.BufferReader(text),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(explicit_schema=hint, unexpected_field_behavior="infer"),
        )
        table.validate()  # the reader miscounts the items of lists in which all items are null
    except pa.ArrowException:
        return None
    batches = table.to_batches()
    return batches[0] if len(batches) == 1 and batches[0].num_rows == n else None


def _times_as_text(fields: list[pa.Field]) -> list[pa.Field]:
    """Those of the fields that are or hold times, with text for the times, and nothing else."""
    return [pa.field(f.name, text) for f in fields if (text := _time_as_text(f.type)) is not None]


def _time_as_text(type_: pa.DataType) -> pa.DataType | None:
    if pa.types.is_temporal(type_):
        return pa.string()
    if pa.types.is_struct(type_):
        fields = _times_as_text(list(type_))
        return pa.struct(fields) if fields else None
    if pa.types.is_list(type_):
        items = _time_as_text(type_.value_type)
        return None if items is None else pa.list_(items)
    return None


def _joined_hints(old: pa.Schema | None, new: pa.Schema) -> pa.Schema:
    """Both, while that is a hint and not a burden: objects with times for keys would make it grow for ever."""
    try:
        joined = new if old is None else merged_schema(old, new)
    except Misfit:
        return new
    return joined if sum(map(_leaves, joined.types)) <= _MAX_HINTS else new


def _leaves(type_: pa.DataType) -> int:
    return sum(_leaves(field.type) for field in type_) if pa.types.is_struct(type_) else 1


def _is_doubtful(array: pa.Array, depth: int) -> bool:
    """Whether it holds what may not be what the text says: times, NaN, doubles that may have been integers."""
    type_ = array.type
    if depth > MAX_DEPTH or pa.types.is_temporal(type_):
        return True
    if pa.types.is_struct(type_):
        return any(_is_doubtful(array.field(i), depth + 1) for i in range(type_.num_fields))
    if pa.types.is_list(type_):
        return _is_doubtful(array.values, depth + 1)
    return pa.types.is_floating(type_) and pc.all(pc.less(pc.abs(array), _EXACT_IN_DOUBLE)).as_py() is False


def _in_order(columns: pa.RecordBatch, hint: pa.Schema, text: bytes, first: bytes) -> pa.RecordBatch:
    """Without columns that only the hint knows, and in the order of the first record: hinted ones came first."""
    place = {name: index for index, name in enumerate(orjson.loads(first))}
    names = [
        name
        for name, array in zip(columns.schema.names, columns.columns, strict=True)
        if array.null_count < len(array) or name not in hint.names or orjson.dumps(name) in text
    ]
    return columns.select(sorted(names, key=lambda name: place.get(name, len(place))))


def _settled_columns(columns: pa.RecordBatch) -> pa.RecordBatch:
    arrays = list(map(settled, columns.columns))
    if all(new is old for new, old in zip(arrays, columns.columns, strict=True)):
        return columns
    return pa.RecordBatch.from_arrays(arrays, names=columns.schema.names)


def settled(array: pa.Array) -> pa.Array:
    """The array with type null for what has nothing but nulls, and without such fields in objects."""
    if array.null_count == len(array):
        return array if pa.types.is_null(array.type) else pa.nulls(len(array))
    if pa.types.is_struct(array.type):
        return _settled_struct(array)
    if pa.types.is_list(array.type) and not pa.types.is_null(array.type.value_type):
        starts, items = rebased(array, array.values)
        known = settled(items)
        return array if known is items else pa.ListArray.from_arrays(starts, known)
    return array


def _settled_struct(array: pa.Array) -> pa.Array:
    old = array.flatten()
    new = list(map(settled, old))
    if all(a is b and not pa.types.is_null(a.type) for a, b in zip(new, old, strict=True)):
        return array
    named = [(f.name, child) for f, child in zip(array.type, new, strict=True) if not pa.types.is_null(child.type)]
    fields = [pa.field(name, child.type) for name, child in named]
    return pa.StructArray.from_arrays([child for _, child in named], fields=fields, mask=array.is_null())


# ---------------------------------------------------------------------------------------------- the slow way
def exact(lines: list[bytes]) -> Inferred:
    """As `infer`, by decoding each record."""
    runs: list[Run] = []
    bad: dict[int, str] = {}
    kind, indices, values = ObjectOf({}), list[int](), list[Any]()
    for index, line in enumerate(lines):
        try:
            value = _object(line)
            own = kind_of(value)
        except FormatError as error:
            bad[index] = error.reason
            continue
        merged = merged_kind(kind, own)
        if merged is None:
            runs.append(_run(indices, values, kind))
            merged, indices, values = own, [], []
        kind = _as_object(merged)
        indices.append(index)
        values.append(value)
    if values:
        runs.append(_run(indices, values, kind))
    return Inferred(runs, bad)


def _as_object(kind: Kind) -> ObjectOf:
    assert isinstance(kind, ObjectOf)
    return kind


def _run(indices: list[int], values: list[Any], kind: ObjectOf) -> Run:
    columns = pa.RecordBatch.from_struct_array(pa.array(values, arrow_type(kind)))
    return Run(indices, _settled_columns(columns))


def _object(line: bytes) -> dict[str, Any]:
    """The object that a line is. Raises FormatError, without coordinates."""
    try:
        value = _decode(line)
    except _FAILURES as error:
        raise FormatError(f"not a JSON text: {error}") from error
    if type(value) is not dict:
        raise FormatError("a Parquet file holds JSON objects, and the value is another kind of JSON")
    if not value:
        raise FormatError("a Parquet file holds objects that have fields; this one is empty")
    _check_keys(line, value)
    return value


_KEY = re.compile(rb'"\s*:')


def _check_keys(line: bytes, value: Any) -> None:
    """Raises FormatError for a key that stands twice in one object, of which the decoder keeps the last."""
    if len(_KEY.findall(line)) != _count_keys(value):  # more may be inside text: look again, slowly
        json.loads(line, object_pairs_hook=_unique)


def _count_keys(value: Any) -> int:
    if type(value) is dict:
        return len(value) + sum(map(_count_keys, value.values()))
    return sum(map(_count_keys, value)) if type(value) is list else 0


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen = set[str]()
    for key, _ in pairs:
        if key in seen:
            raise FormatError(f"the key {key!r} stands twice in one object")
        seen.add(key)
