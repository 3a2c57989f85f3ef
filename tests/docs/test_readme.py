"""Everything that the README files show runs, and what they name exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "apps" / "README.md", ROOT / "examples" / "README.md", *ROOT.glob("docs/*.md")]


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


PYTHON = [(page, code) for page in PAGES for code in blocks(page, "python")]


@pytest.mark.parametrize(
    ("page", "code"), PYTHON, ids=[f"{p.parent.name}-{p.stem}-{n}" for n, (p, _) in enumerate(PYTHON)]
)
def test_a_block_of_python_runs(
    page: Path, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, str(page), "exec"), names)
    assert list(tmp_path.iterdir()) == []


def test_the_app_of_the_readme_is_an_app_with_a_sink_and_an_agent() -> None:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(next(code for _, code in PYTHON if "attach(app" in code), names)
    assert [sink.topics for sink in names["app"]._s3sink_service.sinks] == [frozenset({"orders"})]
    assert len(names["app"].agents) == 1


def test_commands_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = {name for page in PAGES for name in re.findall(r"\bmake ([a-z-]+)", "".join(blocks(page, "sh")))}
    shown |= {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)`", page.read_text())}
    assert {"demo", "test"} <= shown
    assert [name for name in shown if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_links_and_programs_exist(page: Path) -> None:
    text = page.read_text()
    links = [link for link in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in link]
    programs = re.findall(r"python ((?:apps|examples)/\S+\.py)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert [program for program in programs if not (ROOT / program).exists()] == []


def test_the_promises_of_the_readme_are_those_of_the_sink() -> None:
    from s3sink import DailyPartitioner, MemoryStore, S3Sink, WallClock

    text = " ".join((ROOT / "README.md").read_text().split())
    by_record, by_clock = (
        S3Sink(store=MemoryStore(), partitioner=p)
        for p in (DailyPartitioner(), DailyPartitioner(extractor=WallClock()))
    )
    assert by_record.promise(conditional_create=True) in text
    assert by_record.promise(conditional_create=False).partition(";")[0].replace(" and zombies", "") in text
    assert by_clock.promise(conditional_create=True).partition(":")[0] in text


def test_names_that_the_tables_show_are_public() -> None:
    import s3sink
    import s3sink.transforms

    table = "\n".join(line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `"))
    shown = set(re.findall(r"\b(?:[A-Z][a-z]+){2,}(?=\(|`)", table))
    public = set(s3sink.__all__) | set(s3sink.transforms.__all__)
    assert shown - public == set()
    assert {"FlushSize", "RegexRouter", "ParquetFormat"} <= shown


def test_every_variable_of_topic_to_s3_is_documented() -> None:
    code = (ROOT / "apps" / "topic_to_s3.py").read_text()
    read = set(re.findall(r'"([A-Z][A-Z0-9_]{3,})"', code)) - {"INFO", "WARNING"}
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "apps" / "README.md").read_text()))
    assert read - documented == set()
    assert {"FLUSH_RECORDS", "ROTATE_MS"} <= read
