"""The schema registry of the tests follows the documented interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from s3sink.avro_data.tree import parse_avro
from s3sink.testing.avro_compatibility import can_read
from s3sink.testing.schema_registry import SchemaRegistry


class Answer(NamedTuple):
    status: int
    body: Any


@pytest.fixture
def registry() -> Iterator[SchemaRegistry]:
    with SchemaRegistry() as server:
        yield server


def ask(registry: SchemaRegistry, method: str, path: str, body: Any = None) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(registry.url + path, data, method=method), timeout=5) as response:
            return Answer(response.status, json.load(response))
    except HTTPError as error:
        with error:
            return Answer(error.code, json.load(error))


def avro(*names: str, **defaults: Any) -> dict[str, str]:
    fields = [{"name": name, "type": "int"} for name in names]
    fields += [{"name": name, "type": "int", "default": value} for name, value in defaults.items()]
    return {"schema": json.dumps({"type": "record", "name": "R", "fields": fields})}


def test_a_schema_has_one_id_and_a_version_in_each_of_its_subjects(registry: SchemaRegistry) -> None:
    first = ask(registry, "POST", "/subjects/a/versions", avro("x"))
    assert first == (200, {"id": 1})
    assert ask(registry, "POST", "/subjects/a/versions", avro("x")) == first
    assert ask(registry, "POST", "/subjects/b/versions", avro("x")) == first
    assert ask(registry, "POST", "/subjects/a/versions", avro("x", y=1)) == (200, {"id": 2})
    assert ask(registry, "GET", "/subjects") == (200, ["a", "b"])
    assert ask(registry, "GET", "/subjects/a/versions") == (200, [1, 2])
    assert ask(registry, "GET", "/schemas/ids/1/subjects") == (200, ["a", "b"])
    assert ask(registry, "GET", "/subjects/a/versions/latest").body["id"] == 2
    assert ask(registry, "POST", "/subjects/a", avro("x")).body["version"] == 1
    assert ask(registry, "GET", "/schemas/ids/1").body.keys() == {"schema"}
    guid = ask(registry, "GET", "/subjects/a/versions/1").body["guid"]
    assert ask(registry, "GET", f"/schemas/guids/{guid}").body["id"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/subjects/none/versions", None, 404, 40401),
        ("GET", "/subjects/a/versions/9", None, 404, 40402),
        ("GET", "/subjects/a/versions/zero", None, 422, 42202),
        ("GET", "/subjects/a/versions/0", None, 422, 42202),
        ("GET", "/schemas/ids/9", None, 404, 40403),
        ("POST", "/subjects/a", avro("other"), 404, 40403),
        ("POST", "/subjects/none", avro("x"), 404, 40401),
        ("POST", "/subjects/a/versions", {"schema": "{"}, 422, 42201),
        ("POST", "/subjects/a/versions", {"schema": '{"type": "record"}'}, 422, 42201),
        ("POST", "/subjects/a/versions", {}, 422, 42201),
        ("POST", "/subjects/a/versions", avro("x", "y"), 409, 409),
        ("PUT", "/config", {"compatibility": "SOMETIMES"}, 422, 42203),
        ("GET", "/config/a", None, 404, 40408),
        ("GET", "/nothing", None, 404, 404),
        ("DELETE", "/config", None, 405, 405),
    ],
)
def test_what_it_does_not_know_or_want_has_its_code(
    registry: SchemaRegistry, method: str, path: str, body: Any, status: int, code: int
) -> None:
    ask(registry, "POST", "/subjects/a/versions", avro("x"))
    answer = ask(registry, method, path, body)
    assert (answer.status, answer.body["error_code"]) == (status, code)
    assert answer.body["message"]


@pytest.mark.parametrize(
    ("level", "newer", "accepted"),
    [
        ("NONE", avro("z"), True),
        ("BACKWARD", avro("x", z=1), True),
        ("BACKWARD", avro("x", "z"), False),
        ("FORWARD", avro("x", "y", "z"), True),
        ("FORWARD", avro("x"), False),
        ("FULL", avro("x", "y", z=1), True),
        ("FULL", avro("x", z=1), False),
    ],
)
def test_a_new_version_has_to_be_as_compatible_as_the_level_says(
    registry: SchemaRegistry, level: str, newer: Any, accepted: bool
) -> None:
    ask(registry, "POST", "/subjects/a/versions", avro("x", "y"))
    assert ask(registry, "PUT", "/config/a", {"compatibility": level}).body == {"compatibility": level}
    asked = ask(registry, "POST", "/compatibility/subjects/a/versions/latest", newer)
    assert asked.body == {"is_compatible": accepted}
    assert ask(registry, "POST", "/subjects/a/versions", newer).status == (200 if accepted else 409)


@pytest.mark.parametrize(
    ("reader", "writer", "reads"),
    [
        ("double", "int", True),
        ("int", "double", False),
        ("string", "bytes", True),
        (["null", "long"], "int", True),
        ("int", ["null", "int"], False),
        ({"type": "array", "items": "long"}, {"type": "array", "items": "int"}, True),
        ({"type": "map", "values": "int"}, {"type": "map", "values": "long"}, False),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, {"type": "enum", "name": "E", "symbols": ["A", "B"]}, False),
        ({"type": "enum", "name": "E", "symbols": ["A"], "default": "A"},
         {"type": "enum", "name": "E", "symbols": ["B"]}, True),
        ({"type": "fixed", "name": "F", "size": 1}, {"type": "fixed", "name": "F", "size": 2}, False),
        ({"type": "fixed", "name": "F", "size": 1, "aliases": ["G"]}, {"type": "fixed", "name": "G", "size": 1}, True),
    ],
)  # fmt: skip
def test_who_can_read_what(reader: Any, writer: Any, reads: bool) -> None:
    assert can_read(parse_avro(reader), parse_avro(writer)) is reads


def test_deleting_hides_at_first_and_removes_when_asked_again(registry: SchemaRegistry) -> None:
    ask(registry, "POST", "/subjects/a/versions", avro("x"))
    assert ask(registry, "DELETE", "/subjects/a?permanent=true").body["error_code"] == 40405
    assert ask(registry, "DELETE", "/subjects/a").body == [1]
    assert ask(registry, "GET", "/subjects").body == []
    assert ask(registry, "GET", "/subjects?deleted=true").body == ["a"]
    assert ask(registry, "POST", "/subjects/a?deleted=true", avro("x")).body["version"] == 1
    assert ask(registry, "GET", "/schemas/ids/1").status == 200
    assert ask(registry, "DELETE", "/subjects/a/versions/1?permanent=true").body == 1
    assert ask(registry, "GET", "/subjects?deleted=true").body == []


def test_references_are_kept_and_found_from_both_ends(registry: SchemaRegistry) -> None:
    ask(registry, "POST", "/subjects/r/versions", avro("x"))
    body = {
        "schema": '{"type":"array","items":"R"}',
        "references": [{"name": "R", "subject": "r", "version": 1}],
    }
    assert ask(registry, "POST", "/subjects/a/versions", body).body == {"id": 2}
    assert ask(registry, "GET", "/schemas/ids/2").body == body
    assert ask(registry, "GET", "/subjects/r/versions/1/referencedby").body == [2]
    assert ask(registry, "POST", "/subjects/b/versions", {"schema": body["schema"]}).body["error_code"] == 42201


def test_it_fails_when_it_is_told_to_and_refuses_strangers(registry: SchemaRegistry) -> None:
    registry.fail(1)
    assert ask(registry, "GET", "/subjects") == (
        500,
        {"error_code": 50001, "message": "Error in the backend data store"},
    )
    assert ask(registry, "GET", "/subjects").status == 200
    with SchemaRegistry(user_info="anne:secret") as closed:
        assert ask(closed, "GET", "/subjects").body["error_code"] == 401


def test_when_it_is_closed_connections_are_refused() -> None:
    with SchemaRegistry() as server:
        url = server.url
    with pytest.raises(URLError, match="refused"):
        urlopen(url, timeout=2)
