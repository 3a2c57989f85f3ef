"""A transform with options is a class with a method `apply`; nothing has to be inherited or registered.

A frozen dataclass prints its options, and so they become part of the sink's fingerprint: a half-written generation of
other options is noticed. Options are checked when it is built, not at the first record.
"""

from __future__ import annotations

from dataclasses import dataclass

from s3sink import ConfigError, MemoryStore, S3Sink, SinkRecord
from s3sink.config import check, problem_if
from s3sink.offline import batch_of, preview
from s3sink.transforms import When


@dataclass(frozen=True, slots=True)
class Shorten:
    """Cuts a text field at `length` characters."""

    field: str
    length: int = 20

    def __post_init__(self) -> None:
        check("Shorten", [problem_if(self.length < 1, "length", "must be 1 or more")])

    def apply(self, record: SinkRecord, /) -> SinkRecord:
        """The record with the shorter text."""
        return record.replace(value={**record.value, self.field: record.value[self.field][: self.length]})


def has_comment(record: SinkRecord) -> bool:
    """A predicate is a function too."""
    return "comment" in record.value


sink = S3Sink(store=MemoryStore(), transforms=[When(has_comment, Shorten("comment", length=5))])


def main() -> None:
    """Only records that have the field are changed."""
    messages = [{"id": 1, "comment": "far too long"}, {"id": 2}]
    for content in preview(sink, batch_of("reviews", messages)).objects.values():
        print(content.decode(), end="")
    try:
        Shorten("comment", length=0)
    except ConfigError as error:
        print(error)


if __name__ == "__main__":
    main()
    # {"id":1,"comment":"far t"}
    # {"id":2}
    # Shorten: length: must be 1 or more
