"""A command that the engine tells a tired person to type is one that can be typed, as it stands there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import COMMANDS, GROUPS
from core.named_commands import GROUPS_ON_A_FOLDER, ON_A_FOLDER, typeable
from tests.cli.support import ROOT, Cli
from tests.cli.test_words_of_commands import EVERY

FOLDERS = ("core", "files", "actors", "cli", "reading", "config")
FILLED_IN = "…"
"""What stands for a value that is known only when the text is made."""
_NAMED = re.compile(
    r"run\.py (?P<words>[a-z][a-z-]*(?: [a-z][a-z-]*)?)(?: [A-Z_]+)*"
    r"(?P<rest>(?: --[a-z-]+(?:[ =](?:\"[^\"]*\"|[^\s\"-][^\s,;:)\"]*))?)*)"
)
_OPTION = re.compile(r"--[a-z-]+")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that is no docstring, with the line on which it begins."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said = (part.value if isinstance(part, ast.Constant) else FILLED_IN for part in node.values)
            yield node.lineno, "".join(map(str, said))
        elif isinstance(node, ast.Constant) and id(node) not in docstrings | parts:
            yield node.lineno, str(node.value)


def wrong(text: str) -> Iterator[str]:
    """What can't be typed of the commands that a text names."""
    for found in _NAMED.finditer(text):
        first, _, second = found["words"].partition(" ")
        name = f"{first} {second}" if first in GROUPS else first
        if name not in EVERY:
            if first not in {*GROUPS, *COMMANDS}:
                yield f"{found[0]!r}: there is no command {first!r}"
            elif second:
                yield f"{found[0]!r}: there is no command {name!r}"
            continue
        params: list[Any] = list(EVERY[name].params)  # type: ignore[attr-defined]
        known = {"--help"} | {option for param in params for option in param.opts}
        given = set(_OPTION.findall(found["rest"]))
        yield from (f"{found[0]!r}: there is no option {option}" for option in sorted(given - known))
        for param in params:
            if param.required and param.param_type_name == "option" and not given & set(param.opts):
                yield f"{found[0]!r}: {param.opts[0]} is missing"


MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def test_every_command_that_a_text_names_can_be_typed() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in MODULES
        if "run.py " in path.read_text("utf-8")
        for line, text in texts(path)
        for what in wrong(text)
    ]
    assert found == []


PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    """A page may name a command without all that it needs; what it names is there."""
    text = " ".join(page.read_text("utf-8").split())
    assert [what for what in wrong(text) if not what.endswith(" is missing")] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run.py resume", "--reason is missing"),
        ('run.py kill-switch disarm --accept-break --reason "x"', "no option --accept-break"),
        ("run.py positions", "no command 'positions'"),
        ("run.py state position shows it", "no command 'state position'"),
        ('run.py kill-switch disarm --reason "…"; then look', ""),
        ("run.py ping says why", ""),
    ],
)
def test_what_can_not_be_typed_is_found(text: str, said: str) -> None:
    assert said in "".join(wrong(text))
    assert bool(said) is any(wrong(text))


@pytest.mark.parametrize("name", EVERY)
def test_a_command_on_an_engines_folder_is_named_with_that_folder(name: str) -> None:
    takes = any("--data-dir" in param.opts for param in EVERY[name].params)  # type: ignore[attr-defined]
    other_accounts = ("paper", "venue", "gateway demo", "gateway sim")
    named = typeable(f"run.py {name}", "elsewhere") == f"run.py {name} --data-dir elsewhere"
    assert named == (takes and name not in other_accounts)


def test_no_command_is_named_with_a_folder_that_is_gone() -> None:
    named = {name.split()[0] for name in (*ON_A_FOLDER, *GROUPS_ON_A_FOLDER)}
    assert named - {*COMMANDS, *GROUPS} == set()


def test_an_error_and_a_verdict_name_the_folder_that_was_given(cli: Cli, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert f"run.py start --data-dir {elsewhere}" in cli("status", "--data-dir", elsewhere).out
    refused = cli("top", "--data-dir", elsewhere)
    assert f"run.py status --data-dir {elsewhere}" in refused.err
    cli.set(DATA_DIR=str(elsewhere))
    assert "run.py status prints" in cli("top").err, "it takes the folder of the variable by itself"
