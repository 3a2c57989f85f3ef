"""What Kafka Connect itself reads in a connector file: name, topics, overrides of clients."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final

from s3sink.connect.keys import SINK
from s3sink.connect.values import Values
from s3sink.errors import Problem
from s3sink.transforms._regex import compile_java

_CLASSES: Final = (SINK, "S3SinkConnector", "S3Sink")
_DLQ = "errors.deadletterqueue.topic.name"
_PRINCIPAL = ("sasl.jaas.config", "sasl.mechanism", "security.protocol")


def is_sink(name: str) -> bool:
    """Whether a `connector.class` is the S3 sink."""
    return name.strip() in _CLASSES


def other_class(name: str) -> str:
    """What to say of another one."""
    return f"{name.strip()!r} is not run here: s3sink is {SINK}, and nothing else"


def topics_of(properties: Mapping[str, str]) -> tuple[str, ...]:
    """The topics, each once."""
    listed = properties.get("topics", "").split(",")
    return tuple(dict.fromkeys(topic.strip() for topic in listed if topic.strip()))


def topic_problems(values: Values) -> Iterator[Problem]:
    """What Kafka Connect says about `topics`, `topics.regex` and the dead letter topic."""
    topics = values.properties.get("topics", "").strip()
    regex = values.properties.get("topics.regex", "").strip()
    both = "topics and topics.regex are mutually exclusive options, but both are set."
    if bool(topics) == bool(regex):
        words = both if topics else "Must configure one of topics or topics.regex"
        yield from (Problem(key, words) for key in ("topics", "topics.regex"))
    dlq = values.properties.get(_DLQ, "").strip()
    listed = topics_of(values.properties)
    if dlq and dlq in listed:
        words = f"may not be included in the list of topics ('topics=[{', '.join(listed)}]')"
        yield Problem("topics", f"The DLQ topic '{dlq}' {words} consumed by the connector")
    if dlq and regex and "topics.regex" not in values.messages and _matches(regex, dlq):
        words = f"may not be matched by the regex for the topics ('topics.regex={regex}')"
        yield Problem("topics.regex", f"The DLQ topic '{dlq}' {words} consumed by the connector")


def _matches(regex: str, topic: str) -> bool:
    return compile_java(regex).fullmatch(topic) is not None


def sink_name(name: str | None) -> str | None:
    """The name as a part of topic names: other characters than those become dashes, with a digest behind."""
    if not name or re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name):
        return name or None
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9._-]', '-', name)[:91]}-{digest}"


# ---------------------------------------------------------------------------------------------- overrides
def overrides(values: Values, client: str, worker: Mapping[str, str]) -> dict[str, str]:
    """Options of a client: the worker's `consumer.*`, and on top of them the connector's `consumer.override.*`."""
    prefix = f"{client}.override."
    own = values.under(prefix)
    policy = worker.get("connector.client.config.override.policy", "All").strip().rpartition(".")[2]
    for option in own:
        if not _allowed(policy.removesuffix("ConnectorClientConfigOverridePolicy"), option):
            values.refuse(prefix + option, _not_allowed(policy, option))
    workers = {key[len(client) + 1 :]: text for key, text in worker.items() if key.startswith(f"{client}.")}
    return workers | own


def _allowed(policy: str, option: str) -> bool:
    return policy != "None" and (policy != "Principal" or option in _PRINCIPAL)


def _not_allowed(policy: str, option: str) -> str:
    words = f"does not allow '{option}' to be overridden in the connector configuration."
    return f"The '{policy.removesuffix('ConnectorClientConfigOverridePolicy')}' policy {words}"
