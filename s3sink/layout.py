"""Object keys, as the Confluent S3 sink writes them."""

from __future__ import annotations

from dataclasses import dataclass

from s3sink.batch import Route
from s3sink.config import check, problem_if


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Makes the key of a file: `topic/encoded partition/topic+partition+start offset.extension`.

    The store's prefix (Connect's `topics.dir`) comes before it. The offset is that of the file's first record, padded
    with zeros; longer offsets are never cut.
    """

    directory_delim: str = "/"
    file_delim: str = "+"
    offset_width: int = 10

    def __post_init__(self) -> None:
        check("Layout", [problem_if(self.offset_width < 1, "offset_width", "must be 1 or more")])

    def key(self, route: Route, partition: int, offset: int, extension: str) -> str:
        """The key of the file that begins with the record at `offset` of Kafka partition `partition`."""
        name = self.file_delim.join((route.topic, str(partition), f"{offset:0{self.offset_width}d}"))
        return self.directory_delim.join((route.topic, route.encoded_partition, name + extension))

    def route(self, key: str) -> Route:
        """Where the records of a value file go, from its key."""
        topic, _, rest = key.partition(self.directory_delim)
        return Route(topic, rest.rpartition(self.directory_delim)[0])

    def first_offset(self, key: str, partition: int) -> int | None:
        """The offset in a key of this partition, None for a key that is not one of its value files."""
        name = key.rsplit(self.directory_delim, 1)[-1]
        parts = name.rsplit(self.file_delim, 2)
        if len(parts) != 3 or parts[1] != str(partition):
            return None
        digits = parts[2].split(".", 1)[0]
        return int(digits) if digits.isascii() and digits.isdigit() else None
