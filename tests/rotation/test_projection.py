"""Values of one schema made values of another: what comes out, and in which words it is refused."""

from __future__ import annotations

import json
import struct
from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.errors import DATA_EXCEPTION, FormatError
from s3sink.rotation.compatibility import fits, projects
from s3sink.rotation.projection import PROJECTOR_EXCEPTION, projector
from s3sink.schema import Field, Schema, Type

ENUM = "io.confluent.connect.avro.Enum"


def one(kind: Type, **changes: Any) -> Schema:
    return Schema(type=kind, **changes)


def record(version: int | None = 1, name: str | None = "n", **fields: Schema) -> Schema:
    members = tuple(Field(key, schema) for key, schema in fields.items())
    return Schema(type="struct", name=name, version=version, fields=members)


def projected(source: Schema, value: Any, target: Schema) -> Any:
    return projector(source.replace(version=1), target.replace(version=1), "BACKWARD")(value)


# ---------------------------------------------------------------------------------------------- what comes out
INT, LONG, TEXT = one("int32"), one("int64"), one("string")
MAYBE, FILLED = one("int32", optional=True), one("int32", default=7)
MAYBE_FILLED = one("int32", optional=True, default=7)
CHANGES: list[tuple[str, Schema, Any, Schema, Any]] = [
    ("a field that the file has not is dropped", record(a=INT, b=INT), {"a": 1, "b": 2}, record(a=INT), {"a": 1}),
    ("a default fills a field that is missing", record(a=INT), {"a": 1}, record(a=INT, b=FILLED), {"a": 1, "b": 7}),
    ("an optional field that is missing is null", record(a=INT), {"a": 1}, record(a=INT, b=MAYBE), {"a": 1, "b": None}),
    ("its default is the format's business", record(), {}, record(a=MAYBE_FILLED), {"a": None}),
    (
        "fields stand in the file's order",
        record(a=INT, b=INT),
        {"a": 1, "b": 2},
        record(b=INT, a=INT),
        {"b": 2, "a": 1},
    ),
    ("a required value goes into an optional field", record(a=INT), {"a": 1}, record(a=MAYBE), {"a": 1}),
    ("a null becomes the file's default", record(a=MAYBE), {"a": None}, record(a=FILLED), {"a": 7}),
    ("a value does not", record(a=MAYBE), {"a": 1}, record(a=FILLED), {"a": 1}),
    (
        "a null is the record's own default first",
        record(a=MAYBE_FILLED),
        {"a": None},
        record(a=one("int64", optional=True)),
        {"a": 7},
    ),
    ("integers widen", record(a=one("int8")), {"a": 1}, record(a=LONG), {"a": 1}),
    ("integers become doubles", record(a=INT), {"a": 1}, record(a=one("float64")), {"a": 1.0}),
    ("a float becomes the double that it is", one("float32"), 0.1, one("float64"), 0.10000000149011612),
    ("in lists", one("array", items=INT), [1, 2], one("array", items=one("float64")), [1.0, 2.0]),
    (
        "in maps, keys too",
        one("map", keys=INT, items=record(a=INT, b=INT)),
        {1: {"a": 1, "b": 2}},
        one("map", keys=one("float64"), items=record(b=INT)),
        {1.0: {"b": 2}},
    ),
    ("in structs of structs", record(a=record(b=INT)), {"a": {"b": 1}}, record(a=record(c=FILLED)), {"a": {"c": 7}}),
]


@pytest.mark.parametrize(
    ("source", "value", "target", "expected"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES]
)
def test_a_value_is_projected(source: Schema, value: Any, target: Schema, expected: Any) -> None:
    before = deepcopy(value)
    found = projected(source, value, target)
    assert found == expected
    assert repr(found) == repr(expected)  # 1 is not 1.0, and fields have an order
    assert value == before


