"""Traps of null values, bad records and dead letters."""

from __future__ import annotations

from collections.abc import Iterable

from s3sink.connect.rules.finding import Finding, Linted, Rule

_NULLS = "behavior.on.null.values"
_DLQ = "errors.deadletterqueue.topic.name"
_TOMBSTONE = "tombstone.encoded.partition"


def tombstone_in_names(linted: Linted) -> Iterable[Finding]:
    """The connector looks for that word anywhere in the object's key."""
    word = linted[_TOMBSTONE]
    if not word:
        reason = "every key has an empty text in it: Kafka Connect then writes no values at all"
        yield linted.error(_TOMBSTONE, reason, "leave it out")
        return
    names = {"topics": linted["topics"], "topics.dir": [linted["topics.dir"]], "path.format": [linted["path.format"]]}
    for key, texts in names.items():
        for text in texts:
            if word in text:
                reason = (
                    f"{text!r} has {word!r} in it, the word for tombstones: Kafka Connect refuses every record with "
                    '"Value writer not configured"; s3sink writes them'
                )
                yield linted.warning(key, reason, f"write {_TOMBSTONE} with a word that no key has")


def tombstones_without_keys(linted: Linted) -> Iterable[Finding]:
    """Of a null value only the key can be written."""
    if linted[_NULLS].lower() == "write" and not linted["store.kafka.keys"]:
        reason = "Writing Kafka record keys to storage is mandatory when tombstone writing is enabled."
        yield linted.error(_NULLS, reason, "add store.kafka.keys=true, with keys.format.class")


def tombstones_end_the_task(linted: Linted) -> Iterable[Finding]:
    """Debezium's deletes are null values."""
    aliases = linted.aliases("ExtractNewRecordState")
    if aliases and linted[_NULLS].lower() == "fail" and linted["errors.tolerance"] == "none":
        alias = aliases[0]
        mode = linted.text(f"transforms.{alias}.delete.tombstone.handling.mode").lower()
        old = linted.text(f"transforms.{alias}.delete.handling.mode").lower()
        if mode in ("drop", "rewrite") or (not mode and (old in ("drop", "rewrite") or _drops(linted, alias, old))):
            return
        reason = "is fail, and a delete in the database becomes a record without a value: the first one ends the task"
        remedy = f"write {_NULLS}=ignore, or transforms.{alias}.delete.tombstone.handling.mode=drop or rewrite"
        yield linted.warning(_NULLS, reason, remedy)


def _drops(linted: Linted, alias: str, mode: str) -> bool:
    """`drop.tombstones` alone means that deletes are dropped, as it did before Debezium 3.2."""
    return not mode and linted.given(f"transforms.{alias}.drop.tombstones")


def ignored_and_reported(linted: Linted) -> Iterable[Finding]:
    """Nulls that are ignored are dead letters."""
    if linted[_NULLS].lower() == "ignore" and linted[_DLQ] and not linted.given("report.null.values.to.dlq"):
        reason = (
            "is true unless the file says otherwise: null values that are ignored are sent to the dead letter topic"
        )
        yield linted.note("report.null.values.to.dlq", reason, "write report.null.values.to.dlq=false to drop them")


def dead_letters_without_tolerance(linted: Linted) -> Iterable[Finding]:
    """A dead letter topic alone does not let the task go on."""
    if linted[_DLQ] and linted["errors.tolerance"] == "none":
        reason = "the first bad record goes there and ends the task: errors.tolerance is none"
        yield linted.warning(_DLQ, reason, "add errors.tolerance=all")


def tolerance_without_dead_letters(linted: Linted) -> Iterable[Finding]:
    """Records that nobody hears of."""
    if linted["errors.tolerance"] == "all" and not linted[_DLQ] and not linted["errors.log.enable"]:
        reason = (
            "bad records are skipped and nothing but a counter knows of them; in Kafka Connect those that the "
            "connector itself refuses end the task all the same"
        )
        yield linted.warning("errors.tolerance", reason, f"add {_DLQ}, or errors.log.enable=true")


def replicas_of_dead_letters(linted: Linted) -> Iterable[Finding]:
    """Three replicas by default."""
    key = "errors.deadletterqueue.topic.replication.factor"
    if linted[_DLQ] and not linted.given(key):
        reason = "is 3 unless the file says otherwise: on a cluster of fewer brokers the topic cannot be created"
        yield linted.note(key, reason, f"write {key}=1 there, or create the topic before")


def dead_letters_without_context(linted: Linted) -> Iterable[Finding]:
    """A dead letter that does not say what it died of."""
    key = "errors.deadletterqueue.context.headers.enable"
    if linted[_DLQ] and not linted[key]:
        reason = "dead letters do not say where they come from and what was wrong with them"
        yield linted.note(key, reason, f"write {key}=true")


RULES: tuple[Rule, ...] = (
    tombstone_in_names,
    tombstones_without_keys,
    tombstones_end_the_task,
    ignored_and_reported,
    dead_letters_without_tolerance,
    tolerance_without_dead_letters,
    replicas_of_dead_letters,
    dead_letters_without_context,
)
