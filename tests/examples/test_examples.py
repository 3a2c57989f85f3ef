"""Each example runs and prints what the comment at its end says."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
ON_A_BROKER = {"beside_an_agent", "agent_that_writes", "two_sinks_on_one_topic", "one_sink_on_two_topics"}
ALONE = sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem not in ON_A_BROKER)


def promised_output(path: Path) -> str:
    """The comments behind `main()`."""
    _, _, end = path.read_text().partition('if __name__ == "__main__":')
    return "".join(line.strip()[2:] + "\n" for line in end.splitlines() if line.strip().startswith("# "))


@pytest.mark.parametrize("name", ALONE)
def test_an_example_prints_what_it_says(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = EXAMPLES / f"{name}.py"
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    printed = capsys.readouterr().out
    assert printed
    assert printed == promised_output(path)


def test_an_example_is_a_program_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "parts_without_kafka.py", tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == promised_output(EXAMPLES / "parts_without_kafka.py")
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == ["part.zstd.parquet"] * 2


@pytest.mark.parametrize("name", sorted(ON_A_BROKER))
def test_an_app_can_be_built_without_a_broker(name: str) -> None:
    built = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name=name)
    assert built["app"]._s3sink_service.sinks


def test_every_example_is_in_the_list() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    assert [path.name for path in EXAMPLES.glob("*.py") if f"`{path.name}`" not in listed] == []
