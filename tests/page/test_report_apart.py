"""The report that a process of its own makes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.errors import FoundWrongError
from page.sources import report_apart as module
from page.sources.report_apart import report_apart
from reading.errors import DataFolderError
from reading.trading_books import trading_report
from tests.actors.state.books_room import BooksRoom
from tests.fakes.traded_books import closed, entered


def test_it_is_the_report_of_the_books_or_their_error(tmp_path: Path) -> None:
    traded, missing = tmp_path / "traded", tmp_path / "missing"
    traded.mkdir()
    room = BooksRoom(traded).start()
    entered(room)
    closed(room)
    room.stop()
    assert report_apart(traded) == trading_report(traded)
    with pytest.raises(DataFolderError) as expected:
        trading_report(missing)
    with pytest.raises(DataFolderError) as found:
        report_apart(missing)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(
    ("starter", "seconds_max", "why"),
    [
        ("/bin/false", 60.0, "its process ended with code 1"),
        ("/nowhere/python", 60.0, "no process can be started"),
        (sys.executable, 0.0, "not made within 0 s"),
    ],
)
def test_a_process_that_tells_nothing_is_an_error(
    starter: str, seconds_max: float, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", starter)
    monkeypatch.setattr(module, "MADE_S_MAX", seconds_max)
    with pytest.raises(FoundWrongError, match=why):
        report_apart(tmp_path)
