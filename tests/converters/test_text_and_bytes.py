"""Texts and bytes as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.converters import BytesConverter, StringConverter
from s3sink.errors import ConfigError
from s3sink.schema import Schema

TEXT = Schema(type="string", optional=True)
BYTES = Schema(type="bytes", optional=True)


@given(st.text())
def test_text_arrives_as_it_was_written(text: str) -> None:
    assert StringConverter().convert("t", text.encode(), ()) == (TEXT, text)


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("UTF-8", b"a\xff", "a\ufffd"),
        ("UTF-8", b"", ""),
        ("UTF-8", None, None),
        ("ISO-8859-1", b"a\xff", "a\u00ff"),
        ("UTF-16", b"\xff\xfe\xe9\x00", "\u00e9"),
        ("UTF-16", b"\xfe\xff\x00\xe9", "\u00e9"),
        ("UTF-16", b"\x00\xe9", "\u00e9"),
    ],
)
def test_text_is_decoded_as_java_decodes_it(encoding: str, data: bytes | None, text: str | None) -> None:
    assert StringConverter(encoding).convert("t", data, ()) == (TEXT, text)


def test_an_encoding_that_does_not_exist_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"converter\.encoding: Unsupported encoding bogus"):
        from_properties(StringConverter, {"converter.encoding": "bogus"})


@given(st.none() | st.binary())
def test_bytes_arrive_as_they_were_written(data: bytes | None) -> None:
    assert BytesConverter().convert("t", data, ()) == (BYTES, data)
