"""A process that was started for a command looks for garbage when there may be some."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli.collector import LOOK_LATER, NEW_OBJECTS, ONE_ANSWER, look_again, look_no_more
from cli.main import COMMANDS, GROUPS


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.enable()


def test_it_names_commands_that_there_are() -> None:
    assert {*COMMANDS, *GROUPS} >= ONE_ANSWER | LOOK_LATER


def test_only_a_command_that_ends_or_begins_its_work_later_stops_looking() -> None:
    look_no_more("start")
    assert gc.isenabled()
    look_no_more("backtest")
    assert not gc.isenabled()


def test_what_was_there_before_the_work_is_not_looked_at_again() -> None:
    before = gc.get_freeze_count()
    look_again()
    assert gc.get_freeze_count() == before
    look_no_more("backtest")
    look_again()
    assert gc.isenabled()
    assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_freeze_count() > before


AT_ITS_END = """
from cli.collector import look_again, look_no_more

class Kept:
    def __del__(self):
        print("looked at")

look_no_more({command!r})
if {works}:
    look_again()
kept = Kept()
kept.itself = kept
"""
"""A process that leaves a cycle of garbage."""


@pytest.mark.parametrize(
    ("command", "works", "said"),
    [("status", False, ""), ("backtest", True, ""), ("start", False, "looked at\n")],
)
def test_a_process_that_ends_does_not_look_a_last_time(command: str, works: bool, said: str) -> None:
    script = AT_ITS_END.format(command=command, works=works)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert ended.stdout == said
