"""Converters from the properties of a connector file."""

from __future__ import annotations

import pytest

from s3sink.connect import Role, build_converter
from s3sink.converters import BytesConverter, JsonConverter, StringConverter
from s3sink.errors import ConfigError

JSON = "org.apache.kafka.connect.json.JsonConverter"
STRING = "org.apache.kafka.connect.storage.StringConverter"


@pytest.mark.parametrize("role", ["key", "value", "header"])
@pytest.mark.parametrize(
    ("name", "options", "made"),
    [
        (JSON, {}, JsonConverter(schemas_enable=True)),
        ("JsonConverter", {"schemas.enable": "False"}, JsonConverter(schemas_enable=False)),
        (JSON, {"replace.null.with.default": "false"}, JsonConverter(True, replace_null_with_default=False)),
        (JSON, {"decimal.format": "numeric"}, JsonConverter(True, "NUMERIC")),
        (STRING, {"converter.encoding": "UTF-16"}, StringConverter("UTF-16")),
        ("org.apache.kafka.connect.converters.ByteArrayConverter", {}, BytesConverter()),
        ("ByteArrayConverter", {}, BytesConverter()),
        ("s3sink.converters:JsonConverter", {}, JsonConverter(schemas_enable=False)),
    ],
)
def test_a_converter_is_built_with_the_options_beside_it(
    role: Role, name: str, options: dict[str, str], made: object
) -> None:
    key = f"{role}.converter"
    built = build_converter(role, {key: name} | {f"{key}.{option}": text for option, text in options.items()})
    assert (built.made, built.warnings) == (made, ())


def test_the_connectors_converter_knows_nothing_of_the_workers_options() -> None:
    worker = {"value.converter": STRING, "value.converter.schemas.enable": "false"}
    assert build_converter("value", {"value.converter": JSON}, worker).made == JsonConverter(schemas_enable=True)


def test_options_without_a_class_have_no_effect_and_say_so() -> None:
    worker = {"value.converter": JSON, "value.converter.schemas.enable": "true"}
    built = build_converter("value", {"value.converter.schemas.enable": "false"}, worker)
    assert built.made == JsonConverter(schemas_enable=True)
    assert [key for key, _ in built.warnings] == ["value.converter.schemas.enable"]


def test_without_any_there_is_none() -> None:
    assert build_converter("key", {}).made is None
    assert build_converter("key", {}, {"value.converter": JSON}).made is None


def test_a_misspelt_option_is_a_warning() -> None:
    built = build_converter("value", {"value.converter": JSON, "value.converter.schema.enable": "false"})
    assert built.made == JsonConverter(schemas_enable=True)
    ((key, words),) = built.warnings
    assert key == "value.converter.schema.enable"
    assert "value.converter.schemas.enable" in words


@pytest.mark.parametrize(
    ("role", "name", "reason"),
    [
        ("value", "com.acme.Nope", "Class com.acme.Nope could not be found."),
        ("value", "JsonConvertor", f"Class JsonConvertor could not be found. Did you mean {JSON}?"),
        ("value", "RegexRouter", "Not a Converter"),
        ("value", "org.apache.kafka.connect.storage.SimpleHeaderConverter", "Not a Converter"),
        ("header", "io.confluent.connect.avro.AvroConverter", "Not a HeaderConverter"),
    ],
)
def test_what_is_no_converter_is_refused(role: Role, name: str, reason: str) -> None:
    key = f"{role}.converter"
    with pytest.raises(ConfigError) as caught:
        build_converter(role, {key: name})
    assert caught.value.problems == ((key, f"Invalid value {name} for configuration {key}: {reason}"),)


def test_a_converter_that_asks_learns_whether_it_converts_keys() -> None:
    avro, url = "io.confluent.connect.avro.AvroConverter", "http://127.0.0.1:1"
    for role, is_key in (("key", True), ("value", False)):
        built = build_converter(role, {f"{role}.converter": avro, f"{role}.converter.schema.registry.url": url})  # type: ignore[arg-type]
        assert getattr(built.made, "is_key", None) is is_key
        assert built.warnings == ()


def test_problems_have_full_keys() -> None:
    properties = {"key.converter": STRING, "key.converter.converter.encoding": "bogus"}
    with pytest.raises(ConfigError) as caught:
        build_converter("key", properties)
    assert caught.value.problems == (("key.converter.converter.encoding", "Unsupported encoding bogus"),)