@given(st.integers(-(1 << 63), (1 << 63) - 1))
@example((1 << 62) + (1 << 38) + 1)  # the nearest double lies between two float32, so it must not be rounded again
@example(-(1 << 62) - (1 << 38) - 1)
def test_an_integer_becomes_the_nearest_float32(value: int) -> None:
    found = projected(LONG, value, one("float32"))
    nearest, *others = (_float32(found, step) for step in (0, -1, 1))
    assert all(abs(Fraction(nearest) - value) <= abs(Fraction(other) - value) for other in others)


def _float32(value: float, step: int) -> float:
    """A float32, so many steps further from zero."""
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    (found,) = struct.unpack("<f", struct.pack("<I", max(bits + step, 0)))
    return float(found)


# ---------------------------------------------------------------------------------------------- in Connect's words
def enum(*symbols: str) -> Schema:
    return one("string", name="e", parameters=((ENUM, "e"), *((f"{ENUM}.{symbol}", symbol) for symbol in symbols)))


REFUSED: list[tuple[Schema | None, Schema | None, str]] = [
    (None, INT, "Switch between schema-based and schema-less data is not supported"),
    (record(), None, "Switch between schema-based and schema-less data is not supported"),
    (record(None), record(), "Schema version required for BACKWARD compatibility"),
    (record(), record(None, a=MAYBE), "Schema version required for BACKWARD compatibility"),
    (record(a=LONG), record(a=INT), "Error projecting a"),
    (
        one("int64", version=1),
        one("int32", version=1),
        "Schema type mismatch. source type: INT64 and target type: INT32",
    ),
    (record(name=None), record(), "Schema name mismatch. source name: null and target name: n"),
    (
        one("string", parameters=(("p", "q"), ("r", "s")), version=1),
        one("string", parameters=(("p", "x"),), version=1),
        "Schema parameters not equal. source parameters: {p=q, r=s} and target parameters: {p=x}",
    ),
    (
        enum("A", "C").replace(version=1),
        enum("A").replace(version=1),
        f"Schema parameters mismatch. Source parameter: {{{ENUM}=e, {ENUM}.A=A, {ENUM}.C=C}} is not a subset of target "
        f"parameters: {{{ENUM}=e, {ENUM}.A=A}}",
    ),
    (
        one("int32", optional=True, version=1),
        one("int32", version=1),
        "Writer schema is optional, however, target schema does not provide a default value.",
    ),
    (record(), record(a=INT), "Required field `a` is missing from source schema: Schema{n:STRUCT}"),
]


@pytest.mark.parametrize(("source", "target", "words"), REFUSED)
def test_what_cannot_be_projected_is_refused_in_words_of_connect(
    source: Schema | None, target: Schema | None, words: str
) -> None:
    with pytest.raises(FormatError) as caught:
        projector(source, target, "BACKWARD")
    assert (caught.value.reason, caught.value.connect_class) == (words, PROJECTOR_EXCEPTION)


def test_the_cause_says_what_is_wrong_with_a_field() -> None:
    with pytest.raises(FormatError) as caught:
        projector(record(a=record(b=TEXT)), record(a=record(b=INT)), "FULL")
    inner = caught.value.__cause__
    assert isinstance(inner, FormatError)
    assert isinstance(inner.__cause__, FormatError)
    assert [error.reason for error in (caught.value, inner, inner.__cause__)] == [
        "Error projecting a",
        "Error projecting b",
        "Schema type mismatch. source type: STRING and target type: INT32",
    ]


def test_a_null_where_the_file_must_have_a_value_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        projected(record(a=INT, b=INT), {"a": None, "b": 1}, record(a=INT))
    assert caught.value.reason == 'Invalid value: null used for required field: "a", schema type: INT32'
    assert caught.value.connect_class == DATA_EXCEPTION


def test_notes_in_parameters_do_not_matter() -> None:
    noted = (
        ("connect.record.doc", "d"),
        ("connect.record.namespace", "s"),
        ("io.confluent.connect.avro.field.doc.a", "d"),
    )
    source, target = record(a=MAYBE).replace(parameters=noted), record(2, a=MAYBE)
    assert fits(source, target, "BACKWARD")
    assert projected(source, {"a": 1}, target) == {"a": 1}
    assert not fits(source.replace(parameters=(("x.doc", "d"),)), target, "BACKWARD")


