"""Rotation by size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from s3sink.batch import RoutedBatch
from s3sink.config import Option, check
from s3sink.rotation import Cut, FileSet, Reason
from s3sink.rotation.options import bytes_problem, size_in_bytes


@dataclass(frozen=True, slots=True)
class MaxBytes:
    """Closes the files when together they have produced `size` bytes, compressed, or more.

    Bytes are known only after writing, so a file ends with the batch that fills it and is larger by that much; what a
    compressor or a row group still holds back is not counted. `size` is bytes, or text such as "128MiB".
    """

    reason: ClassVar[Reason] = "max_bytes"

    size: Annotated[int | str, Option("s3sink.max.bytes", "bytes of all open files together")]

    def __post_init__(self) -> None:
        check("MaxBytes", [bytes_problem(self.size, "size")])
        object.__setattr__(self, "size", size_in_bytes(self.size))

    def cut(self, files: FileSet, routed: RoutedBatch, now: int) -> Cut | None:
        """Before the whole batch, once the files are full."""
        return Cut(routed.batch.span.start, self.reason) if self._full(files) else None

    def due_at(self, files: FileSet) -> int | None:
        """At once, that is when the files were opened, once they are full."""
        return files.opened_at if self._full(files) else None

    def _full(self, files: FileSet) -> bool:
        return files.opened_at is not None and files.bytes >= size_in_bytes(self.size)
