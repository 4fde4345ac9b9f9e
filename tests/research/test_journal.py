"""A journal holds what was found, once each, whatever cut the writer off."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import InputError
from lab.research.found import FoundRun
from lab.research.identity import PointKey
from lab.research.journal import FILE, SweepJournal
from tests.research.swept import ROOT, made_found

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, FoundRun, FoundRun]:
    first, second = made_found("first"), made_found("second")
    journal = SweepJournal(tmp_path)
    journal.add(first)
    journal.add(second)
    journal.close()
    return tmp_path, first, second


def test_what_was_added_is_read_again(two: tuple[Path, FoundRun, FoundRun]) -> None:
    folder, first, second = two
    journal = SweepJournal(folder)
    assert list(journal.all_found().values()) == [first, second]
    assert journal.found(PointKey("third", "data", "code")) is None
    journal.close()


def test_a_key_stands_there_once(two: tuple[Path, FoundRun, FoundRun]) -> None:
    folder, first, _ = two
    journal = SweepJournal(folder)
    journal.add(first)
    journal.close()
    assert len((folder / FILE).read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("torn", [1, 40, -1])
def test_a_torn_last_line_is_dropped_and_the_rest_stays(
    two: tuple[Path, FoundRun, FoundRun], torn: int
) -> None:
    folder, first, second = two
    path = folder / FILE
    whole = path.read_bytes()
    line = second.model_dump_json().encode()
    path.write_bytes(whole + line[:torn])
    journal = SweepJournal(folder)
    assert journal.dropped == 1
    assert list(journal.all_found()) == [first.key, second.key]
    third = made_found("third")
    journal.add(third)
    journal.close()
    again = SweepJournal(folder)
    assert (again.dropped, list(again.all_found())) == (0, [first.key, second.key, third.key])
    again.close()


def test_a_broken_line_in_the_middle_is_named(two: tuple[Path, FoundRun, FoundRun]) -> None:
    folder, _, _ = two
    path = folder / FILE
    path.write_bytes(b'{"other": 1}\n' + path.read_bytes())
    with pytest.raises(InputError, match=r"journal\.jsonl, line 1: expected a point or a look"):
        SweepJournal(folder)


def test_a_second_sweep_in_the_folder_is_kept_out_and_let_in_later(
    two: tuple[Path, FoundRun, FoundRun],
) -> None:
    folder, _, _ = two
    journal = SweepJournal(folder)
    with pytest.raises(InputError, match=f"another sweep \\(process {os.getpid()}\\) works in this folder"):
        SweepJournal(folder)
    journal.close()
    SweepJournal(folder).close()


def test_a_full_disk_leaves_a_whole_journal_and_says_so(tmp_path: Path) -> None:
    """In a process of its own, which may write no more than the first line into any file."""
    program = """
import resource, signal, sys
from pathlib import Path
from core.errors import InputError
from lab.research.journal import SweepJournal
from tests.research.swept import made_found
journal = SweepJournal(Path(sys.argv[1]))
journal.add(made_found("first"))
size = (Path(sys.argv[1]) / "journal.jsonl").stat().st_size
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
try:
    journal.add(made_found("second"))
except InputError as error:
    sys.exit(str(error))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "the journal can't be written: File too large; what it holds is whole" in ended.stderr
    journal = SweepJournal(tmp_path)
    assert (journal.dropped, len(journal.all_found())) == (0, 1)
    journal.close()


def test_a_look_behind_a_holdout_is_on_record(tmp_path: Path) -> None:
    journal = SweepJournal(tmp_path)
    journal.looked(AT, AT, iter([PointKey("b", "data", "code"), PointKey("a", "data", "code")]))
    journal.close()
    again = SweepJournal(tmp_path)
    (look,) = again.looks
    assert (look.at, look.config) == (AT, ("a", "b"))
    again.close()
