"""What a topic can be: transactional, compacted, cut off by retention, growing new partitions."""

from __future__ import annotations

import pytest

from tests.broker.cluster import events
from tests.broker.harness import SHAPES, Rig
from tests.broker.process import wait_for

pytestmark = pytest.mark.broker


def _transaction(rig: Rig, start: int, stop: int, *, abort: bool = False) -> None:
    rig.cluster.transaction(rig.topic, events(start, stop, partitions=2), abort=abort, id=f"{rig.topic}-{start}")


def test_of_a_transactional_topic_the_committed_records_are_written_and_its_end_is_reached(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    _transaction(rig, 0, 3000)
    _transaction(rig, 3000, 4000, abort=True)
    rig.cluster.produce(rig.topic, events(4000, 4100, partitions=2))
    worker = rig.start()
    wait_for(lambda: worker.log.count("rotated") >= 2, 30, rig.logs)
    left_open = rig.cluster.open_transaction(rig.topic, events(5000, 5500, partitions=2), f"{rig.topic}-open")
    _transaction(rig, 6000, 7000)
    rig.cluster.abort(left_open)
    _transaction(rig, 8000, 8002, abort=True)
    rig.wait_until_committed()
    rig.assert_exact(3000 + 100 + 1000)
    ends = rig.cluster.ends(rig.topic)
    assert worker.stop() == 0
    assert {p: at.offset for p, at in rig.cluster.committed(rig.group, rig.topic).items()} == ends
    assert sum(ends.values()) > 5602 + 8  # control records have offsets too


def test_a_restart_in_the_middle_of_a_transactional_topic_doubles_nothing(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    worker = rig.start()
    for at in range(0, 12_000, 300):
        abort = at % 900 == 300
        rig.cluster.transaction(rig.topic, events(at, at + 300, partitions=2), abort=abort, id=rig.topic)
        if at in (3000, 7200):
            worker.kill()
            worker = rig.start()
    rig.wait_until_committed()
    stored = rig.cluster.read(rig.topic)
    rig.assert_exact(len(stored), stored=stored)


def test_holes_left_by_compaction_are_no_loss(rig: Rig) -> None:
    rig.cluster.create_topic(
        rig.topic, 1, cleanup_policy="compact", segment_bytes="1048576", min_cleanable_dirty_ratio="0.01",
        max_compaction_lag_ms="500", delete_retention_ms="100",
    )  # fmt: skip
    rig.produce(0, 20_000, partitions=1)
    wait_for(lambda: len(rig.cluster.read(rig.topic)) < 15_000, 40, lambda: "the broker does not compact")
    worker = rig.start(FLUSH_RECORDS="300")
    rig.wait_until_committed()
    stored = rig.cluster.read(rig.topic)
    rig.assert_exact(len(stored), stored=stored)
    assert worker.stop() == 0


def test_records_deleted_before_they_were_read_stop_the_worker_with_their_offsets(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 1)
    rig.produce(0, 1000, partitions=1)
    worker = rig.start()
    rig.wait_until_committed()
    assert worker.stop() == 0
    rig.produce(1000, 3000, partitions=1)
    rig.cluster.delete_records(rig.topic, 0, 1800)
    worker = rig.start()
    assert worker.wait(20) == 1
    assert f"topic={rig.topic} partition=0: offsets 1000 to 1799 are gone from the topic" in worker.log
    worker = rig.start(SHAPES, SHAPE="no_gap")
    rig.wait_until_committed()
    assert f"{rig.topic}:0: offsets 1000 to 1799 are gone" in worker.log
    assert rig.verdict().records == 1000 + 1200
    assert not rig.verdict().doubled


def test_partitions_added_to_a_running_topic_are_written_too(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    worker = rig.start(METADATA_MAX_AGE_MS="1500")
    rig.produce(0, 2000, partitions=2)
    rig.wait_until_committed()
    rig.cluster.add_partitions(rig.topic, 5)
    rig.produce(2000, 6000, partitions=5)
    rig.wait_until_committed()
    rig.assert_exact(6000)
    worker.kill()
    rig.produce(6000, 7000, partitions=5)
    worker = rig.start()
    rig.wait_until_committed()
    rig.assert_exact(7000)
    assert worker.stop() == 0
