"""One growing file."""

from __future__ import annotations

from s3sink.batch import RecordBatch, Route
from s3sink.formats import BufferingWriter, FileWriter, Format, SchemaBoundWriter
from s3sink.generation import OffsetDigest, SealedFile
from s3sink.schema import Schema
from s3sink.upload import PartBuffer, PartUpload


class OpenFile:
    """Everything that lives and dies with a growing file."""

    __slots__ = (
        "_bound",
        "_buffers",
        "_digest",
        "buffer",
        "count",
        "first",
        "key",
        "last",
        "route",
        "schema",
        "upload",
        "writer",
    )

    def __init__(self, route: Route, key: str, first: int, schema: Schema | None, format: Format) -> None:
        self.route, self.key, self.first, self.schema = route, key, first, schema
        self.last = first
        self.count = 0
        self._digest = OffsetDigest()
        self.buffer = PartBuffer()
        self.writer: FileWriter = format.open(self.buffer, schema)
        self._bound = self.writer if isinstance(self.writer, SchemaBoundWriter) else None
        self._buffers = self.writer if isinstance(self.writer, BufferingWriter) else None
        self.upload: PartUpload | None = None

    def append(self, batch: RecordBatch) -> None:
        """Add records of this file's route."""
        self.writer.write(batch)
        self._digest.update(batch)
        self.last = batch.offset_at(batch.n - 1)
        self.count += batch.n

    def fits(self, batch: RecordBatch) -> bool:
        """Whether the file can take these records at all."""
        return self._bound is None or self._bound.fits(batch)

    @property
    def bound(self) -> bool:
        """Whether the file has one schema."""
        return self._bound is not None

    def hold(self) -> None:
        """Take whatever schema comes: what belongs into this file was decided before."""
        if self._bound is not None:
            self._bound.hold()

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return self.buffer.size + self._pending + (self.upload.in_flight if self.upload else 0)

    @property
    def produced(self) -> int:
        """Bytes that the file has by now, as far as they are known."""
        return self.buffer.total + self._pending

    @property
    def _pending(self) -> int:
        return self._buffers.buffered if self._buffers is not None else 0

    def seal(self) -> SealedFile:
        """Finish the file. An upload gets its last part now, once, so that completing it can be tried again."""
        self.writer.close()
        if self.upload is not None and self.buffer.size:
            self.upload.add(self.buffer.take())
        return SealedFile(
            self.route,
            self.key,
            self.first,
            self.last,
            self.count,
            self._digest.hexdigest(),
            self.buffer.take(),
            self.buffer.total,
            self.upload,
        )
