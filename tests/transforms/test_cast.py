"""Cast converts as Java does, wherever the value stands."""

from __future__ import annotations

import ctypes
import math
import struct as binary
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.batch import RecordBatch, Span
from s3sink.config import from_properties
from s3sink.errors import SCHEMA_BUILDER_EXCEPTION, ConfigError, TransformError
from s3sink.java_text import double_text
from s3sink.record import SinkRecord, TopicPartition
from s3sink.schema import DATE, DECIMAL, TIME, TIMESTAMP, Field, Schema, Type
from s3sink.transforms import Cast, Chain, Flatten, InsertField

SOURCE = TopicPartition("orders", 3)
TARGETS: list[Type] = ["int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string"]
SUPPORTED = "[INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING"
MOMENT = datetime(2017, 1, 3, 6, 30, 1, 864000, tzinfo=UTC)
OF_TYPE: dict[type, Type] = {int: "int64", float: "float64", bool: "boolean", str: "string", bytes: "bytes"}
LOGICAL: dict[str, Schema] = {
    "date": Schema(type="int32", name=DATE, version=1),
    "time": Schema(type="int32", name=TIME, version=1),
    "timestamp": Schema(type="int64", name=TIMESTAMP, version=1),
    "decimal": Schema(type="bytes", name=DECIMAL, version=1, parameters=(("scale", "2"),)),
}


def record(value: Any, schema: Schema | None = None) -> SinkRecord:
    return SinkRecord(SOURCE, 42, 1500, "lake", value=value, value_schema=schema)


def struct(*fields: Field, **changes: Any) -> Schema:
    return Schema(type="struct", fields=fields, name="n", version=2, doc="d", parameters=(("p", "q"),), **changes)


def cast(value: Any, target: str, schema: Schema | None = None) -> Any:
    return Cast([target]).apply(record(value, schema)).value


def outcome(row: SinkRecord, *smts: Cast | InsertField | Flatten) -> str:
    """What comes out, or why nothing does."""
    try:
        for smt in smts:
            row = smt.apply(row)
    except TransformError as error:
        return error.reason
    return repr(row.value)


SCALARS: st.SearchStrategy[Any] = (
    st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.booleans()
    | st.text()
    | st.binary()
    | st.integers().map(str)
    | st.floats().map(double_text)
)


@given(SCALARS, st.sampled_from(TARGETS))
@example(-0.0, "string")
@example(2**63 - 1, "float32")
def test_a_value_is_cast_alike_with_schema_and_without_whole_and_in_a_field(value: Any, target: str) -> None:
    schema, whole, field = Schema(type=OF_TYPE[type(value)]), Cast([target]), Cast([f"f:{target}"])
    expected = outcome(record(value), whole)
    assert outcome(record(value, schema), whole) == expected
    typed = outcome(record({"f": value}, struct(Field("f", schema))), field)
    assert outcome(record({"f": value}), field) == typed
    assert typed in (expected, f"{{'f': {expected}}}")


@given(st.dictionaries(st.sampled_from("abc"), SCALARS | st.none() | st.lists(st.integers()) | st.just(MOMENT)))
def test_the_argument_is_not_touched_and_chains_of_any_length_agree(value: dict[str, Any]) -> None:
    smts = (Cast(["a:string", "b:boolean"]), InsertField(offset_field="o"), Flatten(), Cast({"a": "string"}))
    given_record, before = record(value), repr(deepcopy(value))
    rows, errors = Chain(smts).apply(RecordBatch(SOURCE, Span(42, 43), rows=[given_record]))
    assert repr(given_record.value) == before
    results = [repr(row.value) for row in rows.records()] + [error.reason for error in errors]
    assert results == [outcome(given_record, *smts)]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.text() | st.booleans())))
def test_a_batch_of_documents_is_cast_as_its_rows_are(values: list[dict[str, Any]]) -> None:
    smt = Cast(["a:string", "b:boolean"])
    rows = [record(value) for value in values]
    documents = RecordBatch(SOURCE, Span(0, 99), raw=list(rows), documents=deepcopy(values))
    batch = smt.apply_batch(documents)
    assert batch is not None
    assert batch.documents() == [smt.apply(row).value for row in rows]


