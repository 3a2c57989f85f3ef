"""What happens to bad records: `errors.*` and `behavior.on.null.values`."""

from __future__ import annotations

from typing import Literal

from s3sink.connect.values import Values
from s3sink.dlq import DeadLetterTopic
from s3sink.errors import ConfigError
from s3sink.pipeline import NullValues
from s3sink.tolerance import ErrorPolicy

Errors = Literal["fail"] | DeadLetterTopic | ErrorPolicy

_TOPIC = "errors.deadletterqueue.topic.name"
_REPLICAS = "errors.deadletterqueue.topic.replication.factor"
_HEADERS = "errors.deadletterqueue.context.headers.enable"
_FIELDS = {
    "replication_factor": _REPLICAS,
    "topic": _TOPIC,
    "retry_timeout": "errors.retry.timeout",
    "retry_delay_max": "errors.retry.delay.max.ms",
}


def build_errors(values: Values) -> Errors:
    """The policy that a file asks for, in the shortest of its forms."""
    try:
        policy = ErrorPolicy(
            values["errors.tolerance"],
            values["errors.retry.timeout"],
            values["errors.retry.delay.max.ms"],
            values["errors.log.enable"],
            values["errors.log.include.messages"],
            _dead_letters(values),
        )
    except ConfigError as error:
        values.refuse_all(error, _FIELDS)
        return "fail"
    _warn(values, policy)
    return shortest(policy)


def shortest(policy: ErrorPolicy) -> Errors:
    """The same as "fail" or as a topic, where one of them says it all."""
    if policy == ErrorPolicy():
        return "fail"
    topic = policy.dead_letters
    return topic if topic and policy == ErrorPolicy("all", dead_letters=topic) else policy


def _dead_letters(values: Values) -> DeadLetterTopic | None:
    topic, replicas = values[_TOPIC], values[_REPLICAS]
    return DeadLetterTopic(topic, values[_HEADERS], None if replicas == -1 else replicas) if topic else None


def _warn(values: Values, policy: ErrorPolicy) -> None:
    if policy.dead_letters is None:
        for key in (_REPLICAS, _HEADERS):
            values.warn_if_given(key, f"has no effect without {_TOPIC}")
    elif policy.tolerance == "none":
        values.warn(_TOPIC, "the first bad record goes there and ends the task: errors.tolerance=all goes on")
    if policy.log_messages and not policy.log:
        values.warn("errors.log.include.messages", "has no effect without errors.log.enable=true")


def build_null_values(values: Values) -> NullValues:
    """Nulls that are ignored are reported where there is somebody to report to."""
    mode: NullValues = values["behavior.on.null.values"].lower()
    if mode != "ignore":
        values.warn_if_given("report.null.values.to.dlq", "has no effect without behavior.on.null.values=ignore")
        return mode
    hears = bool(values[_TOPIC]) or values["errors.log.enable"]
    return "report" if hears and values["report.null.values.to.dlq"] else "ignore"
