"""The apps write the object keys that the connector files beside them give, in any time zone and to any topic."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sink import FlushSize, HourlyPartitioner, JsonFormat, RotateInterval, S3Sink, TimeBasedPartitioner
from s3sink.offline import Message, batch_of, preview

APPS = Path(__file__).parents[2] / "apps"
SEOUL = ZoneInfo("Asia/Seoul")
Load = Callable[[str], dict[str, Any]]
ORDERS: dict[str, S3Sink] = runpy.run_path(str(APPS / "orders.py"), run_name="orders")["SINKS"]
CLICKS: S3Sink = runpy.run_path(str(APPS / "clickstream.py"), run_name="clickstream")["SINK"]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """An app's names, as they are without any environment variable."""
    for name in ("BOOTSTRAP", "BUCKET", "S3_ENDPOINT", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    return lambda name: runpy.run_path(str(APPS / f"{name}.py"), run_name=name)


def keys(sink: S3Sink, topic: str, messages: list[Any], **where: int) -> list[str]:
    """Full addresses of the objects that these messages become."""
    return [f"{sink.store.url}/{key}" for key in preview(sink, batch_of(topic, messages, **where)).objects]


def at(text: str) -> Message:
    """A log line of that moment."""
    return Message({"status": 200}, timestamp=datetime.fromisoformat(text))


# ---------------------------------------------------------------------------------------------- customer logs
def test_customer_logs_go_into_the_day_that_it_is_in_seoul(load: Load) -> None:
    before, after = at("2026-02-28T14:59:59.999+00:00"), at("2026-02-28T15:00:00+00:00")
    assert keys(load("customer_logs")["SINK"], "customer-logs", [before, after]) == [
        "s3://customer-logs/topics/customer-logs/year=2026/month=02/day=28/customer-logs+0+0000000000.json",
        "s3://customer-logs/topics/customer-logs/year=2026/month=03/day=01/customer-logs+0+0000000001.json",
    ]


def test_a_customer_log_file_closes_at_500_records(load: Load) -> None:
    messages = [at("2026-03-01T12:00:00+09:00")] * 1001
    names = [
        key.rsplit("/", 1)[1] for key in keys(load("customer_logs")["SINK"], "customer-logs", messages, partition=2)
    ]
    assert names == [f"customer-logs+2+{start:010d}.json" for start in (0, 500, 1000)]


def test_a_customer_log_file_spans_less_than_five_minutes_of_record_time(load: Load) -> None:
    minutes = [at(f"2026-03-01T12:0{minute}:00+09:00") for minute in (0, 4, 5, 9)]
    names = [key.rsplit("+", 1)[1] for key in keys(load("customer_logs")["SINK"], "customer-logs", minutes)]
    assert names == ["0000000000.json", "0000000002.json"]


def test_a_customer_log_that_is_no_json_is_a_dead_letter(load: Load) -> None:
    sink = load("customer_logs")["SINK"]
    written = preview(
        sink, batch_of("customer-logs", [at("2026-03-01T12:00:00+09:00"), Message(b"<html>", timestamp=0)])
    )
    assert sink.errors.topic == "dlq-customer-logs"
    assert [(letter.offset, letter.value) for letter in written.dead_letters] == [(1, b"<html>")]


# ---------------------------------------------------------------------------------------------- orders
def test_each_order_is_a_file_in_the_directory_of_its_partition(load: Load) -> None:
    orders = [{"id": 1, "dt": "2023-10-01"}, {"id": 2, "dt": "2023-10-02"}]
    assert keys(load("orders")["SINKS"]["default"], "orders", orders) == [
        "s3://lake/topics/orders/partition=0/orders+0+0000000000.json",
        "s3://lake/topics/orders/partition=0/orders+0+0000000001.json",
    ]


def test_an_order_goes_into_the_folder_of_its_own_day(load: Load) -> None:
    assert keys(load("orders")["SINKS"]["by-time"], "orders", [{"dt": "2023-10-01"}], partition=2, start=41) == [
        "s3://lake/topics/orders/year=2023/month=10/day=01/orders+2+0000000041.json"
    ]


@given(st.dates(datetime(1970, 1, 2).date(), datetime(9999, 12, 30).date()))
def test_the_folder_of_an_order_is_the_day_that_it_names(day: Any) -> None:
    sink = ORDERS["by-time"]
    (key,) = keys(sink, "orders", [{"dt": day.isoformat()}])
    assert f"/year={day.year:04d}/month={day.month:02d}/day={day.day:02d}/" in key


def test_orders_with_a_schema_go_into_parquet_files_by_field(load: Load) -> None:
    schema = {"type": "struct", "fields": [{"field": "dt", "type": "string"}, {"field": "id", "type": "int32"}]}
    orders = [{"schema": schema, "payload": {"dt": dt, "id": n}} for n, dt in enumerate(("2023-10-02", "2023-10-03"))]
    assert keys(load("orders")["SINKS"]["by-field"], "orders", [*orders, *orders]) == [
        "s3://lake/topics/orders/dt=2023-10-02/orders+0+0000000000.snappy.parquet",
        "s3://lake/topics/orders/dt=2023-10-03/orders+0+0000000001.snappy.parquet",
    ]


def test_an_order_without_its_field_stops_the_sink(load: Load) -> None:
    with pytest.raises(Exception, match=r"The field 'dt' does not exist.*offset=1"):
        preview(load("orders")["SINKS"]["by-time"], batch_of("orders", [{"dt": "2023-10-01"}, {"id": 1}]))


# ---------------------------------------------------------------------------------------------- tracking log
def test_the_tracking_log_is_one_record_a_file(load: Load) -> None:
    assert keys(load("tracking_log")["SINK"], "tracking.log", [{"page": "/"}, {"page": "/cart"}]) == [
        "s3://tracking-log/topics/tracking.log/partition=0/tracking.log+0+0000000000.json",
        "s3://tracking-log/topics/tracking.log/partition=0/tracking.log+0+0000000001.json",
    ]


# ---------------------------------------------------------------------------------------------- clickstream
def test_clicks_go_into_the_hour_that_it_is_in_seoul(load: Load) -> None:
    click = at("2026-03-01T16:59:59.999+00:00")
    assert keys(load("clickstream")["SINK"], "clickstream", [click] * 101) == [
        f"s3://clickstream/topics/clickstream/year=2026/month=03/day=02/hour=01/clickstream+0+{start}.json"
        for start in ("0000000000", "0000000100")
    ]


def test_gzip_shows_in_the_name(load: Load) -> None:
    sink = replace(load("clickstream")["SINK"], format=JsonFormat(compression="gzip"))
    (key,) = keys(sink, "clickstream", [at("2026-03-01T12:00:00+09:00")])
    assert key.endswith("/hour=12/clickstream+0+0000000000.json.gz")


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        ("2026-11-01T08:30:00+00:00", "day=01/hour=01"),  # 01:30 summer time
        ("2026-11-01T09:30:00+00:00", "day=01/hour=01"),  # 01:30 again, winter time: the same directory
        ("2026-11-01T10:30:00+00:00", "day=01/hour=02"),
        ("2026-03-08T09:59:00+00:00", "day=08/hour=01"),
        ("2026-03-08T10:00:00+00:00", "day=08/hour=03"),  # there is no 02:00 on that day
    ],
)
def test_clocks_that_change_change_the_folder(load: Load, moment: str, hour: str) -> None:
    sink = replace(load("clickstream")["SINK"], partitioner=HourlyPartitioner(timezone="America/Los_Angeles"))
    (key,) = keys(sink, "clickstream", [at(moment)])
    assert f"/{hour}/" in key


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_the_folder_of_a_click_is_what_the_clocks_of_seoul_show(moment: datetime) -> None:
    (key,) = keys(CLICKS, "clickstream", [Message({}, timestamp=moment)])
    assert moment.astimezone(SEOUL).strftime("/year=%Y/month=%m/day=%d/hour=%H/") in key


