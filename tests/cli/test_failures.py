"""What commands say of files that they cannot use: one screen, no traceback, exit code 2, and JSON if wanted."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from s3sink.cli.main import main
from s3sink.cli.table import shortened
from tests.cli.test_lint import write

NEARLY = {
    "empty.json": b"",
    "nothing.properties": b"# nothing\n",
    "broken.json": b'{"name": "a",\n "config": {"topics": "t",}}',
    "listed.json": b'{"name": "a", "config": [1]}',
    "missing.json": None,
    "binary.properties": bytes(range(256)),
    "latin.json": b'{"name": "\xff"}',
    "wide.yaml": "kind: KafkaConnector".encode("utf-16"),
    "large.json": b'{"name": "' + b"a" * (1 << 20) + b'"}',
    "source.json": b'{"name": "a", "config": {"connector.class": "FileStreamSource"}}',
}


def invoke(*words: str | Path, environment: dict[str, str] | None = None, color: bool = False) -> Result:
    return CliRunner(env=environment).invoke(main, list(map(str, words)), color=color)


def near(home: Path, name: str) -> Path:
    """One of the files that are nearly a connector."""
    content = NEARLY[name]
    if content is not None:
        (home / name).write_bytes(content)
    return home / name


@pytest.mark.parametrize("name", NEARLY)
@pytest.mark.parametrize("command", ["lint", "plan", "run", "takeover"])
def test_a_file_that_is_no_connector_is_one_screen_and_with_json_it_is_json(
    tmp_path: Path, name: str, command: str
) -> None:
    (tmp_path / "sample").write_text('{"a": 1}\n')
    more: list[str | Path] = ["--sample", tmp_path / "sample"] if command == "plan" else []
    plain, parsed = (invoke(command, *also, near(tmp_path, name), *more) for also in ((), ("--json",)))
    assert (plain.exit_code, parsed.exit_code) == (2, 2)
    assert plain.output.count("\n") < 40
    assert all(len(line) < 500 for line in plain.output.splitlines())
    assert json.loads(parsed.stdout)["exit_code"] == 2


def test_a_workers_file_among_the_connectors_is_told_from_them(tmp_path: Path) -> None:
    worker = tmp_path / "connect-standalone.properties"
    worker.write_text("bootstrap.servers=localhost:1\nplugin.path=/usr/share/java\n")
    result = invoke("run", worker, write(tmp_path), "--bootstrap-servers", "localhost:1")
    assert (result.exit_code, result.stderr.count("problem"), "--worker" in result.stderr) == (2, 1, True)


def test_a_worker_that_cannot_be_read_is_json_too(tmp_path: Path) -> None:
    result = invoke("lint", "--json", write(tmp_path), "--worker", tmp_path)
    (problem,) = json.loads(result.stdout)["problems"]
    assert (result.exit_code, problem["key"], "directory" in problem["reason"]) == (2, str(tmp_path), True)


def test_a_worker_is_read_alike_by_all_commands(tmp_path: Path) -> None:
    worker = tmp_path / "worker.properties"
    worker.write_bytes("# schöne Grüße\nkey.converter=none".encode("latin-1"))
    said = [invoke(command, write(tmp_path, key_converter="x"), "--worker", worker) for command in ("lint", "run")]
    assert [("cannot be read" in result.output, "Class x" in result.output) for result in said] == [(False, True)] * 2


def test_a_worker_that_cannot_be_read_is_not_blamed_for_a_missing_broker(tmp_path: Path) -> None:
    result = invoke("run", write(tmp_path), "--worker", tmp_path / "missing")
    assert (result.exit_code, "bootstrap.servers" in result.stderr) == (2, False)


@pytest.mark.parametrize("command", [("lint",), ("run",)])
def test_colours_are_off_where_they_are_not_wanted(tmp_path: Path, command: tuple[str, ...]) -> None:
    bad = write(tmp_path, flush_size="many")
    shown = [invoke(*command, bad, environment={"NO_COLOR": no}, color=True).output for no in ("", "1")]
    assert ["\x1b[" in text for text in shown] == [True, False]


def test_text_that_no_terminal_can_show_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text('{"name": "a\\ud800", "config": {"topics": "\\ud800"}}')
    result = invoke("lint", path)
    assert (result.exit_code, "surrogate" in result.output) == (2, True)


def test_a_connector_that_should_not_run_is_warned_about(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "initial_state": "PAUSED"}))
    assert "warning state = paused" in invoke("lint", path).output


def test_no_value_is_shown_to_its_end() -> None:
    assert click.unstyle(shortened("9" * 100_000)) == "9" * 399 + "…"
