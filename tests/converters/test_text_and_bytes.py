"""Texts and bytes as they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.converters import BytesConverter, Converter, Encoder, StringConverter
from s3sink.errors import ConfigError, ConversionError
from s3sink.schema import DATE, DECIMAL, Field, Schema

TEXT = Schema(type="string", optional=True)
BYTES = Schema(type="bytes", optional=True)
MONEY = Schema(type="bytes", name=DECIMAL, parameters=(("scale", "2"),))
STRUCT = Schema(
    type="struct",
    fields=(Field("x", Schema(type="int32")), Field("d", Schema(type="int32", name=DATE, optional=True))),
)


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


# ---------------------------------------------------------------------------------------------- encoding
ENCODINGS = ("UTF-8", "UTF-16", "UTF-16LE", "UTF-32", "utf8")


@given(st.none() | st.text(), st.sampled_from(ENCODINGS))
def test_text_is_read_as_it_was_written(text: str | None, encoding: str) -> None:
    converter = StringConverter(encoding)
    assume(text is None or text[:1] not in ("\ufeff", "\ufffe"))  # a byte order mark is none of the text, as in Java
    assert converter.convert("t", converter.encode("t", TEXT, text), ()) == (TEXT, text)


@pytest.mark.parametrize(
    ("schema", "value", "written"),
    [
        (None, {"a": 1, "b": [1.0, None, True]}, "{a=1, b=[1.0, null, true]}"),
        (Schema(type="float32"), 0.1, "0.1"),
        (None, 1e10, "1.0E10"),
        (None, Decimal("1.50"), "1.50"),
        (STRUCT, {"x": 1, "d": None}, "Struct{x=1}"),
        (STRUCT, {"x": 1, "d": date(1970, 1, 2)}, "Struct{x=1,d=Fri Jan 02 00:00:00 UTC 1970}"),
        (None, datetime(2024, 2, 29, 12, 30, 5, tzinfo=UTC), "Thu Feb 29 12:30:05 UTC 2024"),
        (None, date(1582, 10, 14), "Thu Oct 04 00:00:00 UTC 1582"),
        (None, date(1, 1, 1), "Mon Jan 03 00:00:00 UTC 1"),
        (None, [time(1, 2, 3)], "[Thu Jan 01 01:02:03 UTC 1970]"),
    ],
)
def test_a_value_is_written_as_java_prints_it(schema: Schema | None, value: Any, written: str) -> None:
    assert StringConverter().encode("t", schema, value) == written.encode()


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("UTF-16", b"\xfe\xff\x00\xe9"), ("UTF-32", b"\x00\x00\x00\xe9"), ("ISO-8859-1", b"\xe9"), ("US-ASCII", b"?")],
)
def test_text_is_encoded_as_java_encodes_it(encoding: str, written: bytes) -> None:
    assert StringConverter(encoding).encode("t", None, "\u00e9") == written


def test_no_text_is_no_bytes() -> None:
    assert StringConverter("UTF-16").encode("t", None, "") == b""


@pytest.mark.parametrize("value", [b"x", [b"x"], {"a": {"b": b"x"}}])
def test_bytes_are_no_text(value: Any) -> None:
    with pytest.raises(ConversionError, match="StringConverter has no text for bytes"):
        StringConverter().encode("t", None, value)


@pytest.mark.parametrize("encoding", ["", "hex", "a\0b"])
def test_what_is_no_character_set_is_a_config_error(encoding: str) -> None:
    with pytest.raises(ConfigError, match="Unsupported encoding"):
        StringConverter(encoding)


@given(st.none() | st.binary())
def test_bytes_are_written_as_they_are(data: bytes | None) -> None:
    for schema in (None, BYTES):
        assert BytesConverter().encode("t", schema, data) == data


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        (Schema(type="string"), "x", "Invalid schema type for ByteArrayConverter: STRING"),
        (Schema(type="string"), None, "Invalid schema type for ByteArrayConverter: STRING"),
        (None, "x", "ByteArrayConverter is not compatible with objects of type class java.lang.String"),
        (
            MONEY,
            Decimal("1.50"),
            "ByteArrayConverter is not compatible with objects of type class java.math.BigDecimal",
        ),
    ],
)
def test_what_is_no_bytes_is_refused_with_connects_words(schema: Schema | None, value: Any, words: str) -> None:
    with pytest.raises(ConversionError) as caught:
        BytesConverter().encode("t", schema, value)
    assert caught.value.reason == words


@pytest.mark.parametrize("converter", [StringConverter(), BytesConverter()])
def test_both_are_encoders(converter: Converter) -> None:
    assert isinstance(converter, Encoder)
