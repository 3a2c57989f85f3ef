"""Shared libraries that a program wants to be there and can do without: stubs, compiled by the wheel `ziglang`."""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from s3sink.errors import MissingExtraError
from s3sink.testing.child import ServerError

Symbols = Mapping[str, Sequence[str]]
"""Names of functions by the symbol version that they have in the library."""


def is_there(name: str) -> bool:
    """Whether the system has the library of that name: `libnuma.so.1`."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def compile_stub(name: str, symbols: Symbols, directory: Path, needed_for: str) -> None:
    """Make `directory/name`, a library for Linux on x86-64 each of whose functions answers -1.

    Raises ServerError with what the compiler said, MissingExtraError without `ziglang`.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise MissingExtraError("ziglang", "cdc", needed_for)
    directory.mkdir(parents=True, exist_ok=True)
    source, versions = directory / f"{name}.c", directory / f"{name}.map"
    source.write_text("".join(f"long {function}(void) {{ return -1; }}\n" for function in _functions(symbols)))
    versions.write_text("".join(f"{version} {{ global: {_listed(names)} }};\n" for version, names in symbols.items()))
    link = ["-shared", "-fPIC", f"-Wl,-soname,{name}", f"-Wl,--version-script={versions}", "-o", str(directory / name)]
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-gnu", *link, str(source)]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"{name} could not be compiled: {(done.stdout + done.stderr).strip()[-2000:]}")


def _functions(symbols: Symbols) -> list[str]:
    return [function for names in symbols.values() for function in names]


def _listed(names: Sequence[str]) -> str:
    return " ".join(f"{name};" for name in names)
