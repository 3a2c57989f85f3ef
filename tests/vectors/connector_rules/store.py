"""Requests that fail, and objects of others."""

from __future__ import annotations

from dataclasses import replace

from s3sink.errors import KeyConflictError, StorageError
from tests.vectors.connector_rules.views import as_ours, repeats, setting
from tests.vectors.files import Vector
from tests.vectors.replay import Replay
from tests.vectors.scenarios import Answer

_NEVER_MIND = frozenset({408, 409, 412, 429, 500, 502, 503, 504})
_TRANSIENT = frozenset({"RequestTimeout", "InternalError", "PreconditionFailed", "SlowDown"})


def _faults(scenario: Vector) -> list[Vector]:
    """Tags matter where they are told to."""
    tags = setting(scenario, "s3.object.behavior.on.tagging.error").lower() == "fail"
    return [step for step in scenario["steps"] if step["op"] == "fault" and (tags or step["on"] != "tag")]


def _is_transient(fault: Vector) -> bool:
    if "status" in fault:
        return fault["status"] in _NEVER_MIND or fault["code"] in _TRANSIENT
    return fault.get("type") in ("sdk", "sdk_io", None)


def waits_for_the_store(scenario: Vector) -> bool:
    passing = bool(_faults(scenario)) and all(map(_is_transient, _faults(scenario)))
    return (passing or bool(setting(scenario, "max.write.duration.ms"))) and not _meets_another_writer(scenario)


def in_the_end(scenario: Vector, answer: Answer) -> Answer:
    """As the connector has it in the end; where it fails, repeats records or still waits, as if all had gone well."""
    well = as_ours({**scenario, "steps": [step for step in scenario["steps"] if step["op"] != "fault"]})
    still_waits = _keys(answer) < _keys(well)
    if answer.failed_at is not None or repeats(answer) or still_waits:
        answer = well
    return replace(answer, in_the_end=True, waits_for=frozenset())


def _keys(answer: Answer) -> set[str]:
    return {key for step in answer.steps for key in step.objects}


def is_refused_by_the_store(scenario: Vector) -> bool:
    refused = any(not _is_transient(fault) for fault in _faults(scenario)) or not scenario.get("bucket_exists", True)
    return refused or _meets_another_writer(scenario)


def _meets_another_writer(scenario: Vector) -> bool:
    """Objects are there before it under keys that it would write."""
    seeds = {step["key"] for step in scenario["steps"] if step["op"] == "seed"}
    alone = {**scenario, "steps": [step for step in scenario["steps"] if step["op"] not in ("seed", "fault")]}
    return bool(seeds) and any(seeds & outcome.objects.keys() for outcome in Replay(alone).run())


def ends_with_the_refusal(scenario: Vector, answer: Answer) -> Answer:
    return replace(answer, ends_with=(StorageError, KeyConflictError, RuntimeError))
