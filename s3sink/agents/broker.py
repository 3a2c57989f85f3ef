"""Before the app starts: is the cluster there, do the topics exist, how many partitions have they."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    InvalidReplicationFactorError,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)
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


async def preflight(app: faust.App, group: str, sinks: Iterable[AttachedSink]) -> Cluster:
    """Brokers, and the partitions of every topic that a sink reads; dead letter topics are created where missing.

    Waits for brokers and topics, saying so every few seconds.
    """
    sinks = list(sinks)
    admin = await _connected(app)
    try:
        await _refuse_strangers(group, admin)
        for sink in sinks:
            if sink.dead_letters is not None:
                await _ensure(admin, sink.dead_letters.topic)
        brokers = len((await admin.describe_cluster())["brokers"])
        return Cluster(brokers, await _partitions(admin, {topic for sink in sinks for topic in sink.topics}))
    finally:
        await admin.close()


#: Kafka's own, and our changelogs: no pattern means them.
_INTERNAL = re.compile(r"__consumer_offsets|__transaction_state|__share_group_state|.*-s3sink-.*-boundaries-changelog")


def matching(pattern: re.Pattern[str] | None, topics: Iterable[str]) -> frozenset[str]:
    """The topics whose whole names match; none without a pattern."""
    if pattern is None:
        return frozenset()
    return frozenset(topic for topic in topics if pattern.fullmatch(topic) and not _INTERNAL.fullmatch(topic))


async def existing_topics(app: faust.App) -> frozenset[str]:
    """All topics that this user may see. Raises BrokerError."""
    admin = await _connected(app)
    try:
        return frozenset(await admin.list_topics())
    except (KafkaError, OSError, TimeoutError) as error:
        raise BrokerError(f"the topics cannot be listed: {error or type(error).__name__}") from error
    finally:
        await admin.close()


async def _refuse_strangers(group: str, admin: AIOKafkaAdminClient) -> None:
    """A group has one way to share partitions: while Kafka Connect's consumers are in it, nobody else gets in."""
    try:
        (answer,) = await admin.describe_consumer_groups([group])
        _, _, state, kind, protocol, members, *_ = answer.groups[0]
    except GroupCoordinatorNotAvailableError:
        return  # the very first group of a new cluster: its offsets topic is being made
    except (KafkaError, TimeoutError, ValueError) as error:
        log.warning("the group %s cannot be described: %r", group, error)
        return
    if members and (kind, protocol or "faust") != ("consumer", "faust"):
        raise BrokerError(
            f"the group {group} has {len(members)} members that are not s3sink's ({state}, {protocol}): stop the "
            "connector in Kafka Connect first; this one goes on where it stopped"
        )


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
    """Create a dead letter topic that is not there. Asking for it by name could make the brokers do it their way."""
    if topic.topic in await admin.list_topics():
        return
    log.warning("the dead letter topic %s does not exist, creating it with one partition", topic.topic)
    replicas = topic.replication_factor or -1
    # aiokafka takes -1, the broker's default, only beside assignments that are not None, and others only without
    new = NewTopic(topic.topic, 1, replicas, replica_assignments={} if replicas == -1 else None)
    try:
        answer = await admin.create_topics([new])
    except TopicAlreadyExistsError:
        return
    except (KafkaError, TimeoutError) as error:
        raise BrokerError(_not_created(topic, str(error) or type(error).__name__)) from error
    for _, code, *message in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise BrokerError(_not_created(topic, " ".join(filter(None, message)) or for_code(code).message, code))


def _not_created(topic: DeadLetterTopic, reason: str, code: int | None = None) -> str:
    remedy = "create it yourself, or let this user create topics"
    if code == InvalidReplicationFactorError.errno:
        remedy = (
            f"replication_factor={topic.replication_factor} (errors.deadletterqueue.topic.replication.factor) has to "
            "fit the number of brokers, or create the topic yourself"
        )
    return f"Could not initialize dead letter queue with topic={topic.topic}: {reason.rstrip('.')}; {remedy}"
