"""Topics, directories and partitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.vectors.connector_rules.views import (
    as_ours,
    fails_with,
    failures,
    has_no_schemas,
    letters_of,
    setting,
    with_config,
    without,
)
from tests.vectors.files import Vector
from tests.vectors.scenarios import Answer, Content, all_records, partitions, place_of


def is_taken_for_a_tombstone(scenario: Vector) -> bool:
    return fails_with(scenario, "Value writer not configured for SinkRecord")


def is_no_tombstone(scenario: Vector, answer: Answer) -> Answer:
    return as_ours(with_config(scenario, tombstone_encoded_partition="never in a name"))


_NO_WRITER = "No writer found for topic partition"


def routes(scenario: Vector) -> bool:
    routers = [key for key, text in scenario["config"].items() if key.endswith(".type") and text.endswith("Router")]
    return bool(routers) and fails_with(scenario, _NO_WRITER)


def goes_where_it_is_routed(scenario: Vector, answer: Answer) -> Answer:
    """The files are those of the topic, under the topic's other name, where a pattern says which."""
    config = scenario["config"]
    name = next((key[: -len("type")] for key, text in config.items() if text.endswith("RegexRouter")), None)
    if name is None:
        steps = [replace(step, failure=None, either_way=step.failure is not None) for step in answer.steps]
        return replace(answer, steps=tuple(steps), waits_for=frozenset())
    plain = {**scenario, "config": {k: v for k, v in config.items() if not k.startswith(("transforms",))}}
    topics = {place_of(record)[0].topic for record in all_records(scenario)}
    renamed = {t: re.sub(f"^(?:{config[name + 'regex']})$", config[name + "replacement"], t) for t in topics}
    ours = as_ours(plain)
    steps = [replace(step, objects=_renamed(step.objects, renamed)) for step in ours.steps]
    return replace(ours, steps=tuple(steps))


def _renamed(objects: Mapping[str, Content], names: Mapping[str, str]) -> Mapping[str, Content]:
    for old, new in names.items():
        objects = {
            key.replace(f"/{old}/", f"/{new}/", 1).replace(f"/{old}+", f"/{new}+"): o for key, o in objects.items()
        }
    return objects


def is_not_assigned(scenario: Vector) -> bool:
    return fails_with(scenario, _NO_WRITER) and not routes(scenario)


def as_if_never_read(scenario: Vector, answer: Answer) -> Answer:
    """Without the partitions that are not assigned, or not any more: Kafka does not deliver their records."""
    closed = [p for step in scenario["steps"] if step["op"] == "close" for p in partitions(step.get("partitions", []))]
    kept = [p for p in partitions(scenario["assignment"]) if p not in closed]
    other = without(scenario, lambda record: place_of(record)[0] not in kept)
    steps = [step for step in other["steps"] if "partitions" not in step]
    ours = as_ours({**other, "assignment": [list(p) for p in kept], "steps": steps})
    return replace(ours, in_the_end=True)


def names_fields_of_maps(scenario: Vector) -> bool:
    """Documents without schemas, or fields of fields."""
    by_field = setting(scenario, "partitioner.class").endswith("FieldPartitioner")
    nested = any("." in name for name in setting(scenario, "partition.field.name").split(","))
    bad = failures(scenario) or letters_of(scenario)
    return by_field and bool(bad) and (nested or _has_documents(scenario))


def _has_documents(scenario: Vector) -> bool:
    objects = any(str(record.get("value", "")).startswith("{") for record in all_records(scenario))
    return has_no_schemas(scenario) and objects


def _named_objects(scenario: Vector) -> Iterator[tuple[str, Content]]:
    """One object a record, where every field is there and has text."""
    names = [name.strip() for name in setting(scenario, "partition.field.name").split(",")]
    for record in all_records(scenario):
        value = json.loads(record.get("value", "null"))
        value = value if has_no_schemas(scenario) or not isinstance(value, dict) else value["payload"]
        found = [_at(value, name) for name in names]
        if all(isinstance(one, str) for one in found):
            directories = "/".join(f"{name}={one}" for name, one in zip(names, found, strict=True))
            key = f"topics/t/{directories}/t+0+{record['offset']:010}.json"
            yield key, {"text": json.dumps(value, separators=(",", ":")) + "\n"}


def _at(value: Any, name: str) -> Any:
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def has_directories(scenario: Vector, answer: Answer) -> Answer:
    """Said in full for a `put` of files of one record; otherwise something has to become of the records."""
    objects = dict(_named_objects(scenario))
    puts = [i for i, step in enumerate(answer.steps) if step.op == "put"]
    simple = (
        len(puts) == 1 and len(objects) == len(list(all_records(scenario))) and setting(scenario, "flush.size") == "1"
    )
    for index in puts:
        fresh = objects if simple else {}
        answer = answer.with_step(index, failure=None, letters=(), objects=fresh, either_way=not simple)
    return replace(answer, waits_for=frozenset())
