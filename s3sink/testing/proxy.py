"""A proxy in front of an S3 server that breaks what it is told to break, and counts the requests."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from s3sink.config import check, problem_if
from s3sink.testing.child import HOST

FaultKind = Literal["status", "reset", "delay", "commit_then_reset", "stall"]
_CHUNK = 256 * 1024
_LONGEST_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """What happens to requests of `method` (None: any) whose path with query matches `path` somewhere.

    Of the requests that match, the first `skip` pass and the next `times` (None: all others) are hit. The kinds:

    - `status`: the server is not asked; the answer is `status`, from 300 on with S3's error `code`
    - `reset`: the server is not asked; the connection is reset
    - `delay`: passed on after `seconds`
    - `commit_then_reset`: the server does it; the connection is reset in place of the answer
    - `stall`: the body is not read for `seconds`, then the connection is reset
    """

    kind: FaultKind
    method: str | None = None
    path: str = ""
    skip: int = 0
    times: int | None = 1
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 0.0

    def __post_init__(self) -> None:
        check(
            "Fault",
            [
                problem_if(self.skip < 0, "skip", "must be 0 or more"),
                problem_if(self.times is not None and self.times < 1, "times", "must be 1 or more"),
                problem_if(self.kind in ("delay", "stall") and self.seconds <= 0, "seconds", "must be above 0"),
            ],
        )

    def matches(self, method: str, path: str) -> bool:
        """Whether it is about this request."""
        return self.method in (None, method) and re.search(self.path, path) is not None


class Seen(NamedTuple):
    """One request that reached the proxy; `status` is the server's answer, None when it was not asked or silent.

    The names of its headers are in lower case.
    """

    method: str
    path: str
    status: int | None
    headers: Mapping[str, str]


class _Head(NamedTuple):
    first: str
    headers: Sequence[tuple[str, str]]

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def encoded(self) -> bytes:
        lines = [self.first, *(f"{key}: {value}" for key, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class FaultProxy:
    """`async with FaultProxy(endpoint) as proxy` in an event loop, `with FaultProxy(endpoint) as proxy` in a thread.

    Give `proxy.endpoint` to the client. `faults` may be changed at any time; the first that hits takes effect.
    `requests` counts by method and `seen` lists them, the ones that were broken included.
    """

    def __init__(self, endpoint: str, faults: Sequence[Fault] = ()) -> None:
        parts = urlsplit(endpoint)
        check("FaultProxy", [problem_if(parts.scheme != "http" or not parts.port, "endpoint", "http://host:port only")])
        self._upstream = (parts.hostname or HOST, parts.port or 80)
        self.faults = list(faults)
        self.requests: Counter[str] = Counter()
        self.seen: list[Seen] = []
        self._matched: Counter[Fault] = Counter()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread: tuple[threading.Thread, asyncio.AbstractEventLoop] | None = None

    @property
    def endpoint(self) -> str:
        """The URL for clients."""
        return f"http://{HOST}:{self._port}"

    def clear(self) -> None:
        """Forget faults and counts."""
        self.faults.clear()
        self._matched.clear()
        self.requests.clear()
        self.seen.clear()

    # ------------------------------------------------------------------ life
    async def __aenter__(self) -> FaultProxy:
        self._server = await asyncio.start_server(self._accept, HOST, 0, limit=_LONGEST_HEAD)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __enter__(self) -> FaultProxy:
        loop = asyncio.new_event_loop()
        self._thread = (threading.Thread(target=loop.run_forever, name="fault-proxy", daemon=True), loop)
        self._thread[0].start()
        asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        thread, loop = self._thread
        asyncio.run_coroutine_threadsafe(self.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

    # ------------------------------------------------------------------ one connection
    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (request := await _read_head(reader)) is not None and await self._serve(request, reader, writer):
                pass
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # either side went away: so does the connection
        except asyncio.CancelledError:
            pass  # the proxy closes; asyncio would log a cancelled handler as a failure
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, request: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection has ended with it."""
        method, path, _ = request.first.split(" ", 2)
        fault = self._fault(method, path)
        self.requests[method] += 1
        self.seen.append(Seen(method, path, None, {key.lower(): value for key, value in request.headers}))
        place = len(self.seen) - 1
        if fault is not None and not await _strike_before(fault, request, reader, writer):
            return False
        from_server, to_server = await asyncio.open_connection(*self._upstream, limit=_LONGEST_HEAD)
        try:
            answer = await _forward(request, reader, writer, from_server, to_server)
            self._note(place, answer)
            if fault is not None and fault.kind == "commit_then_reset":
                _reset(writer)
                return False
            writer.write(answer.encoded())
            await _copy_body(answer, from_server, writer, bodiless=method == "HEAD")
            await writer.drain()
        finally:
            to_server.close()
        return True

    def _note(self, place: int, answer: _Head) -> None:
        if place < len(self.seen):  # not cleared meanwhile
            self.seen[place] = self.seen[place]._replace(status=_status(answer))

    def _fault(self, method: str, path: str) -> Fault | None:
        struck = None
        for fault in self.faults:
            if fault.matches(method, path):
                nth = self._matched[fault]
                self._matched[fault] += 1
                if struck is None and nth >= fault.skip and (fault.times is None or nth < fault.skip + fault.times):
                    struck = fault
        return struck


