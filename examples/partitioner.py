"""A partitioner of your own has one method, `encode`. This one puts several below each other: field, then day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from s3sink import DailyPartitioner, FieldPartitioner, MemoryStore, Partitioner, S3Sink, SinkRecord
from s3sink.offline import Message, batch_of, preview
from s3sink.partitioners import is_deterministic


@dataclass(frozen=True, slots=True)
class Nested:
    """The directories of each partitioner, one below the other."""

    partitioners: tuple[Partitioner, ...]

    @property
    def deterministic(self) -> bool:
        """Exactly once is promised only when the path depends on nothing but the record."""
        return all(map(is_deterministic, self.partitioners))

    def encode(self, record: SinkRecord, now: int) -> str:
        """`country=DE/year=2026/month=03/day=01`."""
        return "/".join(partitioner.encode(record, now) for partitioner in self.partitioners)


sink = S3Sink(
    store=MemoryStore(), partitioner=Nested((FieldPartitioner("country"), DailyPartitioner(timezone="Europe/Berlin")))
)


def main() -> None:
    """One file for each directory; all of them close together."""
    evening = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    night = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    messages = [Message({"country": "DE"}, timestamp=at) for at in (evening, night)]
    for key in preview(sink, batch_of("visits", messages)).objects:
        print(key)


if __name__ == "__main__":
    main()
    # visits/country=DE/year=2026/month=03/day=01/visits+0+0000000000.json
    # visits/country=DE/year=2026/month=03/day=02/visits+0+0000000001.json
