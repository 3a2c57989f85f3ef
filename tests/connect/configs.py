"""Connector configurations that are well."""

from __future__ import annotations

S3 = "io.confluent.connect.s3."
PARTITIONERS = "io.confluent.connect.storage.partitioner."
AVRO, JSON, BYTES, PARQUET = (
    f"{S3}format.{name}"
    for name in ("avro.AvroFormat", "json.JsonFormat", "bytearray.ByteArrayFormat", "parquet.ParquetFormat")
)

PLAIN = {
    "name": "lake",
    "connector.class": f"{S3}S3SinkConnector",
    "topics": "orders",
    "s3.bucket.name": "lake",
    "s3.region": "eu-central-1",
    "storage.class": f"{S3}storage.S3Storage",
    "format.class": JSON,
    "flush.size": "3",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
HOURLY = {"partitioner.class": f"{PARTITIONERS}HourlyPartitioner", "locale": "en", "timezone": "Asia/Seoul"}
BY_PATTERN = {
    "partitioner.class": f"{PARTITIONERS}TimeBasedPartitioner",
    "path.format": "'dt'=YYYY-MM-dd",
    "partition.duration.ms": "86400000",
    "locale": "en",
    "timezone": "UTC",
}


def config(*more: dict[str, str], without: tuple[str, ...] = (), **changes: str) -> dict[str, str]:
    """A good configuration with changes; two underscores in a name stand for a dot."""
    properties = dict(PLAIN)
    for one in more:
        properties |= one
    properties |= {name.replace("__", "."): text for name, text in changes.items()}
    return {key: text for key, text in properties.items() if key not in without}
