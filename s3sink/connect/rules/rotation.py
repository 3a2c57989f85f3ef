"""Traps of rotation: files that never close, files of one record, settings that nobody hears."""

from __future__ import annotations

from collections.abc import Iterable

from s3sink.connect.rules.finding import Finding, Linted, Rule

_DAY = 86_400_000
_AGE = "s3sink.max.age.ms=600000"


def _interval_works(linted: Linted) -> bool:
    return bool(linted["rotate.interval.ms"] > 0 and linted.time_based and not _wrapped(linted))


def _wrapped(linted: Linted) -> str:
    """What makes the connector forget that the partitioner is time-based."""
    if linted["behavior.on.null.values"].lower() == "write":
        return "behavior.on.null.values=write"
    affix = linted["s3.schema.partition.affix.type"]
    return "" if affix == "NONE" else f"s3.schema.partition.affix.type={affix}"


def _by_clock(linted: Linted) -> bool:
    return bool(linted["rotate.schedule.interval.ms"] > 0 or linted["s3sink.max.age.ms"] > 0)


def no_time_trigger(linted: Linted) -> Iterable[Finding]:
    """Without a clock the last records of a quiet topic wait for ever."""
    size = linted["flush.size"]
    if size and size > 1 and not _by_clock(linted) and not _interval_works(linted):
        reason = f"nothing else closes files: fewer than {size} records of a topic-partition stay unwritten for ever"
        yield linted.warning("flush.size", reason, f"add {_AGE}, or rotate.schedule.interval.ms with timezone")


def interval_needs_records(linted: Linted) -> Iterable[Finding]:
    """Record time stands still when no record comes."""
    if _interval_works(linted) and not _by_clock(linted) and linted["flush.size"] != 1:
        reason = "is time of records: the last files stay open until another record of the same partition comes"
        yield linted.warning("rotate.interval.ms", reason, f"add {_AGE}, or rotate.schedule.interval.ms with timezone")


def interval_without_effect(linted: Linted) -> Iterable[Finding]:
    """Only the connector's own time-based partitioners have it, with nothing wrapped around them."""
    if linted["rotate.interval.ms"] <= 0 or _interval_works(linted):
        return
    why = (
        f"with {_wrapped(linted)}" if linted.time_based else f"with the {linted.partitioner or 'your own '}Partitioner"
    )
    reason = f"is ignored {why}, as the connector ignores it with one line in its log"
    remedy = f"take rotate.schedule.interval.ms with timezone, or {_AGE}"
    yield linted.warning("rotate.interval.ms", reason, remedy)


def one_directory_at_a_time(linted: Linted) -> Iterable[Finding]:
    """Late records close the files of their neighbours."""
    if _interval_works(linted) and linted["rotate.file.on.partition.change"]:
        reason = "with rotate.interval.ms a record of another directory closes the files: late ones make tiny files"
        remedy = "if records come late, write rotate.file.on.partition.change=false (another layout than before)"
        yield linted.note("rotate.file.on.partition.change", reason, remedy)


def odd_schedule(linted: Linted) -> Iterable[Finding]:
    """The schedule is cut at midnight."""
    interval = linted["rotate.schedule.interval.ms"]
    if interval > _DAY:
        reason = "is longer than a day: files close at every midnight"
        yield linted.warning("rotate.schedule.interval.ms", reason, f"write {_DAY}, which is the same")
    elif interval > 0 and _DAY % interval:
        reason = "does not divide a day: the grid begins anew at midnight, with a shorter stretch before it"
        yield linted.note("rotate.schedule.interval.ms", reason, "take a part of 86400000, such as 600000")


def one_record_a_file(linted: Linted) -> Iterable[Finding]:
    """`flush.size=1` is what tutorials have."""
    size = linted["flush.size"]
    if size is not None and size <= 1:
        less = " (0 and less are 1)" if size < 1 else ""
        idle = "; rotation by time then does nothing" if _by_clock(linted) or linted["rotate.interval.ms"] > 0 else ""
        reason = f"every record becomes an object of its own, with a request and its latency{less}{idle}"
        yield linted.warning("flush.size", reason, f"write flush.size=1000 or more, with {_AGE} for what is left over")


def shared_flush_size(linted: Linted) -> Iterable[Finding]:
    """`flush.size` counts all directories of a topic-partition together."""
    size = linted["flush.size"]
    if size and size > 1 and linted.partitioner != "Default":
        reason = "counts the records of a topic-partition in all its directories together, and closes all their files"
        yield linted.note("flush.size", reason, "choose it for the topic-partition, not for one directory")


def unknown_compatibility(linted: Linted) -> Iterable[Finding]:
    """The connector takes any word, and any but four for NONE."""
    mode = linted["schema.compatibility"]
    if mode not in ("NONE", "BACKWARD", "FORWARD", "FULL"):
        known = next((one for one in ("BACKWARD", "FORWARD", "FULL") if mode.upper().startswith(one)), "NONE")
        reason = f"{mode!r} is none of NONE, BACKWARD, FORWARD, FULL, so it is NONE, without a word from the connector"
        yield linted.warning("schema.compatibility", reason, f"write schema.compatibility={known}")


def compatibility_without_schemas(linted: Linted) -> Iterable[Finding]:
    """Without schemas there is nothing to compare."""
    if linted["schema.compatibility"] in ("BACKWARD", "FORWARD", "FULL") and linted.schemaless:
        reason = "values have no schema (value.converter.schemas.enable=false), so it never closes a file"
        yield linted.note("schema.compatibility", reason, "leave it out")


def many_open_files(linted: Linted) -> Iterable[Finding]:
    """0 hangs the connector."""
    if linted["partitioner.max.open.files"] == 0:
        reason = "is no limit here; Kafka Connect's task hangs with it"
        yield linted.warning("partitioner.max.open.files", reason, "write -1 for no limit, or a number")


def read_again_after_rebalance(linted: Linted) -> Iterable[Finding]:
    """Open files are dropped when a partition is taken away."""
    size = linted["flush.size"] or 0
    if size > 1_000_000 and linted["s3sink.on.revoke"] == "drop":
        reason = f"what open files hold, up to {size} records a partition, is read again after every rebalance"
        yield linted.note("flush.size", reason, "add s3sink.on.revoke=commit, which closes files before, or a clock")


RULES: tuple[Rule, ...] = (
    no_time_trigger,
    interval_needs_records,
    interval_without_effect,
    one_directory_at_a_time,
    odd_schedule,
    one_record_a_file,
    shared_flush_size,
    unknown_compatibility,
    compatibility_without_schemas,
    many_open_files,
    read_again_after_rebalance,
)