# ---------------------------------------------------------------------------------------------- numbers
_C = {"int8": ctypes.c_int8, "int16": ctypes.c_int16, "int32": ctypes.c_int32, "int64": ctypes.c_int64}


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(list(_C)))
@example(300, "int8")
@example(128, "int8")
def test_integers_keep_their_low_bits(value: int, target: str) -> None:
    assert cast(value, target) == _C[target](value).value


@given(st.floats(allow_nan=False), st.sampled_from(list(_C)))
@example(1e20, "int8")
@example(-2147483648.9, "int32")
@example(9.3e18, "int64")
def test_a_fraction_is_cut_off_and_the_limits_of_int_and_long_hold(value: float, target: str) -> None:
    limit = 2**63 if target == "int64" else 2**31
    within = max(-limit, min(limit - 1, value))
    assert cast(value, target) == _C[target](int(within)).value


def nearest_float32(exact: Fraction) -> float:
    """By looking at the neighbours of a first guess; of two that are as near, the even one."""
    (bits,) = binary.unpack("<i", binary.pack("<f", float(exact)))
    near = [binary.unpack("<f", binary.pack("<i", bits + step))[0] for step in (-1, 0, 1) if bits + step >= 0]
    bits_of = {number: binary.pack("<f", number)[0] & 1 for number in near}
    found: float = min(near, key=lambda number: (abs(Fraction(number) - exact), bits_of[number]))
    return found


@given(st.integers(0, 2**63 - 1) | st.integers(0, 2**30).map(lambda n: (n << 30) + 1))
@example(2**53 + 2**29 + 1)
@example(9007199791611905)
def test_an_integer_becomes_the_nearest_float32_rounded_once(value: int) -> None:
    expected = nearest_float32(Fraction(value))
    for shown in (cast(value, "float32"), cast(f"{value}", "float32"), cast(f" {value}.0F", "float32")):
        assert binary.pack("<f", shown) == binary.pack("<f", expected)


@given(st.decimals(0, 10**12, places=2))
@example(Decimal("16777217.00"))
def test_a_decimal_becomes_the_nearest_number(value: Decimal) -> None:
    shown = cast(value, "float32", LOGICAL["decimal"])
    assert binary.pack("<f", shown) == binary.pack("<f", nearest_float32(Fraction(value)))
    assert cast(value, "float64", LOGICAL["decimal"]) == float(value)


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans())
def test_a_text_is_read_back_as_what_it_was(value: Any) -> None:
    assert repr(cast(cast(value, "string"), OF_TYPE[type(value)])) == repr(value)


def test_integers_beyond_64_bits_are_no_reason_to_fail() -> None:
    assert cast(10**400, "float64") == math.inf
    assert cast(-(10**400), "float32") == -math.inf
    assert cast(2**64 + 5, "int64") == 5


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [
        (math.nan, "int64", 0), (math.inf, "int32", 2**31 - 1), (-math.inf, "int64", -(2**63)), (-0.0, "int8", 0),
        (math.inf, "int16", -1), (-math.inf, "int8", 0), (-42.9, "int32", -42), (40000.0, "int16", -25536),
        (0.5, "boolean", False), (-1.5, "boolean", True), (math.nan, "boolean", False), (math.inf, "boolean", True),
        (0, "boolean", False), (256, "boolean", True), (True, "int8", 1), (False, "float32", 0.0),
        ("TrUe", "boolean", True), ("true ", "boolean", False), ("1", "boolean", False), ("", "boolean", False),
        (True, "string", "true"), (-0.0, "string", "-0.0"), (42.0, "string", "42.0"), (1e10, "string", "1.0E10"),
        (1e-5, "string", "1.0E-5"), (math.nan, "string", "NaN"), (-math.inf, "string", "-Infinity"),
        (0.001, "string", "0.001"), (9999999.0, "string", "9999999.0"), (1234567890123456789, "string",
        "1234567890123456789"), (b"\xfb\xff", "string", "+/8="), (b"", "string", ""), ("", "string", ""),
        ("+5", "int8", 5), ("-0", "int32", 0), ("-0", "float64", -0.0), ("9223372036854775807", "int64", 2**63 - 1),
        ("\t1e3d\n", "float64", 1000.0), ("-Infinity", "float32", -math.inf), ("0x1p4", "float32", 16.0),
        ("1e400", "float64", math.inf), ("1e39", "float32", math.inf), ("3.4e38", "float32", 3.4e38),
        (0.1, "float32", 0.1), (1 / 3, "float32", 0.33333334), ("0.1", "float32", 0.1), (1e-46, "float32", 0.0),
        ("0.33333333", "float32", 0.33333334), (1.17549435e-38, "float32", 1.1754944e-38),
        (16777217, "float32", 16777216.0), (None, "string", None), (None, "int8", None),
    ],
)  # fmt: skip
def test_values_become_what_java_makes_of_them(value: Any, target: str, expected: Any) -> None:
    assert repr(cast(value, target)) == repr(expected)


