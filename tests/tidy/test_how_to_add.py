"""`docs/how-to-add.md` names files that exist, and the sections that people look for."""

from __future__ import annotations

import re

import pytest

from tests.tidy.test_code import ROOT

PAGE = (ROOT / "docs" / "how-to-add.md").read_text("utf-8")
PATH = re.compile(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|md|yaml|toml))`")
SUBJECTS = (
    "rule on a fact that is known",
    "rule on a new fact",
    "router",
    "operator's command",
    "alert channel",
    "venue gateway",
    "figure of the report",
)


def named_paths(page: str) -> list[str]:
    """Every file or folder that stands in backticks, each once."""
    return sorted(set(PATH.findall(page)))


@pytest.mark.parametrize("path", named_paths(PAGE))
def test_each_named_file_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_subject_has_a_section_that_names_files(subject: str) -> None:
    sections = [part for part in PAGE.split("\n## ")[1:] if subject in part.splitlines()[0]]
    assert len(sections) == 1
    assert len(named_paths(sections[0])) >= 3
