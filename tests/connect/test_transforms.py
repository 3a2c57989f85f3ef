"""Chains of transforms from the properties of a connector file."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink.config import Option
from s3sink.connect import build_transforms
from s3sink.errors import ConfigError, Problem
from s3sink.record import SinkRecord
from s3sink.transforms import (
    ExtractNewRecordState,
    HasHeaderKey,
    InsertField,
    MaskField,
    RegexRouter,
    ReplaceField,
    TopicNameMatches,
    When,
)

SMT = "org.apache.kafka.connect.transforms."
HERE = __name__


# ---------------------------------------------------------------------------------------------- classes of one's own
@dataclass(frozen=True)
class Upper:
    """A transform of the user's own."""

    field: Annotated[str, Option("field.name", "the field")]
    times: int = 1

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        return record.replace(value={**record.value, self.field: record.value[self.field].upper() * self.times})


class Plain:
    """A transform without options."""

    def apply(self, record: SinkRecord, /) -> None:
        return None


class Needy:
    """A class that cannot be made without arguments."""

    def __init__(self, needed: str) -> None:
        self.needed = needed

    def apply(self, record: SinkRecord, /) -> None:
        return None


def dropping(record: SinkRecord) -> None:
    """A function will do."""


@dataclass(frozen=True)
class Always:
    """A predicate of the user's own."""

    def test(self, record: SinkRecord, /) -> bool:
        return True


UPPER = Upper("x")
NOTHING_OF_THE_KIND = 5


def chain(**properties: str) -> dict[str, str]:
    """Properties with one transform `a`, its options by name with underscores for dots."""
    return {"transforms": "a"} | {f"transforms.a.{key.replace('_', '.')}": text for key, text in properties.items()}


def problems(properties: dict[str, str]) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        build_transforms(properties)
    return list(caught.value.problems)


# ---------------------------------------------------------------------------------------------- what is built
def test_a_chain_is_built_in_the_order_of_the_list() -> None:
    built = build_transforms(
        {
            "transforms": "route, mask,insert",
            "transforms.insert.type": f"{SMT}InsertField$Key",
            "transforms.insert.static.field": "s",
            "transforms.insert.static.value": " v ",
            "transforms.mask.type": f"{SMT}MaskField$Value",
            "transforms.mask.fields": " a , b",
            "transforms.mask.replace.null.with.default": "FALSE",
            "transforms.route.type": "RegexRouter",
            "transforms.route.regex": "(.*)",
            "transforms.route.replacement": "$1-x",
            "flush.size": "3",
        }
    )
    assert built.made == (
        RegexRouter("(.*)", "$1-x"),
        MaskField(["a", "b"], replace_null_with_default=False, of="value"),
        InsertField(static_field="s", static_value="v", of="key"),
    )
    assert built.warnings == ()


@pytest.mark.parametrize("properties", [{}, {"transforms": ""}, {"transforms": " "}])
def test_no_transforms_are_an_empty_chain(properties: dict[str, str]) -> None:
    assert build_transforms(properties).made == ()


@pytest.mark.parametrize(("negate", "negated"), [({}, False), ({"negate": "false"}, False), ({"negate": "True"}, True)])
def test_a_predicate_guards_its_transform(negate: dict[str, str], negated: bool) -> None:
    properties = chain(type="RegexRouter", regex="a", replacement="b", predicate="isT", **negate)
    properties |= {"predicates": "isT,unused", "predicates.isT.type": f"{SMT}predicates.TopicNameMatches"}
    properties |= {"predicates.isT.pattern": "t", "predicates.unused.type": "RecordIsTombstone"}
    assert build_transforms(properties).made == (When(TopicNameMatches("t"), RegexRouter("a", "b"), negated),)


def test_debeziums_unwrap_leaves_records_without_schema_alone_unless_told() -> None:
    unwrap = "io.debezium.transforms.ExtractNewRecordState"
    assert build_transforms(chain(type=unwrap)).made == (ExtractNewRecordState(schemaless=False),)
    told = build_transforms(chain(type=unwrap, s3sink_schemaless="true"))
    assert (told.made, told.warnings) == ((ExtractNewRecordState(schemaless=True),), ())


@pytest.mark.parametrize("separator", [".", ":"])
def test_classes_and_functions_of_ones_own_are_named_by_their_python_path(separator: str) -> None:
    properties = {
        "transforms": "u,p,f,i",
        "transforms.u.type": f"{HERE}{separator}Upper",
        "transforms.u.field.name": "x",
        "transforms.u.times": "2",
        "transforms.u.predicate": "always",
        "transforms.p.type": f"{HERE}{separator}Plain",
        "transforms.f.type": f"{HERE}{separator}dropping",
        "transforms.i.type": f"{HERE}{separator}UPPER",
        "predicates": "always",
        "predicates.always.type": f"{HERE}{separator}Always",
    }
    built = build_transforms(properties)
    when, plain, function, instance = built.made
    assert isinstance(when, When)
    assert (type(when.predicate).__name__, type(when.transform).__name__) == ("Always", "Upper")
    assert (type(plain).__name__, getattr(function, "__name__", "")) == ("Plain", "dropping")
    assert instance == UPPER
    assert built.warnings == ()


