"""Connector files as people run them today, unchanged, on a real broker and a real S3 server.

Only where Kafka and S3 are is said on the command line; converters that a file leaves to its worker come from the
workers' files beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pyarrow.parquet as pq
import pytest

from tests.broker.cluster import EPOCH, Cluster, Sent
from tests.broker.connectors import FILES, Run, forget, member_of, plain, with_schema
from tests.broker.harness import Rig
from tests.broker.process import wait_for

pytestmark = pytest.mark.broker

WORKER = ("--worker", FILES / "connect-distributed.properties")
_DAY, _HOUR = r"year=\d{4}/month=\d\d/day=\d\d", r"year=\d{4}/month=\d\d/day=\d\d/hour=\d\d"


class Case(NamedTuple):
    """A file, what its topic has, and the keys that come of it, as patterns."""

    file: str
    name: str
    topic: str
    partitions: int
    records: list[Sent]
    keys: list[str]
    arguments: tuple[str | Path, ...] = ()


def _rows(n: int, dt: str = "2023-10-01") -> list[dict[str, str]]:
    return [{"id": str(number), "dt": dt} for number in range(n)]


def _change(row: dict[str, str]) -> dict[str, object]:
    return {"before": None, "after": row, "source": {"table": "customers"}, "op": "c", "ts_ms": EPOCH}


def _everywhere(partitions: int, records: Iterable[Sent]) -> list[Sent]:
    return [sent._replace(partition=at % partitions) for at, sent in enumerate(records)]


_CUSTOMERS = "dbserver.inventory.customers"
CASES = [
    Case(
        "orders-default.json", "s3-sink-connector", "orders", 1, plain(*_rows(2)),
        [r"orders/partition=0/orders\+0\+0000000000\.json", r"orders/partition=0/orders\+0\+0000000001\.json"],
    ),
    Case(
        "orders-by-time.json", "s3-sink-connector", "orders", 3, _everywhere(3, plain(*_rows(3))),
        [rf"orders/year=2023/month=10/day=01/orders\+{p}\+0000000000\.json" for p in range(3)],
    ),
    Case(
        "orders-by-field-parquet.json", "s3-sink-connector", "orders", 1,
        with_schema(*_rows(600, "2023-10-02"), *_rows(400, "2023-10-03")),
        [
            r"orders/dt=2023-10-02/orders\+0\+0000000000\.snappy\.parquet",
            r"orders/dt=2023-10-03/orders\+0\+0000000600\.snappy\.parquet",
        ],
        ("--set", "tasks.max=1"),
    ),
    Case(
        "customers-cdc.json", "s3-sink-connector", _CUSTOMERS, 1,
        [*plain(*_rows(9, "2023-10-02")), Sent(0, None, EPOCH, b'{"id":1}'), *plain(*_rows(1, "2023-10-02"))],
        [rf"{_CUSTOMERS}/yymmdd=20231002/{_CUSTOMERS}\+0\+0000000000\.json"],
    ),
    Case(
        "customers-cdc.json", "s3-sink-connector", _CUSTOMERS, 1,
        plain(*map(_change, _rows(10, "2023-10-02"))),
        [rf"{_CUSTOMERS}/yymmdd=20231002/{_CUSTOMERS}\+0\+0000000000\.json"],
    ),
    Case(
        "tracking-log.yaml", "s3-sink-connector", "tracking.log", 1, plain(*_rows(1)),
        [r"tracking\.log/partition=0/tracking\.log\+0\+0000000000\.json"],
    ),
    Case(
        "clickstream-mistaken.properties", "s3-sink", "clickstream", 1, with_schema(*_rows(100)),
        [
            r"clickstream/year=!\{timestamp:yyyy\}/month=!\{timestamp:MM\}/day=!\{timestamp:dd\}"
            r"/hour=!\{timestamp:HH\}/clickstream\+0\+0000000000\.json"
        ],
        WORKER,
    ),
]  # fmt: skip


def _until_there(rig: Rig, patterns: list[str], prefix: str = "topics") -> dict[str, bytes]:
    """The objects, once there are as many; each matches one of the patterns."""
    wait_for(lambda: len(rig.objects(prefix)) >= len(patterns), 40, lambda: f"{list(rig.objects())}\n{rig.logs()}")
    objects = rig.objects(prefix)
    unmatched = [key for key in objects if not any(re.fullmatch(pattern, key) for pattern in patterns)]
    missing = [pattern for pattern in patterns if not any(re.fullmatch(pattern, key) for key in objects)]
    assert (unmatched, missing) == ([], [])
    return objects


def _prepare(rig: Rig, name: str, topic: str, partitions: int, records: list[Sent]) -> None:
    forget(rig, name, topics=(topic,))
    rig.cluster.create_topic(topic, partitions)
    rig.cluster.produce(topic, records)


@pytest.fixture(autouse=True)
def _leaves_no_topics(cluster: Cluster) -> Iterator[None]:
    """Their names are those of other tests' apps too."""
    yield
    for topic in {case.topic for case in CASES} & set(cluster.topics()):
        cluster.delete_topic(topic)


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join([case.file, *map(str, case.arguments[1:])]))
def test_a_connector_file_runs_unchanged_and_gives_the_keys_of_kafka_connect(rig: Rig, case: Case) -> None:
    if case.file.endswith(".yaml"):
        pytest.importorskip("yaml")
    _prepare(rig, case.name, case.topic, case.partitions, case.records)
    run = Run(rig, FILES / case.file, *case.arguments)
    objects = _until_there(rig, case.keys)
    assert run.stop() == 0
    group = f"connect-{case.name}"
    committed = rig.cluster.committed(group, case.topic)
    assert sum(at.offset for at in committed.values()) == len(case.records), rig.logs()
    if "transforms.unwrap.s3sink.schemaless=true" in case.arguments:
        assert json.loads(next(iter(objects.values())).splitlines()[3]) == {"id": "3", "dt": "2023-10-02"}
    if case.file.endswith("parquet.json"):
        _assert_parquet(rig, objects)


