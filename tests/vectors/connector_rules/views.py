"""Looking at scenarios, and making others of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping

from tests.vectors.files import Vector
from tests.vectors.replay import Replay
from tests.vectors.scenarios import Answer, Content, Failure, Letter, Step, answer_of


def setting(scenario: Vector, key: str) -> str:
    """What the connector file says, "" for nothing."""
    return str(scenario["config"].get(key, ""))


def failures(scenario: Vector) -> list[Failure]:
    """The connector's, in order."""
    return [step.failure for step in answer_of(scenario).steps if step.failure is not None]


def fails_with(scenario: Vector, *words: str) -> bool:
    """Whether a message of the connector begins so."""
    return any(text.startswith(words) for failure in failures(scenario) for text in failure.messages)


def letters_of(scenario: Vector) -> list[Letter]:
    """What the connector reports."""
    return [letter for step in answer_of(scenario).steps for letter in step.letters]


def has_no_schemas(scenario: Vector) -> bool:
    """Whether values are JSON without schemas."""
    return setting(scenario, "value.converter.schemas.enable") == "false"


def has_step(scenario: Vector, *ops: str) -> bool:
    """Whether one of these was done."""
    return any(step["op"] in ops for step in scenario["steps"])


def without(scenario: Vector, gone: Callable[[Vector], bool]) -> Vector:
    """The same without these records."""
    steps = [
        {**step, "records": [r for r in step["records"] if not gone(r)]} if "records" in step else step
        for step in scenario["steps"]
    ]
    return {**scenario, "steps": steps}


def with_config(scenario: Vector, **changes: str) -> Vector:
    """The same with other settings; `flush_size` is `flush.size`."""
    return {**scenario, "config": scenario["config"] | {key.replace("_", "."): text for key, text in changes.items()}}


def as_ours(scenario: Vector) -> Answer:
    """What the sink answers to another scenario, in which nothing is bad."""
    made = []
    for outcome in Replay(scenario).run():
        assert outcome.error is None, f"the other scenario fails too: {outcome.error}"
        made.append(Step(outcome.op, _contents(outcome.objects), outcome.committed))
    return Answer(tuple(made))


def _contents(objects: Mapping[str, bytes]) -> Mapping[str, Content]:
    return {key: _content(content) for key, content in objects.items()}


def _content(content: bytes) -> Content:
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(content).decode()}


def is_null(record: Vector) -> bool:
    """Whether it has no value."""
    return not ({"value", "value_b64", "value_fill"} & record.keys()) or record.get("value") == "null"


def schema_of(record: Vector) -> str:
    """The schema in the envelope of a value, as text."""
    try:
        value = json.loads(record.get("value", "null"))
    except ValueError:
        return ""
    return json.dumps(value.get("schema")) if isinstance(value, dict) else ""


def repeats(answer: Answer) -> bool:
    """Whether two lines of its objects are the same."""
    objects = {key: content for step in answer.steps for key, content in step.objects.items()}
    lines = [line for content in objects.values() for line in str(content.get("text", "")).splitlines()]
    return len(lines) > len(set(lines))