# ---------------------------------------------------------------------------------------------- a definition
SCALARS = st.builds(
    one,
    st.sampled_from(["int32", "int64", "float64", "string"]),
    optional=st.booleans(),
    default=st.none(),
)
FILLED_SCALARS = st.builds(one, st.just("int64"), optional=st.booleans(), default=st.just(5))


def _structs(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    fields = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    structs = st.builds(lambda version, members: record(version, **members), st.integers(1, 2), fields)
    return structs | st.builds(lambda items: one("array", items=items), inner)


SCHEMAS = st.recursive(SCALARS | FILLED_SCALARS, _structs, max_leaves=6)
RECORDS = st.builds(lambda v, m: record(v, **m), st.integers(1, 2), st.dictionaries(st.sampled_from("abc"), SCHEMAS))


def values_of(schema: Schema) -> st.SearchStrategy[Any]:
    if schema.type == "struct":
        there: st.SearchStrategy[Any] = st.fixed_dictionaries({f.name: values_of(f.schema) for f in schema.fields})
    elif schema.type == "array":
        there = st.lists(values_of(schema.items or schema), max_size=2)
    else:
        there = {"string": st.text(max_size=2), "float64": st.just(0.5)}.get(schema.type, st.integers(0, 9))
    return st.none() | there if schema.optional else there


def defined(source: Schema, value: Any, target: Schema) -> Any:
    """The definition, a value at a time. Raises LookupError for what cannot be projected."""
    widens = ["int32", "int64", "float64"]
    if source.type != target.type and (
        source.type not in widens or target.type not in widens[widens.index(source.type) :]
    ):
        raise LookupError
    if source.name != target.name or (source.optional and not target.optional and target.default is None):
        raise LookupError
    if value is None:
        return target.default if source.optional and not target.optional else None
    if target.type == "struct":
        return {f.name: _defined_field(source, value, f) for f in target.fields}
    if target.type == "array":
        assert source.items is not None
        assert target.items is not None
        return [defined(source.items, item, target.items) for item in value]
    return float(value) if target.type == "float64" else value


def _defined_field(source: Schema, value: dict[str, Any], target: Field) -> Any:
    field = source.field(target.name)
    if field is None:
        if not target.schema.optional and target.schema.default is None:
            raise LookupError
        return None if target.schema.optional else target.schema.default
    found = value[field.name]
    return defined(field.schema, field.schema.default if found is None else found, target.schema)


def text(value: Any) -> str:
    """1 is not 1.0. A struct that stays as it is keeps its fields in any order: formats go by the schema."""
    return json.dumps(value, sort_keys=True)


def test_a_null_in_a_struct_that_stays_as_it_is_becomes_its_default() -> None:
    inner = Schema(type="struct", fields=(Field("c", Schema(type="int64", optional=True, default=5)),))
    record, current = (
        Schema(type="struct", name="n", version=version, fields=(Field("s", inner), *more))
        for version, more in ((2, (Field("x", Schema(type="string", optional=True)),)), (1, ()))
    )
    assert projector(record, current, "FORWARD")({"s": {"c": None}, "x": None}) == {"s": {"c": 5}}


@given(st.data(), RECORDS, RECORDS)
def test_projection_is_what_its_definition_says(data: st.DataObject, source: Schema, target: Schema) -> None:
    value = data.draw(values_of(source))
    try:
        project = projector(source, target, "FULL")
    except FormatError:
        assert not projects(source, target)
        return
    assert projects(source, target)
    if source == target:
        assert project(value) is value
    else:
        assert text(project(value)) == text(defined(source, value, target))


@given(RECORDS, RECORDS)
def test_what_fits_a_file_can_be_projected_to_its_schema(source: Schema, target: Schema) -> None:
    for mode in ("BACKWARD", "FORWARD", "FULL"):
        if fits(source, target, mode):
            projector(source, target, mode)