def _assert_parquet(rig: Rig, objects: dict[str, bytes]) -> None:
    path = rig.home / "file.parquet"
    path.write_bytes(objects["orders/dt=2023-10-03/orders+0+0000000600.snappy.parquet"])
    table = pq.ParquetFile(path).read()
    assert (table.num_rows, table.column_names) == (400, ["id", "dt"])


def test_several_connectors_share_processes_and_each_has_as_many_as_it_may_have_tasks(rig: Rig) -> None:
    """One of them has three tasks and a dead letter topic; directories are those of today in Seoul."""
    forget(rig, "customer-logs-s3-sink", "s3-sink", topics=("customer-logs", "dlq-customer-logs", "clickstream"))
    rig.cluster.create_topic("customer-logs", 3)
    rig.cluster.create_topic("dlq-customer-logs", 1)
    rig.cluster.create_topic("clickstream", 1)
    rig.cluster.produce("customer-logs", [s for p in range(3) for s in with_schema(*_rows(500), partition=p)])
    rig.cluster.produce("customer-logs", [Sent(0, b"no json", EPOCH, b"k")])
    rig.cluster.produce("clickstream", with_schema(*_rows(200)))
    run = Run(rig, FILES / "customer-logs-s3.json", FILES / "clickstream-hourly.properties", *WORKER)
    _until_there(
        rig,
        [
            *(rf"customer-logs/{_DAY}/customer-logs\+{p}\+0000000000\.json" for p in range(3)),
            *(rf"clickstream/{_HOUR}/clickstream\+0\+0000000{n}00\.json" for n in range(2)),
        ],
    )
    wait_for(lambda: _lags(run) == [0, 0], 20, lambda: f"{run.status}\n{rig.logs()}")
    logs, clicks = run.status["customer-logs-s3-sink"], run.status["s3-sink"]
    assert (logs["tasks"], logs["partitions"], logs["records"], logs["objects"]) == (3, 3, 1500, 3)
    assert (clicks["tasks"], clicks["partitions"], clicks["records"], clicks["objects"]) == (1, 1, 200, 2)
    assert logs["errors"] == logs["dead_letters"] == 1
    (letter,) = rig.cluster.read_raw("dlq-customer-logs")
    assert dict(letter.headers)["__connect.errors.connector.name"] == b"customer-logs-s3-sink"
    assert rig.cluster.members("connect-customer-logs-s3-sink") == 3
    assert run.stop() == 0
    assert "[customer-logs-s3-sink|task-2] " in run.log


def _lags(run: Run) -> list[int]:
    return [one["lag"] for one in run.status.values()]


# ---------------------------------------------------------------------------------------------- of one's own
def _connector(rig: Rig, **more: str) -> Path:
    """A small connector, with the test's topic unless told otherwise."""
    config = {
        "connector.class": "io.confluent.connect.s3.S3SinkConnector",
        "s3.bucket.name": "elsewhere",
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "flush.size": "10",
        "consumer.override.session.timeout.ms": "3000",
        "consumer.override.heartbeat.interval.ms": "500",
        **({} if "topics.regex" in more else {"topics": rig.topic}),
        **more,
    }
    path = rig.home / "connector.json"
    path.write_text(json.dumps({"name": rig.topic, "config": config}))
    rig.group = f"connect-{rig.topic}"
    return path