def test_our_own_classes_have_python_paths_too() -> None:
    built = build_transforms(chain(type="s3sink.transforms:MaskField", fields="a", of="key"))
    assert built.made == (MaskField(["a"], of="key"),)


def test_an_alias_may_begin_like_another_with_a_dot() -> None:
    properties = chain(type="RegexRouter", regex="a", replacement="b") | {
        "transforms": "a,a.b",
        "transforms.a.b.type": "RegexRouter",
        "transforms.a.b.regex": "c",
        "transforms.a.b.replacement": "d",
    }
    built = build_transforms(properties)
    assert (built.made, built.warnings) == ((RegexRouter("a", "b"), RegexRouter("c", "d")), ())


# ---------------------------------------------------------------------------------------------- problems
def test_all_problems_of_a_chain_are_in_one_error() -> None:
    properties = {
        "transforms": "a, a,b,c,d,e,f",
        "transforms.a.type": f"{SMT}MaskField$Value",
        "transforms.a.replacement": "",
        "transforms.b.type": "com.acme.Nope",
        "transforms.d.type": f"{SMT}Cast",
        "transforms.e.type": "RegexRouter",
        "transforms.e.regex": "[",
        "transforms.e.replacement": "x",
        "transforms.e.negate": "maybe",
        "transforms.f.type": f"{SMT}ReplaceField$Value",
        "transforms.f.predicate": "isTombston",
        "transforms.f.replace.null.with.default": "yes",
        "predicates": "isTombstone,header",
        "predicates.isTombstone.type": f"{SMT}predicates.RecordIsTombstone",
        "predicates.header.type": "HasHeaderKey",
    }
    missing = "which has no default value."
    assert set(problems(properties)) == {
        ("transforms", "Invalid value [a, a, b, c, d, e, f] for configuration transforms: Duplicate alias provided."),
        ("transforms.a.fields", f'Missing required configuration "transforms.a.fields" {missing}'),
        (
            "transforms.b.type",
            "Invalid value com.acme.Nope for configuration transforms.b.type: Class com.acme.Nope could not be found.",
        ),
        ("transforms.c.type", f'Missing required configuration "transforms.c.type" {missing}'),
        (
            "transforms.d.type",
            f"This class is abstract and cannot be created. Did you mean {SMT}Cast$Key, {SMT}Cast$Value?",
        ),
        (
            "transforms.e.regex",
            "Invalid value [ for configuration regex: Invalid regex: Unclosed character class near index 0\n[\n^",
        ),
        (
            "transforms.e.negate",
            "Config 'transforms.e.negate' was provided but there is no config 'transforms.e.predicate' defining a "
            "predicate to be negated.",
        ),
        (
            "transforms.e.negate",
            "Invalid value maybe for configuration transforms.e.negate: Expected value to be either true or false",
        ),
        (
            "transforms.f.replace.null.with.default",
            "Invalid value yes for configuration transforms.f.replace.null.with.default: Expected value to be either "
            "true or false",
        ),
        (
            "transforms.f.predicate",
            "Unknown configuration 'predicates.isTombston.type': 'isTombston' is not in predicates. "
            "Did you mean isTombstone?",
        ),
        ("predicates.header.name", f'Missing required configuration "predicates.header.name" {missing}'),
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Cast$Value", f" Did you mean {SMT}Cast$Value?"),
        (f"{SMT}MaskFeild$Key", f" Did you mean {SMT}MaskField$Key?"),
        ("com.acme.RegexRouter", f" Did you mean {SMT}RegexRouter?"),
        ("regexrouter", f" Did you mean {SMT}RegexRouter?"),
        ("ExtractNewRecordStates", " Did you mean io.debezium.transforms.ExtractNewRecordState?"),
        ("s3sink.transforms:Nothing", ""),
        ("io.Nothing", ""),
        ("Value", f" Did you mean {SMT}ValueToKey?"),
        ("a b", ""),
        ("..", ""),
    ],
)
def test_a_class_that_is_not_there_is_named_with_the_nearest_that_is(name: str, meant: str) -> None:
    key = "transforms.a.type"
    words = f"Invalid value {name} for configuration {key}: Class {name} could not be found."
    assert problems(chain(type=name)) == [(key, words + meant)]


@pytest.mark.parametrize(
    "name",
    ["RecordIsTombstone", "JsonConverter", f"{HERE}.Always", f"{HERE}:NOTHING_OF_THE_KIND"],
)
def test_what_is_no_transform_is_refused(name: str) -> None:
    words = f"Invalid value {name} for configuration transforms.a.type: Not a Transformation"
    assert problems(chain(type=name)) == [("transforms.a.type", words)]


def test_a_class_that_needs_arguments_must_be_a_dataclass() -> None:
    ((key, words),) = problems(chain(type=f"{HERE}.Needy"))
    assert key == "transforms.a.type"
    assert "needed" in words
    assert "a class with options is a dataclass" in words


