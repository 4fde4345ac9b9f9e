"""What a folder says of itself while no engine runs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.state.database import database_path
from reading.without_engine import folder_verdict
from tests.actors.state.books_room import BooksRoom
from tests.fakes.whole_books import make_whole_books


def codes(folder: Path) -> list[str]:
    return [finding.code for finding in folder_verdict(folder, "no engine runs").findings]


def test_books_that_are_older_than_their_log_are_not_believed(tmp_path: Path) -> None:
    """A copy from before, or a file without what SQLite kept beside it: nothing is open by them."""
    folder, older = make_whole_books(tmp_path / "whole"), tmp_path / "older"
    assert "books_older" not in codes(folder)
    older.mkdir()
    BooksRoom(older).start().stop()
    database_path(older).rename(database_path(folder))
    first, *_ = folder_verdict(folder, "no engine runs").findings
    assert (first.level.value, first.code) == ("ACT", "books_older")
    assert "records up to" in first.text
    assert "no position is open" not in " ".join(f.text for f in folder_verdict(folder, "x").findings)


def test_books_that_cannot_be_read_are_named_once(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path / "whole")
    with database_path(folder).open("r+b") as file:
        file.seek(4096)
        file.write(b"x" * 40_960)
    first, *_ = folder_verdict(folder, "no engine runs").findings
    assert first.code == "books_damaged"
    assert first.text.count("can't be read") == 1


@pytest.mark.parametrize("gone", [FileNotFoundError, PermissionError])
def test_a_log_that_is_taken_away_while_it_is_read_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: type[OSError]
) -> None:
    """As by a restore between the listing of its files and their opening: the page and `status` look on."""
    folder = make_whole_books(tmp_path / "whole")
    before = codes(folder)

    def opened(_: Path) -> Iterator[bytes]:
        raise gone("audit-2026-01-05.jsonl")

    monkeypatch.setattr("reading.audit.lines_of", opened)
    assert codes(folder) == before