# ---------------------------------------------------------------------------------------------- with a schema
@pytest.mark.parametrize(
    ("schema", "value", "target", "expected"),
    [
        ("timestamp", MOMENT, "string", "2017-01-03T06:30:01.864Z"), ("timestamp", MOMENT, "int64", 1483425001864),
        ("timestamp", MOMENT, "int32", 1661284744), ("timestamp", MOMENT, "boolean", True),
        ("timestamp", datetime(2017, 1, 3, tzinfo=UTC), "string", "2017-01-03"),
        ("timestamp", datetime(1969, 12, 31, 23, 59, 59, 1000, tzinfo=UTC), "string", "23:59:59.001Z"),
        ("timestamp", datetime(1969, 12, 31, 23, 59, 59, 1000, tzinfo=UTC), "int64", -999),
        ("timestamp", datetime(1970, 1, 1, tzinfo=UTC), "boolean", False),
        ("date", date(2017, 1, 3), "string", "2017-01-03"), ("date", date(2017, 1, 3), "int32", 17169),
        ("date", date(1960, 5, 5), "string", "00:00:00.000Z"), ("date", date(1969, 12, 31), "int64", -1),
        ("date", date(2017, 1, 3), "int8", 17), ("date", date(1970, 1, 2), "string", "1970-01-02"),
        ("time", time(12, 30), "string", "12:30:00.000Z"), ("time", time(12, 30), "float64", 45_000_000.0),
        ("time", time(0, 0, 0, 1000), "float32", 1.0), ("date", date(1970, 1, 2), "float32", 1.0),
        ("decimal", Decimal("0.86"), "string", "0.86"), ("decimal", Decimal("0.86"), "int64", 0),
        ("decimal", Decimal("-0.00"), "string", "0.00"), ("decimal", Decimal("1E+3"), "string", "1E+3"),
        ("decimal", Decimal("300.99"), "int8", 44), ("decimal", Decimal("0.99"), "boolean", False),
        ("decimal", Decimal(2**64 + 7), "int64", 7), ("decimal", Decimal("1E-7"), "string", "1E-7"),
    ],
)  # fmt: skip
def test_logical_types_are_cast_by_what_they_stand_for(schema: str, value: Any, target: str, expected: Any) -> None:
    assert repr(cast(value, target, LOGICAL[schema])) == repr(expected)
    row = record({"f": value}, struct(Field("f", LOGICAL[schema])))
    result = Cast([f"f:{target}"]).apply(row)
    assert repr(result.value) == repr({"f": expected})
    assert result.value_schema == struct(Field("f", Schema(type=target)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [(0.1, "float64", 0.10000000149011612), (0.1, "string", "0.1"), (3e10, "int64", 30000001024),
     (1e-46, "boolean", False), (math.nan, "int32", 0), (1e10, "int8", -1), (5, "string", "5.0")],
)  # fmt: skip
def test_a_float32_is_the_number_that_it_is_and_not_the_one_that_it_shows(
    value: float, target: str, expected: Any
) -> None:
    assert repr(cast(value, target, Schema(type="float32"))) == repr(expected)


def test_the_whole_value_keeps_all_of_its_schema_but_the_type() -> None:
    schema = LOGICAL["decimal"].replace(optional=True, doc="d")
    result = Cast(["string"]).apply(record(Decimal("1.50"), schema))
    assert (result.value, result.value_schema) == ("1.50", schema.replace(type="string"))


def test_a_second_cast_takes_what_the_first_has_left() -> None:
    once = Cast(["int64"]).apply(record(MOMENT, LOGICAL["timestamp"]))
    assert Cast(["string"]).apply(once).value == "1483425001864"
    with pytest.raises(TransformError, match=r"java\.lang\.Long cannot be cast to class java\.util\.Date"):
        Cast(["int32"]).apply(once)


def test_defaults_are_cast_too() -> None:
    schema = Schema(type="float32", default=-42.125, optional=True)
    assert Cast(["int32"]).apply(record(10.0, schema)).value_schema == Schema(type="int32", default=-42, optional=True)
    result = Cast(["a:string", "b:int8"]).apply(record({"a": None, "b": None}, struct(Field("a", schema))))
    assert result.value_schema == struct(Field("a", Schema(type="string", default="-42.125", optional=True)))
    assert result.value == {"a": "-42.125"}


@pytest.mark.parametrize(
    ("schema", "spec", "reason"),
    [
        (Schema(type="string", default="x"), "int8", "Value (x) was out of range for requested data type"),
        (LOGICAL["date"].replace(default=date(2026, 1, 1)), "string", "Invalid default value"),
    ],
)
def test_a_default_that_cannot_be_cast_fails_every_record(schema: Schema, spec: str, reason: str) -> None:
    value = "1" if schema.type == "string" else date(2026, 1, 1)
    for _ in range(2):
        with pytest.raises(TransformError) as caught:
            Cast([spec]).apply(record(value, schema))
        assert caught.value.reason == reason
    assert (caught.value.connect_class == SCHEMA_BUILDER_EXCEPTION) is (reason == "Invalid default value")


def test_a_struct_stays_optional_but_may_have_no_default() -> None:
    schema = struct(Field("a", Schema(type="int8")), optional=True)
    result = Cast(["a:int16"]).apply(record({"a": 5}, schema))
    assert result.value_schema == struct(Field("a", Schema(type="int16")), optional=True)
    with pytest.raises(TransformError, match="does not support casting from STRUCT"):
        Cast(["a:int16"]).apply(record({"a": 5}, schema.replace(default={"a": 1})))


@pytest.mark.parametrize(("replace", "expected"), [(True, {"a": "7", "b": 8}), (False, {"a": None, "b": None})])
def test_null_becomes_the_default_or_stays(replace: bool, expected: dict[str, Any]) -> None:
    number = Schema(type="int32", optional=True)
    schema = struct(Field("a", number.replace(default=7)), Field("b", number.replace(default=8)))
    smt = Cast(["a:string"], replace_null_with_default=replace)
    assert smt.apply(record({"a": None, "b": None}, schema)).value == expected


def test_null_in_a_required_field_is_refused_under_its_new_type() -> None:
    schema = struct(Field("a", Schema(type="int32", default=7)))
    with pytest.raises(TransformError, match='null used for required field: "a", schema type: INT64'):
        Cast(["a:int64"], replace_null_with_default=False).apply(record({"a": None}, schema))


def test_a_field_that_is_not_there_is_added_only_without_schema() -> None:
    assert Cast(["a.b:int64"]).apply(record({"a": {"b": "5"}})).value == {"a": {"b": "5"}, "a.b": None}
    row = record({"a": 1}, struct(Field("a", Schema(type="int8"))))
    assert Cast(["x:int64"]).apply(row) == row


@pytest.mark.parametrize("smt", [Cast(["string"]), Cast(["a:string"]), Cast(["a:string"], of="key")])
@pytest.mark.parametrize("schema", [None, Schema(type="int8", optional=True)])
def test_a_record_without_a_value_goes_on_unchanged(smt: Cast, schema: Schema | None) -> None:
    tombstone = record(None, schema)
    assert smt.apply(tombstone) is tombstone


def test_keys_can_be_cast_too() -> None:
    row = record("v").replace(key=300, key_schema=Schema(type="int32"))
    assert Cast(["int8"], of="key").apply(row) == row.replace(key=44, key_schema=Schema(type="int8"))
    assert Cast({"k": "string"}, of="key").apply(row.replace(key={"k": 1}, key_schema=None)).key == {"k": "1"}


# ---------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("value", "schema", "spec", "reason"),
    [
        ("1.0", None, "int32", "Value (1.0) was out of range for requested data type"),
        (" 1", None, "int64", "Value ( 1) was out of range for requested data type"),
        ("128", None, "int8", "Value (128) was out of range for requested data type"),
        ("", None, "float64", "Value () was out of range for requested data type"),
        ("1_0", None, "float32", "Value (1_0) was out of range for requested data type"),
        ("nan", None, "float64", "Value (nan) was out of range for requested data type"),
        (b"\1", None, "boolean", "Unexpected type in Cast transformation: class [B"),
        (b"\1", Schema(type="bytes"), "int8", "Unexpected type in Cast transformation: class [B"),
        ({}, None, "string", f"Cast transformation does not support casting from MAP; supported types are {SUPPORTED}, "
                             "BYTES]"),
        ([], Schema(type="array", items=Schema(type="int8")), "int8", "Cast transformation does not support casting "
         f"from ARRAY; supported types are {SUPPORTED}, BYTES]"),
        (MOMENT, None, "string", "Cast transformation was passed a value of type class java.util.Date which is not "
                                 "supported by Connect's data API"),
        (Decimal(1), None, "int8", "Cast transformation was passed a value of type class java.math.BigDecimal which is "
                                   "not supported by Connect's data API"),
        ("s", None, "a:int8", "Only Map objects supported in absence of schema for [cast types], found: "
                              "java.lang.String"),
        ("s", Schema(type="string"), "a:int8", "Cannot list fields on non-struct type"),
    ],
)  # fmt: skip
def test_what_cannot_be_cast_is_refused_with_connects_words(
    value: Any, schema: Schema | None, spec: str, reason: str
) -> None:
    with pytest.raises(TransformError) as caught:
        Cast([spec]).apply(record(value, schema))
    assert caught.value.reason == reason


