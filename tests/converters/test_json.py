"""JSON texts become values, or stay text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.converters import JsonConverter, JsonPassThrough
from s3sink.converters._json_text import loads
from s3sink.converters._recent import Recent
from s3sink.errors import ConfigError, ConversionError
from s3sink.record import TopicPartition
from s3sink.schema import DECIMAL, Field, Schema

SOURCE = TopicPartition("orders", 3)
UNREADABLE = "Converting byte[] to Kafka Connect data failed due to serialization error: "
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | DOUBLES | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Raw(NamedTuple):
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def batch_of(values: Sequence[bytes]) -> RecordBatch:
    raw = [Raw(100 + 2 * i, 1_000 + i, None, value) for i, value in enumerate(values)]
    return RecordBatch(SOURCE, Span(100, 100 + 2 * len(values)), raw=raw)


def pretty(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\r\n").encode()


def envelope(schema: Any, payload: Any) -> bytes:
    return orjson.dumps({"schema": schema, "payload": payload})


def convert(converter: JsonConverter, text: str | bytes) -> tuple[Schema | None, Any]:
    return converter.convert("t", text.encode() if isinstance(text, str) else text, ())


# ---------------------------------------------------------------------------------------------- without envelope
@given(JSON)
@example(2**64)
@example(-(2**63) - 1)
@example({"a": [12345678901234567890123456789]})
def test_what_json_can_say_arrives_digit_by_digit(value: Any) -> None:
    assert repr(loads(json.dumps(value, ensure_ascii=False).encode())) == repr(value)
    assert repr(loads(pretty(value))) == repr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        (" \n", None),
        ("null", None),
        ('{"a":1} trailing', {"a": 1}),
        ('{"a":1}{"b":2}', {"a": 1}),
        ('{"a":01, "b":"01 \\" 02", "c":-007, "d":1e007, "e":100, "f":0.05}', None),
        ("\ufeff[1]", [1]),
        ('{"a":1,"a":2}', {"a": 2}),
        ("007 x", 7),
        ("1e3\n}", 1000.0),
        ("true}", True),
        ('"a"b', "a"),
    ],
)
def test_texts_are_read_as_leniently_as_connect_reads_them(text: str, value: Any) -> None:
    if value is None and text.startswith("{"):
        value = {"a": 1, "b": '01 " 02', "c": -7, "d": 1e7, "e": 100, "f": 0.05}
    assert convert(JsonConverter(), text) == (None, value)


@pytest.mark.parametrize(
    "text",
    [b"{bad", b"{'a':1}", b'{"a":1,}', b'// c\n{"a":1}', b'{"a":"\xff\xfe"}', b"NaN", b"[-Infinity]", b"1e999",
     b"2021-01-01", b"12:30", b"5x", b"5}", b"1.", b"1e", b"0x1F", b"truex", b"null_", b"true\xc3\xa9",
     b"[1e400]", b'"\\ud800"', b'"\x01"', b"[" * 100_000, b'{"a":1', b"\xef\xbb", b"\xff"],
)  # fmt: skip
def test_what_is_not_json_is_refused_and_says_why(text: bytes) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(JsonConverter(), text)
    assert caught.value.reason == UNREADABLE
    assert caught.value.__cause__ is not None


def test_a_tombstone_stays_none() -> None:
    assert JsonConverter().convert("t", None, ()) == (None, None)
    assert JsonConverter(schemas_enable=True).convert("t", None, ()) == (None, None)


# ---------------------------------------------------------------------------------------------- with envelope
ROW = {
    "type": "struct",
    "fields": [{"field": "id", "type": "int32"}, {"field": "note", "type": "string", "optional": True}],
}


def test_the_schema_of_an_envelope_is_parsed_once_per_text() -> None:
    converter = JsonConverter(schemas_enable=True)
    schemas = [convert(converter, envelope(ROW, {"id": i}))[0] for i in range(3)]
    assert schemas[0] is schemas[1] is schemas[2]
    spaced = convert(converter, json.dumps({"payload": {"id": 4}, "schema": ROW}))
    assert spaced == (schemas[0], {"id": 4, "note": None})


@given(st.lists(st.tuples(st.booleans(), st.integers(-5, 5), st.booleans()), max_size=6))
def test_the_short_way_and_the_long_way_agree(records: list[tuple[bool, int, bool]]) -> None:
    converter = JsonConverter(schemas_enable=True)
    for is_row, number, compact in records:
        schema, payload = (ROW, {"id": number}) if is_row else ({"type": "int32"}, number)
        text = envelope(schema, payload) if compact else json.dumps({"schema": schema, "payload": payload}).encode()
        assert convert(converter, text) == convert(JsonConverter(schemas_enable=True), text)


@pytest.mark.parametrize(
    "text",
    ["5", "null", "", '{"payload":1}', '{"schema":{"type":"int32"},"payload":1,"extra":2}', '{"a":1}', "[]"],
)
def test_what_is_no_envelope_is_refused_even_after_one_that_is(text: str) -> None:
    converter = JsonConverter(schemas_enable=True)
    convert(converter, '{"schema":{"type":"int32"},"payload":1}')
    with pytest.raises(ConversionError, match='requires "schema" and "payload" fields'):
        convert(converter, text)


@pytest.mark.parametrize("end", ["12]", "1", '1,"payload":2', "1}x", "}"])
def test_the_short_way_looks_at_the_whole_text(end: str) -> None:
    converter = JsonConverter(schemas_enable=True)
    convert(converter, '{"schema":{"type":"int32"},"payload":1}')
    text = f'{{"schema":{{"type":"int32"}},"payload":{end}'
    if end == "1}x":  # what follows is ignored, as everywhere
        assert convert(converter, text)[1] == 1
    else:
        with pytest.raises(ConversionError):
            convert(converter, text)


def test_a_default_with_a_fraction_is_read_in_a_text_that_is_not_quite_json() -> None:
    text = '\ufeff{"schema":{"type":"double","default":1.5e300},"payload":null}'
    assert convert(JsonConverter(schemas_enable=True), text)[1] == 1.5e300


def test_an_envelope_may_have_no_schema() -> None:
    assert convert(JsonConverter(schemas_enable=True), '{"schema":null,"payload":{"a":1.5}}') == (None, {"a": 1.5})
    lenient = convert(JsonConverter(schemas_enable=True), '{"schema":null,"payload":{"a":01.5}}')
    assert repr(lenient) == "(None, {'a': 1.5})"


def test_decimals_as_numbers_keep_all_their_digits() -> None:
    digits = "1234567890123456789012345678901234567890.12345678901234567890"
    schema = {"type": "bytes", "name": DECIMAL, "parameters": {"scale": "20"}}
    fields = [{"field": "d"} | schema, {"field": "f", "type": "double"}]
    text = json.dumps({"schema": {"type": "struct", "fields": fields}, "payload": "?"}, separators=(",", ":"))
    converter = JsonConverter(schemas_enable=True)
    for _ in range(2):
        _, value = convert(converter, text.replace('"?"', f'{{"d":{digits},"f":0.5}}'))
        assert value == {"d": Decimal(digits), "f": 0.5}
        assert type(value["f"]) is float


def test_a_bad_schema_is_refused_with_connects_words() -> None:
    with pytest.raises(ConversionError, match="Unknown schema type: bogus"):
        convert(JsonConverter(schemas_enable=True), '{"schema":{"type":"bogus"},"payload":1}')


def test_the_schema_may_be_configured_instead() -> None:
    converter = JsonConverter(
        schemas_enable=True, schema_content='{"type":"struct","fields":[{"field":"a","type":"int8"}]}'
    )
    assert convert(converter, '{"a":300}') == (
        Schema(type="struct", fields=(Field("a", Schema(type="int8")),)),
        {"a": 44},
    )
    with pytest.raises(ConfigError, match="schema_content: Unknown schema type: x"):
        JsonConverter(schemas_enable=True, schema_content='{"type":"x"}')


def test_options_have_connects_names() -> None:
    properties = {"schemas.enable": "true", "decimal.format": "NUMERIC", "replace.null.with.default": "false"}
    assert from_properties(JsonConverter, properties) == JsonConverter(True, "NUMERIC", False)
    more = {"schema.content": '{"type":"int8"}', "schemas.cache.size": "5", "decimal.format": " numeric "}
    expected = JsonConverter(decimal_format="NUMERIC", schema_content='{"type":"int8"}', schemas_cache_size=5)
    assert from_properties(JsonConverter, more) == expected
    assert not JsonConverter().schemas_enable


def test_all_that_is_wrong_is_said_together_in_connects_words() -> None:
    properties = {"schemas.enable": "true", "decimal.format": "Text", "schema.content": "{"}
    with pytest.raises(ConfigError) as caught:
        from_properties(JsonConverter, {f"value.converter.{k}": v for k, v in properties.items()}, "value.converter.")
    assert list(map(str, caught.value.problems)) == [
        "value.converter.decimal.format: Invalid value Text for configuration decimal.format: "
        "String must be one of (case insensitive): NUMERIC, BASE64",
        "value.converter.schema.content: Failed to parse schema in converter config due to serialization error: ",
    ]


def test_schema_content_is_ignored_without_schemas_and_where_it_is_null() -> None:
    assert convert(JsonConverter(schema_content="{"), "1") == (None, 1)
    text = '{"schema":null,"payload":1}'
    assert convert(JsonConverter(schemas_enable=True, schema_content="null"), text) == (None, 1)


def test_the_schemas_used_last_are_kept() -> None:
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    recent = Recent(make, 2)
    assert [recent(key) for key in "abacba"] == list("ABACBA")
    assert (made, len(recent)) == (["a", "b", "c", "b", "a"], 2)
    assert [Recent(str.upper, 0)(key) for key in "aab"] == ["A", "A", "B"]


# ---------------------------------------------------------------------------------------------- passing through
def test_only_texts_without_envelope_pass_through() -> None:
    assert isinstance(JsonConverter(), JsonPassThrough)
    assert JsonConverter().passes_json
    assert not JsonConverter(schemas_enable=True).passes_json


TEXTS = (
    JSON.map(lambda v: json.dumps(v, ensure_ascii=False).encode())
    | JSON.map(pretty)
    | st.binary(max_size=6)
    | st.sampled_from([b"{bad", b"", b" \n", b" null\n", b'{"a":"\xff"}', b"01", b"1 2", b"\xef\xbb\xbf1", b"[" * 2000])
)


@given(st.lists(TEXTS, max_size=8))
def test_checking_keeps_exactly_what_converting_reads_one_line_each(texts: list[bytes]) -> None:
    batch, errors = JsonConverter().check(batch_of(texts))
    lines = batch.encoded()
    assert lines is not None
    good, bad = {}, []
    for i, text in enumerate(texts):
        try:
            good[100 + 2 * i] = loads(text)
        except ConversionError:
            bad.append(100 + 2 * i)
    assert list(batch.offsets) == list(good)
    assert [error.offset for error in errors] == bad
    assert [repr(loads(line)) for line in lines] == [repr(value) for value in good.values()]
    assert not any(b"\n" in line for line in lines)
    assert [line == b"null" for line in lines] == [value is None for value in good.values()]
    assert batch.span == Span(100, 100 + 2 * len(texts))


def test_good_texts_pass_as_the_same_objects() -> None:
    texts = [b'{"pi": 3.141592653589793238462643}', b'{"a":  1}', '{"name":"Zoë"}'.encode()]
    batch, errors = JsonConverter().check(batch_of(texts))
    assert not errors
    assert all(line is text for line, text in zip(batch.encoded() or [], texts, strict=True))


def test_an_error_says_which_record_it_was_and_why() -> None:
    batch, errors = JsonConverter().check(batch_of([b"1", b"{bad", b"3"]))
    assert batch.encoded() == [b"1", b"3"]
    (error,) = errors
    assert (error.source, error.offset, error.executing, error.at_stage) == (
        SOURCE,
        102,
        "JsonConverter",
        "VALUE_CONVERTER",
    )
    assert error.__cause__ is not None


@pytest.mark.parametrize("text", [b'{"a":\n1}', '{"é":\n"ö"}'.encode()])
def test_one_pretty_text_among_thousands_becomes_one_line(text: bytes) -> None:
    texts = [b'{"n":%d}' % i for i in range(2500)]
    texts[1700] = text
    lines = JsonConverter().check(batch_of(texts))[0].encoded() or []
    assert lines[1700] == text.replace(b"\n", b" ")
    assert lines[:1700] + lines[1701:] == texts[:1700] + texts[1701:]


def test_an_empty_batch_is_fine() -> None:
    batch, errors = JsonConverter().check(batch_of([]))
    assert (batch.encoded(), errors) == ([], [])
