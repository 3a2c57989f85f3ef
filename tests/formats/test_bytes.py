from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink.errors import ConfigError
from s3sink.formats import BytesFormat, PreparingFormat
from s3sink.schema import Schema
from tests.formats.making import prepared, raw, rows, written


@settings(deadline=None)
@given(st.lists(st.binary(), max_size=20), st.binary(max_size=3))
def test_a_file_is_each_value_and_the_separator_after_each(values: list[bytes], separator: bytes) -> None:
    format = BytesFormat(separator=separator)
    wanted = b"".join(value + separator for value in values)
    for batch in (raw(list(values)), rows(values)):
        batches, errors = prepared(format, batch)
        assert (written(format, batches), errors) == (wanted, [])


def test_a_separator_may_be_any_text() -> None:
    format = BytesFormat(separator="한|")
    assert written(format, prepared(format, rows([b"a", "é".encode()]))[0]).decode() == "a한|é한|"


@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        (None, None, "the value is null"),
        ("text", None, "ByteArrayConverter is not compatible with objects of type class java.lang.String"),
        ({"a": 1}, None, "ByteArrayConverter is not compatible with objects of type class java.util.HashMap"),
        (5, None, "ByteArrayConverter is not compatible with objects of type class java.lang.Long"),
        ("text", Schema(type="string"), "Invalid schema type for ByteArrayConverter: STRING"),
        (b"x", Schema(type="string"), "Invalid schema type for ByteArrayConverter: STRING"),
        ("x", Schema(type="bytes"), "ByteArrayConverter is not compatible with objects of type class java.lang.String"),
    ],
)
def test_what_is_not_bytes_is_refused_as_connect_does_and_the_others_go_on(
    value: Any, schema: Schema | None, reason: str
) -> None:
    good = Schema(type="bytes", optional=True)
    mixed = [*rows([b"a"], good).records(), *rows([value], schema, 101).records(), *rows([b"b"], good, 102).records()]
    batches, errors = prepared(BytesFormat(), rows(range(3)).with_rows(mixed))
    assert written(BytesFormat(), batches) == b"a\nb\n"
    assert [(error.offset, error.reason) for error in errors] == [(101, reason)]


def test_null_is_refused_as_read_too() -> None:
    batches, errors = prepared(BytesFormat(), raw([b"a", None]))
    assert (written(BytesFormat(), batches), [error.offset for error in errors]) == (b"a\n", [101])


def test_a_long_batch_is_one_stream_whatever_the_separator() -> None:
    format = BytesFormat(separator=b"", compression="gzip")
    batches, _ = prepared(format, raw([b"%d," % i for i in range(2500)]))
    assert gzip.decompress(written(format, batches)) == b"".join(b"%d," % i for i in range(2500))


@pytest.mark.parametrize(
    ("format", "extension"),
    [
        (BytesFormat(), ".bin"),
        (BytesFormat(compression="gzip"), ".bin.gz"),
        (BytesFormat(".json", compression="gzip"), ".json.gz"),
        (BytesFormat("dat"), "dat"),
    ],
)
def test_names_end_as_connect_has_them(format: BytesFormat, extension: str) -> None:
    assert format.extension == extension
    assert isinstance(format, PreparingFormat)


def test_a_suffix_is_no_path() -> None:
    with pytest.raises(ConfigError, match="suffix"):
        BytesFormat("a/b")
