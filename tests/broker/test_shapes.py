"""Apps of other shapes than one sink on one topic, each killed in the middle."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.broker.cluster import events
from tests.broker.harness import SHAPES, Rig
from tests.broker.process import Worker

pytestmark = pytest.mark.broker


def _killed_once(rig: Rig, shape: str, **told: str) -> Worker:
    """The shape at work, killed; returns the next worker, which goes on."""
    worker = rig.start(SHAPES, SHAPE=shape, SESSION_TIMEOUT_MS="1500", HEARTBEAT_MS="400", **told)
    worker.until("rotated topic=", 40, times=3)
    time.sleep(0.7)
    worker.kill()
    return rig.start(SHAPES, SHAPE=shape, SESSION_TIMEOUT_MS="1500", HEARTBEAT_MS="400", **told)


def test_two_sinks_on_one_topic_each_write_everything_once(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    with rig.producing(a_second=3000, partitions=2) as produced:
        worker = _killed_once(rig, "two_sinks")
        worker.until("rotated topic=", 40)
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.assert_exact(produced[0], prefix="one")
    rig.assert_exact(produced[0], prefix="two")


@pytest.mark.long
def test_one_sink_on_two_topics_of_unequal_partitions_writes_both_once(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 3)
    other = rig.cluster.create_topic(f"{rig.topic}-b", 2)
    with rig.producing(a_second=2000, partitions=3) as produced:
        rig.cluster.produce(other, events(0, 8000, partitions=2))
        worker = _killed_once(rig, "two_topics", TOPIC2=other)
        rig.cluster.produce(other, events(8000, 12_000, partitions=2))
    rig.wait_until_committed()
    rig.wait_until_committed(topic=other)
    assert worker.stop() == 0
    rig.assert_exact(produced[0])
    rig.assert_exact(12_000, topic=other)


def test_beside_a_sink_an_agent_of_the_users_sees_every_record_at_least_once(rig: Rig, tmp_path: Path) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    seen = tmp_path / "seen"
    with rig.producing(a_second=2000, partitions=2) as produced:
        worker = _killed_once(rig, "beside_agent", SEEN=str(seen))
        worker.until("rotated topic=", 40)
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.assert_exact(produced[0])
    ids = {int(line.split()[2]) for line in seen.read_text().splitlines() if line.count(" ") == 2}
    missed = set(range(produced[0])) - ids
    assert not missed, f"the agent did not see {len(missed)} of {produced[0]}, such as {sorted(missed)[:5]}"


def test_events_that_an_agent_writes_itself_are_written_once(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    with rig.producing(a_second=1000, partitions=2) as produced:
        worker = _killed_once(rig, "by_event")
        worker.until("rotated topic=", 40)
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.assert_exact(produced[0])


@pytest.mark.long
def test_events_of_slow_agents_are_written_once_while_workers_come_and_go(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 4)
    told = {"SHAPE": "by_event", "FLUSH_RECORDS": "150", "SLEEP_MS": "2", "HEARTBEAT_MS": "400"}
    with rig.producing(a_second=400) as produced:
        stays = rig.start(SHAPES, **told)
        for end in (Worker.stop, Worker.kill, Worker.stop):
            stays.until("rotated topic=", 40)
            comes = rig.start(SHAPES, **told)
            comes.until("rotated topic=", 40, times=2)
            time.sleep(0.7)
            end(comes)
    rig.wait_until_committed(120)
    assert stays.stop() == 0
    rig.assert_exact(produced[0])
