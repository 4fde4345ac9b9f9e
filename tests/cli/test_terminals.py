"""A terminal that lacks a character, is closed, full or gone: a command ends with its own answer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import pytest

from cli.views.say import say, unwritten
from tests.actors.state.books_room import BooksRoom
from tests.cli.support import ROOT, Ran
from tests.fakes.whole_books import write_whole_books

LISTING = ("audit", "tail", "-n", "200")
"""Long, and with a character that is not in Latin 1: the cut mark."""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("terminals") / "data"
    room = BooksRoom(data).start()
    write_whole_books(room)
    room.stop()
    return data


def run_py(arguments: Sequence[str | Path], shell_tail: str = "", **variables: str) -> Ran:
    """The command in a shell, with what stands behind it there."""
    words = " ".join(f"'{argument}'" for argument in (sys.executable, ROOT / "run.py", *arguments))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CERBERO_BITE_")}
    script = f"set -o pipefail; {words} {shell_tail}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1"))


@pytest.mark.parametrize("encoding", ["latin-1", "ascii:strict"])
def test_what_a_terminal_lacks_is_replaced(data_dir: Path, encoding: str) -> None:
    ran = run_py([*LISTING, "--data-dir", data_dir], PYTHONIOENCODING=encoding)
    assert (ran.code, ran.err) == (0, "")
    assert "ORDER" in ran.out


def test_a_closed_standard_output_takes_nothing_and_harms_nothing(data_dir: Path) -> None:
    books = (data_dir / "cerbero.db").read_bytes()
    ran = run_py([*LISTING, "--data-dir", data_dir], "<&- >&-")
    assert (ran.code, ran.err) == (0, "")
    assert (data_dir / "cerbero.db").read_bytes() == books


def test_closed_streams_do_not_give_their_numbers_to_files(tmp_path: Path) -> None:
    """A word for the terminal would go into a file that was opened under its number."""
    ran = run_py(["kill-switch", "arm", "--reason", "x", "--data-dir", tmp_path], "<&- >&- 2>&-")
    assert ran.code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_gone_is_no_failure(data_dir: Path) -> None:
    ran = run_py([*LISTING, "--data-dir", data_dir], "| true")
    assert (ran.code, ran.err) == (0, "")


def test_a_full_output_is_told_and_is_a_failure(data_dir: Path) -> None:
    ran = run_py([*LISTING, "--json", "--data-dir", data_dir], "> /dev/full")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "standard output" in ran.err


class Full:
    """A stream on a full disk."""

    encoding = "utf-8"

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, _: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fileno(self) -> int:
        return self._file.fileno()


def test_words_that_can_not_be_written_do_not_end_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An arming says how long it still takes: it must go on though nobody can read that."""
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdout", Full(file))
        say("one", "two")
        problem = unwritten()
    assert problem is not None
    assert problem.errno == errno.ENOSPC
