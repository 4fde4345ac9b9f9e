"""A folder whose backups are older than its books."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actors.state.backup import backups
from core.messages.state import RecordInbox
from tests.actors.state.books_room import BooksRoom, event
from tests.cli.restoring.support import LATER, backed_up, bind
from tests.fakes.whole_books import write_whole_books


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose backups are of before all that was traded."""
    folder = tmp_path_factory.mktemp("restoring") / "data"
    room = BooksRoom(folder).start()
    bind(room)
    room.tell(event(1))
    room.stop()
    backed_up(folder)
    backed_up(folder, 1)
    room = BooksRoom(folder).start()
    write_whole_books(room)
    room.tell(RecordInbox(request_id="cmd", at=LATER, message="RunEntryCycle", body="{}", who="ada"))
    room.stop()
    return folder


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data", copy_function=shutil.copy2))


@pytest.fixture(params=[0, 1], ids=["with its database", "rebuilt from its log"])
def backup(data_dir: Path, request: pytest.FixtureRequest) -> Path:
    found = backups(data_dir)
    assert [(path / "cerbero.db").exists() for path in found] == [True, False]
    number: int = request.param
    return found[number]