@given(st.lists(st.integers(1, 250), min_size=1, max_size=5))
def test_files_do_not_depend_on_how_records_arrive(sizes: list[int]) -> None:
    click = at("2026-03-01T12:00:00+09:00")
    starts = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    polls = [batch_of("clickstream", [click] * (b - a), start=a) for a, b in pairwise(starts)]
    at_once = batch_of("clickstream", [click] * starts[-1])
    assert preview(CLICKS, *polls).objects == preview(CLICKS, at_once).objects


# ---------------------------------------------------------------------------------------------- the files beside them
def connector(path: Path) -> dict[str, str]:
    """The settings of a connector file: JSON, properties, or the `config` of a Kubernetes resource."""
    text = path.read_text()
    if path.suffix == ".json":
        settings: dict[str, str] = json.loads(text)["config"]
        return settings
    lines = text.partition("  config:\n")[2] if path.suffix == ".yaml" else text
    separator = ":" if path.suffix == ".yaml" else "="
    pairs = [line.split(separator, 1) for line in lines.splitlines() if line.strip()]
    return {key.strip(): value.strip() for key, value in pairs}


FILES = [
    ("customer_logs.json", "customer_logs", None),
    ("orders_default.json", "orders", "default"),
    ("orders_by_time.json", "orders", "by-time"),
    ("orders_by_field.json", "orders", "by-field"),
    ("tracking_log.yaml", "tracking_log", None),
    ("clickstream.properties", "clickstream", None),
]


