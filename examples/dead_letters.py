"""With a dead letter topic, a record that cannot be written goes there as it was read, and the others go on.

The headers say what failed, where and why, under the names that Kafka Connect uses. The letter is acknowledged before
the offset behind the record is committed: after a crash it may arrive twice, never not at all.
"""

from __future__ import annotations

from s3sink import DeadLetterTopic, MemoryStore, S3Sink, SinkRecord
from s3sink.offline import batch_of, preview


def in_euros(record: SinkRecord) -> SinkRecord:
    """Fails for a record without a price."""
    return record.replace(value={"euros": record.value["cents"] / 100})


sink = S3Sink(store=MemoryStore(), transforms=[in_euros], errors=DeadLetterTopic("prices-refused"))


def main() -> None:
    """A good one, one that is no JSON, and one that the transform fails on."""
    written = preview(sink, batch_of("prices", [{"cents": 250}, b"no JSON", {"cent": 1}]))
    for content in written.objects.values():
        print(content.decode(), end="")
    for letter in written.dead_letters:
        headers = dict(letter.headers)
        why = [headers[f"__connect.errors.{name}"] for name in ("stage", "exception.class.name")]
        print(letter.offset, letter.value, *((text or b"").decode() for text in why))


if __name__ == "__main__":
    main()
    # {"euros":2.5}
    # 1 b'no JSON' VALUE_CONVERTER org.apache.kafka.connect.errors.DataException
    # 2 b'{"cent":1}' TRANSFORMATION builtins.KeyError
