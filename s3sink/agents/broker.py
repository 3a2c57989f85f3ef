"""Before the app starts: is the cluster there, do the topics exist, how many partitions have they."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list

from s3sink.dlq import DeadLetterTopic
from s3sink.errors import BrokerError

if TYPE_CHECKING:
    from s3sink.agents.service import AttachedSink

log = logging.getLogger("s3sink")


def client_settings(app: faust.App) -> dict[str, Any]:
    """How aiokafka reaches the app's cluster: servers and credentials, as Faust itself does."""
    conf = app.conf
    return {
        "bootstrap_servers": server_list(conf.broker_consumer, 9092),
        **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
    }


class Cluster(NamedTuple):
    """What the sinks need to know of the cluster."""

    brokers: int
    partitions: dict[str, int]


async def preflight(app: faust.App, sinks: Iterable[AttachedSink]) -> Cluster:
    """Brokers, and the partitions of every topic that a sink reads; dead letter topics are created where missing.

    Waits for brokers and topics, saying so every few seconds.
    """
    sinks = list(sinks)
    admin = await _connected(app)
    try:
        for sink in sinks:
            if isinstance(sink.sink.errors, DeadLetterTopic):
                await _ensure(admin, sink.sink.errors)
        brokers = len((await admin.describe_cluster())["brokers"])
        return Cluster(brokers, await _partitions(admin, {topic for sink in sinks for topic in sink.topics}))
    finally:
        await admin.close()


async def _connected(app: faust.App) -> AIOKafkaAdminClient:
    settings = client_settings(app)
    while True:
        admin = AIOKafkaAdminClient(**settings)
        try:
            await asyncio.wait_for(admin.start(), 10)
        except (KafkaError, OSError, TimeoutError) as error:
            await admin.close()
            servers, reason = settings["bootstrap_servers"], str(error) or type(error).__name__
            log.error("the Kafka brokers %s cannot be reached: %s; trying again", servers, reason)
            await asyncio.sleep(3)
        else:
            return admin


async def _partitions(admin: AIOKafkaAdminClient, topics: set[str]) -> dict[str, int]:
    while True:
        described = await admin.describe_topics(sorted(topics))
        found = {t["topic"]: len(t["partitions"]) for t in described if not t["error_code"]}
        missing = sorted(topics - {topic for topic, n in found.items() if n})
        if not missing:
            return found
        log.error("the topic %s does not exist yet; waiting for it", ", ".join(missing))
        await asyncio.sleep(3)


async def _ensure(admin: AIOKafkaAdminClient, topic: DeadLetterTopic) -> None:
    described = await admin.describe_topics([topic.topic])
    if described and not described[0]["error_code"]:
        return
    log.warning("the dead letter topic %s does not exist, creating it with one partition", topic.topic)
    new = NewTopic(topic.topic, 1, topic.replication_factor or -1, replica_assignments={})
    try:
        answer = await admin.create_topics([new])
    except TopicAlreadyExistsError:
        return
    for name, code, *message in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise BrokerError(f"the dead letter topic {name} cannot be created: {message or code}")
