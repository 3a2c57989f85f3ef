"""Every part works on its own: messages become Parquet files in a directory, with no Kafka and no event loop."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from s3sink import BytesConverter, FieldPartitioner, JsonConverter, ParquetFormat
from s3sink.converters import convert_batch
from s3sink.offline import batch_of
from s3sink.partitioners import route
from s3sink.transforms import Chain, MaskField

MESSAGES = [
    {"id": 1, "country": "DE", "email": "a@example.org"},
    {"id": 2, "country": "FR", "email": "b@example.org"},
    {"id": 3, "country": "DE", "email": "c@example.org"},
]


def write_files(directory: Path) -> list[Path]:
    """One file for each country. Each step also gives the records that it refuses; here there are none."""
    format = ParquetFormat(compression="zstd")
    rows, _ = convert_batch(batch_of("users", MESSAGES), BytesConverter(), JsonConverter())
    masked, _ = Chain([MaskField(fields=["email"])]).apply(rows)
    (prepared,), _ = format.prepare(masked)
    routed, _ = route(FieldPartitioner("country"), prepared, now=0)
    paths = []
    for to, part in routed.by_route():
        path = directory / to.topic / to.encoded_partition / f"part{format.extension}"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            writer = format.open(file, schema=None)
            writer.write(part)
            writer.close()
        paths.append(path)
    return paths


def main(directory: Path) -> None:
    """Write, then read again."""
    for path in write_files(directory):
        print(path.relative_to(directory))
        print(pq.read_table(path).to_pylist())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
    # users/country=DE/part.zstd.parquet
    # [{'id': 1, 'country': 'DE', 'email': ''}, {'id': 3, 'country': 'DE', 'email': ''}]
    # users/country=FR/part.zstd.parquet
    # [{'id': 2, 'country': 'FR', 'email': ''}]
