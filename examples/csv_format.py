"""A file format of your own: an `extension`, and `open`, which gives a writer with `write` and `close`.

`prepare` is optional. It is where a record that the format cannot hold is refused, before records are divided among
files: it then goes to the dead letter topic alone, and the others are written.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from s3sink import DeadLetterTopic, FormatError, MemoryStore, RecordBatch, RecordError, S3Sink, Schema
from s3sink.formats import ByteSink
from s3sink.offline import batch_of, preview


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """Comma-separated values with a header line. Records must have all of the columns; other fields are left out."""

    columns: tuple[str, ...]

    @property
    def extension(self) -> str:
        """What the object's name ends with."""
        return ".csv"

    @property
    def takes_json(self) -> bool:
        """JSON text is no use here: give us rows."""
        return False

    def prepare(self, batch: RecordBatch) -> tuple[list[RecordBatch], list[RecordError]]:
        """The batch without the records that lack a column."""
        good: list[int] = []
        errors: list[RecordError] = []
        for index, record in enumerate(batch.records()):
            missing = self._missing(record.value)
            if missing:
                reason = f"has no {', '.join(missing)}"
                errors.append(FormatError(reason, source=record.source, offset=record.offset, executing="CsvFormat"))
            else:
                good.append(index)
        return [batch.take(good)], errors

    def _missing(self, value: object) -> list[str]:
        fields = value if isinstance(value, dict) else {}
        return [column for column in self.columns if column not in fields]

    def open(self, sink: ByteSink, schema: Schema | None) -> CsvWriter:
        """Begin a file with its header."""
        return CsvWriter(sink, self.columns)


class CsvWriter:
    """One growing file."""

    def __init__(self, sink: ByteSink, columns: tuple[str, ...]) -> None:
        self._sink, self._columns = sink, columns
        self._write([columns])

    def write(self, batch: RecordBatch) -> None:
        """Append the rows."""
        self._write([[record.value[column] for column in self._columns] for record in batch.records()])

    def close(self) -> None:
        """Nothing is held back."""

    def _write(self, rows: list[list[object]] | list[tuple[str, ...]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._sink.write(text.getvalue().encode())


sink = S3Sink(store=MemoryStore(), format=CsvFormat(("id", "city")), errors=DeadLetterTopic("cities-refused"))


def main() -> None:
    """The second record has no city."""
    written = preview(sink, batch_of("cities", [{"id": 1, "city": "Bonn"}, {"id": 2}, {"id": 3, "city": "Köln, Süd"}]))
    for key, content in written.objects.items():
        print(key)
        print(content.decode(), end="")
    print("refused:", [letter.offset for letter in written.dead_letters])


if __name__ == "__main__":
    main()
    # cities/partition=0/cities+0+0000000000.csv
    # id,city
    # 1,Bonn
    # 3,"Köln, Süd"
    # refused: [1]