@pytest.mark.parametrize(("file", "app", "choice"), FILES)
def test_the_connector_file_says_the_same(load: Load, file: str, app: str, choice: str | None) -> None:
    settings, names = connector(APPS / file), load(app)
    sink = names["SINKS"][choice] if choice else names["SINK"]
    assert said_by(sink) == {key: settings[key] for key in COMPARED if key in settings}
    built = names["build_app"](choice) if choice else names["app"]
    assert built._s3sink_service.topics == {settings["topics"]}


COMPARED = (
    "s3.bucket.name",
    "s3.region",
    "flush.size",
    "rotate.interval.ms",
    "rotate.schedule.interval.ms",
    "timezone",
    "partitioner.class",
    "format.class",
    "value.converter.schemas.enable",
    "errors.deadletterqueue.topic.name",
    "partition.field.name",
    "timestamp.field",
)


def said_by(sink: Any) -> dict[str, str]:
    """The sink in the words of a connector."""
    prefix = "io.confluent.connect"
    partitioner = type(sink.partitioner).__name__
    said = {
        "s3.bucket.name": sink.store.bucket,
        "s3.region": sink.store.region,
        "partitioner.class": f"{prefix}.storage.partitioner.{partitioner}",
        "format.class": f"{prefix}.s3.format.{type(sink.format).__name__.removesuffix('Format').lower()}."
        + type(sink.format).__name__,
        "value.converter.schemas.enable": str(sink.converter.schemas_enable).lower(),
    }
    if partitioner == "DefaultPartitioner":
        # the connector's own default: one file names it, the other does not
        said = {key: value for key, value in said.items() if key != "partitioner.class" or len(sink.rotation) > 1}
    for policy in sink.rotation:
        if isinstance(policy, FlushSize):
            said["flush.size"] = str(policy.records)
        elif isinstance(policy, RotateInterval):
            said["rotate.interval.ms"] = str(policy.interval)
        else:
            said |= {"rotate.schedule.interval.ms": str(policy.interval), "timezone": policy.timezone}
    if hasattr(sink.partitioner, "timezone"):
        said["timezone"] = sink.partitioner.timezone
    if isinstance(sink.partitioner, TimeBasedPartitioner) and hasattr(sink.partitioner.extractor, "name"):
        said["timestamp.field"] = sink.partitioner.extractor.name
    if hasattr(sink.partitioner, "fields"):
        said["partition.field.name"] = ",".join(sink.partitioner.fields)
    if sink.errors != "fail":
        said["errors.deadletterqueue.topic.name"] = sink.errors.topic
    return said
