"""A transform is a function: it gets a record and returns the record as it goes on, or None to drop it."""

from __future__ import annotations

from s3sink import MemoryStore, S3Sink, SinkRecord
from s3sink.offline import batch_of, preview


def drop_tests(record: SinkRecord) -> SinkRecord | None:
    """Orders that testers made are nobody's business."""
    return None if record.value.get("test") else record


def add_total(record: SinkRecord) -> SinkRecord:
    """A changed copy: the argument itself is never touched."""
    return record.replace(value={**record.value, "total": record.value["price"] * record.value["quantity"]})


sink = S3Sink(store=MemoryStore(), transforms=[drop_tests, add_total])


def main() -> None:
    """Two orders go in, one comes out. The committed offset passes the dropped one too."""
    orders = [{"price": 3, "quantity": 2}, {"price": 1, "quantity": 1, "test": True}]
    for key, content in preview(sink, batch_of("orders", orders)).objects.items():
        print(key, content.decode().strip())


if __name__ == "__main__":
    main()
    # orders/partition=0/orders+0+0000000000.json {"price":3,"quantity":2,"total":6}
