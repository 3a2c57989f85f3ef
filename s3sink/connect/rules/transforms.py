"""Traps of transforms, and of options of Kafka's clients."""

from __future__ import annotations

from collections.abc import Iterable

from s3sink.connect.rules.finding import Finding, Linted, Rule

_ROUTERS = ("RegexRouter", "TimestampRouter", "ByLogicalTableRouter", "ExtractTopic", "MessageTimestampRouter")
_ASSIGNMENT = "consumer.override.partition.assignment.strategy"


def routers(linted: Linted) -> Iterable[Finding]:
    """The connector has no writer for a topic that it does not read."""
    for alias in linted.aliases(*_ROUTERS):
        reason = 'gives records another topic: Kafka Connect\'s task dies of it ("No writer found"); s3sink routes them'
        remedy = "nothing to do here; leave it out if Kafka Connect is to follow on this topic"
        yield linted.warning(f"transforms.{alias}.type", reason, remedy)


def unwrap_without_schemas(linted: Linted) -> Iterable[Finding]:
    """Debezium's unwrap passes records without schema by; the loader takes it that they are meant."""
    for alias in linted.aliases("ExtractNewRecordState"):
        ours = linted.text(f"transforms.{alias}.s3sink.schemaless").lower()
        if linted.schemaless and not ours:
            reason = (
                "unwraps records without a schema; Debezium's class leaves them as they are, envelope and all, and so "
                "has no effect in Kafka Connect while value.converter.schemas.enable is false"
            )
            remedy = f"say which it is: transforms.{alias}.s3sink.schemaless=true, or s3sink.schemaless=false"
            yield linted.warning(f"transforms.{alias}.type", reason, remedy)


def old_tombstone_options(linted: Linted) -> Iterable[Finding]:
    """Debezium 3.2 ignores the old pair."""
    for alias in linted.aliases("ExtractNewRecordState"):
        prefix = f"transforms.{alias}."
        for option in ("drop.tombstones", "delete.handling.mode"):
            if linted.given(prefix + option) and not linted.given(f"{prefix}delete.tombstone.handling.mode"):
                reason = "Debezium 3.2 and later ignore it without a word; s3sink does what earlier ones did"
                remedy = f"write {prefix}delete.tombstone.handling.mode={_mode(linted, prefix)}"
                yield linted.warning(prefix + option, reason, remedy)


def _mode(linted: Linted, prefix: str) -> str:
    deletes = linted.text(f"{prefix}delete.handling.mode").lower() or "drop"
    kept = linted.text(f"{prefix}drop.tombstones").lower() == "false"
    if deletes == "rewrite":
        return "rewrite-with-tombstone" if kept else "rewrite"
    return "drop" if deletes == "drop" else "tombstone"


def depends_on_more(linted: Linted) -> Iterable[Finding]:
    """A transform that looks at the clock."""
    sink = linted.sink
    if sink is None:
        return
    for alias, transform in zip(linted["transforms"], sink.transforms, strict=False):
        if not getattr(transform, "deterministic", True):
            reason = "its result depends on more than the record: what is read again may go elsewhere"
            remedy = "keep what it makes out of the path, or make it depend on the record alone"
            yield linted.warning(f"transforms.{alias}.type", reason, remedy)


# ---------------------------------------------------------------------------------------------- clients
def cooperative_assignor(linted: Linted) -> Iterable[Finding]:
    """The connector drops all its writers at every rebalance."""
    if "cooperative" in linted.text(_ASSIGNMENT).lower():
        reason = "the connector closes all its writers when one partition moves, and dies of the next record"
        yield linted.warning(_ASSIGNMENT, reason, "leave it out: s3sink's group always rebalances as a whole")


def uncommitted_records(linted: Linted) -> Iterable[Finding]:
    """Records of transactions that were given up."""
    key = "consumer.override.isolation.level"
    if linted.text(key).lower() == "read_uncommitted":
        reason = "has no effect: s3sink always reads committed records alone, or it could not promise exactly once"
        yield linted.warning(key, reason, "leave it out")


def latest_offsets(linted: Linted) -> Iterable[Finding]:
    """Where a group without offsets begins."""
    key = "consumer.override.auto.offset.reset"
    if linted.text(key).lower() == "latest":
        reason = "where the group has no offset (a new partition, an expired one) everything before now is skipped"
        yield linted.warning(key, reason, "leave it out: the default is earliest")


RULES: tuple[Rule, ...] = (
    routers,
    unwrap_without_schemas,
    old_tombstone_options,
    depends_on_more,
    cooperative_assignor,
    uncommitted_records,
    latest_offsets,
)
