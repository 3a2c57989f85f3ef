"""FaultyStore does what its rules say, and no more."""

from __future__ import annotations

import asyncio

import pytest

from s3sink.errors import ConfigError, ObjectExistsError, StoreUnavailableError
from s3sink.storage import MemoryStore
from s3sink.testing.faults import FaultyStore, Operation, Rule


async def put(store: FaultyStore, key: str) -> str:
    """What a put of `key` ends with."""
    try:
        await store.put(key, [b"x"], metadata={}, if_absent=True)
    except Exception as error:
        return type(error).__name__
    return "done"


def outcomes(rule: Rule, keys: str) -> tuple[list[str], list[str]]:
    """How puts of the keys end one after the other, and which objects there are then."""

    async def main() -> tuple[list[str], list[str]]:
        store = FaultyStore(MemoryStore(), [rule])
        ended = [await put(store, key) for key in keys]
        return ended, [summary.key async for summary in store.store.list()]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("rule", "ended", "there"),
    [
        (Rule("put", "fail"), ["StoreUnavailableError", "done", "done"], ["b", "c"]),
        (Rule("put", "lose_answer"), ["StoreUnavailableError", "done", "done"], ["a", "b", "c"]),
        (Rule("put", "claim_exists", skip=1), ["done", "ObjectExistsError", "done"], ["a", "b", "c"]),
        (Rule("put", "fail", key="^[bc]$"), ["done", "StoreUnavailableError", "done"], ["a", "c"]),
        (Rule("put", "fail", skip=1, times=None), ["done"] + ["StoreUnavailableError"] * 2, ["a"]),
        (Rule(None, "fail", error=ValueError()), ["ValueError", "done", "done"], ["b", "c"]),
        (Rule("head", "fail"), ["done"] * 3, ["a", "b", "c"]),
        (Rule("put", "delay", seconds=0.01), ["done"] * 3, ["a", "b", "c"]),
    ],
)
def test_a_rule_strikes_the_calls_it_names(rule: Rule, ended: list[str], there: list[str]) -> None:
    assert outcomes(rule, "abc") == (ended, there)


def test_the_calls_of_an_upload_are_struck_too() -> None:
    async def main() -> None:
        memory = MemoryStore()
        store = FaultyStore(memory, [Rule("put_part", "fail"), Rule("complete", "lose_answer")])
        upload = await store.start_upload("k", metadata={})
        with pytest.raises(StoreUnavailableError):
            await upload.put_part(1, [b"x"])
        await upload.put_part(1, [b"x"])
        with pytest.raises(StoreUnavailableError):
            await upload.complete(if_absent=True, metadata={})
        assert await memory.get("k") == b"x"
        assert store.calls == {"start_upload": 1, "put_part": 2, "complete": 1}

    asyncio.run(main())


def test_a_test_can_freeze_a_writer_at_any_point() -> None:
    async def main() -> None:
        thaw, memory = asyncio.Event(), MemoryStore()

        async def before(operation: Operation, key: str) -> None:
            if (operation, key) == ("put", "frozen"):
                await thaw.wait()

        store = FaultyStore(memory, before=before)
        frozen = asyncio.create_task(put(store, "frozen"))
        assert await put(store, "other") == "done"
        assert await memory.head("frozen") is None
        await memory.put("frozen", [b"theirs"], metadata={}, if_absent=True)
        thaw.set()
        assert await frozen == ObjectExistsError.__name__

    asyncio.run(main())


def test_a_crash_after_an_operation_has_left_its_object() -> None:
    class Crash(BaseException):
        pass

    async def after(operation: Operation, key: str) -> None:
        raise Crash

    async def main() -> None:
        memory = MemoryStore()
        with pytest.raises(Crash):
            await FaultyStore(memory, after=after).put("k", [b"x"], metadata={}, if_absent=True)
        assert await memory.get("k") == b"x"

    asyncio.run(main())


def test_a_wrong_rule_names_its_problems() -> None:
    with pytest.raises(ConfigError) as raised:
        Rule("put", "delay", skip=-1, times=0)
    assert [problem.key for problem in raised.value.problems] == ["skip", "times", "seconds"]
