"""`attach`: put a sink into a user's own Faust app."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

import faust
from faust.transport.utils import DefaultSchedulingStrategy

from s3sink.agents import tap
from s3sink.agents.broker import matching
from s3sink.agents.service import AttachedSink, SinkService
from s3sink.agents.subscriptions import Topics
from s3sink.clock import Clock, system_clock
from s3sink.config import check, problem_if
from s3sink.errors import ConfigError, Problem
from s3sink.metrics import Metrics, NoMetrics
from s3sink.sink import S3Sink

log = logging.getLogger("s3sink")
_SERVICES = "_s3sink_service"


def attach(
    app: faust.App,
    topics: Any,
    sink: S3Sink,
    *,
    name: str | None = None,
    agent: bool = True,
    metrics: Metrics | None = None,
    clock: Clock = system_clock,
) -> AttachedSink:
    """Write every record of these topics into the sink's store, exactly once, while the app runs.

    `topics` is a topic of the app, a name, or several of either; or a compiled pattern, which the whole name of a topic
    has to match: topics that come later are read too, within `consumer_metadata_max_age_ms`. The app gets a service,
    a table `s3sink-<name>-boundaries` with its changelog, and nothing else; `name` is the sink's, or else the topics'
    own.
    Other agents of the app go on as before, also on these topics: they get events at Faust's speed while the sink gets
    batches. The group's offset there is that of whoever is furthest behind, sink or agent: after a restart the agents
    see records again from it, so they see every record at least once, and the sink skips what it has. With
    `agent=False` nothing is read for the sink: an agent of your own calls `await attached.write(event)`.

    Sets what it needs on the app and refuses, with the reason, what it cannot work with. Call it before the app starts.
    """
    wanted = _wanted(topics)
    attached_name = name or sink.name or "-".join(sorted(wanted.names))
    _check(app, sink, wanted, attached_name, agent)
    service = _service(app, sink)
    attached = AttachedSink(service, attached_name, sink, wanted, metrics or NoMetrics(), clock)
    service.add(attached, events=not agent)
    return attached


def _wanted(topics: Any) -> Topics:
    if isinstance(topics, re.Pattern):
        return Topics(frozenset(), topics)
    return Topics(frozenset(_names(topics)))


def _check(app: faust.App, sink: S3Sink, wanted: Topics, name: str, agent: bool) -> None:
    by_pattern = wanted.pattern is not None
    check(
        "attach",
        [
            *_dead_letter_problems(app, sink, wanted),
            problem_if(not name, "name", "must be given where topics are matched by a pattern"),
            problem_if(by_pattern and not agent, "agent", "must be True where topics are matched by a pattern"),
        ],
    )


def _dead_letter_problems(app: faust.App, sink: S3Sink, wanted: Topics) -> Iterable[Problem | None]:
    letters = sink.error_policy.dead_letters
    if letters is not None:
        acks = app.conf.producer_acks
        message = f"must be -1 (all replicas) and is {acks}: a dead letter that a broker loses is a lost record"
        own = frozenset({letters.topic}) if matching(wanted.pattern, {letters.topic}) else wanted.names
        yield letters.problem_of(own)
        yield problem_if(acks != -1, "producer_acks", message)


def _names(topics: Any) -> Iterable[str]:
    if isinstance(topics, str):
        yield topics
    elif isinstance(topics, faust.Topic):
        if not topics.topics:
            raise ConfigError([Problem("topics", "a topic by pattern cannot be attached: name the topics")], "attach")
        yield from topics.topics
    else:
        for topic in topics:
            yield from _names(topic)


def _service(app: faust.App, sink: S3Sink) -> SinkService:
    service: SinkService | None = getattr(app, _SERVICES, None)
    if service is None:
        missing = tap.self_check()
        _prepare(app, missing)
        service = SinkService(app, memory=int(sink.memory))
        setattr(app, _SERVICES, service)
        app.add_dependency(service)
        app.on_partitions_revoked.connect(service.revoked)
        app.on_partitions_assigned.connect(service.assigned)
        app.on_rebalance_complete.connect(service.recovered)
        app.on_before_shutdown.connect(service.shutting_down)
        tap.install(
            app,
            lambda: service.topics,
            service.deliver,
            service.wants_events,
            service.acknowledged,
            positions=not missing.of_aiokafka,
            options=lambda: service.consumer_options,
        )
    return service


def _prepare(app: faust.App, missing: tap.Missing) -> None:
    conf = app.conf
    transactions = str(getattr(conf.processing_guarantee, "value", conf.processing_guarantee)) != "at_least_once"
    own_scheduler = conf.ConsumerScheduler is not DefaultSchedulingStrategy
    if missing.of_aiokafka:
        names = ", ".join(missing.of_aiokafka)
        log.warning("this aiokafka lacks %s: reading the slow way, and stopping at any gap in the offsets", names)
    check(
        "attach",
        [
            problem_if(
                transactions,
                "processing_guarantee",
                "must be at_least_once: Faust's transactions do not fence by group generation and hold up recovery; "
                "the sink is exactly once without them",
            ),
            problem_if(own_scheduler, "ConsumerScheduler", "must be Faust's own: the sink schedules batches itself"),
            problem_if(
                bool(missing.of_faust),
                "faust-streaming",
                f"the installed version lacks {', '.join(missing.of_faust)}: install the one that s3sink names",
            ),
        ],
    )
    conf.broker_max_poll_interval = 86_400.0  # paused partitions would throw the member out of the group
    conf.broker_max_poll_records = None  # a batch is what was fetched
    conf.broker_check_crcs = bool(missing.of_aiokafka)  # the tap does it, in hardware
    conf.consumer_auto_offset_reset = "earliest"
