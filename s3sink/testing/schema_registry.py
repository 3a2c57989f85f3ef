"""A schema registry on this machine, over real HTTP, that keeps everything in memory.

It has the interface of Confluent's as its documentation describes it, with the same error codes: subjects, versions,
ids, GUIDs, references, deleting, compatibility of Avro schemas. Modes are READWRITE always, contexts are not known.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from s3sink.testing.child import HOST
from s3sink.testing.schema_registry_answers import Request, routed
from s3sink.testing.schema_registry_store import Refusal, Store

_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


@dataclass(slots=True)
class _Trouble:
    """What happens to the next requests in place of an answer: an error, or no answer for a while."""

    times: int = 0
    status: int = 500
    code: int = 50001
    seconds: float = 0.0


class SchemaRegistry:
    """The registry as a context manager: it answers at `url` inside.

    `user_info` ("user:password") makes it ask for HTTP basic authentication, `token` for a bearer token, `tls` makes it
    speak HTTPS: a server context, which may ask for client certificates. `requests` are those that it got, in order.

    >>> from urllib.request import urlopen
    >>> with SchemaRegistry() as registry:
    ...     urlopen(f"{registry.url}/subjects").read()
    b'[]'
    """

    def __init__(
        self,
        *,
        port: int = 0,
        user_info: str | None = None,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.store = Store()
        self.requests: list[Request] = []
        self._expected = _authorization(user_info, token)
        self._trouble = _Trouble()
        self._lock = Lock()
        self._tls = tls
        self._server = _Server((HOST, port), self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="schema-registry", daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'http' if self._tls is None else 'https'}://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> SchemaRegistry:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering; connections are refused from now on. May be called again."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def register(self, subject: str, schema: Any) -> int:
        """Register an Avro schema, given as JSON or as its text, without a request; returns its id."""
        with self._lock:
            text = schema if isinstance(schema, str) and schema.lstrip()[:1] in '{["' else json.dumps(schema)
            return self.store.register(subject, self.store.content({"schema": text}))

    def fail(self, times: int, status: int = 500, code: int = 50001) -> None:
        """Answer the next requests with an error: 500 with 50001 is the registry's own store that fails."""
        self._trouble = _Trouble(times=times, status=status, code=code)

    def stall(self, times: int, seconds: float) -> None:
        """Answer the next requests, but only after that time."""
        self._trouble = _Trouble(times=times, seconds=seconds)

    def answer(self, request: Request, authorization: str | None) -> Any:
        """What the answer says. Raises Refusal."""
        with self._lock:
            self.requests.append(request)
            trouble = self._next_trouble()
        if trouble is not None and not trouble.seconds:
            raise Refusal(trouble.status, trouble.code, "Error in the backend data store")
        if trouble is not None:
            time.sleep(trouble.seconds)
        if self._expected not in (None, authorization):
            raise Refusal(401, 401, "Unauthorized")
        with self._lock:
            return routed(self.store, request)

    def _next_trouble(self) -> _Trouble | None:
        if not self._trouble.times:
            return None
        self._trouble.times -= 1
        return self._trouble


def _authorization(user_info: str | None, token: str | None) -> str | None:
    if token is not None:
        return f"Bearer {token}"
    return None if user_info is None else f"Basic {base64.b64encode(user_info.encode()).decode()}"


# ---------------------------------------------------------------------------------------------- HTTP
class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], registry: SchemaRegistry) -> None:
        self.registry = registry
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none of the registry's business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            request = Request(self.command, parts.path, query, self._body())
            self._send(200, self.server.registry.answer(request, self.headers.get("Authorization")))
        except Refusal as refusal:
            self._send(refusal.status, {"error_code": refusal.code, "message": refusal.message})

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _body(self) -> Any:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise Refusal(400, 400, "Bad Request") from error

    def _send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", _MEDIA_TYPE)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="schema registry"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `requests` instead."""
