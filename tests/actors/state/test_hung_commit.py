"""The books of a life that hangs in a commit are let go of without ending the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HANGS = """
import sys
from pathlib import Path
from threading import Event, Thread

from actors.runtime.errors import Fenced
from actors.state import kept
from actors.state.database import open_database
from core.messages.state import OpenCycle
from core.orders.books import Job
from tests.actors.state.books_room import START, BooksRoom

statement, hangs, goes_on = sys.argv[2], Event(), Event()


def reached(text):
    if text.startswith(statement):
        hangs.set()
        goes_on.wait(60.0)


opened = []


def open_one(folder):
    opened.append(open_database(folder))
    return opened[-1]


kept.open_database = open_one
room = BooksRoom(Path(sys.argv[1]))
ended = []


def live():
    room.start()
    opened[-1].set_trace_callback(reached)
    try:
        room.ask(OpenCycle(request_id="r", job=Job.MONITOR, slot=START, at=START))
    except Fenced as error:
        ended.append(error)


late = Thread(target=live)
late.start()
assert hangs.wait(60.0)
room.state_ctx.live = False
room.state.on_stop()
goes_on.set()
late.join(60.0)
print("ended" if ended else "went on")
"""


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO cycles", "COMMIT"])
def test_a_commit_that_hangs_outlives_its_life_and_ends_by_the_fence(tmp_path: Path, statement: str) -> None:
    """A disk that stands still and goes on later. Closing a connection under a statement is a crash."""
    process = subprocess.run(
        [sys.executable, "-c", HANGS, str(tmp_path / "data"), statement],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (process.returncode, process.stdout) == (0, "ended\n"), process.stderr
