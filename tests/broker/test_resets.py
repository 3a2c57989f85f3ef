"""Somebody moves or removes what the group knows while no worker runs: nothing is written twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from s3sink import S3Store
from tests.broker.harness import APP, SHAPES, Rig
from tests.broker.process import wait_for

pytestmark = pytest.mark.broker


def _to_earliest(rig: Rig) -> None:
    rig.cluster.reset(rig.group, rig.topic, {0: 0, 1: 0})


def _to_the_middle(rig: Rig) -> None:
    rig.cluster.reset(rig.group, rig.topic, {0: 1234, 1: 501})


def _delete_changelog(rig: Rig) -> None:
    changelogs = [t for t in rig.cluster.topics() if t.startswith(rig.group) and t.endswith("changelog")]
    assert changelogs
    for topic in changelogs:
        rig.cluster.delete_topic(topic)


def _delete_group(rig: Rig) -> None:
    rig.cluster.delete_group(rig.group)
    assert not rig.cluster.committed(rig.group, rig.topic)


def _delete_group_and_changelog(rig: Rig) -> None:
    _delete_group(rig)
    _delete_changelog(rig)


MOVES = [_to_earliest, _to_the_middle, _delete_changelog, _delete_group, _delete_group_and_changelog]


def test_after_a_reset_into_the_middle_and_the_loss_of_the_group_nothing_is_written_twice(rig: Rig) -> None:
    _move(rig, [_to_the_middle, _delete_group])


@pytest.mark.long
def test_whatever_is_reset_while_no_worker_runs_nothing_is_written_twice(rig: Rig) -> None:
    _move(rig, MOVES)


def _move(rig: Rig, moves: Sequence[Callable[[Rig], None]]) -> None:
    """One after the other, each with more records behind it, and killed in the middle of a file each time."""
    rig.cluster.create_topic(rig.topic, 2)
    produced = 0
    for move in moves:
        worker = rig.start(FLUSH_RECORDS="1000", ROTATE_MS="60000", SESSION_TIMEOUT_MS="1000", HEARTBEAT_MS="300")
        rig.produce(produced, produced + 3600, partitions=2)
        produced += 3600
        _until_stored(rig, produced - 2000)
        worker.kill()
        rig.wait_for_no_members()
        move(rig)
    worker = rig.start(FLUSH_RECORDS="1000", ROTATE_MS="300")
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.assert_exact(produced)


def _until_stored(rig: Rig, records: int) -> None:
    wait_for(lambda: rig.verdict().records >= records, 40, lambda: f"{rig.verdict()}\n{rig.logs()}", every=0.5)


@pytest.mark.parametrize(
    "script",
    [pytest.param(APP, id="the sink's own reading", marks=pytest.mark.long), pytest.param(SHAPES, id="by event")],
)
def test_a_generation_of_which_a_file_is_missing_is_finished_after_a_reset_into_it(rig: Rig, script: Path) -> None:
    told = {"SHAPE": "by_event", "PARTITIONER": "hourly", "FLUSH_RECORDS": "1000", "ROTATE_MS": "60000"}
    rig.cluster.create_topic(rig.topic, 1)
    rig.produce(0, 4000, partitions=1, hours=4)
    worker = rig.start(script, **told)
    rig.wait_until_committed()
    assert worker.stop() == 0
    (missing,) = (key for key in rig.objects() if key.endswith("+0000002002.json.gz"))
    asyncio.run(_delete(rig.store(), missing))
    assert len(rig.verdict().lost) == 250
    rig.cluster.reset(rig.group, rig.topic, {0: 2345})
    worker = rig.start(script, **told)
    rig.produce(4000, 5000, partitions=1, hours=4)
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.assert_exact(5000)


async def _delete(store: S3Store, key: str) -> None:
    await store.open()
    await store.delete(key)
    await store.close()


@pytest.mark.long
@pytest.mark.parametrize("move", [_to_the_middle, _delete_group])
def test_events_that_an_agent_writes_itself_are_not_doubled_by_a_reset(rig: Rig, move: Callable[[Rig], None]) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    rig.produce(0, 8000, partitions=2)
    told = {"SHAPE": "by_event", "FLUSH_RECORDS": "1000", "SESSION_TIMEOUT_MS": "1000", "HEARTBEAT_MS": "300"}
    worker = rig.start(SHAPES, **told)
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.wait_for_no_members()
    move(rig)
    worker = rig.start(SHAPES, **told)
    rig.produce(8000, 9000, partitions=2)
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.assert_exact(9000)
