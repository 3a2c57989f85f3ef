"""`s3sink plan`: a sample becomes keys, figures and bad records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from s3sink.cli.main import main
from tests.cli.test_lint import write

DLQ = {"errors.deadletterqueue.topic.name": "dlq", "errors.tolerance": "all"}


def plan(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["plan", *map(str, arguments)])


def sample(home: Path, *lines: dict[str, Any] | str) -> Path:
    path = home / "sample.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def seconds(count: int, **more: Any) -> list[dict[str, Any]]:
    """Records of 2017-03-02T10:00Z on, one a second."""
    return [{"value": {"n": n}, "timestamp": 1488448800000 + n * 1000, **more} for n in range(count)]


HOURLY = {
    "partitioner_class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
    "timestamp_extractor": "Record",
    "timezone": "UTC",
    "locale": "en",
}


def test_a_sample_becomes_the_objects_that_it_would_be(tmp_path: Path) -> None:
    path = write(tmp_path, flush_size="4", **HOURLY)
    result = plan(path, "--sample", sample(tmp_path, *seconds(10)), "--json")
    answer = json.loads(result.output)
    assert result.exit_code == 0
    assert [(one["key"], one["records"]) for one in answer["objects"]] == [
        (f"topics/orders/year=2017/month=03/day=02/hour=10/orders+0+{start:010d}.json", count)
        for start, count in ((0, 4), (4, 4), (8, 2))
    ]
    assert (answer["requests"], answer["bad"]) == (3, [])


def test_the_rate_is_the_samples_unless_it_is_said(tmp_path: Path) -> None:
    path, records = write(tmp_path, flush_size="4", **HOURLY), sample(tmp_path, *seconds(11))
    own = json.loads(plan(path, "--sample", records, "--json").output)["rate"]
    told = json.loads(plan(path, "--sample", records, "--json", "--rate", "100", "--partitions", "5").output)["rate"]
    assert (own["records_per_second"], own["closed_by"], own["seconds_open"]) == (1, "flush.size", 4)
    assert (told["partitions"], told["seconds_open"]) == (5, 0.2)
    assert "files an hour" in plan(path, "--sample", records).output


def test_bad_records_are_shown_with_where_and_why(tmp_path: Path) -> None:
    result = plan(write(tmp_path), "--sample", sample(tmp_path, {"value": {"n": 1}}, "{broken", '{"n": 2}'))
    assert result.exit_code == 1
    assert "1 of 3 records cannot be written: the first of them ends the task" in result.output
    assert "orders:0        1  VALUE_CONVERTER" in result.output
    assert "topics/orders/partition=0/orders+0+0000000000.json" in result.output


def test_records_that_are_tolerated_do_not_end_the_task(tmp_path: Path) -> None:
    path = write(tmp_path, **{key.replace(".", "_"): text for key, text in DLQ.items()})
    result = plan(path, "--sample", sample(tmp_path, "{broken"))
    assert "they are tolerated" in result.output


def test_partitions_and_offsets_of_the_sample_are_kept(tmp_path: Path) -> None:
    records = [{"value": 1, "partition": p, "offset": o} for p, o in ((3, 70), (1, 9), (3, 71))]
    answer = json.loads(plan(write(tmp_path), "--sample", sample(tmp_path, *records), "--json").output)
    assert [one["key"] for one in answer["objects"]] == [
        "topics/orders/partition=1/orders+1+0000000009.json",
        "topics/orders/partition=3/orders+3+0000000070.json",
    ]


def test_dates_that_were_read_as_milliseconds_are_pointed_at(tmp_path: Path) -> None:
    path = write(tmp_path, **{**HOURLY, "timestamp_extractor": "RecordField", "timestamp_field": "dt"})
    result = plan(path, "--sample", sample(tmp_path, {"value": {"dt": "20231001"}}))
    assert "directories of 1970" in result.output


def test_a_topic_that_nobody_names_has_to_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, topics="", topics_regex="orders.*")
    records = sample(tmp_path, "{}")
    assert "--topic" in plan(path, "--sample", records).output
    assert "topics/orders-eu/" in plan(path, "--sample", records, "--topic", "orders-eu").output


@pytest.mark.parametrize(
    ("lines", "changes", "more"),
    [
        ("", {}, ()),
        ('{"value": 1, "partition": "x"}', {}, ()),
        ("{}", {"flush_size": "x"}, ()),
        ("{}", {}, ("--name", "other")),
        ("{}", {}, ("--worker", "none")),
        ("{}", {}, ("--sample", "none")),
    ],
)
def test_what_cannot_be_read_is_told_without_a_traceback(
    tmp_path: Path, lines: str, changes: dict[str, str], more: tuple[str, ...]
) -> None:
    result = plan(write(tmp_path, **changes), "--sample", sample(tmp_path, lines), *more)
    assert (result.exit_code, "Traceback" in result.output) == (2, False), result.output
    assert isinstance(result.exception, SystemExit)
