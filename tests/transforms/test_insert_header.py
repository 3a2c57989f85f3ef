"""InsertHeader adds one header to every record."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import from_properties
from s3sink.errors import ConfigError
from s3sink.header_text import parse
from s3sink.record import Header, SinkRecord
from s3sink.schema import DATE, Schema
from s3sink.testing.strategies import records
from s3sink.transforms import DropHeaders, InsertHeader


@given(records(), st.text(max_size=5), st.text('[]{}1a,:.-" ', max_size=8))
def test_the_header_comes_last_and_nothing_else_changes(record: SinkRecord, name: str, literal: str) -> None:
    before = repr(record)
    schema, value = parse(literal)
    result = InsertHeader(name, literal).apply(record)
    assert result == record.replace(headers=(*record.headers, Header(name, value, schema)))
    assert repr(record) == before


@given(records())
def test_what_was_added_can_be_dropped_again(record: SinkRecord) -> None:
    assert DropHeaders(["not there before"]).apply(InsertHeader("not there before", "1").apply(record)) == record


@pytest.mark.parametrize(
    ("literal", "header"),
    [
        (" padded ", Header("h", "padded", Schema(type="string"))),
        ("", Header("h", "", Schema(type="string"))),
        ("null", Header("h", None)),
        ("300", Header("h", 300, Schema(type="int16"))),
        ("2019-08-23", Header("h", date(2019, 8, 23), Schema(type="int32", name=DATE, version=1))),
    ],
)
def test_the_literal_is_read_as_the_text_of_a_header(literal: str, header: Header) -> None:
    smt = from_properties(InsertHeader, {"header": "h", "value.literal": literal})
    record = SinkRecord(("t", 0), 1, None, "t")  # type: ignore[arg-type]
    assert smt.apply(record).headers == (header,)


def test_both_options_are_required() -> None:
    with pytest.raises(ConfigError) as caught:
        from_properties(InsertHeader, {})
    missing = 'Missing required configuration "{}" which has no default value.'
    assert [p.message for p in caught.value.problems] == [missing.format("header"), missing.format("value.literal")]
