"""Bad records of every kind between good ones: the good ones are in the bucket once, the bad ones in the dead letters.

A letter may come twice, after a crash: never not at all. Letters are counted by what is in them.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from s3sink.testing.proxy import Fault, FaultProxy
from tests.broker.cluster import EPOCH, Sent, Stored
from tests.broker.harness import Rig
from tests.broker.verdict import Row

pytestmark = pytest.mark.broker

WORKER = Path(__file__).parent / "workers" / "bad_records.py"
APACHE = "org.apache.kafka.connect."
DATA_EXCEPTION = APACHE + "errors.DataException"


class Kind(NamedTuple):
    """A way to be bad, and what the headers of the letter say."""

    stage: str
    executing: str
    exception: str
    message: str


KINDS = {
    "key": Kind("KEY_CONVERTER", APACHE + "json.JsonConverter", DATA_EXCEPTION, "Converting byte[]"),
    "value": Kind("VALUE_CONVERTER", APACHE + "json.JsonConverter", DATA_EXCEPTION, "Converting byte[]"),
    "header": Kind("HEADER_CONVERTER", APACHE + "json.JsonConverter", DATA_EXCEPTION, "Converting byte[]"),
    "transform": Kind("TRANSFORMATION", APACHE + "transforms.Cast$Value", DATA_EXCEPTION, "Cast transformation"),
    "partitioner": Kind("TASK_PUT", APACHE + "sink.SinkTask", DATA_EXCEPTION, "city"),
    "format": Kind("TASK_PUT", APACHE + "sink.SinkTask", "builtins.ValueError", "scripted"),
}


def kind_of(number: int) -> str | None:
    """None: a good record."""
    return list(KINDS)[number // 11 % len(KINDS)] if number % 11 == 3 else None


def is_vip(number: int) -> bool:
    return number % 5 == 0


def row(number: int) -> Row:
    """The row of a table whose change the record is."""
    found: dict[str, Any] = {"id": number, "price": number * 0.5, "email": f"{number}@example.com", "city": "Köln"}
    kind = kind_of(number)
    if kind == "transform":
        found["price"] = [number]
    elif kind == "partitioner":
        del found["city"]
    elif kind == "format":
        found["refuse"] = True
    elif kind is None and number % 97 == 0:
        found["again"] = True
    return found


def record(number: int, partitions: int = 3) -> Sent:
    """A change event; its number is in its header too."""
    kind = kind_of(number)
    event = {"before": None, "after": row(number), "source": {"db": "shop"}, "op": "c", "ts_ms": EPOCH}
    value = orjson.dumps(event)
    headers = [("number", b"%d" % number), *([("vip", b"true")] if is_vip(number) else [])]
    return Sent(
        number % partitions,
        value[:-1] if kind == "value" else value,
        EPOCH + number,
        b"{" if kind == "key" else b'{"id":%d}' % number,
        (*headers, ("trace", b"{no" if kind == "header" else b'"t"')),
    )


def expected(stored: Stored) -> Row | None:
    """What the five transforms make of a good record."""
    number = orjson.loads(stored.value or b"")["id"]
    return row(number) | {"price": str(number * 0.5), "email": "", "ingested_at": EPOCH + number}


def _written(stored: Iterable[Any], *, vip: bool) -> list[Stored]:
    """The good records of a topic, those for one target topic, their values as rows."""
    found = []
    for raw in stored:
        number = int(dict(raw.headers)["number"])
        if kind_of(number) is None and is_vip(number) is vip:
            found.append(Stored(raw.partition, raw.offset, raw.timestamp, orjson.dumps(row(number))))
    return found


def assert_all_accounted_for(rig: Rig, dlq: str, total: int) -> None:
    stored = rig.cluster.read_raw(rig.topic)
    assert len(stored) == total
    good = 0
    for topic, vip in ((rig.topic, False), (f"vip-{rig.topic}", True)):
        verdict = rig.verdict(topic=topic, stored=_written(stored, vip=vip), expected=expected)
        assert verdict.clean, f"{verdict}\n{rig.logs()}"
        good += verdict.records
    bad = {number for number in range(total) if kind_of(number) is not None}
    letters = rig.cluster.read_raw(dlq)
    assert {int(dict(letter.headers)["number"]) for letter in letters} == bad
    assert good == total - len(bad)
    for letter in letters:
        _assert_right(rig, letter)


def _assert_right(rig: Rig, letter: Any) -> None:
    number = int(dict(letter.headers)["number"])
    original = record(number)
    assert (letter.key, letter.value, letter.timestamp) == (original.key, original.value, original.timestamp)
    n = len(original.headers)
    assert tuple(letter.headers[:n]) == original.headers
    said = {name.removeprefix("__connect.errors."): (text or b"").decode() for name, text in letter.headers[n:]}
    kind = KINDS[kind_of(number) or ""]
    assert said["topic"] == rig.topic
    assert said["partition"] == str(original.partition)
    assert (said["connector.name"], said["task.id"]) == ("lake", "0")
    assert (said["stage"], said["class.name"], said["exception.class.name"]) == kind[:3]
    assert kind.message in said["exception.message"]
    assert "Traceback" in said["exception.stacktrace"]


def test_bad_records_of_every_kind_go_to_the_dead_letters_with_the_reason(rig: Rig) -> None:
    dlq = f"{rig.topic}-dlq"
    rig.cluster.create_topic(rig.topic, 3)
    rig.cluster.produce(rig.topic, map(record, range(2000)))
    worker = rig.start(WORKER, SHAPE="five_smts", DLQ=dlq)
    rig.wait_until_committed()
    assert worker.stop() == 0
    assert_all_accounted_for(rig, dlq, 2000)
    numbers = Counter(dict(letter.headers)["number"] for letter in rig.cluster.read_raw(dlq))
    assert set(numbers.values()) == {1}, "a letter came twice although nothing crashed"
    assert "Error encountered in task lake-0. Executing stage 'KEY_CONVERTER' with class" in worker.log
    assert f"where consumed record is {{topic='{rig.topic}', partition=0, offset=" in worker.log
    assert "timestampType=CreateTime}" in worker.log
    assert "tried again in" in worker.log
    assert rig.cluster.partitions(dlq) == 1


def test_kill_9_again_and_again_loses_no_letter_and_doubles_no_record(rig: Rig) -> None:
    dlq, dice, total = f"{rig.topic}-dlq", random.Random(7), 0
    rig.cluster.create_topic(rig.topic, 3)
    slow = Fault("delay", "PUT", f"/{rig.topic}/", times=None, seconds=0.3)
    with FaultProxy(rig.s3.endpoint, [slow]) as proxy:
        timeouts = {"SESSION_TIMEOUT_MS": "1500", "HEARTBEAT_MS": "400"}
        told = {"SHAPE": "five_smts", "DLQ": dlq, "S3_ENDPOINT": proxy.endpoint, **timeouts}
        worker = rig.start(WORKER, **told)
        for moment in ("assigned: .", "Error encountered", "rotated topic=", "Error encountered", "rotated topic="):
            rig.cluster.produce(rig.topic, map(record, range(total, total + 1500)))
            total += 1500
            worker.until(moment, 40)
            time.sleep(dice.uniform(0.0, 0.8))
            worker.kill()
            worker = rig.start(WORKER, **told)
        worker.until("assigned: .", 40)
        rig.wait_until_committed(90)
        assert worker.stop() == 0
    assert_all_accounted_for(rig, dlq, total)


def test_without_tolerance_the_letter_is_written_and_the_worker_ends(rig: Rig) -> None:
    dlq = f"{rig.topic}-dlq"
    rig.cluster.create_topic(rig.topic, 1)
    rig.produce(0, 10, partitions=1)
    rig.cluster.produce(rig.topic, [Sent(0, b"{no"), Sent(0, b"{neither")])
    worker = rig.start(WORKER, SHAPE="strict", DLQ=dlq)
    assert worker.wait(30) == 1
    assert f"topic={rig.topic} partition=0 offset=10" in worker.log.strip().splitlines()[-1]
    assert [letter.value for letter in rig.cluster.read_raw(dlq)] == [b"{no"]


WRONG = {
    "replicas": (1, ("Could not initialize dead letter queue with topic=", "replication_factor=3")),
    "own_topic": (None, ("The DLQ topic", "may not be included in the list of topics")),
}


@pytest.mark.parametrize("shape", WRONG)
def test_a_dead_letter_topic_that_cannot_work_is_one_sentence(rig: Rig, shape: str) -> None:
    code, words = WRONG[shape]
    rig.cluster.create_topic(rig.topic, 1)
    worker = rig.start(WORKER, SHAPE=shape, DLQ=f"{rig.topic}-dlq")
    ended = worker.wait(30)
    assert ended == code or (code is None and ended)
    last = worker.log.strip().splitlines()[-1]
    assert all(word in last for word in words), worker.log
