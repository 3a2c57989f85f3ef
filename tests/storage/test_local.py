"""What only a store in a directory has to do right."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from s3sink.errors import ConfigError, ObjectExistsError, StoreRefusedError
from s3sink.storage import LocalStore, ObjectInfo
from s3sink.testing.store_contract import listed


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/", "../a", "a/../../b", "./a", ".s3sink/x", "a\0b", "x" * 300])
def test_a_key_that_cannot_be_a_file_is_refused(tmp_path: Path, key: str) -> None:
    store = LocalStore(tmp_path / "objects")
    with pytest.raises(StoreRefusedError):
        run(store.put(key, [b"x"], metadata={}, if_absent=True))
    assert run(listed(store)) == []
    assert list(tmp_path.glob("*")) in ([], [tmp_path / "objects"])


def test_a_key_below_an_object_and_an_object_above_keys_are_refused(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    run(store.put("a/b", [b"x"], metadata={}, if_absent=True))
    for key in ("a", "a/b/c"):
        with pytest.raises(StoreRefusedError):
            run(store.put(key, [b"x"], metadata={}, if_absent=True))
    assert run(store.head("a")) is None
    assert run(store.head("a/b/c")) is None


def test_a_crash_before_the_link_leaves_nothing_to_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object) -> None:
        raise Crash

    store = LocalStore(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", crash)
        with pytest.raises(Crash):
            run(store.put("k", [b"half"], metadata={"n": "1"}, if_absent=True))
    assert run(listed(store)) == []
    run(store.put("k", [b"whole"], metadata={"n": "2"}, if_absent=True))
    assert run(store.head("k")) == ObjectInfo("k", 5, {"n": "2"})


def test_metadata_is_on_the_disk_before_the_object_is_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[int, int]] = []
    link, fsync = os.link, os.fsync

    def version(found: os.stat_result) -> tuple[int, int]:
        return found.st_ino, found.st_mtime_ns

    def recording_fsync(descriptor: int) -> None:
        synced.append(version(os.fstat(descriptor)))
        fsync(descriptor)

    def checking_link(source: Path, target: Path) -> None:
        sidecars = [path for path in (tmp_path / ".s3sink" / "metadata").rglob("*") if path.is_file()]
        assert len(sidecars) == 1
        assert all(version(path.stat()) in synced for path in (sidecars[0], sidecars[0].parent, source))
        link(source, target)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "link", checking_link)
    run(LocalStore(tmp_path).put("k", [b"x"], metadata={"n": "1"}, if_absent=True))
    assert version(tmp_path.stat()) == synced[-1]


def test_a_copy_that_keeps_times_keeps_metadata(tmp_path: Path) -> None:
    run(LocalStore(tmp_path / "a").put("t/k", [b"x"], metadata={"stop": "1"}, if_absent=True))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert run(LocalStore(tmp_path / "b").head("t/k")) == ObjectInfo("t/k", 1, {"stop": "1"})


def test_a_file_that_somebody_else_wrote_is_an_object_without_metadata(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(b"theirs")
    store = LocalStore(tmp_path)
    assert run(store.head("k")) == ObjectInfo("k", 6, {})
    with pytest.raises(ObjectExistsError):
        run(store.put("k", [b"ours"], metadata={}, if_absent=True))


def test_nothing_is_left_of_a_writer_that_lost(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    run(store.put("k", [b"x"], metadata={}, if_absent=True))
    with pytest.raises(ObjectExistsError):
        run(store.put("k", [b"y"], metadata={"n": "2"}, if_absent=True))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_a_directory_that_cannot_be_made_is_refused_at_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreRefusedError, match="file"):
        run(LocalStore(tmp_path / "file" / "below").open())


def test_an_empty_path_is_no_directory() -> None:
    with pytest.raises(ConfigError, match="path"):
        LocalStore("")
