"""`python -m benchmarks.transforms`: nanoseconds a record of each transform, by rows and by batches. No services."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.meter import calibration
from benchmarks.records import change, click
from benchmarks.report import aligned
from s3sink.agents.worker import tune_memory
from s3sink.batch import RecordBatch
from s3sink.converters import BytesConverter, JsonConverter, convert_batch
from s3sink.formats import JsonFormat
from s3sink.metrics import NoMetrics
from s3sink.offline import Message, batch_of
from s3sink.partitioners import DefaultPartitioner
from s3sink.pipeline import Pipeline
from s3sink.record import SinkRecord
from s3sink.schema import Field, Schema
from s3sink.transforms import (
    Cast,
    Chain,
    DropHeaders,
    ExtractField,
    ExtractNewRecordState,
    Filter,
    Flatten,
    HeaderFrom,
    HoistField,
    InsertField,
    InsertHeader,
    MaskField,
    RecordIsTombstone,
    RegexRouter,
    ReplaceField,
    SetSchemaMetadata,
    TimestampConverter,
    TimestampRouter,
    TransformLike,
    ValueToKey,
    When,
)

README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- transforms -->\n", "<!-- /transforms -->"
SLICE, SLICES = 500, 8
_FOUR = (
    InsertField(timestamp_field="ingested_at"),
    MaskField(["user_agent"]),
    ReplaceField(exclude=["referrer"]),
    RegexRouter("(.*)-raw", "$1"),
)
CHAINS: Mapping[str, Sequence[TransformLike]] = {
    "none": (),
    "Cast": (Cast(["user_id:string", "amount:int64"]),),
    "DropHeaders": (DropHeaders(["trace"]),),
    "ExtractField": (ExtractField("nested"),),
    "Filter, for no record": (When(RecordIsTombstone(), Filter()),),
    "Flatten": (Flatten("_"),),
    "HeaderFrom": (HeaderFrom(["country"], ["country"], "copy"),),
    "HoistField": (HoistField("click"),),
    "InsertField": (InsertField(offset_field="offset", timestamp_field="at"),),
    "InsertHeader": (InsertHeader("from", "shop"),),
    "MaskField": (MaskField(["user_agent"]),),
    "RegexRouter": (RegexRouter("(.*)-raw", "$1"),),
    "ReplaceField": (ReplaceField(exclude=["referrer"], renames=["ts:at"]),),
    "SetSchemaMetadata": (SetSchemaMetadata(schema_name="click"),),
    "TimestampConverter": (TimestampConverter(target_type="string", field="ts", format="yyyy-MM-dd HH:mm:ss"),),
    "TimestampRouter": (TimestampRouter(),),
    "ValueToKey": (ValueToKey(["user_id"]),),
    "four": _FOUR,
    "unwrap": (ExtractNewRecordState(delete_tombstone_handling_mode="rewrite"),),
    "unwrap, add fields": (
        ExtractNewRecordState(delete_tombstone_handling_mode="rewrite", add_fields=["op", "ts_ms"]),
    ),
}


def same(record: SinkRecord) -> SinkRecord:
    """A function: a chain that has one goes by rows."""
    return record


def measured(name: str, runs: int = 3) -> dict[str, float | None]:
    """Nanoseconds a record: JSON text in, lines of JSON out, by batches and by rows; and of the chain alone with a
    schema. None where there is no such way."""
    chain, text = CHAINS[name], (change if name.startswith("unwrap") else click)
    values = [text(i) for i in range(SLICE * SLICES)]
    slices = [_batch(values[at : at + SLICE], at) for at in range(0, len(values), SLICE)]
    needs_schema = name == "SetSchemaMetadata"
    whole, rows = Chain(chain), [*chain, same]
    return {
        "batches": _lines(chain, slices, runs) if whole.takes_batches else None,
        "rows": None if needs_schema else _lines(rows, slices, runs),
        "schema": None if name.startswith("unwrap") else _alone(whole, [_typed(one) for one in slices], runs),
    }


def _batch(values: Sequence[bytes], start: int) -> RecordBatch:
    messages = [Message(value, timestamp=1_767_225_600_000, headers={"trace": b"1"}) for value in values]
    return batch_of("clicks-raw", messages, start=start)


def _typed(batch: RecordBatch) -> RecordBatch:
    """The same as rows with a schema."""
    rows, _ = convert_batch(batch, BytesConverter(), JsonConverter())
    schema = _schema_of(rows.records()[0].value)
    return rows.with_rows([row.replace(value_schema=schema) for row in rows.records()])


def _schema_of(value: Any) -> Schema:
    if isinstance(value, dict):
        return Schema(type="struct", fields=tuple(Field(name, _schema_of(item)) for name, item in value.items()))
    if isinstance(value, list):
        return Schema(type="array", items=_schema_of(value[0]))
    return Schema(type={bool: "boolean", int: "int64", float: "float64", str: "string"}[type(value)])  # type: ignore[arg-type]


def _lines(chain: Sequence[TransformLike], slices: Sequence[RecordBatch], runs: int) -> float:
    pipeline = Pipeline(
        JsonConverter(), BytesConverter(), Chain(chain), DefaultPartitioner(), JsonFormat(), "ignore", NoMetrics()
    )

    async def work() -> None:
        for batch in slices:
            assert not (await pipeline.run(batch, 0)).errors

    return _best(lambda: asyncio.run(work()), runs)


def _alone(chain: Chain, slices: Sequence[RecordBatch], runs: int) -> float:
    def work() -> None:
        for batch in slices:
            assert not chain.apply(batch)[1]

    return _best(work, runs)


def _best(work: Callable[[], None], runs: int) -> float:
    best = min(_cpu(work) for _ in range(runs))
    return best / (SLICE * SLICES) * 1e9


def _cpu(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def table(figures: Mapping[str, Mapping[str, float | None]]) -> str:
    """As Markdown."""
    head = ("transform", "batches", "rows", "rows / batches", "chain alone, with a schema")
    return aligned([head, *(_line(name, found) for name, found in figures.items())])


def _line(name: str, found: Mapping[str, float | None]) -> Sequence[str]:
    batches, rows = found["batches"], found["rows"]
    ratio = f"{rows / batches:.1f}" if rows and batches else ""
    return name, _ns(batches), _ns(rows), ratio, _ns(found["schema"])


def _ns(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or JSON; `--write` puts it into the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transforms", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="the best of so many")
    parser.add_argument("--only", nargs="+", choices=list(CHAINS), metavar="CHAIN")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    given = parser.parse_args(arguments)
    tune_memory()
    gc.disable()
    machine = calibration()
    figures = {name: measured(name, given.runs) for name in given.only or CHAINS}
    page = f"Calibration: {machine:.3f}, {calibration():.3f} CPU-s.\n\n{table(figures)}\n"
    print(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode() if given.json else page)
    if given.write:
        text = README.read_text()
        README.write_text(text[: text.index(_BEGIN) + len(_BEGIN)] + "\n" + page + "\n" + text[text.index(_END) :])
    return 0


if __name__ == "__main__":
    sys.exit(main())