# ---------------------------------------------------------------------------------------------- faults
async def _strike_before(
    fault: Fault, request: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Do what comes before the server; False ends the connection."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    if fault.kind == "stall":
        _continue(request, writer)
        await asyncio.sleep(fault.seconds)
    if fault.kind in ("reset", "stall"):
        _reset(writer)
        return False
    if fault.kind == "status":
        _continue(request, writer)
        await _copy_body(request, reader, None)
        writer.write(_error(fault, request))
        await writer.drain()
        return False
    return True


def _error(fault: Fault, request: _Head) -> bytes:
    xml = f"<?xml version='1.0'?><Error><Code>{fault.code}</Code><Message>scripted</Message></Error>".encode()
    xml = xml if fault.status >= 300 else b""
    headers = f"Content-Type: application/xml\r\nContent-Length: {len(xml)}\r\nConnection: close"
    head = f"HTTP/1.1 {fault.status} Scripted\r\n{headers}\r\n\r\n".encode()
    return head if request.first.startswith("HEAD ") else head + xml


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST, not FIN: what a firewall or a crash does."""
    connection = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


# ---------------------------------------------------------------------------------------------- HTTP/1.1
async def _read_head(reader: asyncio.StreamReader) -> _Head | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = raw[:-4].decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return _Head(first, [(key, value.strip()) for key, _, value in pairs])


def _status(answer: _Head) -> int:
    return int(answer.first.split(" ", 2)[1])


def _continue(request: _Head, writer: asyncio.StreamWriter) -> None:
    """Tell a client that waits for it to send the body: the proxy is the one who reads it."""
    if (request.get("expect") or "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _forward(
    request: _Head,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    from_server: asyncio.StreamReader,
    to_server: asyncio.StreamWriter,
) -> _Head:
    _continue(request, writer)
    headers = [(key, value) for key, value in request.headers if key.lower() != "expect"]  # it is never signed
    to_server.write(_Head(request.first, headers).encoded())
    await _copy_body(request, reader, to_server)
    await to_server.drain()
    answer = await _read_head(from_server)
    if answer is None:
        raise EOFError("the server closed the connection")
    return answer


async def _copy_body(
    head: _Head, source: asyncio.StreamReader, target: asyncio.StreamWriter | None, *, bodiless: bool = False
) -> None:
    """Copy what follows a head; without a target only read it."""
    if bodiless:
        return
    if (head.get("transfer-encoding") or "").lower() == "chunked":
        await _copy_chunks(source, target)
    else:
        await _copy(int(head.get("content-length") or 0), source, target)


async def _copy_chunks(source: asyncio.StreamReader, target: asyncio.StreamWriter | None) -> None:
    while True:
        line = await source.readline()
        if target is not None:
            target.write(line)
        size = int(line.split(b";")[0], 16)
        await _copy(size + 2, source, target)
        if size == 0:
            return


async def _copy(size: int, source: asyncio.StreamReader, target: asyncio.StreamWriter | None) -> None:
    while size:
        chunk = await source.read(min(size, _CHUNK))
        if not chunk:
            raise EOFError("the connection ended inside a body")
        size -= len(chunk)
        if target is not None:
            target.write(chunk)
            await target.drain()
