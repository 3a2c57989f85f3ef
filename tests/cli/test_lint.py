"""`s3sink lint` as people and programs see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from s3sink.cli.main import main

GOOD = {
    "connector.class": "io.confluent.connect.s3.S3SinkConnector",
    "topics": "orders",
    "s3.bucket.name": "lake",
    "s3.region": "eu-central-1",
    "storage.class": "io.confluent.connect.s3.storage.S3Storage",
    "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
    "flush.size": "1000",
    "s3sink.max.age.ms": "600000",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}


def write(home: Path, name: str = "orders", **changes: str) -> Path:
    """A connector file."""
    path = home / f"{name}.json"
    config = {**GOOD, **{key.replace("_", "."): text for key, text in changes.items()}}
    path.write_text(json.dumps({"name": name, "config": config}, indent=2))
    return path


def lint(*arguments: str | Path, color: bool = False) -> Result:
    return CliRunner().invoke(main, ["lint", *map(str, arguments)], color=color, terminal_width=100)


def test_a_file_that_is_well_says_what_it_promises(tmp_path: Path) -> None:
    result = lint(write(tmp_path))
    assert result.exit_code == 0
    assert "exactly once through crashes" in result.output
    assert "orders          0         0      0  yes" in result.output


@pytest.mark.parametrize(
    ("changes", "code", "shown"),
    [
        ({"flush_size": "1"}, 0, "warning flush.size = 1  line 10"),
        ({"tombstone_encoded_partition": ""}, 1, "error   tombstone.encoded.partition"),
        ({"flush_size": "x"}, 2, "Invalid value x for configuration flush.size: Not a number of type INT"),
    ],
)
def test_exit_codes_say_how_bad_it_is(tmp_path: Path, changes: dict[str, str], code: int, shown: str) -> None:
    result = lint(write(tmp_path, **changes))
    assert (result.exit_code, shown in result.output) == (code, True), result.output


def test_comments_and_commas_in_json_are_told_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"name": "c", /* mine */\n "config": {"topics": "t",}}')
    result = lint(path)
    assert result.exit_code == 2
    assert f"{path}:1:15" in result.output
    assert f"{path}:2:26" in result.output


def test_all_files_are_looked_at_though_one_cannot_be_read(tmp_path: Path) -> None:
    result = lint(tmp_path / "none.json", write(tmp_path))
    assert result.exit_code == 2
    assert "cannot be read: No such file" in result.output
    assert "exactly once through crashes" in result.output


def test_programs_get_everything_as_json(tmp_path: Path) -> None:
    result = lint("--json", write(tmp_path, flush_size="1"))
    answer: dict[str, Any] = json.loads(result.output)
    (connector,) = answer["connectors"]
    (finding,) = connector["findings"]
    assert (answer["exit_code"], connector["name"], connector["exactly_once"]) == (0, "orders", True)
    assert (finding["rule"], finding["level"], finding["value"]) == ("one_record_a_file", "warning", "1")
    assert finding["source"].endswith("orders.json:10")


def test_notes_can_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, json_decimal_format="NUMERIC", s3_region="", schema_compatibility="FULL")
    assert "note " in lint(path).output
    assert "note " not in lint("--level", "warning", path).output


def test_connectors_that_write_the_same_keys_are_an_error(tmp_path: Path) -> None:
    result = lint(write(tmp_path, "a"), write(tmp_path, "b"))
    assert result.exit_code == 1
    assert "a and b read orders and write the same keys" in " ".join(result.output.split())


def test_the_worker_has_converters_too(tmp_path: Path) -> None:
    worker = tmp_path / "worker.properties"
    worker.write_text("key.converter=org.apache.kafka.connect.storage.StringConverter\n")
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"name": "c", **{key: text for key, text in GOOD.items() if key != "key.converter"}}))
    assert "key.converter" in lint(path).output
    assert "key.converter" not in lint("--worker", worker, path).output
    assert lint("--worker", tmp_path / "none", path).exit_code == 2


def test_there_is_colour_on_a_terminal_only(tmp_path: Path) -> None:
    path = write(tmp_path, flush_size="1")
    coloured = lint(path, color=True).output
    assert click.unstyle(coloured) == lint(path).output
    assert "\x1b[" in coloured
