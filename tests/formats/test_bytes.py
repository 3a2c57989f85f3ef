from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sink.errors import ConfigError
from s3sink.formats import BytesFormat, PreparingFormat
from tests.formats.making import prepared, raw, rows, written


@settings(deadline=None)
@given(st.lists(st.binary(), max_size=20), st.binary(max_size=3))
def test_a_file_is_each_value_and_the_separator_after_each(values: list[bytes], separator: bytes) -> None:
    format = BytesFormat(separator=separator)
    wanted = b"".join(value + separator for value in values)
    for batch in (raw(list(values)), rows(values)):
        batches, errors = prepared(format, batch)
        assert (written(format, batches), errors) == (wanted, [])


def test_text_is_written_as_utf8() -> None:
    format = BytesFormat(separator="한|")
    assert written(format, prepared(format, rows(["a", "é"]))[0]).decode() == "a한|é한|"


@pytest.mark.parametrize("value", [None, {"a": 1}, 5, "\ud800"])
def test_what_is_neither_bytes_nor_text_is_refused_and_the_others_go_on(value: Any) -> None:
    batches, errors = prepared(BytesFormat(), rows([b"a", value, b"b"]))
    assert written(BytesFormat(), batches) == b"a\nb\n"
    assert [error.offset for error in errors] == [101]


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
