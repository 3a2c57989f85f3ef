"""`s3sink takeover`: what it says of a survey. The survey itself is made on real servers, in tests/broker."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from s3sink.agents.offsets import Stand
from s3sink.cli.main import main
from s3sink.cli.takeover import Row, Survey, _plain, _text
from s3sink.connect import connector
from s3sink.connect.takeover import Stored, StoredObject, decide
from s3sink.record import TopicPartition
from tests.cli.test_lint import GOOD, write

KEY = "topics/t/partition=0/t+0+0000000010.json"
NEXT = "topics/t/partition=0/t+0+0000000012.json"


def survey(committed: int, *, members: int = 0) -> Survey:
    """A connector whose last object has the records 10 to 14."""
    made = connector({"name": "orders", **GOOD})
    stored = Stored((StoredObject(10, KEY, 5),), 2)
    decision = decide(made.sink, committed, 0, 100, stored)
    row = Row(TopicPartition("t", 0), Stand(committed, "", 0, 100), stored, decision, NEXT, taken=False)
    return Survey(made, members, [row], "s3://lake/topics")


@pytest.mark.parametrize(
    ("committed", "code", "shown"),
    [
        (15, 0, "s3sink goes on where it stopped. Nothing was changed."),
        (12, 1, "--group connect-orders --topic t:0 --reset-offsets --to-offset 15 --execute"),
        (17, 1, "gap of 2"),
    ],
)
def test_a_survey_ends_with_what_to_do(committed: int, code: int, shown: str) -> None:
    found = survey(committed)
    assert found.exit_code == code
    assert shown in " ".join(click.unstyle(_text(found, 100)).split())
    assert "Nothing was changed." in _text(found, 100)


def test_a_group_with_members_is_not_to_be_taken_over() -> None:
    found = survey(15, members=2)
    assert found.exit_code == 1
    assert "The group has 2 members" in _text(found, 100)


def test_programs_get_every_partition() -> None:
    (partition,) = _plain(survey(12))["partitions"]
    assert json.loads(json.dumps(partition)) == {
        "topic": "t",
        "partition": 0,
        "committed": 12,
        "topic_begin": 0,
        "topic_end": 100,
        "objects": 2,
        "last_object": KEY,
        "stored_until": 15,
        "outcome": "overlap",
        "level": "error",
        "count": 3,
        "reason": partition["reason"],
        "remedy": partition["remedy"],
        "first_key": NEXT,
        "first_key_taken": False,
    }


def test_a_wrong_configuration_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    for path, more in ((write(tmp_path, "a", flush_size="x"), ()), (write(tmp_path, "b"), ("--set", "x"))):
        result = CliRunner().invoke(main, ["takeover", str(path), "--bootstrap-servers", "127.0.0.1:1", *more])
        assert result.exit_code == 2, result.output
        assert isinstance(result.exception, SystemExit)
