"""FaultProxy in front of a small HTTP server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from s3sink.testing.proxy import Fault, FaultProxy


class Objects(BaseHTTPRequestHandler):
    """Keeps what is PUT; GET answers in chunks."""

    protocol_version = "HTTP/1.1"
    kept: dict[str, bytes]

    def do_PUT(self) -> None:
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        body = self.kept.get(self.path, b"")
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (body[:10], body[10:]):
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def kept() -> dict[str, bytes]:
    return {}


@pytest.fixture
def proxy(kept: dict[str, bytes]) -> Iterator[FaultProxy]:
    handler = type("Handler", (Objects,), {"kept": kept})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with FaultProxy(f"http://127.0.0.1:{server.server_port}") as running:
            yield running
        server.shutdown()


def ask(proxy: FaultProxy, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection(urlsplit(proxy.endpoint).netloc, timeout=5)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_without_faults_everything_passes(proxy: FaultProxy, kept: dict[str, bytes]) -> None:
    body = bytes(range(256)) * 5000
    assert ask(proxy, "PUT", "/k?x=1", body) == (200, b"")
    assert ask(proxy, "GET", "/k?x=1") == (200, body)
    assert kept == {"/k?x=1": body}
    assert proxy.requests == {"PUT": 1, "GET": 1}
    assert [seen[:3] for seen in proxy.seen] == [("PUT", "/k?x=1", 200), ("GET", "/k?x=1", 200)]


def test_a_connection_serves_many_requests(proxy: FaultProxy) -> None:
    connection = HTTPConnection(urlsplit(proxy.endpoint).netloc, timeout=5)
    for _ in range(3):
        connection.request("PUT", "/k", b"x")
        assert connection.getresponse().read() == b""
    connection.close()


def test_a_status_is_answered_in_place_of_the_server(proxy: FaultProxy, kept: dict[str, bytes]) -> None:
    proxy.faults.append(Fault("status", "PUT", path="^/b", skip=1, times=1))
    ended = [ask(proxy, "PUT", path, b"x")[0] for path in ("/a", "/b1", "/b2", "/b3")]
    assert ended == [200, 200, 503, 200]
    assert set(kept) == {"/a", "/b1", "/b3"}


def test_an_error_carries_its_code(proxy: FaultProxy) -> None:
    proxy.faults.append(Fault("status", status=500, code="InternalError"))
    status, xml = ask(proxy, "GET", "/k")
    assert status == 500
    assert b"<Code>InternalError</Code>" in xml


@pytest.mark.parametrize(("kind", "there"), [("reset", False), ("commit_then_reset", True)])
def test_a_reset_comes_before_or_after_the_deed(
    proxy: FaultProxy, kept: dict[str, bytes], kind: str, there: bool
) -> None:
    proxy.faults.append(Fault("reset" if kind == "reset" else "commit_then_reset"))
    with pytest.raises(ConnectionError):
        ask(proxy, "PUT", "/k", b"x")
    assert ("/k" in kept) is there
    assert proxy.seen[0].status == (200 if there else None)


def test_clearing_forgets_faults_and_counts(proxy: FaultProxy) -> None:
    proxy.faults.append(Fault("status", times=None))
    assert ask(proxy, "GET", "/k")[0] == 503
    proxy.clear()
    assert ask(proxy, "GET", "/k")[0] == 200
    assert proxy.requests == {"GET": 1}
