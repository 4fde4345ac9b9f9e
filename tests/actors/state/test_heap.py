"""What was freed is given back to the machine, and each day's copy of the books does so."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from actors.state import backup, heap
from tests.actors.state.books_room import START
from tests.actors.state.test_market_file import opened

BLOCKS = 20_000
BLOCK = 1_000
"""More than what Python serves from pools of its own, and far less than what gets pages of its own."""


def resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def piece_in_use() -> bytes:
    """The last of many pieces; those below it are free, and not given back yet."""
    if heap._TRIM is None:
        pytest.skip("this C library has no malloc_trim")
    return [bytes(BLOCK) for _ in range(BLOCKS)][-1]


def test_what_lies_below_a_piece_in_use_is_given_back(piece_in_use: bytes) -> None:
    before = resident()
    heap.give_back_freed()
    assert resident() <= before - BLOCKS * BLOCK // 2
    assert len(piece_in_use) == BLOCK


def test_a_copy_of_the_books_ends_by_giving_back(tmp_path: Path, piece_in_use: bytes) -> None:
    with closing(opened(tmp_path)) as db:
        before = resident()
        backup.make_backup(db, tmp_path, START)
        assert resident() <= before - BLOCKS * BLOCK // 2
    assert len(piece_in_use) == BLOCK
