"""Connector files of every kind, and what is said of those that are wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3sink.connect import read
from s3sink.connect.files import parse
from s3sink.connect.given import given_properties
from s3sink.errors import ConfigError

STRIMZI = """
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaConnect
metadata: {name: cluster}
---
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaConnector
metadata:
  name: lake
  labels: {strimzi.io/cluster: one}
spec:
  class: io.confluent.connect.s3.S3SinkConnector
  tasksMax: 2
  pause: true
  config:
    topics: [a, b]
    flush.size: 0010
    store.kafka.keys: true
    path.format: "'dt'=YYYY"
    timezone: ~
    s3:
      bucket.name: lake
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaConnector
metadata: {name: second}
spec: {class: S3Sink, state: stopped, config: {topics: c}}
"""

MERGED = """
apiVersion: kafka.strimzi.io/v1
kind: KafkaConnector
metadata: {name: lake, annotations: {one: &a {flush.size: 1, topics: t}}}
spec:
  config:
    <<: [*a, {topics: u, locale: ko}]
    locale: de
    locale: en
    flush.size: 7
---
# what a template left over
"""


LAUGHS = "a: &a [1]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 8)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)


def problems_of(text: str, path: str = "c.json") -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        parse(text, path)
    return list(caught.value.problems)


# ---------------------------------------------------------------------------------------------- JSON
@pytest.mark.parametrize(
    "text",
    [
        '{"name": "lake", "config": {"flush.size": 3, "s3.wan.mode": true, "x": 1.50}}',
        '{"name": "lake", "flush.size": "3", "s3.wan.mode": "true", "x": "1.50"}',
    ],
)
def test_json_with_or_without_a_wrapping_has_texts(text: str) -> None:
    (found,) = parse(text, "c.json")
    assert found == {"name": "lake", "flush.size": "3", "s3.wan.mode": "true", "x": "1.50"}
    assert found.lines["flush.size"] == 1


def test_a_list_has_several_connectors() -> None:
    assert [one["name"] for one in parse('[{"name": "a"}, {"name": "b", "config": {}}]', "c.json")] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"name": "a", "config": {"flush.size": 1, "topics": "t", "flush.size": 2}}', "c.json"),
        ("flush.size=1\\\n0\ntopics=t\nflush\\u002esize=2", "c.properties"),
        ("flush.size: 1\ntopics: t\nflush.size: 2", "c.yaml"),
    ],
)
def test_keys_that_stand_there_twice_are_warned_about(text: str, path: str) -> None:
    (found,) = parse(text, path)
    assert (found["flush.size"], set(found.repeated)) == ("2", {"flush.size"})
    (warning,) = given_properties(found, None).warnings
    assert warning.key == "flush.size"


def test_comments_and_commas_are_found_each_at_its_place() -> None:
    text = '{\n  "name": "a//b", /* which */\n  "config": {\n    "topics": "t", // these\n  },\n}\n'
    assert problems_of(text) == [
        ("c.json:2:19", 'JSON has no comments: remove /* which */ ("name": "a//b", /* which */)'),
        ("c.json:4:20", 'JSON has no comments: remove // these ("topics": "t", // these)'),
        ("c.json:4:18", 'a comma before }: remove it ("topics": "t", // these)'),
        ("c.json:5:4", "a comma before }: remove it (},)"),
    ]


def test_what_else_is_wrong_is_said_beside_comments() -> None:
    first, second = problems_of('{"a": "1" /* one */\n "b": "2"}')
    assert first[0] == "c.json:1:11"
    assert second == (
        "c.json:2:2",
        "Expecting ',' delimiter: a comma is missing before this, or a quote inside a text needs a backslash "
        '("b": "2"})',
    )


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("{'a': 'b'}", "c.json:1:2", "double quotes, not single ones"),
        ('{"a": "b\n"}', "c.json:1:9", "close it"),
        ('{"a": "b}', "c.json:1:7", "a double quote is missing"),
        ('{"a" "b"}', "c.json:1:6", "a colon stands between"),
        ('{"a": "\\d"}', "c.json:1:8", "a backslash itself"),
        ('{"a": "b"} {}', "c.json:1:12", "goes on behind the end"),
        ("", "c.json", "is empty"),
        ("[" * 100_000, "c.json", "RecursionError"),
        ('"text"', "c.json", "is text: a connector is"),
        ('{"a": {"b": 1}}', "a", "is an object: the values of properties are texts"),
        ('{"name": "a", "config": {"name": "b"}}', "c.json", "two names"),
    ],
)
def test_text_that_is_no_connector_is_explained(text: str, place: str, words: str) -> None:
    (problem,) = problems_of(text)
    assert problem[0] == place
    assert words in problem[1]


KEYS = st.text(min_size=1).filter(lambda key: key not in ("name", "config"))


@given(st.dictionaries(KEYS, st.text()))
@example({"a": "/* no comment */ , }"})
def test_what_json_can_say_comes_back(properties: dict[str, str]) -> None:
    assert parse(json.dumps(properties), "c.json") == [properties]
    assert parse(json.dumps({"config": properties}, indent=1), "c.json") == [properties]


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["json", "yaml", "properties", "txt"]))
def test_no_text_is_too_odd_to_be_read(text: str, ending: str) -> None:
    with suppress(ConfigError):
        parse(text, f"c.{ending}")


# ---------------------------------------------------------------------------------------------- properties
def test_java_properties_have_lines_and_escapes() -> None:
    (found,) = parse("# comment\nname = lake\n! more\npath.format:'y'=\\\n   YYYY\\u0021\ntopics t\n", "c.properties")
    assert found == {"name": "lake", "path.format": "'y'=YYYY!", "topics": "t"}
    assert found.lines == {"name": 2, "path.format": 4, "topics": 6}


def test_a_broken_escape_has_its_line() -> None:
    (problem,) = problems_of("a=1\nb=\\u12", "c.properties")
    assert problem[0] == "c.properties:2"


# ---------------------------------------------------------------------------------------------- YAML
def test_strimzis_connectors_are_read_and_other_resources_passed_over() -> None:
    first, second = parse(STRIMZI, "c.yaml")
    assert first == {
        "name": "lake",
        "connector.class": "io.confluent.connect.s3.S3SinkConnector",
        "tasks.max": "2",
        "topics": "a,b",
        "flush.size": "0010",
        "store.kafka.keys": "true",
        "path.format": "'dt'=YYYY",
        "timezone": None,
        "s3.bucket.name": "lake",
    }
    assert (first.state, first.labels) == ("paused", {"strimzi.io/cluster": "one"})
    assert first.lines["flush.size"] == 17
    assert (second["name"], second.state) == ("second", "stopped")


def test_yaml_merges_and_anchors_are_followed_and_documents_of_comments_passed_over() -> None:
    (found,) = parse(MERGED, "c.yaml")
    assert found == {"name": "lake", "flush.size": "7", "topics": "t", "locale": "en"}
    assert found.repeated == {"locale"}


def test_a_text_without_an_ending_is_known_by_its_looks() -> None:
    assert parse(STRIMZI)[0]["name"] == "lake"
    assert parse('{"name": "lake"}') == [{"name": "lake"}]
    assert parse("name=lake") == [{"name": "lake"}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1, 2\nb: 3", "c.yaml:2:2"),
        ("a:\n\t- 1", "c.yaml:2:1"),
        ("- 1", "c.yaml"),
        ("apiVersion: v1\nkind: KafkaConnector\nspec: 3", "c.yaml"),
        (STRIMZI.replace("topics: [a, b]", "tasks.max: 3"), "tasks.max"),
        ("a: &a [*a]", "c.yaml:1"),
        ("a: 1\n<<: 3", "c.yaml:2:5"),
        (LAUGHS, "c.yaml:2"),
    ],
)
def test_yaml_that_is_no_connector_is_explained(text: str, place: str) -> None:
    assert [key for key, _ in problems_of(text, "c.yaml")] == [place]


# ---------------------------------------------------------------------------------------------- files
def test_files_are_read_with_their_path(tmp_path: Path) -> None:
    path = tmp_path / "lake.json"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"name": "lake"}')
    (found,) = read(path)
    assert (found, found.path) == ({"name": "lake"}, str(path))


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"", "empty"), (b"{\n\xff}", "UTF-8")])
def test_files_that_cannot_be_read_are_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "lake.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert problem.key.startswith(str(path))
    assert words in problem.message


def test_java_properties_may_be_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "lake.properties"
    path.write_bytes("name=é".encode("latin-1"))
    assert read(path) == [{"name": "é"}]


def test_a_file_without_a_connector_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lake.yaml"
    path.write_text("apiVersion: v1\nkind: Secret\n")
    with pytest.raises(ConfigError, match="no connector"):
        read(path)
