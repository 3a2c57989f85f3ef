"""An S3 server that fails while the sink runs: it waits, asks again, and neither loses nor doubles anything."""

from __future__ import annotations

import time

import pytest

from s3sink.testing.proxy import Fault, FaultProxy
from tests.broker.harness import Rig
from tests.broker.process import wait_for

pytestmark = pytest.mark.broker


def test_storms_of_faults_lose_and_double_nothing(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 4)
    storm = [
        Fault("status", "PUT", "topics/", skip=10, times=15),
        Fault("reset", "PUT", "topics/", skip=12, times=15),
        Fault("commit_then_reset", "PUT", "topics/", skip=20, times=15),
        Fault("status", "HEAD", "topics/", times=5, status=500, code="InternalError"),
        Fault("status", "PUT", "topics/", skip=30, times=5, status=500, code="InternalError"),
    ]
    with FaultProxy(rig.s3.endpoint) as proxy:
        with rig.producing(a_second=2500) as produced:
            worker = rig.start(S3_ENDPOINT=proxy.endpoint, FLUSH_RECORDS="500")
            worker.until("rotated topic=", 40, times=4)
            proxy.faults += storm
            worker.until("rotated topic=", 40, times=28)
            worker.kill()
            worker = rig.start(S3_ENDPOINT=proxy.endpoint, FLUSH_RECORDS="500")
            worker.until("rotated topic=", 40, times=10)
        rig.wait_until_committed()
        assert worker.stop() == 0
    rig.assert_exact(produced[0])


def test_while_the_store_refuses_one_partition_the_others_go_on(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 3)
    blocked = Fault("status", "PUT", "partition%3D1|partition=1", times=None)
    with FaultProxy(rig.s3.endpoint, [blocked]) as proxy:
        worker = rig.start(S3_ENDPOINT=proxy.endpoint)
        rig.produce(0, 3000, partitions=3)
        wait_for(lambda: rig.stands_at(rig.topic) == {0: 1000, 2: 1000}, 40, rig.logs)
        assert worker.running
        proxy.clear()
        rig.wait_until_committed()
        begun = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - begun < 6
    rig.assert_exact(3000)