NO_ENUM = (
    "Invalid value java.lang.IllegalArgumentException: No enum constant org.apache.kafka.connect.data.Schema.Type."
)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([], "Must specify at least one field to cast."),
        (["a:int8:x"], "Invalid value [a:int8:x] for configuration renames: Invalid rename mapping: a:int8:x"),
        ({"a:b": "int8"}, "Invalid value [a:b:int8] for configuration renames: Invalid rename mapping: a:b:int8"),
        (["a:map"], f"Cast transformation does not support casting to MAP; supported types are {SUPPORTED}]"),
        (["decimal"], f"{NO_ENUM}DECIMAL for configuration Invalid type found in casting spec: decimal"),
        (["a:"], f"{NO_ENUM}A for configuration Invalid type found in casting spec: a"),
        (["a:int8", ""], "Configuration 'spec' values must not be empty."),
        ("a:int8", "'a:int8' is one string; write ['a:int8']"),
        (["int8", "a:int8"], "Cast transformations that specify a type to cast the entire value to may only specify a "
                             "single cast in their spec"),
        (["a:x"], f"{NO_ENUM}X for configuration Invalid type found in casting spec: x"),
    ],
)  # fmt: skip
def test_a_wrong_specification_is_refused_when_built(spec: Sequence[str] | Mapping[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Cast(spec)
    assert [(problem.key, problem.message) for problem in caught.value.problems] == [("spec", message)]


def test_all_wrong_types_are_named() -> None:
    with pytest.raises(ConfigError) as caught:
        Cast(["a:x", "b:int8", "c:y"])
    assert len(caught.value.problems) == 2


def test_names_and_types_are_trimmed_and_the_last_entry_of_a_name_wins() -> None:
    smt = from_properties(Cast, {"spec": " a : INT64 , a:String"})
    assert smt.apply(record({"a": 5, "b": 6})).value == {"a": "5", "b": 6}
    assert Cast({"a": "int64"}) == Cast(["a:int64"])
