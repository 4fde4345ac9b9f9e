"""Which code decided is told apart by the source of the rules."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from config import DISTRIBUTION, code_version


@pytest.fixture
def core_copy(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the rules in whose place the version is code_version."""
    copy = tmp_path / "core"
    shutil.copytree(repository / "core", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sys.modules[code_version.__module__], "files", lambda _package: copy)
    code_version.cache_clear()
    yield copy
    code_version.cache_clear()


def test_it_begins_with_the_release(core_copy: Path) -> None:
    assert code_version().startswith(f"{version(DISTRIBUTION)}+")


def test_it_changes_with_any_source_and_with_nothing_else(core_copy: Path) -> None:
    before = code_version()
    (core_copy / "rules" / "notes.txt").write_text("not code", "utf-8")
    code_version.cache_clear()
    assert code_version() == before
    path = core_copy / "rules" / "exit" / "stop.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# one line more\n", encoding="utf-8")
    code_version.cache_clear()
    changed = code_version()
    assert changed != before
    path.rename(path.with_name("halt.py"))
    code_version.cache_clear()
    assert code_version() not in (before, changed)
