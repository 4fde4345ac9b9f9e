"""Every command in the documentation can be typed: its name, its arguments and its options exist."""

from __future__ import annotations

import pytest

from actors.control.injectable import INJECTABLE
from tests.tidy.documented import commands, in_text, leaf_paths, problem

COMMANDS = commands()


@pytest.mark.parametrize("page", sorted({each.page for each in COMMANDS}))
def test_each_command_of_a_page_can_be_typed(page: str) -> None:
    found = {str(each): problem(each) for each in COMMANDS if each.page == page}
    assert {typed: why for typed, why in found.items() if why is not None} == {}


def test_an_injected_message_exists() -> None:
    named = {each.rest[0] for each in COMMANDS if each.path == ("inject",) and each.rest}
    assert {name for name in named if not name.startswith("--")} - set(INJECTABLE) == set()


def test_every_command_is_in_the_documentation() -> None:
    assert leaf_paths() - {each.path for each in COMMANDS} == set()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Use `run.py nonsense`.", "no command 'nonsense'"),
        ("Use `run.py state nonsense`.", "no command 'nonsense'"),
        ("Use `run.py status --nonsense`.", "No such option"),
        ("Use `run.py audit tail --kind`.", "requires an argument"),
        ("Use `run.py venue --port many`.", "expected a whole number"),
        ("Use `run.py state book-exit ID --fee ETH`.", "Missing"),
        ("```\nrun.py paper --dayz 3   trades\n```", "No such option"),
        ("    echo 1 | run.py calc prize --stdin\n", "no command 'prize'"),
        ("Now run.py audit verify --bookz shows it.", "No such option"),
    ],
)
def test_a_wrong_command_is_found_wherever_it_stands(text: str, wrong: str) -> None:
    (found,) = in_text("page", text)
    told = problem(found)
    assert told is not None
    assert wrong in told


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("`run.py trace ID`", "run.py trace p-entry-20260105T140000Z"),
        ('Then run.py kill-switch arm --reason "…". Removing', "run.py kill-switch arm --reason '…'"),
        ("`run.py\nstatus` says", "run.py status"),
        ("run.py status then no longer names it", "run.py status"),
        ("see `state/run.pyc`", None),
    ],
)
def test_a_command_is_read_as_a_person_would_type_it(text: str, typed: str | None) -> None:
    assert [str(found) for found in in_text("page", text)] == ([] if typed is None else [typed])
