"""The page reads on while a command restores the books from a backup, or clears and compacts them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from threading import Event, Thread
from time import monotonic

import pytest

from actors.state.backup import backups
from actors.state.clearing import clear_texts
from page.view import View, Viewer
from reading.books import stored_trades
from reading.engine_status import engine_status
from reading.trading_books import trading_report
from tests.cli.restores import folder_with_backups, restore
from tests.page.browsing import NOW

LOOKS_AFTER = 8
"""On a busy machine a reading takes longer than one look waits."""


@pytest.fixture(scope="module")
def with_backups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_with_backups(tmp_path_factory.mktemp("with-backups") / "data")


@pytest.fixture
def folder(with_backups: Path, tmp_path: Path) -> Path:
    return copytree(with_backups, tmp_path / "data")


def seen_while(folder: Path, change: Callable[[], object]) -> list[View]:
    """Views before, at every moment during and after the change; each is made anew, and waits for its reading
    as a page does: a while, and then it is the one before."""
    ahead_s = 0.0
    viewer = Viewer(
        folder,
        "x",
        lambda: engine_status(folder),
        lambda: NOW,
        trading_report,
        clock=lambda: monotonic() + ahead_s,
    )

    def anew() -> View:
        nonlocal ahead_s
        ahead_s += 10.0
        return viewer.view()

    views, changed, failures = [anew()], Event(), list[Exception]()

    def look() -> None:
        try:
            while not changed.is_set():
                views.append(anew())
        except Exception as error:
            failures.append(error)

    looking = Thread(target=look)
    looking.start()
    try:
        change()
    finally:
        changed.set()
        looking.join(60.0)
    if failures:
        raise AssertionError("the page could not be read while the books were changed") from failures[0]
    views += [anew() for _ in range(LOOKS_AFTER)]
    return views


@pytest.mark.parametrize("number", [0, 1], ids=["with its database", "rebuilt from its log"])
def test_a_restore_is_seen_whole(folder: Path, number: int) -> None:
    backup = backups(folder)[number]
    assert stored_trades(folder)
    views = seen_while(folder, lambda: restore(folder, "--from", backup))
    assert stored_trades(folder) == ()
    # Of one or of the other, never something between.
    assert [len(view.money.trades) for view in (views[0], views[-1])] == [1, 0]
    assert {len(view.money.trades) for view in views} == {0, 1}
    assert not views[-1].verdict.findings[0].text.startswith("the books")


def test_what_is_cleared_and_compacted_is_read_on(folder: Path) -> None:
    views = seen_while(folder, lambda: clear_texts(folder))
    assert views[-1].money == views[0].money
    assert views[-1].why.decisions == views[0].why.decisions


def test_a_file_that_is_gone_by_the_time_it_is_opened_leaves_nothing_open(tmp_path: Path) -> None:
    """As in the moment in which a restore puts the new one in its place."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        sqlite3.connect(f"{(tmp_path / 'gone.db').as_uri()}?mode=ro", uri=True)