def test_it_starts_where_kafka_connect_stopped_and_commits_open_files_on_sigterm_if_that_is_wanted(rig: Rig) -> None:
    """Offsets without metadata of ours; what was before them is not written again."""
    rig.cluster.create_topic(rig.topic, 2)
    rig.cluster.produce(rig.topic, [s for p in range(2) for s in plain(*_rows(34), partition=p)])
    file = _connector(rig, **{"s3sink.on.revoke": "commit"})
    rig.cluster.reset(rig.group, rig.topic, {0: 20, 1: 10})
    run = Run(rig, file)
    before = [_key(rig.topic, 0, 20), _key(rig.topic, 1, 10), _key(rig.topic, 1, 20)]
    _until_there(rig, before)
    wait_for(lambda: run.status[rig.topic]["open_files"] == 2, 20, rig.logs)
    assert run.stop() == 0
    _until_there(rig, [*before, _key(rig.topic, 0, 30), _key(rig.topic, 1, 30)])
    assert rig.stands_at(rig.topic) == {0: 34, 1: 34}


def _key(topic: str, partition: int, offset: int) -> str:
    return rf"{topic}/partition={partition}/{topic}\+{partition}\+{offset:010}\.json"


def test_topics_that_match_a_pattern_are_waited_for_and_read_and_so_is_a_new_one_while_it_runs(rig: Rig) -> None:
    first, second, other = (f"{rig.topic}-{end}" for end in ("a", "b", "c.other"))
    pattern = {"topics.regex": f"{rig.topic}-[a-z]", "consumer.override.metadata.max.age.ms": "1000"}
    run = Run(rig, _connector(rig, **pattern))
    run.until("no topic matches", 20)
    for topic in (first, other):
        rig.cluster.create_topic(topic, 1)
        rig.cluster.produce(topic, plain(*_rows(10)))
    _until_there(rig, [_key(first, 0, 0)])
    rig.cluster.create_topic(second, 2)
    rig.cluster.produce(second, [s for p in range(2) for s in plain(*_rows(10), partition=p)])
    rig.cluster.produce(first, plain(*_rows(10)))
    _until_there(rig, [_key(first, 0, 0), _key(first, 0, 10), _key(second, 0, 0), _key(second, 1, 0)])
    rig.cluster.delete_topic(second)
    run.until(f"topics that are gone: {second}", 15)
    rig.cluster.produce(first, plain(*_rows(10)))
    wait_for(lambda: rig.stands_at(first) == {0: 30}, 20, rig.logs)
    assert run.stop() == 0
    assert run.status[rig.topic]["topics"] == 1


def test_a_task_that_fails_ends_all_with_the_reason_and_exit_code_1(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    rig.cluster.produce(rig.topic, [*plain(*_rows(3)), Sent(0, b"no json", EPOCH)])
    run = Run(rig, _connector(rig, **{"tasks.max": "2"}))
    assert run.wait(30) == 1
    assert f"topic={rig.topic} partition=0 offset=3" in run.log
    assert run.status[rig.topic]["state"] == "FAILED"
    wait_for(lambda: rig.cluster.members(rig.group) == 0, 10, lambda: "a task was left behind")


def test_with_restart_a_killed_task_is_started_again(rig: Rig) -> None:
    rig.cluster.create_topic(rig.topic, 2)
    rig.cluster.produce(rig.topic, [s for p in range(2) for s in plain(*_rows(10), partition=p)])
    run = Run(rig, _connector(rig), "--restart")
    _until_there(rig, [_key(rig.topic, p, 0) for p in range(2)])
    (child,) = _children(run)
    child.kill()
    run.until(r"process 0 was killed by SIGKILL; starting it again in 1 s", 10)
    rig.cluster.produce(rig.topic, [s for p in range(2) for s in plain(*_rows(10), partition=p)])
    wait_for(lambda: len(rig.objects()) == 4, 30, rig.logs)
    assert run.stop() == 0
    assert not psutil.pid_exists(child.pid)


def test_while_kafka_connect_runs_the_connector_nothing_is_read(rig: Rig) -> None:
    """Its consumers share partitions in another way: nobody else gets into their group."""
    rig.cluster.create_topic(rig.topic, 1)
    file = _connector(rig)
    with member_of(rig.cluster, rig.group, rig.topic):
        run = Run(rig, file)
        assert run.wait(20) == 1
    assert f"the group {rig.group} has 1 members that are not s3sink's" in run.log
    assert "stop the connector in Kafka Connect first" in run.log


def _children(run: Run) -> list[psutil.Process]:
    return psutil.Process(run.pid).children() if run.running else []
