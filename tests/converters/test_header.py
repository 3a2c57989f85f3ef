"""Headers that do not say what type they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.connect_json import shortest_float32
from s3sink.converters import Converter, Encoder, SimpleHeaderConverter
from s3sink.schema import Schema

WIDTHS = (("int8", 7), ("int16", 15), ("int32", 31), ("int64", 63))
CONVERTER: Converter = SimpleHeaderConverter()


def test_it_is_an_encoder() -> None:
    assert isinstance(CONVERTER, Encoder)


def read_again(value: Any, schema: Schema | None = None) -> tuple[Schema | None, Any]:
    converter = SimpleHeaderConverter()
    return converter.convert("t", converter.encode("t", schema, value), ())


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_comes_back_with_the_smallest_type_that_holds_it(value: int) -> None:
    smallest = next(name for name, bits in WIDTHS if -(1 << bits) <= value < 1 << bits)
    assert read_again(value) == (Schema(type=smallest), value)  # type: ignore[arg-type]


@given(st.none() | st.booleans())
def test_null_and_booleans_come_back(value: bool | None) -> None:
    assert read_again(value) == (None if value is None else Schema(type="boolean"), value)


@given(st.floats(-1e6, 1e6, width=32).map(shortest_float32).filter(lambda x: x != int(x)))
def test_a_fraction_comes_back_as_a_float32(value: float) -> None:
    assert read_again(value, Schema(type="float32")) == (Schema(type="float32"), value)


@given(st.text(st.characters(categories=["L"]), min_size=6))
def test_words_come_back_as_text(value: str) -> None:
    assert read_again(value) == (Schema(type="string"), value)


@given(st.binary())
def test_reading_never_fails(data: bytes) -> None:
    schema, value = CONVERTER.convert("t", data, ())
    assert (schema is None) == (value is None)


@pytest.mark.parametrize(
    ("data", "value"), [(None, None), (b"null", None), (b"", ""), (b"\xff\xfe", "\ufffd\ufffd"), (b"[1,2]", [1, 2])]
)
def test_bytes_are_read_as_connect_reads_them(data: bytes | None, value: Any) -> None:
    assert CONVERTER.convert("t", data, ())[1] == value


@pytest.mark.parametrize(
    ("value", "data"), [(None, None), ("", b""), (b"\1\2\3", b"AQID"), ([1, 'a"b', None], b'[1,"a\\"b",null]')]
)
def test_values_are_written_as_connect_writes_them(value: Any, data: bytes | None) -> None:
    assert SimpleHeaderConverter().encode("t", None, value) == data
