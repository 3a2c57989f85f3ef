"""One example for each transform and predicate: its properties, the same in Python, and a record to show it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from s3sink.record import Header, SinkRecord, TopicPartition
from s3sink.schema import Field, Schema

SMT = "org.apache.kafka.connect.transforms."
DEBEZIUM = "io.debezium.transforms."
CONFLUENT = "io.confluent.connect.transforms."
TOPIC, MOMENT = "orders", 1_772_447_400_000  # 2026-03-02T10:30:00Z

_CHANGE = {
    "before": {"id": 7, "name": "Kim"},
    "after": {"id": 7, "name": "Lee"},
    "source": {"db": "shop", "table": "customers", "ts_ms": 1_772_447_399_000},
    "op": "u",
    "ts_ms": MOMENT,
}


@dataclass(frozen=True)
class Example:
    """`properties` are those of one alias, without the prefix. `schema` is the value's."""

    type: str
    properties: Mapping[str, str]
    python: str
    value: Any
    key: Any = None
    headers: tuple[Header, ...] = ()
    topic: str = TOPIC
    schema: Schema | None = None
    key_schema: Schema | None = None

    @property
    def record(self) -> SinkRecord:
        """The record that goes in."""
        return SinkRecord(
            TopicPartition(self.topic, 0),
            42,
            MOMENT,
            self.topic,
            self.key,
            self.value,
            self.headers,
            self.key_schema,
            self.schema,
        )


@dataclass(frozen=True)
class Group:
    """A heading, a sentence, and its classes in their order."""

    title: str
    text: str
    examples: Mapping[str, Example] = field(default_factory=dict)


def _struct(name: str | None = None, **fields: str) -> Schema:
    made = tuple(Field(n, Schema(type=t)) for n, t in fields.items())  # type: ignore[arg-type]
    return Schema(type="struct", name=name, fields=made)


TRANSFORMS = Group(
    "Kafka Connect's",
    "They answer as Kafka Connect 4.3 does, errors included.",
    {
        "Cast": Example(
            f"{SMT}Cast$Value",
            {"spec": "id:string,price:int32"},
            'Cast({"id": "string", "price": "int32"})',
            {"id": 7, "price": 9.99},
        ),
        "DropHeaders": Example(
            f"{SMT}DropHeaders",
            {"headers": "trace"},
            'DropHeaders(["trace"])',
            {"id": 7},
            headers=(Header("trace", "af31"), Header("from", "web")),
        ),
        "ExtractField": Example(
            f"{SMT}ExtractField$Value",
            {"field": "order.id", "field.syntax.version": "V2"},
            'ExtractField("order.id", field_syntax_version="V2")',
            {"order": {"id": 7}},
        ),
        "Filter": Example(f"{SMT}Filter", {}, "Filter()", {"id": 7}),
        "Flatten": Example(
            f"{SMT}Flatten$Value",
            {"delimiter": "_"},
            'Flatten("_")',
            {"id": 7, "address": {"city": "Seoul", "at": {"lat": 37.5}}},
        ),
        "HeaderFrom": Example(
            f"{SMT}HeaderFrom$Value",
            {"fields": "trace", "headers": "trace-id", "operation": "move"},
            'HeaderFrom(["trace"], ["trace-id"], "move")',
            {"id": 7, "trace": "af31"},
        ),
        "HoistField": Example(f"{SMT}HoistField$Value", {"field": "order"}, 'HoistField("order")', {"id": 7}),
        "InsertField": Example(
            f"{SMT}InsertField$Value",
            {"offset.field": "offset", "static.field": "shop", "static.value": "north"},
            'InsertField(offset_field="offset", static_field="shop", static_value="north")',
            {"id": 7},
        ),
        "InsertHeader": Example(
            f"{SMT}InsertHeader",
            {"header": "shop", "value.literal": "north"},
            'InsertHeader("shop", "north")',
            {"id": 7},
        ),
        "MaskField": Example(
            f"{SMT}MaskField$Value",
            {"fields": "email,phone", "replacement": "***"},
            'MaskField(["email", "phone"], replacement="***")',
            {"id": 7, "email": "kim@example.org", "phone": "555-0101"},
        ),
        "RegexRouter": Example(
            f"{SMT}RegexRouter",
            {"regex": "(.*)-raw", "replacement": "$1"},
            'RegexRouter("(.*)-raw", "$1")',
            {"id": 7},
            topic="orders-raw",
        ),
        "ReplaceField": Example(
            f"{SMT}ReplaceField$Value",
            {"exclude": "secret", "renames": "ts:created_at"},
            'ReplaceField(exclude=["secret"], renames={"ts": "created_at"})',
            {"id": 7, "secret": "x", "ts": 1},
        ),
        "SetSchemaMetadata": Example(
            f"{SMT}SetSchemaMetadata$Value",
            {"schema.name": "shop.Order", "schema.version": "2"},
            'SetSchemaMetadata(schema_name="shop.Order", schema_version=2)',
            {"id": 7},
            schema=_struct(id="int64"),
        ),
        "TimestampConverter": Example(
            f"{SMT}TimestampConverter$Value",
            {"field": "ts", "target.type": "string", "format": "yyyy-MM-dd HH:mm"},
            'TimestampConverter("string", field="ts", format="yyyy-MM-dd HH:mm")',
            {"id": 7, "ts": MOMENT},
        ),
        "TimestampRouter": Example(
            f"{SMT}TimestampRouter",
            {"topic.format": "${topic}-${timestamp}", "timestamp.format": "yyyy-MM"},
            'TimestampRouter(topic_format="${topic}-${timestamp}", timestamp_format="yyyy-MM")',
            {"id": 7},
        ),
        "ValueToKey": Example(
            f"{SMT}ValueToKey", {"fields": "id"}, 'ValueToKey(["id"])', {"id": 7, "name": "Kim"}, key="k"
        ),
    },
)

