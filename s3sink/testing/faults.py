"""A store that fails as told: before an operation, after it (the answer is lost), late, or with a 412 for own work."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from s3sink.config import check, problem_if
from s3sink.errors import ObjectExistsError, StoreUnavailableError
from s3sink.storage import Buffer, Capabilities, MultipartUpload, ObjectInfo, ObjectStore, ObjectSummary

Operation = Literal[
    "open", "close", "put", "head", "get", "list", "delete", "start_upload", "put_part", "complete", "abort"
]
Effect = Literal["fail", "lose_answer", "claim_exists", "delay"]
Hook = Callable[[Operation, str], Awaitable[None]]
R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What happens to the calls of `operation` (None: any) whose key matches the regular expression `key` somewhere.

    Of the calls that match, the first `skip` pass and the next `times` (None: all others) are hit. The effects:

    - `fail`: `error` is raised and nothing has happened
    - `lose_answer`: it happens, and then `error` is raised
    - `claim_exists`: it happens, and then ObjectExistsError is raised, as after a silent resend
    - `delay`: it happens `seconds` later

    `error` is StoreUnavailableError unless given; it may be a BaseException, to crash.
    """

    operation: Operation | None
    effect: Effect
    key: str = ""
    skip: int = 0
    times: int | None = 1
    seconds: float = 0.0
    error: BaseException | None = None

    def __post_init__(self) -> None:
        check(
            "Rule",
            [
                problem_if(self.skip < 0, "skip", "must be 0 or more"),
                problem_if(self.times is not None and self.times < 1, "times", "must be 1 or more"),
                problem_if(self.effect == "delay" and self.seconds <= 0, "seconds", "a delay takes more than 0"),
            ],
        )

    def matches(self, operation: Operation, key: str) -> bool:
        """Whether it is about this call."""
        return self.operation in (None, operation) and re.search(self.key, key) is not None

    def hits(self, nth: int) -> bool:
        """Whether it strikes the `nth` call (from 0) that matches."""
        return nth >= self.skip and (self.times is None or nth < self.skip + self.times)

    def raised(self, operation: Operation, key: str) -> BaseException:
        """The error of this rule."""
        return self.error or StoreUnavailableError(f"scripted: {self.effect} of {operation} {key!r}", key=key)


class FaultyStore:
    """Any store, with rules. Rules are tried in their order, every one that hits takes effect; add more at any time.

    `before(operation, key)` is awaited ahead of each call and `after(operation, key)` behind each that worked: a test
    can freeze the writer there or raise to crash it. `calls` counts the calls by operation, `seen` lists them.
    """

    def __init__(
        self,
        store: ObjectStore,
        rules: Sequence[Rule] = (),
        *,
        before: Hook | None = None,
        after: Hook | None = None,
    ) -> None:
        self.store, self.rules = store, list(rules)
        self.before, self.after = before, after
        self.calls: Counter[Operation] = Counter()
        self.seen: list[tuple[Operation, str]] = []
        self._matched: Counter[Rule] = Counter()

    @property
    def url(self) -> str:
        """That of the store inside."""
        return self.store.url

    async def put(self, key: str, body: Sequence[Buffer], *, metadata: Mapping[str, str], if_absent: bool) -> None:
        """As the store inside, unless a rule strikes."""
        await self.through("put", key, lambda: self.store.put(key, body, metadata=metadata, if_absent=if_absent))

    async def head(self, key: str) -> ObjectInfo | None:
        """As the store inside, unless a rule strikes."""
        return await self.through("head", key, lambda: self.store.head(key))

    async def get(self, key: str) -> bytes:
        """As the store inside, unless a rule strikes."""
        return await self.through("get", key, lambda: self.store.get(key))

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectSummary]:
        """As the store inside, unless a rule strikes; the key of the call is the prefix."""

        async def read() -> Sequence[ObjectSummary]:
            return [summary async for summary in self.store.list(prefix)]

        for summary in await self.through("list", prefix, read):
            yield summary

    async def delete(self, key: str) -> None:
        """As the store inside, unless a rule strikes."""
        await self.through("delete", key, lambda: self.store.delete(key))

    async def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> FaultyUpload:
        """As the store inside, unless a rule strikes; so are the calls of the upload."""
        upload = await self.through("start_upload", key, lambda: self.store.start_upload(key, metadata=metadata))
        return FaultyUpload(self, upload)

    async def open(self) -> Capabilities:
        """As the store inside, unless a rule strikes; the key of the call is empty."""
        return await self.through("open", "", self.store.open)

    async def close(self) -> None:
        """As the store inside, unless a rule strikes; the key of the call is empty."""
        await self.through("close", "", self.store.close)

    async def through(self, operation: Operation, key: str, call: Callable[[], Awaitable[R]]) -> R:
        """Do the call with all hooks and rules around it."""
        self.calls[operation] += 1
        self.seen.append((operation, key))
        if self.before is not None:
            await self.before(operation, key)
        struck = self._struck(operation, key)
        await _strike_before(struck, operation, key)
        result = await call()
        _strike_after(struck, operation, key)
        if self.after is not None:
            await self.after(operation, key)
        return result

    def _struck(self, operation: Operation, key: str) -> Sequence[Rule]:
        hit = []
        for rule in self.rules:
            if rule.matches(operation, key):
                if rule.hits(self._matched[rule]):
                    hit.append(rule)
                self._matched[rule] += 1
        return hit


class FaultyUpload:
    """A multipart upload of a FaultyStore."""

    def __init__(self, faulty: FaultyStore, upload: MultipartUpload) -> None:
        self._faulty, self._upload = faulty, upload

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._upload.key

    async def put_part(self, number: int, body: Sequence[Buffer]) -> None:
        """As the upload inside, unless a rule strikes."""
        await self._faulty.through("put_part", self.key, lambda: self._upload.put_part(number, body))

    async def complete(self, *, if_absent: bool, metadata: Mapping[str, str]) -> None:
        """As the upload inside, unless a rule strikes."""
        await self._faulty.through(
            "complete", self.key, lambda: self._upload.complete(if_absent=if_absent, metadata=metadata)
        )

    async def abort(self) -> None:
        """As the upload inside, unless a rule strikes."""
        await self._faulty.through("abort", self.key, self._upload.abort)


async def _strike_before(rules: Sequence[Rule], operation: Operation, key: str) -> None:
    for rule in rules:
        if rule.effect == "delay":
            await asyncio.sleep(rule.seconds)
        if rule.effect == "fail":
            raise rule.raised(operation, key)


def _strike_after(rules: Sequence[Rule], operation: Operation, key: str) -> None:
    for rule in rules:
        if rule.effect == "lose_answer":
            raise rule.raised(operation, key)
        if rule.effect == "claim_exists":
            raise ObjectExistsError(f"scripted: {key!r} exists", key=key)
