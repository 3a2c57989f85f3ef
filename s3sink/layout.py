"""Object keys, as the Confluent S3 sink writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from s3sink.batch import Kind, Route
from s3sink.config import check, problem_if


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Makes the key of a file: `topic/encoded partition/topic+partition+start offset.extension`.

    The store's prefix (Connect's `topics.dir`) comes before it, and `prefix`, as it is, where a store's cannot say it:
    with another delimiter behind it than a slash. The offset is that of the file's first record, padded with zeros;
    longer offsets are never cut. Files of keys and headers have `.keys` or `.headers` before the extension.
    """

    directory_delim: str = "/"
    file_delim: str = "+"
    offset_width: int = 10
    prefix: str = ""

    def __post_init__(self) -> None:
        check("Layout", [problem_if(self.offset_width < 1, "offset_width", "must be 1 or more")])

    def key(self, route: Route, partition: int, offset: int, extension: str) -> str:
        """The key of the file that begins with the record at `offset` of Kafka partition `partition`."""
        name = self.file_delim.join((route.topic, str(partition), f"{offset:0{self.offset_width}d}"))
        if route.kind:
            name += f".{route.kind}"
        return self.prefix + self.directory_delim.join((route.topic, route.encoded_partition, name + extension))

    def directory(self, topic: str) -> str:
        """What the keys of all files of a topic begin with."""
        return self.prefix + topic + self.directory_delim

    def route(self, key: str) -> Route:
        """Where the records of a file go, from its key."""
        directory, file = re.escape(self.directory_delim), re.escape(self.file_delim)
        # the topic stands twice, which tells it from the directories whatever the delimiters are
        pattern = rf"(.+){directory}(.*){directory}\1{file}\d+{file}\d+(?:\.(keys|headers))?.*"
        match = re.fullmatch(pattern, key.removeprefix(self.prefix), re.ASCII | re.DOTALL)
        if match is None:
            raise ValueError(f"{key!r} is no key of this layout")
        return Route(match[1], match[2], cast("Kind", match[3] or ""))

    def first_offset(self, key: str, partition: int) -> int | None:
        """The offset in a key of this partition, None for a key that is not one of its files."""
        plain = self.directory_delim == "/" and "/" not in self.file_delim
        name = key.rsplit("/", 1)[-1] if plain else key  # other delimiters may stand in names and extensions, too
        match = re.match(rf"{self._before(partition)}({self._digits()})", name, re.ASCII | re.DOTALL)
        return int(match[1]) if match and key.startswith(self.prefix) else None

    def _before(self, partition: int) -> str:
        """The topic may end with what looks like a partition: with a delimiter the last one counts, else the first."""
        file = re.escape(self.file_delim)
        return f".+{file}{partition}{file}" if file else f".+?{partition}"

    def _digits(self) -> str:
        """An offset as it is written; with a delimiter also of another width, before an extension with a dot."""
        width = self.offset_width
        written = rf"(?:0\d{{{width - 1}}}|[1-9]\d{{{width - 1},}})(?=\D|$)"
        return rf"{written}|\d+(?=\.|$)" if self.file_delim else written
