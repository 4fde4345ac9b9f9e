"""Threads share few heaps; what was freed is given back to the machine, by each copy of the books too."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from actors.runtime.threads.heap import HAS_HEAPS, HEAPS_MAX, give_back_freed
from actors.state.backup import make_backup
from tests.actors.state.books_room import START
from tests.actors.state.test_market_file import opened
from tests.cli.support import ROOT

BLOCKS = 20_000
BLOCK = 1_000
"""More than what Python serves from pools of its own, and far less than what gets pages of its own."""

pytestmark = pytest.mark.skipif(not HAS_HEAPS, reason="this C library has no such heaps")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def piece_in_use() -> bytes:
    """The last of many pieces; those below it are free, and not given back yet."""
    return [bytes(BLOCK) for _ in range(BLOCKS)][-1]


def test_what_lies_below_a_piece_in_use_is_given_back(piece_in_use: bytes) -> None:
    before = resident()
    give_back_freed()
    assert resident() <= before - BLOCKS * BLOCK // 2
    assert len(piece_in_use) == BLOCK


def test_a_copy_of_the_books_ends_by_giving_back(tmp_path: Path, piece_in_use: bytes) -> None:
    with closing(opened(tmp_path)) as db:
        before = resident()
        make_backup(db, tmp_path, START)
        assert resident() <= before - BLOCKS * BLOCK // 2
    assert len(piece_in_use) == BLOCK


HEAPS_OF_TEN_THREADS = """
import ctypes, threading
from actors.runtime import ThreadRuntime

ThreadRuntime()
all_here = threading.Barrier(10)

def hold():
    held = [bytes(1000) for _ in range(100)]
    all_here.wait()
    return held

threads = [threading.Thread(target=hold) for _ in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
"""


def test_the_threads_of_an_engine_share_heaps() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", HEAPS_OF_TEN_THREADS],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))},
    )
    assert 1 <= ran.stdout.count("<heap nr=") <= HEAPS_MAX
