"""What tests of the page share: how long a first reading is waited for, and folders that are built once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from page.sources import folder
from tests.actors.state.books_room import BooksRoom
from tests.fakes.traded_books import closed, entered
from tests.page.states import in_state


@pytest.fixture(autouse=True)
def first_reading_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr(folder, "FIRST_WAIT_S", 60.0)


@pytest.fixture(scope="session")
def one_trade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one closed trade, for those who only read."""
    made = tmp_path_factory.mktemp("one-trade")
    room = BooksRoom(made).start()
    entered(room)
    closed(room)
    room.stop()
    return made


@pytest.fixture(scope="session")
def condor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an open condor and what an engine on it says, for those who only read."""
    with in_state("condor", tmp_path_factory.mktemp("condor") / "data") as made:
        yield made