OF_DEBEZIUM = Group(
    "Debezium's",
    "`ExtractNewRecordState` answers as Debezium 3.6 does; where a file has the old delete options, as Debezium 3.1.",
    {
        "ExtractNewRecordState": Example(
            f"{DEBEZIUM}ExtractNewRecordState",
            {"delete.tombstone.handling.mode": "rewrite", "add.fields": "op,table", "s3sink.schemaless": "true"},
            'ExtractNewRecordState("rewrite", add_fields=["op", "table"])',
            _CHANGE,
        ),
        "ByLogicalTableRouter": Example(
            f"{DEBEZIUM}ByLogicalTableRouter",
            {"topic.regex": r"shop\.shard\d+\.(.*)", "topic.replacement": "shop.$1", "key.enforce.uniqueness": "false"},
            r'ByLogicalTableRouter(r"shop\.shard\d+\.(.*)", "shop.$1", key_enforce_uniqueness=False)',
            {"id": 7},
            topic="shop.shard12.customers",
            schema=_struct("shop.shard12.customers.Envelope", id="int64"),
        ),
        "TimezoneConverter": Example(
            f"{DEBEZIUM}TimezoneConverter",
            {"converted.timezone": "Asia/Seoul"},
            'TimezoneConverter("Asia/Seoul")',
            {"id": 7, "at": "2026-03-02T10:30:00Z"},
            schema=Schema(
                type="struct",
                name="shop.customers.Value",
                fields=(
                    Field("id", Schema(type="int64")),
                    Field("at", Schema(type="string", name="io.debezium.time.ZonedTimestamp")),
                ),
            ),
        ),
    },
)

PREDICATES = Group(
    "Predicates",
    "For `When(predicate, transform, negate=False)`; in a connector file `predicates`, `transforms.<alias>.predicate` "
    "and `transforms.<alias>.negate`. The examples drop the records for which the predicate is true.",
    {
        "HasHeaderKey": Example(
            f"{SMT}predicates.HasHeaderKey",
            {"name": "test"},
            'HasHeaderKey("test")',
            {"id": 7},
            headers=(Header("test", "1"),),
        ),
        "RecordIsTombstone": Example(f"{SMT}predicates.RecordIsTombstone", {}, "RecordIsTombstone()", None, key="k"),
        "TopicNameMatches": Example(
            f"{SMT}predicates.TopicNameMatches",
            {"pattern": ".*-test"},
            'TopicNameMatches(".*-test")',
            {"id": 7},
            topic="orders-test",
        ),
    },
)
OF_CONFLUENT = Group(
    "Confluent's",
    "They follow Confluent's public documentation. `FilterByCondition` is Confluent's `Filter`, `NestedReplaceField` "
    "its `ReplaceField`.",
    {
        "Drop": Example(f"{CONFLUENT}Drop$Key", {}, 'Drop(of="key")', {"id": 7}, key="k"),
        "ExtractTopic": Example(
            f"{CONFLUENT}ExtractTopic$Value", {"field": "kind"}, 'ExtractTopic("kind")', {"id": 7, "kind": "returns"}
        ),
        "FilterByCondition": Example(
            f"{CONFLUENT}Filter$Value",
            {
                "filter.condition": "$.order[?(@.state == 'test')]",
                "filter.type": "exclude",
                "missing.or.null.behavior": "include",
            },
            """FilterByCondition("$.order[?(@.state == 'test')]", "exclude", "include")""",
            {"order": {"id": 7, "state": "test"}},
        ),
        "MessageTimestampRouter": Example(
            f"{CONFLUENT}MessageTimestampRouter",
            {
                "topic.format": "${topic}-${timestamp}",
                "topic.timestamp.format": "yyyy.MM.dd",
                "message.timestamp.format": "yyyy-MM-dd",
                "message.timestamp.keys": "day,date",
            },
            'MessageTimestampRouter("yyyy.MM.dd", "yyyy-MM-dd", ["day", "date"])',
            {"id": 7, "date": "2026-03-02"},
        ),
        "NestedReplaceField": Example(
            f"{CONFLUENT}ReplaceField$Value",
            {"exclude": "card.number", "renames": "card.holder:name"},
            'NestedReplaceField(exclude=["card.number"], renames={"card.holder": "name"})',
            {"id": 7, "card": {"number": "4111", "holder": "Kim"}},
        ),
        "TombstoneHandler": Example(
            f"{CONFLUENT}TombstoneHandler", {"behavior": "ignore"}, 'TombstoneHandler("ignore")', None, key="k"
        ),
    },
)
GROUPS = (TRANSFORMS, OF_DEBEZIUM, OF_CONFLUENT, PREDICATES)
