"""A store in a directory: for development, tests and machines without object storage."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import msgspec

from s3sink.config import Option, check, problem_if
from s3sink.errors import ObjectExistsError, StorageError, StoreRefusedError, StoreUnavailableError
from s3sink.storage import Buffer, Capabilities, ObjectInfo, ObjectSummary

P = ParamSpec("P")
R = TypeVar("R")

HIDDEN = ".s3sink"
"""The directory for metadata and unfinished files, beside the objects."""

_PASSING_ERRORS = (BlockingIOError, InterruptedError, TimeoutError)


@dataclass(slots=True)
class _State:
    closed: bool = False


@dataclass(frozen=True, slots=True)
class LocalStore:
    """Every object is a file under `path`, visible complete or not at all, and on the disk when a call returns.

    A conditional create is a hard link, which fails when the name is taken, so several processes may share the
    directory. Metadata is JSON in `.s3sink/`, durable before the object is visible. The time of a file's last change in
    nanoseconds says which metadata belongs to it: copy with `cp -a`, or lose it. The file system must have hard links.
    Keys are paths: no empty, `.` or `..` parts. Blocking calls run in threads. It can be used without `open`.
    """

    path: Annotated[str | Path, Option(doc="The directory; made when the store is opened.")]
    _state: _State = field(default_factory=_State, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check("LocalStore", [problem_if(not str(self.path), "path", "must name a directory")])
        object.__setattr__(self, "path", Path(self.path))

    @property
    def url(self) -> str:
        """`file:///absolute/path`."""
        return self._root.as_uri()

    async def put(self, key: str, body: Sequence[Buffer], *, metadata: Mapping[str, str], if_absent: bool) -> None:
        """Written beside the objects, then linked or renamed to its place."""
        await self._run(key, self._create, key, body, metadata, if_absent)

    async def head(self, key: str) -> ObjectInfo | None:
        """Size and metadata."""
        return await self._run(key, self._head, key)

    async def get(self, key: str) -> bytes:
        """The content."""
        return await self._run(key, self._file(key).read_bytes)

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectSummary]:
        """Reads the whole directory first: it has no other way to key order."""
        for summary in await self._run(None, lambda: sorted(self._summaries(prefix))):
            yield summary

    async def delete(self, key: str) -> None:
        """Removes the file, then its metadata."""
        await self._run(key, self._delete, key)

    async def start_upload(self, key: str, *, metadata: Mapping[str, str]) -> LocalUpload:
        """Parts are files beside the objects until `complete`."""
        self._file(key)
        parts = self._root / HIDDEN / "uploads" / uuid.uuid4().hex
        await self._run(key, parts.mkdir, parents=True)
        return LocalUpload(self, key, dict(metadata), parts)

    async def open(self) -> Capabilities:
        """Makes the directory and tries whether it can be written to and has hard links."""
        self._state.closed = False
        await self._run(None, self._probe)
        return Capabilities(conditional_create=True)

    async def close(self) -> None:
        """Calls fail until it is opened again. There is nothing to give back: no file stays open between calls."""
        self._state.closed = True

    # ------------------------------------------------------------------ in a thread
    @property
    def _root(self) -> Path:
        return Path(self.path).absolute()

    def _file(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts) or parts[0] == HIDDEN:
            raise StoreRefusedError(f"{key!r} cannot be a file below {self._root}", key=key)
        return self._root.joinpath(*parts)

    async def _run(self, key: str | None, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._state.closed:
            raise StoreRefusedError(f"{self.url} is closed", key=key)
        try:
            return await asyncio.to_thread(call, *args, **kwargs)
        except OSError as error:
            raise self._meaning(error, key) from error

    def _meaning(self, error: OSError, key: str | None) -> StorageError:
        where = f"{self.url}/{key}" if key else self.url
        if isinstance(error, _PASSING_ERRORS):
            return StoreUnavailableError(f"{where}: {error}", key=key)
        return StoreRefusedError(f"{where}: {error.strerror or error}", key=key)

    def _probe(self) -> None:
        hidden = self._root / HIDDEN
        _make_directories(hidden)
        probe, link = hidden / uuid.uuid4().hex, hidden / uuid.uuid4().hex
        _write(probe, [])
        try:
            os.link(probe, link)
            link.unlink()
        finally:
            probe.unlink()

    def _create(self, key: str, body: Sequence[Buffer], metadata: Mapping[str, str], if_absent: bool) -> None:
        draft = self._root / HIDDEN / "drafts" / uuid.uuid4().hex
        _make_directories(draft.parent)
        try:
            _write(draft, body)
            self._publish(draft, key, metadata, if_absent)
        finally:
            draft.unlink(missing_ok=True)

    def _publish(self, draft: Path, key: str, metadata: Mapping[str, str], if_absent: bool) -> None:
        """Make a finished file the object; it is a step that happens or does not."""
        target = self._file(key)
        _make_directories(target.parent)
        sidecar = self._describe(draft, key, metadata)
        try:
            (os.link if if_absent else os.replace)(draft, target)
        except OSError as error:
            sidecar.unlink(missing_ok=True)
            if isinstance(error, FileExistsError) and not target.is_dir():
                raise ObjectExistsError(f"{self.url}/{key} exists", key=key) from error
            raise
        _sync_directory(target.parent)

    def _describe(self, draft: Path, key: str, metadata: Mapping[str, str]) -> Path:
        """Write the metadata under a time that no other version of the object has, and give the draft that time."""
        while True:
            now = time.time_ns()
            os.utime(draft, ns=(now, now))
            sidecar = self._sidecar(key, draft.stat().st_mtime_ns)  # as the file system rounds it
            _make_directories(sidecar.parent)
            with suppress(FileExistsError):
                _write(sidecar, [msgspec.json.encode(dict(metadata))])
                _sync(draft)
                _sync_directory(sidecar.parent)
                return sidecar

    def _sidecar(self, key: str, changed_ns: int) -> Path:
        return self._root / HIDDEN / "metadata" / key / str(changed_ns)

    def _head(self, key: str) -> ObjectInfo | None:
        try:
            found = self._file(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        metadata: dict[str, str] = {}
        with suppress(FileNotFoundError):
            metadata = msgspec.json.decode(self._sidecar(key, found.st_mtime_ns).read_bytes(), type=dict[str, str])
        return ObjectInfo(key, found.st_size, metadata)

    def _delete(self, key: str) -> None:
        file = self._file(key)
        with suppress(FileNotFoundError, NotADirectoryError):
            changed_ns = file.stat().st_mtime_ns
            file.unlink()
            _sync_directory(file.parent)
            self._sidecar(key, changed_ns).unlink()

    def _summaries(self, prefix: str) -> Iterator[ObjectSummary]:
        root = self._root
        for directory, below, files in os.walk(root):
            if Path(directory) == root and HIDDEN in below:
                below.remove(HIDDEN)
            for file in (Path(directory, name) for name in files):
                key = file.relative_to(root).as_posix()
                if key.startswith(prefix):
                    with suppress(FileNotFoundError):
                        yield ObjectSummary(key, file.stat().st_size)


class LocalUpload:
    """A multipart upload to a LocalStore."""

    def __init__(self, store: LocalStore, key: str, metadata: Mapping[str, str], parts: Path) -> None:
        self._store, self._key, self._metadata, self._parts = store, key, metadata, parts

    @property
    def key(self) -> str:
        """The key that the object will have."""
        return self._key

    async def put_part(self, number: int, body: Sequence[Buffer]) -> None:
        """A file of its own. The same number again replaces the part."""
        await self._store._run(self._key, self._write_part, number, body)

    async def complete(self, *, if_absent: bool, metadata: Mapping[str, str]) -> None:
        """Copies the parts into one file, which then becomes the object."""
        await self._store._run(self._key, self._complete, {**self._metadata, **metadata}, if_absent)

    async def abort(self) -> None:
        """Removes the parts."""
        await self._store._run(self._key, shutil.rmtree, self._parts, True)

    def _write_part(self, number: int, body: Sequence[Buffer]) -> None:
        draft = self._parts / f"{number}.{uuid.uuid4().hex}"
        _write(draft, body)
        draft.replace(self._parts / f"{number:010d}")

    def _complete(self, metadata: Mapping[str, str], if_absent: bool) -> None:
        whole = self._parts / "whole"
        with whole.open("wb") as out:
            for part in sorted(self._parts.glob("[0-9]" * 10)):
                with part.open("rb") as source:
                    shutil.copyfileobj(source, out, 1 << 20)
        try:
            self._store._publish(whole, self._key, metadata, if_absent)
        finally:
            shutil.rmtree(self._parts, ignore_errors=True)


# ---------------------------------------------------------------------------------------------- durable files
def _write(path: Path, body: Sequence[Buffer]) -> None:
    """A new file, on the disk when this returns; the caller syncs its directory."""
    with path.open("xb") as out:
        for buffer in body:
            out.write(buffer)
        out.flush()
        os.fsync(out.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_directory(path: Path) -> None:
    if os.name == "posix":  # other systems cannot open a directory
        _sync(path)


def _make_directories(path: Path) -> None:
    """Like mkdir with parents, and each new name is on the disk."""
    if path.is_dir():
        return
    _make_directories(path.parent)
    path.mkdir(exist_ok=True)
    _sync_directory(path.parent)
