"""Apps for topics with bad records, chosen by SHAPE; dead letters go to DLQ. The rest is as in shapes.py.

- five_smts: change events through five transforms, one of them for some records only; of the records whose `refuse` is
  true the format fails, of those whose `again` is true a transform fails at its first attempt in this process
- strict: nothing is tolerated, but the letter is written
- replicas: the topic of dead letters should have three replicas
- own_topic: dead letters would go to the topic that is read
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import faust

from s3sink import DeadLetterTopic, ErrorPolicy, FieldPartitioner, JsonConverter, SinkRecord
from s3sink.agents import attach
from s3sink.testing.failing import FailingFormat, FailingTransform, TemporaryError
from s3sink.transforms import Cast, ExtractNewRecordState, HasHeaderKey, InsertField, MaskField, RegexRouter, When
from tests.broker.workers.shapes import SHAPES, Env, main, sink


def _refused(record: SinkRecord) -> bool:
    return bool(record.value.get("refuse"))


def _again(record: SinkRecord) -> bool:
    return bool(record.value.get("again"))


def five_smts(app: faust.App, env: Env) -> None:
    letters = DeadLetterTopic(env["DLQ"])
    plain = sink(env)
    lake = replace(
        plain,
        key_converter=JsonConverter(),
        header_converter=JsonConverter(),
        transforms=[
            ExtractNewRecordState(),
            Cast(spec=["price:string"]),
            FailingTransform(MaskField(fields=["email"]), when=_again, error=TemporaryError, times=1),
            InsertField(timestamp_field="ingested_at"),
            When(HasHeaderKey("vip"), RegexRouter("(.*)", "vip-$1")),
        ],
        partitioner=FieldPartitioner("city"),
        format=FailingFormat(plain.format, when=_refused),
        errors=ErrorPolicy(
            "all", retry_timeout="1m", retry_delay_max=5, log=True, log_messages=True, dead_letters=letters
        ),
    )
    attach(app, app.topic(env["TOPIC"]), lake, name="lake")


def strict(app: faust.App, env: Env) -> None:
    errors = ErrorPolicy("none", dead_letters=DeadLetterTopic(env["DLQ"]))
    attach(app, app.topic(env["TOPIC"]), sink(env, errors=errors))


def replicas(app: faust.App, env: Env) -> None:
    attach(app, app.topic(env["TOPIC"]), sink(env, errors=DeadLetterTopic(env["DLQ"], replication_factor=3)))


def own_topic(app: faust.App, env: Env) -> None:
    attach(app, app.topic(env["TOPIC"]), sink(env, errors=DeadLetterTopic(env["TOPIC"])))


SHAPES |= {shape.__name__: shape for shape in (five_smts, strict, replicas, own_topic)}

if __name__ == "__main__":
    sys.exit(main(os.environ))