def test_a_module_that_fails_says_why(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path_factory.mktemp("modules")
    (directory / "broken_transforms.py").write_text("import no_such_package_anywhere\n")
    monkeypatch.syspath_prepend(directory)
    ((_, words),) = problems(chain(type="broken_transforms:Thing"))
    assert "Class broken_transforms:Thing could not be imported: ModuleNotFoundError" in words
    assert "no_such_package_anywhere" in words


@pytest.mark.parametrize("text", ["a,,b", ",", "a,"])
def test_an_empty_alias_is_refused(text: str) -> None:
    assert ("transforms", "Configuration 'transforms' values must not be empty.") in problems({"transforms": text})


@pytest.mark.parametrize("text", ["a,,b", "a, "])
def test_an_empty_item_of_a_list_is_refused_by_its_key(text: str) -> None:
    found = problems(chain(type=f"{SMT}ReplaceField$Value", exclude=text))
    assert found == [("transforms.a.exclude", "Configuration 'exclude' values must not be empty.")]


@given(st.dictionaries(st.sampled_from(["type", "fields", "predicate", "negate", "x", ""]), st.text(max_size=8)))
def test_any_properties_are_a_chain_or_a_config_error(options: dict[str, str]) -> None:
    properties = {"transforms": "a"} | {f"transforms.a.{key}": text for key, text in options.items()}
    with contextlib.suppress(ConfigError):
        build_transforms(properties)


# ---------------------------------------------------------------------------------------------- warnings
def test_an_option_that_a_class_does_not_have_is_a_warning_with_the_nearest_key() -> None:
    built = build_transforms(chain(type=f"{SMT}MaskField$Value", fields="a", replacment="x", of="key", nonsense="1"))
    name = f"{SMT}MaskField$Value"
    assert built.made == (MaskField(["a"]),)
    assert built.warnings == (
        (
            "transforms.a.replacment",
            f"has no effect: {name} has no such option. Did you mean transforms.a.replacement?",
        ),
        (
            "transforms.a.of",
            f"has no effect: {name} has no such option; it has fields, replacement, replace.null.with.default",
        ),
        (
            "transforms.a.nonsense",
            f"has no effect: {name} has no such option; it has fields, replacement, replace.null.with.default",
        ),
    )


@pytest.mark.parametrize(("old", "new"), [("blacklist", "exclude"), ("whitelist", "include")])
def test_an_option_that_kafka_4_took_away_is_a_warning_with_its_new_name(old: str, new: str) -> None:
    built = build_transforms(chain(type=f"{SMT}ReplaceField$Value", **{old: "a"}))
    assert built.made == (ReplaceField(),)
    assert built.warnings == ((f"transforms.a.{old}", f"has no effect since Kafka 4.0: write transforms.a.{new}"),)


def test_options_under_an_alias_that_is_not_listed_are_one_warning() -> None:
    properties = chain(type="RegexRouter", regex="a", replacement="b")
    properties |= {"transforms": "a,unwrap", "transforms.unwrap.type": "RegexRouter"}
    properties |= {"transforms.unwrap.regex": "a", "transforms.unwrap.replacement": "b"}
    properties |= {"transforms.unwarp.type": "x", "transforms.unwarp.regex": "x", "predicates.p.type": "x"}
    assert build_transforms(properties).warnings == (
        ("predicates.p.type", "has no effect: 'p' is not in predicates."),
        ("transforms.unwarp.type", "has no effect: 'unwarp' is not in transforms. Did you mean unwrap?"),
    )


def test_a_class_without_options_warns_of_them() -> None:
    built = build_transforms(chain(type=f"{HERE}:Plain", x="1"))
    assert [key for key, _ in built.warnings] == ["transforms.a.x"]


# ---------------------------------------------------------------------------------------------- secrets
def test_no_message_shows_a_secret() -> None:
    properties = chain(type=f"{SMT}MaskField$Value", fields="a", replace_null_with_default="hunter2")
    properties |= {"transforms": "a,b", "transforms.b.type": "hunter2", "transforms.b.negate": "hunter2"}
    secrets = {key for key, text in properties.items() if text == "hunter2"}
    with pytest.raises(ConfigError) as caught:
        build_transforms(properties, secrets)
    assert "hunter2" not in str(caught.value)
    assert "Invalid value [hidden] for configuration transforms.b.type" in str(caught.value)
    assert caught.value.__context__ is None


def test_a_predicate_that_is_named_twice_is_built_once() -> None:
    properties = chain(type="RegexRouter", regex="a", replacement="b", predicate="p")
    properties |= {f"{key.replace('.a.', '.b.')}": text for key, text in properties.items()}
    properties |= {
        "transforms": "a,b",
        "predicates": "p",
        "predicates.p.type": "HasHeaderKey",
        "predicates.p.name": "n",
    }
    first, second = build_transforms(properties).made
    assert isinstance(first, When)
    assert isinstance(second, When)
    assert first.predicate is second.predicate
    assert first.predicate == HasHeaderKey("n")
