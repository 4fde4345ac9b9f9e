"""The pages that are made from the code say what it says, and nothing of it is missing in them."""

from __future__ import annotations

import ast
import re

import pytest

import cli.exit_codes
from cli.exit_codes import ExitCode
from cli.start import INTERRUPTED
from config import VARIABLES
from config.consequences import OF_VARIABLES
from config.settings_list import settings
from core.messages.arm_cause import ArmCause
from core.status.suspensions import SUSPENSIONS
from tests.tidy.pages.all_pages import PAGES, written
from tests.tidy.pages.marked import END, Page, begin, replaced, table
from tests.tidy.pages.operation import exit_codes
from tests.tidy.pages.risk_controls import who_arms
from tests.tidy.pages.suspensions import of_tree, sources


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_what_the_code_says(page: Page) -> None:
    assert page.path.read_text("utf-8") == written(page), "run `make pages`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_row_that_is_changed_or_lost_is_found(page: Page) -> None:
    text = page.path.read_text("utf-8")
    for part in page.parts:
        made = text.split(begin(part))[1].split(END)[0]
        rows = [line for line in made.splitlines() if line.startswith("|")]
        assert len(rows) > 2
        for broken in (text.replace(rows[-1] + "\n", "", 1), text.replace(rows[-1], rows[-1] + "x", 1)):
            assert broken != replaced(broken, page) == text


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the lines"):
        replaced("# Page\n", PAGES[0])


def test_a_cell_can_hold_a_bar_and_is_never_empty() -> None:
    assert table(("a", "b"), [("x | y", "")]).splitlines()[-1] == "| x \\| y | – |"


def test_each_exit_code_is_told_to_its_last_word() -> None:
    listed = (cli.exit_codes.__doc__ or "").partition("\n\n")[2]
    rows = [row.strip("| ").split(" | ") for row in exit_codes().splitlines()[2:]]
    assert " ".join(f"{code} {meaning}" for code, meaning in rows) == " ".join(listed.split())
    assert [int(code) for code, _ in rows] == [*ExitCode, INTERRUPTED]


def test_each_variable_says_what_a_wrong_one_costs() -> None:
    """Whoever adds one writes it into `config/consequences.py`."""
    assert set(VARIABLES) - set(OF_VARIABLES) == set()
    assert set(OF_VARIABLES) - set(VARIABLES) == set()


def test_each_key_says_what_it_is_and_what_a_wrong_one_costs() -> None:
    assert [each.key for each in settings(None) if not each.meaning or not each.consequence] == []


def test_each_source_of_a_suspension_is_described() -> None:
    """Whoever adds one writes it into `core/status/suspensions.py`."""
    assert set(sources()) == set(SUSPENSIONS)


def test_a_source_is_read_from_the_code_however_it_is_given() -> None:
    code = """
def plain(): tell(SuspendEntries(source="a", reason=r))
def formed(): tell(SuspendEntries(source=f"b:{x}", reason=r))
def named():
    source = "c"
    tell(SuspendEntries(source=source, reason=r))
def constant(): tell(SuspendEntries(source=SOURCE, reason=r))
"""
    assert list(of_tree(ast.parse(code), "actors.health.disk")) == ["a", "b:…", "c", "disk"]
    with pytest.raises(AssertionError, match="expected a source"):
        list(of_tree(ast.parse("def f(): SuspendEntries(source=g(), reason=r)"), "actors.health.disk"))


@pytest.mark.parametrize("cause", [cause for cause in ArmCause if cause is not ArmCause.KILL_FILE])
def test_each_cause_of_an_arming_is_set_somewhere(cause: ArmCause) -> None:
    assert who_arms(cause) != []


def test_a_mark_is_in_each_page_once() -> None:
    for page in PAGES:
        found = re.findall(r"^<!-- (.+): from here on made", page.path.read_text("utf-8"), re.MULTILINE)
        assert sorted(found) == sorted(page.parts)
