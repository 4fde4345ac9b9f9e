"""The table of alerts is whole: each code has an entry, is raised, and has a test that raises it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from cli.main import COMMANDS, GROUPS
from core.alerts import ENTRIES, AlertCode, Severity
from core.messages.alerting import RaiseAlert
from tests.raised_alerts import MARK, noted
from tests.tidy.runbook import PAGE, anchor, replaced
from tests.tidy.sources import ROOT, files, parsed

RAISING = ("actors", "cli", "lab")


def named(tree: ast.AST) -> Iterator[str]:
    """Each member of `AlertCode` that stands in the code by its name."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == AlertCode.__name__
        ):
            yield node.attr


def marked(tree: ast.AST) -> Iterator[str]:
    """Each member that the mark of a test names."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == MARK
            and ast.unparse(node.func.value) == "pytest.mark"
        ):
            for argument in node.args:
                yield from named(argument)


def with_word(paths: Iterable[Path], word: str) -> Iterator[Path]:
    """Those in which it stands at all: to look for it is much quicker than to parse a file."""
    return (path for path in paths if word in path.read_text("utf-8"))


def raising() -> Iterator[Path]:
    return with_word(files(*RAISING), AlertCode.__name__)


def by_default() -> Iterator[Path]:
    """Those that the whole suite runs without an option."""
    apart = {ROOT / "tests" / name for name in ("soak", "power", "hostile", "tidy")}
    return with_word((path for path in files("tests") if not apart.intersection(path.parents)), MARK)


def test_a_code_and_a_mark_are_found_and_a_word_in_a_text_is_not() -> None:
    test = "@pytest.mark.raises_alert(AlertCode.UNREAD)\ndef f(): ..."
    code = ast.parse(f'alert(AlertCode.DISK_LOW)\n"AlertCode.SIZE"\n{test}')
    assert set(named(code)) == {"DISK_LOW", "UNREAD"}
    assert set(marked(code)) == {"UNREAD"}


def test_what_is_raised_is_noted_and_nothing_afterwards() -> None:
    codes: set[AlertCode] = set()
    with noted(codes):
        raised(AlertCode.DISK_LOW)
    raised(AlertCode.DISK_BACK)
    assert codes == {AlertCode.DISK_LOW}


def raised(code: AlertCode) -> RaiseAlert:
    return RaiseAlert(
        severity=Severity.LOW, code=code, text="t", cause="c", at=datetime(2026, 1, 5, tzinfo=UTC)
    )


def test_each_command_that_the_table_names_exists() -> None:
    texts = [text for entry in ENTRIES.values() for text in (entry.means, entry.do, entry.over)]
    found = {command for text in texts for command in re.findall(r"run\.py ([\w-]+)", text)}
    assert found > {"ping", "status"}
    assert found - {*COMMANDS, *GROUPS} == set()


def test_each_code_has_an_entry() -> None:
    assert set(AlertCode) - set(ENTRIES) == set()


def test_each_code_is_raised_somewhere() -> None:
    used = {name for path in raising() for name in named(parsed(path))}
    assert {code.name for code in AlertCode} - used == set()


def with_severity(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Severity and code of each call that names both."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            words = [ast.unparse(argument).partition(".") for argument in node.args[:2]]
            if [word[0] for word in words] == ["Severity", "AlertCode"]:
                yield words[0][2], words[1][2]


def test_each_alert_is_raised_with_a_severity_that_its_entry_names() -> None:
    found = {pair for path in raising() for pair in with_severity(parsed(path))}
    assert len(found) > 50
    assert [
        (severity, code)
        for severity, code in sorted(found)
        if Severity[severity] not in ENTRIES[AlertCode[code]].severities
    ] == []


@pytest.mark.parametrize("code", AlertCode)
def test_each_code_has_a_test_that_raises_it(code: AlertCode) -> None:
    assert code.name in in_tests(), f"give a test in which {code.value} is raised the mark {MARK}"


@cache
def in_tests() -> frozenset[str]:
    """The codes that tests of the default suite raise."""
    return frozenset(name for path in by_default() for name in marked(parsed(path)))


def test_the_runbook_says_what_the_table_says() -> None:
    page = PAGE.read_text("utf-8")
    assert page == replaced(page), "run `make runbook`"


def test_the_runbook_has_a_place_for_each_code() -> None:
    page = PAGE.read_text("utf-8")
    assert [code for code in AlertCode if page.count(f'<a id="{anchor(code)}">') != 1] == []


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the lines"):
        replaced("# Runbook\n")
