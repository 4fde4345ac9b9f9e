"""The files that the docs name exist, and `docs/how-to-add.md` has the sections that people look for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tidy.sources import CODE, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGE = (ROOT / "docs" / "how-to-add.md").read_text("utf-8")
PATH = re.compile(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|md|yaml|toml))`")
SUBJECTS = (
    "rule on a fact that is known",
    "rule on a new fact",
    "router",
    "operator's command",
    "alert channel",
    "venue gateway",
    "metric",
    "figure of the report",
)


def named_paths(page: str) -> list[str]:
    """Every file or folder that stands in backticks, each once."""
    return sorted(set(PATH.findall(page)))


OURS = tuple(f"{folder}/" for folder in (*CODE, "docs", "packaging", "scripts", "tests"))
PYKKAS = {"tests/proxy", "tests/test_registry.py"}
"""Files of pykka's own test suite that a page names as left out."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_file_that_a_page_names_exists(page: Path) -> None:
    named = {path for path in named_paths(page.read_text("utf-8")) if path.startswith(OURS)} - PYKKAS
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_each_file_to_touch_exists() -> None:
    assert [path for path in named_paths(PAGE) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_subject_has_a_section_that_names_files(subject: str) -> None:
    sections = [part for part in PAGE.split("\n## ")[1:] if subject in part.splitlines()[0]]
    assert len(sections) == 1
    assert len(named_paths(sections[0])) >= 3
