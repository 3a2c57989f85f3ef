"""kill -9 at random moments, again and again, while records come."""

from __future__ import annotations

import random
import time

import pytest

from s3sink.testing.proxy import Fault, FaultProxy
from tests.broker.harness import Rig
from tests.broker.process import Worker
from tests.broker.verdict import Expected, through_four, unchanged

pytestmark = pytest.mark.broker

#: After which line of the log to kill, a little later: in the recovery, or in the middle of the work.
MOMENTS = ("assigned: .", "rotated topic=", "rotated topic=")
#: name: partitions of the topic, workers at a time, hours of records, what the worker is told, what comes out
CASES: dict[str, tuple[int, int, int, dict[str, str], Expected]] = {
    "wall clock": (4, 1, 1, {"ROTATE_MS": "500"}, unchanged),
    # A restart with a backlog would cut longer generations, and a longer file over a shorter one hides a fault: here
    # rounds have several generations, so that it shows.
    "wall clock, several files": (4, 1, 3, {"PARTITIONER": "hourly", "ROTATE_MS": "250"}, unchanged),
    "one record a file": (2, 1, 1, {"FLUSH_RECORDS": "1", "ROTATE_MS": "60000"}, unchanged),
    "large files": (4, 1, 1, {"FLUSH_RECORDS": "5000", "ROTATE_MS": "1200"}, unchanged),
    "many open files": (2, 1, 40, {"PARTITIONER": "hourly", "FLUSH_RECORDS": "1500", "ROTATE_MS": "900"}, unchanged),
    "four transforms": (4, 1, 1, {"TRANSFORMS": "four", "FLUSH_RECORDS": "700"}, through_four),
    "parquet": (4, 1, 1, {"FORMAT": "parquet", "FLUSH_RECORDS": "900"}, unchanged),
    "two workers": (4, 2, 1, {"FLUSH_RECORDS": "300", "ROTATE_MS": "400"}, unchanged),
    "two workers, many open files": (3, 2, 24, {"PARTITIONER": "hourly", "ROTATE_MS": "700"}, unchanged),
}


def test_five_kills_at_random_moments_lose_and_double_nothing(rig: Rig) -> None:
    _kill(rig, "wall clock, several files", kills=5, a_second=3000, seed=1)
    assert "decided before" in "".join(worker.log for worker in rig.workers), "no kill met a round on its way"


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_many_kills_at_random_moments_lose_and_double_nothing(rig: Rig, case: str) -> None:
    _kill(rig, case, kills=8, a_second=120 if case == "one record a file" else 3000, seed=len(case))


def _kill(rig: Rig, case: str, *, kills: int, a_second: int, seed: int) -> None:
    """The store takes its time, so that kills meet rounds on their way, and requests arrive after their sender died."""
    partitions, at_a_time, hours, told, expected = CASES[case]
    seconds = 0.02 if case == "one record a file" else 0.4
    slow = Fault("delay", "PUT", f"/{rig.topic}/", times=None, seconds=seconds)
    rig.cluster.create_topic(rig.topic, partitions)
    with FaultProxy(rig.s3.endpoint, [slow]) as proxy:
        told = {"S3_ENDPOINT": proxy.endpoint, "SESSION_TIMEOUT_MS": "1500", "HEARTBEAT_MS": "400", **told}
        with rig.producing(a_second=a_second, partitions=partitions, hours=hours) as produced:
            workers = [rig.start(**told) for _ in range(at_a_time)]
            _kill_and_replace(rig, workers, told, kills, random.Random(seed))
        rig.wait_until_committed(90)
        assert all(worker.stop() == 0 for worker in workers)
    rig.assert_exact(produced[0], expected=expected)


def _kill_and_replace(rig: Rig, workers: list[Worker], told: dict[str, str], kills: int, dice: random.Random) -> None:
    for _ in range(kills):
        victim = dice.randrange(len(workers))
        workers[victim].until(dice.choice(MOMENTS), 40)
        time.sleep(dice.uniform(0.0, 1.2))
        workers[victim].kill()
        workers[victim] = rig.start(**told)
