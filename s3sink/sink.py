"""`S3Sink`: what the user builds. A frozen value: printable, comparable, usable without Kafka."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from s3sink.clock import Clock, system_clock
from s3sink.companions import Companions
from s3sink.config import check, parse_bytes, problem_if
from s3sink.converters import BytesConverter, Converter, JsonConverter
from s3sink.dlq import DeadLetterTopic
from s3sink.formats import Format, JsonFormat
from s3sink.layout import Layout
from s3sink.metrics import Metrics, NoMetrics
from s3sink.partitioners import DefaultPartitioner, Partitioner, is_deterministic
from s3sink.pipeline import NullValues, Pipeline
from s3sink.retry import Backoff
from s3sink.rotation import Compatibility, FlushSize, RotationPolicy, SchemaChange
from s3sink.setup import OnConflict, Setup
from s3sink.state import Committer, StateStore
from s3sink.storage import ObjectStore
from s3sink.tolerance import ErrorPolicy, policy_of
from s3sink.transforms import Chain, TransformLike

OnGap = Literal["fail", "continue"]
OnRevoke = Literal["drop", "commit"]


@dataclass(frozen=True, kw_only=True)
class S3Sink:
    """Records of a topic into objects of a store.

    Every record that is read ends in exactly one object, or in the dead letter topic, or was dropped by a transform, or
    was bad and tolerated (which has to be asked for, and is counted); see `promise` for the condition. `rotation`
    policies each may close the open files of a topic-partition; they close together. Sizes take `"64MiB"`, durations
    `"10m"`.

    Headers stay bytes without a schema, which costs nothing, unless there is a `header_converter`; Kafka Connect has
    `SimpleHeaderConverter()` there. With one, a record that has a bad header is a bad record.

    `errors="fail"` stops at a record that cannot be written, with its coordinates; a `DeadLetterTopic` takes it; an
    `ErrorPolicy` says more: retries, log, whether to go on.

    `keys_format` and `headers_format` write files of the records' keys and headers beside those of their values, one
    for one. A null value is an error, is left out ("ignore"), is reported as any bad record is ("report"), or has a key
    in the directory `tombstone_partition` and no value anywhere ("write", which needs `keys_format`).

    `on_conflict` says what happens to an object of somebody else's under our key, `on_gap` what happens when records
    were deleted from the topic before they were read. `on_revoke` says what becomes of open files when the partition
    is taken away: "drop" leaves their records to be read again, "commit" closes and commits them first, which makes
    smaller files. `memory` bounds what all partitions together hold.
    """

    store: ObjectStore
    converter: Converter = field(default_factory=JsonConverter)
    key_converter: Converter = field(default_factory=BytesConverter)
    header_converter: Converter | None = None
    transforms: Sequence[TransformLike] = ()
    partitioner: Partitioner = field(default_factory=DefaultPartitioner)
    rotation: Sequence[RotationPolicy] = (FlushSize(10_000),)
    format: Format = field(default_factory=JsonFormat)
    layout: Layout = field(default_factory=Layout)
    errors: Literal["fail"] | DeadLetterTopic | ErrorPolicy = "fail"
    null_values: NullValues = "fail"
    keys_format: Format | None = None
    headers_format: Format | None = None
    tombstone_partition: str = "tombstone"
    on_conflict: OnConflict = "fail"
    on_gap: OnGap = "fail"
    on_revoke: OnRevoke = "drop"
    memory: int | str = "256MiB"
    part_size: int | str = "16MiB"
    name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "transforms", tuple(self.transforms))
        object.__setattr__(self, "rotation", tuple(self.rotation))
        object.__setattr__(self, "memory", parse_bytes(self.memory, "memory"))
        object.__setattr__(self, "part_size", parse_bytes(self.part_size, "part_size"))
        odd_errors = self.errors != "fail" and not isinstance(self.errors, DeadLetterTopic | ErrorPolicy)
        bad_name = self.name is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", self.name)
        check(
            "S3Sink",
            [
                problem_if(not self.rotation, "rotation", "needs at least one policy, or files never close"),
                problem_if(int(self.part_size) < 5 << 20, "part_size", "must be at least 5 MiB, S3's own limit"),
                problem_if(int(self.memory) < 1 << 20, "memory", "must be at least 1 MiB"),
                problem_if(odd_errors, "errors", 'must be "fail", a DeadLetterTopic or an ErrorPolicy'),
                problem_if(
                    self.null_values == "write" and self.keys_format is None,
                    "null_values",
                    "Writing Kafka record keys to storage is mandatory when tombstone writing is enabled.",
                ),
                problem_if(bad_name, "name", "may have letters, digits, '.', '_' and '-', at most 100"),
            ],
        )

    @property
    def error_policy(self) -> ErrorPolicy:
        """What `errors` says, in full."""
        return policy_of(self.errors)

    @property
    def deterministic(self) -> bool:
        """Whether the key of a record depends on the record alone."""
        return is_deterministic(self.partitioner) and Chain(self.transforms).deterministic

    def promise(self, *, conditional_create: bool) -> str:
        """What this configuration guarantees on a store that has, or has not, conditional create; one sentence."""
        if not self.deterministic:
            return "at least once: the object key of a record depends on when it is processed (wall clock)"
        if not conditional_create:
            return (
                "exactly once through crashes, rebalances and zombies; the store has no conditional create, "
                "so not with lost or reset group offsets"
            )
        return "exactly once through crashes, rebalances, zombies, lost or reset group offsets and a second writer"

    @property
    def compatibility(self) -> Compatibility:
        """Which schemas share a file, as `rotation` says; but for NONE, records are projected to that of their file."""
        modes = [policy.compatibility for policy in self.rotation if isinstance(policy, SchemaChange)]
        return next((mode for mode in modes if mode != "NONE"), "NONE")

    @property
    def companions(self) -> Companions:
        """The files beside those of values."""
        return Companions(
            self.keys_format, self.headers_format, self.tombstone_partition if self.null_values == "write" else None
        )

    @property
    def fingerprint(self) -> str:
        """A digest of everything that decides which records stand in which object.

        Of rotation only a compatibility of schemas is part of it, which says what is written.
        """
        parts = (
            self.converter,
            self.key_converter,
            *(_described(t) for t in self.transforms),
            self.partitioner,
            self.format,
            self.layout,
            self.null_values,
            *((self.header_converter,) if self.header_converter is not None else ()),
            *((self.companions,) if self.companions.any else ()),
            *((self.compatibility,) if self.compatibility != "NONE" else ()),
        )
        return hashlib.blake2b("\n".join(map(repr, parts)).encode(), digest_size=6).hexdigest()

    @property
    def keeps_topic(self) -> bool:
        """Whether every record goes to the topic it came from, as far as that is known without running transforms."""
        return all(getattr(transform, "keeps_topic", False) for transform in self.transforms)

    def pipeline(self, metrics: Metrics | None = None) -> Pipeline:
        """The steps before rotation, compiled: also of use on its own."""
        return Pipeline(
            self.converter,
            self.key_converter,
            Chain(self.transforms),
            self.partitioner,
            self.format,
            self.null_values,
            metrics or NoMetrics(),
            header_converter=self.header_converter,
            policy=self.error_policy,
            companions=self.companions,
            projects=self.compatibility != "NONE",
        )

    def setup(
        self,
        state: StateStore,
        committer: Committer,
        *,
        conditional_create: bool,
        metrics: Metrics | None = None,
        clock: Clock = system_clock,
        new_id: Callable[[], str] | None = None,
        backoff: Backoff | None = None,
    ) -> Setup:
        """What the writers of all partitions share."""
        return Setup(
            store=self.store,
            state=state,
            committer=committer,
            formats=self.companions.formats(self.format),
            layout=self.layout,
            policies=self.rotation,
            fingerprint=self.fingerprint,
            conditional_create=conditional_create,
            on_conflict=self.on_conflict,
            part_size=int(self.part_size),
            new_id=new_id or _new_id,
            clock=clock,
            metrics=metrics or NoMetrics(),
            backoff=backoff or Backoff(),
            compatibility=self.compatibility,
        )

    def writes_like(self, other: S3Sink) -> bool:
        """Whether one could take the other's objects for its own: the same place, and the same kind of names."""
        return (
            self.store.url == other.store.url
            and self.layout == other.layout
            and self.format.extension == other.format.extension
        )


def _new_id() -> str:
    return uuid.uuid4().hex[:16]


def _described(transform: TransformLike) -> str:
    """A function is known by its name: its address differs from process to process."""
    name = getattr(transform, "__qualname__", None)
    return f"{getattr(transform, '__module__', '')}.{name}" if name else repr(transform)
