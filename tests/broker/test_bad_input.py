"""What cannot work says why, in one sentence, and ends; what can be waited for is waited for."""

from __future__ import annotations

import time
from pathlib import Path

import orjson
import pytest

from s3sink.testing.child import HOST, free_ports
from s3sink.testing.services import KafkaBroker, SeaweedFS
from tests.broker.cluster import EPOCH, Cluster, Sent, events
from tests.broker.harness import SHAPES, Rig

pytestmark = pytest.mark.broker


def _with_a_bad_record(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 1)
    rig.produce(0, 500, partitions=1)
    rig.cluster.produce(rig.topic, [Sent(0, b'{"id": 500, "price": NaN', EPOCH + 7, b"bad key")])
    rig.produce(501, 1000, partitions=1)


def test_a_record_that_is_not_json_stops_the_worker_and_the_log_says_which(rig: Rig) -> None:
    _with_a_bad_record(rig)
    worker = rig.start(ROTATE_MS="60000")
    assert worker.wait(20) == 1
    last = worker.log.strip().splitlines()[-1]
    for word in ("VALUE_CONVERTER", f"topic={rig.topic}", "partition=0", "offset=500"):
        assert word in last, worker.log


def test_with_a_dead_letter_topic_the_bad_record_goes_there_and_the_others_into_the_bucket(rig: Rig) -> None:
    _with_a_bad_record(rig)
    dlq = f"{rig.topic}-dlq"
    worker = rig.start(SHAPES, SHAPE="dead_letters", DLQ=dlq)
    rig.wait_until_committed()
    assert worker.stop() == 0
    stored = [s for s in rig.cluster.read(rig.topic) if s.offset != 500]
    rig.assert_exact(999, stored=stored)
    (letter,) = rig.cluster.read_raw(dlq)
    headers = dict(letter.headers)
    assert (letter.key, letter.value, letter.timestamp) == (b"bad key", b'{"id": 500, "price": NaN', EPOCH + 7)
    assert headers["__connect.errors.topic"] == rig.topic.encode()
    assert headers["__connect.errors.partition"] == b"0"
    assert headers["__connect.errors.offset"] == b"500"
    assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"
    assert headers["__connect.errors.exception.message"]


WRONG = {
    "no such bucket": ({"BUCKET": "no-such-bucket"}, "no-such-bucket"),
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "secret"),
    "nobody listens": ({"S3_ENDPOINT": f"http://{HOST}:1"}, f"{HOST}:1"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_store_that_cannot_work_is_one_sentence_and_exit_code_1(rig: Rig, wrong: str) -> None:
    told, word = WRONG[wrong]
    rig.cluster.create_topic(rig.topic, 1)
    begun = time.monotonic()
    worker = rig.start(**told)
    assert worker.wait(20) == 1
    assert time.monotonic() - begun < 15
    assert word in worker.log.strip().splitlines()[-1], worker.log
    assert "Traceback" not in worker.log


@pytest.mark.long
def test_a_worker_waits_for_a_broker_that_is_not_there_yet_and_says_so(
    rig: Rig, seaweedfs: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    (port,) = free_ports([0])
    worker = rig.start(BOOTSTRAP=f"{HOST}:{port}", TOPIC="late")
    worker.until(f"the Kafka brokers .*{HOST}:{port}.* cannot be reached", 20)
    with KafkaBroker(tmp_path / "late", port=port) as broker:
        cluster = Cluster(broker.bootstrap)
        late = Rig("late", cluster, seaweedfs, bucket, tmp_path)
        late.group = rig.group
        try:
            worker.until("the topic late does not exist yet", 20)
            cluster.create_topic("late", 2)
            cluster.produce("late", events(0, 2000, partitions=2))
            late.wait_until_committed()
            late.assert_exact(2000)
            assert worker.stop() == 0
        finally:
            cluster.close()


def test_wrong_variables_are_all_named_together_with_exit_code_2(rig: Rig) -> None:
    worker = rig.start(TOPIC="", BUCKET="")
    assert worker.wait(20) == 2
    assert "TOPIC" in worker.log
    assert "BUCKET" in worker.log


def test_a_tombstone_stops_the_worker_with_its_place(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 1)
    rig.cluster.produce(rig.topic, [Sent(0, orjson.dumps({"id": 1})), Sent(0, None, EPOCH, b"k")])
    worker = rig.start()
    assert worker.wait(20) == 1
    assert f"topic={rig.topic} partition=0 offset=1" in worker.log
