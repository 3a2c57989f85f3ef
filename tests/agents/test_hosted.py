"""A sink in an app of its own: its group, its names, its figures."""

from __future__ import annotations

import re

import pytest

from s3sink import FlushSize, MemoryStore, S3Sink
from s3sink.agents.broker import matching
from s3sink.agents.clients import client_options
from s3sink.agents.hosted import HostedSink, app_id, host
from s3sink.agents.standing import Standing, total
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import ConfigError

CLIENTS = client_options({"fetch.min.bytes": "5"}, {}, {}, {"bootstrap.servers": "localhost:9092"})


def hosted(
    topics: tuple[str, ...] | re.Pattern[str] = ("a",), group: str = "connect-x", **options: object
) -> HostedSink:
    sink = S3Sink(store=MemoryStore(), rotation=[FlushSize(1)], name="x", **options)  # type: ignore[arg-type]
    return host("x", group, sink, topics, CLIENTS, task=2)


def test_the_app_is_the_group_and_its_client_is_called_as_kafka_connects() -> None:
    one = hosted()
    assert (one.app.conf.id, one.app.conf.broker_client_id) == ("connect-x", "connector-consumer-x-2")
    assert one.label == "x|task-2"


def test_a_group_that_is_no_topic_name_is_kept_and_its_changelog_called_otherwise() -> None:
    one = hosted(group="connect-my sink/ü")
    assert re.fullmatch(r"connect-my-sink---[0-9a-f]{8}", one.app.conf.id)
    assert one.attached._service.consumer_options == {"group_id": "connect-my sink/ü", "fetch_min_bytes": 5}
    assert app_id("a b") != app_id("a-b") != app_id("a c")
    assert len(app_id("x" * 300)) <= 110


def test_a_pattern_takes_whole_names_and_neither_kafkas_topics_nor_our_changelogs() -> None:
    topics = ["a", "ab", "__consumer_offsets", "connect-x-s3sink-x-boundaries-changelog", "xa"]
    assert matching(re.compile("a.*|_.*|c.*"), topics) == {"a", "ab"}
    assert matching(None, topics) == frozenset()


def test_a_pattern_may_not_match_the_topic_of_dead_letters() -> None:
    with pytest.raises(ConfigError, match="dead"):
        hosted(re.compile("dea."), errors=DeadLetterTopic("dead"))
    assert hosted(re.compile("dea."), errors=DeadLetterTopic("letters")).attached.topics == frozenset()


def test_a_connectors_standing_is_the_sum_of_its_tasks_and_the_state_that_is_furthest_from_well() -> None:
    running = Standing("x", "RUNNING", topics=2, partitions=1, records=5, objects=1, lag=3)
    starting = Standing("x", "STARTING", topics=1, records=1, errors=2, dead_letters=1)
    expected = Standing(
        "x", "STARTING", 2, topics=2, partitions=1, records=6, objects=1, lag=3, errors=2, dead_letters=1
    )
    assert total([running, starting]) == expected
    assert total([running, Standing("x", "FAILED")]).state == "FAILED"
    assert total([starting]).lag is None
