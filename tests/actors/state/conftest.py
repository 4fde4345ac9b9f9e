"""A room of the books on a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors.state.books_room import BooksRoom


@pytest.fixture
def room(tmp_path: Path) -> Iterator[BooksRoom]:
    room = BooksRoom(tmp_path).start()
    yield room
    room.kill()
