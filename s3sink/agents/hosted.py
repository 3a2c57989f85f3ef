"""A sink in an app of its own: what runs a connector that is configuration, and no user's app."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import faust

from s3sink.agents.attach import attach
from s3sink.agents.clients import ClientOptions
from s3sink.agents.standing import Standing, State, TeeMetrics, standing
from s3sink.metrics import CountingMetrics, Metrics
from s3sink.sink import S3Sink

_LONGEST_ID = 110  # the changelog's name is made of it and of the sink's, and Kafka's limit is 249


@dataclass(slots=True)
class HostedSink:
    """One sink, the app that it is attached to, and how both are.

    `name` is the connector's, which may be any text; `label` is what log lines carry.
    """

    name: str
    label: str
    app: faust.App
    attached: Any
    counted: CountingMetrics = field(default_factory=CountingMetrics)
    state: State = "STARTING"

    def clear(self) -> None:
        """Away with the directory that Faust wants to have; nothing of ours is in it."""
        shutil.rmtree(self.app.conf.datadir, ignore_errors=True)

    def standing(self) -> Standing:
        """For the status line."""
        return standing(self.name, self.state, self.attached, self.counted)


def host(
    name: str,
    group: str,
    sink: S3Sink,
    topics: tuple[str, ...] | re.Pattern[str],
    clients: ClientOptions,
    *,
    task: int = 0,
    metrics: Metrics | None = None,
) -> HostedSink:
    """An app of this consumer group with the sink in it, not started yet. Raises ConfigError.

    Several of them run in one process and one event loop, each with its consumer in a thread of its own.
    """
    counted = CountingMetrics()
    id = app_id(group)
    app = faust.App(
        id,
        store="memory://",
        datadir=tempfile.mkdtemp(prefix="s3sink-"),
        web_enabled=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        **_settings(clients.settings, group, task),
    )
    everywhere = TeeMetrics(counted, metrics) if metrics else counted
    attached = attach(app, topics, sink, metrics=everywhere)
    app.conf.consumer_auto_offset_reset = clients.settings["consumer_auto_offset_reset"]
    attached.consumer_options({"group_id": group, **clients.consumer})
    return HostedSink(name, f"{name}|task-{task}", app, attached, counted)


def _settings(settings: Mapping[str, Any], group: str, task: int) -> dict[str, Any]:
    """Names of clients are those that Kafka Connect gives them."""
    name = group.removeprefix("connect-")
    return {"broker_client_id": f"connector-consumer-{name}-{task}", **settings}


def app_id(group: str) -> str:
    """The group as a part of topic names: other characters than those become dashes, with a digest behind.

    >>> app_id("connect-orders")
    'connect-orders'
    """
    if re.fullmatch(rf"[A-Za-z0-9._-]{{1,{_LONGEST_ID}}}", group):
        return group
    digest = hashlib.blake2b(group.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9._-]', '-', group)[: _LONGEST_ID - 9]}-{digest}"
