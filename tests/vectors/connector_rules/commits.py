"""When offsets are committed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from tests.vectors.connector_rules.views import as_ours, has_step, is_null, repeats, setting
from tests.vectors.files import Vector
from tests.vectors.scenarios import Answer, Step, all_records, answer_of, place_of, real_steps


def _drops_something(scenario: Vector) -> bool:
    """Dead letters, nulls that are ignored, offsets that nobody has."""
    places = sorted({place_of(record) for record in all_records(scenario)})
    gaps = any(a[0] == b[0] and a[1] + 1 < b[1] for a, b in pairwise(places))
    ignores = setting(scenario, "behavior.on.null.values").lower() == "ignore"
    return gaps or ignores or scenario.get("reporter") is True


def _past_what_is_dropped(scenario: Vector, answer: Answer) -> Answer:
    dropped = {(letter.source, letter.offset) for step in answer.steps for letter in step.letters}
    if setting(scenario, "behavior.on.null.values").lower() == "ignore":
        dropped |= {place_of(r) for r in all_records(scenario) if is_null(r)}
    kept = frozenset(map(place_of, all_records(scenario))) - dropped
    steps = tuple(_without_backward_commits(step) for step in answer.steps)
    return replace(answer, steps=steps, waits_for=kept if answer.waits_for is None else answer.waits_for & kept)


def _without_backward_commits(step: Step) -> Step:
    """The connector can report offset 0 of a partition that has nothing (-1 + 1)."""
    committed = None if step.committed is None else {s: offset for s, offset in step.committed.items() if offset > 0}
    return replace(step, committed=committed)


def commits_more(scenario: Vector) -> bool:
    return _drops_something(scenario) or _ends_without_a_commit(scenario)


def may_lead(scenario: Vector, answer: Answer) -> Answer:
    if _is_read_again_otherwise(scenario):
        answer = as_ours(scenario)
        assert not repeats(answer), "the sink repeats records"
    if _ends_without_a_commit(scenario):
        return replace(answer, waits_for=frozenset())
    return _past_what_is_dropped(scenario, answer)


def _is_read_again_otherwise(scenario: Vector) -> bool:
    """Records come again to a task that cuts them in another way."""
    places = list(map(place_of, all_records(scenario)))
    changed = any(step["op"] == "restart" and step.get("config") for step in scenario["steps"])
    twice = repeats(answer_of(scenario)) and has_step(scenario, "restart", "open")
    return len(places) > len(set(places)) and (changed or twice)


def _ends_without_a_commit(scenario: Vector) -> bool:
    """A close or a restart comes when records were put and the offsets not asked for since."""
    put = False
    for step in real_steps(scenario):
        if step["op"] in ("close", "restart") and put:
            return True
        put = step["op"] != "precommit" and (put or step["op"] == "put")
    return False
