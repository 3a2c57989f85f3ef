"""Workers that join, leave, die, and sleep past their session, while records come."""

from __future__ import annotations

import time

import pytest

from tests.broker.harness import Rig
from tests.broker.process import Worker, wait_for

pytestmark = pytest.mark.broker

FAST = {"SESSION_TIMEOUT_MS": "2000", "HEARTBEAT_MS": "400", "FLUSH_RECORDS": "800"}


def _rotations(worker: Worker) -> int:
    return worker.log.count("rotated topic=")


def _until_it_rotates(worker: Worker, seconds: float = 30) -> None:
    before = _rotations(worker)
    wait_for(lambda: _rotations(worker) > before, seconds, lambda: worker.log[-3000:])


def test_workers_that_join_leave_and_die_lose_and_double_nothing(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 6)  # Faust gives three workers two each, of four it would give them 2, 2, 0
    with rig.producing(a_second=3000, partitions=6) as produced:
        first = rig.start(**FAST)
        _until_it_rotates(first)
        second, third = rig.start(**FAST), rig.start(**FAST)
        _until_it_rotates(second)
        _until_it_rotates(third)
        assert second.stop() == 0
        _until_it_rotates(first)
        third.kill()
        fourth = rig.start(**FAST)
        _until_it_rotates(fourth)
    rig.wait_until_committed()
    rig.assert_exact(produced[0])
    assert first.stop() == 0
    assert fourth.stop() == 0


def test_a_worker_that_slept_past_its_session_wakes_writes_nothing_old_and_goes_on(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 4)
    with rig.producing(a_second=3000) as produced:
        sleeper, other = rig.start(**FAST), rig.start(**FAST)
        _until_it_rotates(sleeper)
        _until_it_rotates(other)
        sleeper.pause()
        other.until("assigned: .*:0.*:1.*:2.*:3")
        time.sleep(1.0)
        sleeper.go_on()
        _until_it_rotates(sleeper)
    rig.wait_until_committed()
    rig.assert_exact(produced[0])
    assert sleeper.stop() == 0
    assert other.stop() == 0


@pytest.mark.long
def test_workers_that_sleep_in_turn_lose_and_double_nothing(rig: Rig) -> None:
    told = {**FAST, "FLUSH_RECORDS": "200", "ROTATE_MS": "300", "PARTITIONER": "hourly"}
    rig.cluster.create_topic(rig.topic, 6)
    with rig.producing(a_second=2500, partitions=6, hours=12) as produced:
        workers = [rig.start(**told) for _ in range(3)]
        for turn in range(9):
            sleeper = workers[turn % 3]
            _until_it_rotates(sleeper, 60)
            sleeper.pause()
            time.sleep(2.5 + 0.37 * turn)
            sleeper.go_on()
    rig.wait_until_committed(90)
    rig.assert_exact(produced[0])
    assert all(worker.stop() == 0 for worker in workers)
