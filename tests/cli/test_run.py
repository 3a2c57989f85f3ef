"""`s3sink run` before anything runs: what is wrong is said in one screen, and who runs where."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from s3sink import FlushSize
from s3sink.agents.standing import Standing
from s3sink.cli import run_screen
from s3sink.cli.main import main
from s3sink.cli.run import _processes
from s3sink.cli.run_jobs import read_jobs
from s3sink.cli.run_task import TaskSpec

FILES = Path(__file__).parents[1] / "connect" / "connectors"
BROKER = "localhost:1"


def run(*arguments: str | Path, broker: bool = True) -> Result:
    words = ["--bootstrap-servers", BROKER] if broker else []
    return CliRunner().invoke(main, ["run", *words, *map(str, arguments)])


def connector(path: Path, name: str = "x", **config: str) -> Path:
    plain = {
        "connector.class": "S3SinkConnector",
        "topics": "a",
        "flush.size": "1",
        "s3.bucket.name": "b",
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        **config,
    }
    path.write_text(json.dumps({"name": name, "config": plain}))
    return path


@pytest.mark.parametrize("file", ["file-sink.properties", "file-source.json"])
def test_another_connector_is_refused_with_what_is_run_here(file: str) -> None:
    result = run(FILES / file)
    assert result.exit_code == 2
    for word in ("connector.class = org.apache.kafka.connect.file.FileStream", "is not run here", "S3SinkConnector"):
        assert word in result.stderr


def test_every_problem_of_every_file_comes_in_one_screen_with_key_value_reason_and_remedy(tmp_path: Path) -> None:
    one = connector(tmp_path / "one.json", **{"flush.size": "many", "s3.part.size": "1"})
    two = connector(tmp_path / "two.json", "y", **{"consumer.override.enable.auto.commit": "true", "tasks.max": "0"})
    result = run(one, two, FILES / "file-source.json", "--set", "nonsense")
    assert result.exit_code == 2
    expected = [
        "--set: 1 problem", "nonsense",
        "one.json: 2 problems", "flush.size = many   (line ", "Not a number of type INT", "Records of all open files",
        "s3.part.size = 1", "Part size must be at least: 5242880 bytes",
        "two.json: 2 problems", "consumer.override.enable.auto.commit = true", "must be false", "tasks.max = 0",
        "file-source.json: 1 problem",
    ]  # fmt: skip
    assert [word for word in expected if word not in result.stderr] == []
    assert "Traceback" not in result.stderr


def test_the_value_of_a_secret_is_not_shown_and_a_reference_to_one_is(tmp_path: Path) -> None:
    secrets = {"aws.secret.access.key": "hidden-word", "s3.sse.customer.key": "${env:NAME_OF_IT}"}
    login = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": "hidden-word"}
    overrides = {f"consumer.override.{key}": text for key, text in login.items()}
    result = run(connector(tmp_path / "a.json", **secrets, **overrides, **{"flush.size": "x"}))
    assert result.exit_code == 2
    assert "sasl.jaas.config = [hidden]" in result.stderr
    assert "hidden-word" not in result.output


def test_a_file_with_comments_says_line_and_column(tmp_path: Path) -> None:
    text = (FILES / "customers-cdc.json").read_text()
    path = tmp_path / "cdc.json"
    path.write_text(text.replace('"tasks.max"', '/* one is enough */ "tasks.max"'))
    result = run(path)
    assert result.exit_code == 2
    assert "cdc.json:5:5" in result.stderr


def test_without_a_broker_it_says_how_to_name_one(tmp_path: Path) -> None:
    result = run(connector(tmp_path / "a.json"), broker=False)
    assert result.exit_code == 2
    assert "--bootstrap-servers, or bootstrap.servers in the file that --worker names" in result.stderr


def test_two_connectors_of_one_name_are_one_group_and_refused(tmp_path: Path) -> None:
    result = run(connector(tmp_path / "a.json"), connector(tmp_path / "b.json"))
    assert result.exit_code == 2
    assert "a.json has a connector of this name" in result.stderr


def test_two_connectors_that_would_write_the_same_keys_are_refused(tmp_path: Path) -> None:
    one = connector(tmp_path / "a.json", topics="a,b")
    same, apart = (connector(tmp_path / f"{name}.json", name, **{"topics.dir": name}) for name in ("topics", "other"))
    assert "topics.dir = topics" in run(one, same).stderr
    assert read_jobs([str(one), str(apart)], None, BROKER, [])[0][1].connector.name == "other"


def test_a_paused_connector_is_not_started(tmp_path: Path) -> None:
    path = connector(tmp_path / "a.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "initial_state": "PAUSED"}))
    assert "the file says paused" in run(path).stderr


def test_what_the_worker_says_is_used_and_what_the_connector_says_goes_over_it(tmp_path: Path) -> None:
    worker = tmp_path / "worker.properties"
    worker.write_text(
        "bootstrap.servers=b:9092\nconsumer.fetch.min.bytes=1\nconsumer.fetch.max.wait.ms=2\n"
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
        'sasl.jaas.config=x.PlainLoginModule required username="u" password="p";\n'
    )
    file = connector(
        tmp_path / "a.json", **{"consumer.override.fetch.min.bytes": "7", "consumer.override.fetch.x": "1"}
    )
    ((job,), properties) = read_jobs([str(file)], str(worker), None, ["flush.size=5"])
    assert job.clients.consumer == {"fetch_min_bytes": 7, "fetch_max_wait_ms": 2}
    assert job.clients.settings["broker"] == ["kafka://b:9092"]
    assert job.clients.settings["broker_credentials"].username == "u"
    assert job.connector.sink.rotation[0] == FlushSize(5)
    assert [problem.key for problem in job.warnings] == ["consumer.override.fetch.x"]
    assert "bootstrap.servers" in properties
    ((other,), _) = read_jobs([str(file)], str(worker), BROKER, [])
    assert other.clients.settings["broker"] == [f"kafka://{BROKER}"]


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=8))
def test_no_settings_however_mangled_end_in_a_traceback(settings: dict[str, str]) -> None:
    told = [word for key, text in settings.items() for word in ("--set", f"{key}={text}")]
    result = run(FILES / "file-source.json", *told)
    assert result.exit_code == 2
    assert "file-source.json: 1 problem" in result.stderr


# ---------------------------------------------------------------------------------------------- who runs where
def test_a_connector_is_in_as_many_processes_as_it_has_tasks_and_shares_them(tmp_path: Path) -> None:
    three = connector(tmp_path / "a.json", "three", **{"tasks.max": "3"})
    one = connector(tmp_path / "b.json", "one", topics="b")
    jobs, _ = read_jobs([str(three), str(one)], None, BROKER, [])
    together = [(task, [job.connector.name for job in group]) for task, group in _processes(jobs, apart=False)]
    assert together == [(0, ["three", "one"]), (1, ["three"]), (2, ["three"])]
    apart = [(task, [job.connector.name for job in group]) for task, group in _processes(jobs, apart=True)]
    assert apart == [(0, ["three"]), (0, ["one"]), (1, ["three"]), (2, ["three"])]


def test_a_process_is_told_all_it_needs_in_one_line() -> None:
    spec = TaskSpec(1, [("a.json", {"name": "x\ny"})], {"k": "v"}, None, 5.0, "info", 8000)
    assert "\n" not in spec.line()
    told = TaskSpec(**json.loads(spec.line()))
    assert (told.task, told.prometheus_port) == (1, 8000)
    assert [dict(properties) for _, properties in told.connectors] == [{"name": "x\ny"}]


# ---------------------------------------------------------------------------------------------- the status
STATUS = [
    Standing("orders", "RUNNING", partitions=2, records=1200, objects=3, lag=7),
    Standing("orders", "STARTING"),
    Standing("logs", "RUNNING", partitions=1, records=5, lag=0),
]


def test_the_status_is_a_table_a_log_or_json(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run_screen.show("table")(STATUS)
    head, orders, logs = capsys.readouterr().out.splitlines()
    assert head.split() == ["connector", "state", "tasks", "partitions", "records", "lag", "objects", "errors"]
    assert orders.split() == ["orders", "STARTING", "2", "2", "1,200", "7", "3", "0"]
    assert logs.split() == ["logs", "RUNNING", "1", "1", "5", "0", "0", "0"]
    run_screen.show("json")(STATUS)
    status = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["records"], one["lag"]) for one in status["connectors"]] == [
        ("orders", 1200, 7),
        ("logs", 5, 0),
    ]
    with caplog.at_level(logging.INFO, "s3sink.run"):
        run_screen.show("log")(STATUS[2:])
    assert "status connector=logs state=RUNNING tasks=1 partitions=1 records=5 lag=0" in caplog.text
