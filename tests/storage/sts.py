"""A security token service as AWS documents it: AssumeRole and AssumeRoleWithWebIdentity, on HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl

_KEYS = """<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
<AccessKeyId>{access}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>
<Expiration>{expires}</Expiration></Credentials></{action}Result></{action}Response>"""
_ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>{code} here</Message></Error><RequestId>1</RequestId></ErrorResponse>"""


class Asked(NamedTuple):
    """One request."""

    parameters: Mapping[str, str]
    authorization: str | None
    host: str


class Sts:
    """Gives the same keys to all who ask, good for `good_for` seconds, or an `error`: status and code."""

    def __init__(self, access_key: str, secret_key: str, token: str = "") -> None:
        self.keys = (access_key, secret_key, token)
        self.good_for = 3600.0
        self.error: tuple[int, str] | None = None
        self.asked: list[Asked] = []
        self.endpoint = ""

    def answer(self, asked: Asked) -> tuple[int, str]:
        """Status and body."""
        self.asked.append(asked)
        if self.error:
            return self.error[0], _ERROR.format(code=self.error[1])
        expires = datetime.now(UTC) + timedelta(seconds=self.good_for)
        access, secret, token = self.keys
        return 200, _KEYS.format(
            action=asked.parameters["Action"], access=access, secret=secret, token=token, expires=expires.isoformat()
        )


@contextmanager
def running(sts: Sts) -> Iterator[Sts]:
    """Let it answer at `sts.endpoint`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = Asked(dict(parse_qsl(body)), self.headers["Authorization"], self.headers["Host"])
            status, text = sts.answer(asked)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    sts.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield sts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
