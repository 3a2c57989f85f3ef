"""The topic of dead letters: refused where letters would come back, created as it should be, or one clear sentence."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka.errors import MessageSizeTooLargeError, TopicAlreadyExistsError

from s3sink import BrokerError, ConfigError, DeadLetterTopic, ErrorPolicy, MemoryStore, S3Sink
from s3sink.agents import attach
from s3sink.agents.broker import _ensure
from s3sink.agents.letters import TopicDeadLetters
from s3sink.dlq import DeadLetter


def _app(**settings: Any) -> faust.App:
    return faust.App("test-dead-letter-topics", broker="kafka://nowhere:9092", **settings)


def _sink(errors: Any) -> S3Sink:
    return S3Sink(store=MemoryStore(), errors=errors)


@pytest.mark.parametrize("errors", [DeadLetterTopic(" b "), ErrorPolicy(dead_letters=DeadLetterTopic("b"))])
def test_dead_letters_may_not_go_to_a_topic_that_is_read(errors: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        attach(_app(), ["b", "a"], _sink(errors))
    (problem,) = caught.value.problems
    assert problem.message == (
        "The DLQ topic 'b' may not be included in the list of topics ('topics=[a, b]') consumed by the connector"
    )


def test_another_sink_of_the_app_may_read_the_dead_letters() -> None:
    app = _app()
    attach(app, "a", _sink(DeadLetterTopic("dead")))
    attach(app, "dead", S3Sink(store=MemoryStore()))


def test_dead_letters_need_a_producer_that_waits_for_all_replicas() -> None:
    with pytest.raises(ConfigError, match="producer_acks: must be -1"):
        attach(_app(producer_acks=1), "a", _sink(DeadLetterTopic("dead")))
    attach(_app(producer_acks=1), "a", _sink("fail"))


class Admin:
    """Knows some topics, and answers a creation with a code."""

    def __init__(self, topics: list[str], code: int = 0, message: str | None = None, fails: Any = None) -> None:
        self.topics, self.code, self.message, self.fails = topics, code, message, fails
        self.created: list[Any] = []

    async def list_topics(self) -> list[str]:
        return self.topics

    async def create_topics(self, new: list[Any]) -> Any:
        if self.fails is not None:
            raise self.fails
        self.created += new
        return SimpleNamespace(topic_errors=[(new[0].name, self.code, self.message)])


def test_a_topic_that_is_there_is_left_alone() -> None:
    admin = Admin(["dead"])
    asyncio.run(_ensure(admin, DeadLetterTopic("dead")))
    assert admin.created == []


@pytest.mark.parametrize(("replicas", "asked"), [(None, -1), (-1, -1), (3, 3)])
def test_a_topic_is_made_with_one_partition_and_the_replicas_asked_for(replicas: int | None, asked: int) -> None:
    admin = Admin(["other"])
    asyncio.run(_ensure(admin, DeadLetterTopic("dead", replication_factor=replicas)))
    ((name, partitions, factor),) = [(n.name, n.num_partitions, n.replication_factor) for n in admin.created]
    assert (name, partitions, factor) == ("dead", 1, asked)


@pytest.mark.parametrize("admin", [Admin([], 36, "exists"), Admin([], fails=TopicAlreadyExistsError())])
def test_somebody_else_may_have_made_it_meanwhile(admin: Admin) -> None:
    asyncio.run(_ensure(admin, DeadLetterTopic("dead")))


REFUSED = [
    (Admin([], 38, "Replication factor: 3 larger than available brokers: 1."), "replication_factor=3"),
    (Admin([], 29), "TOPIC_AUTHORIZATION_FAILED; create it yourself"),
    (Admin([], fails=TimeoutError()), "TimeoutError; create it yourself"),
]


@pytest.mark.parametrize(("admin", "remedy"), REFUSED)
def test_a_topic_that_cannot_be_made_is_one_sentence_with_the_remedy(admin: Admin, remedy: str) -> None:
    with pytest.raises(BrokerError) as caught:
        asyncio.run(_ensure(admin, DeadLetterTopic("dead", replication_factor=3)))
    assert str(caught.value).startswith("Could not initialize dead letter queue with topic=dead: ")
    assert remedy in str(caught.value)


def test_a_letter_that_is_too_large_says_what_to_raise() -> None:
    async def refuse(*_: Any) -> None:
        raise MessageSizeTooLargeError("1100000 bytes")

    letters = TopicDeadLetters(SimpleNamespace(producer=SimpleNamespace(send_and_wait=refuse)), DeadLetterTopic("dead"))
    with pytest.raises(BrokerError, match=r"offset 7 .*dead letter topic dead.*producer_max_request_size"):
        asyncio.run(letters.send([DeadLetter(None, b"", (), None, 7)]))
