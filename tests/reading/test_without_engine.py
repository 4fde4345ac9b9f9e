"""What a folder says of itself while no engine runs on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actors.audit.files import AUDIT_FOLDER, audit_files
from actors.state.database import database_path, open_database
from actors.state.tables import chain
from core.audit.hash_chain import Link, read_record
from core.messages.audit import AuditBatch
from reading.audit import verified
from reading.restore_begun import RESTORING
from reading.without_engine import folder_verdict
from tests.actors.state.books_room import BooksRoom
from tests.fakes.forbidden import forbid_reading
from tests.fakes.held_folder import held_folder
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


def _day(folder: Path) -> Path:
    return audit_files(folder / AUDIT_FOLDER)[-1]


def _append(folder: Path, more: bytes) -> None:
    with _day(folder).open("ab") as file:
        file.write(more)


def _folder_for_file(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nothing")


def _file_for_folder(path: Path) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": lambda folder: shutil.rmtree(folder / AUDIT_FOLDER),
    "without its files": lambda folder: _day(folder).unlink(),
    "emptied": lambda folder: _day(folder).write_bytes(b""),
    "a file": lambda folder: _file_for_folder(folder / AUDIT_FOLDER),
    "a day that is a link to nothing": lambda folder: _link_to_nothing(_day(folder)),
    "an earlier day that is a link to nothing": lambda folder: (
        _day(folder).with_name("audit-2020-01-01.jsonl").symlink_to(folder / "nothing")
    ),
    "a day that is a folder": lambda folder: _folder_for_file(_day(folder)),
    "a record less": lambda folder: _day(folder).write_bytes(
        b"".join(_day(folder).read_bytes().splitlines(keepends=True)[:-1])
    ),
    "a part of the last record": lambda folder: _day(folder).write_bytes(_day(folder).read_bytes()[:-9]),
    "zeros behind it": lambda folder: _append(folder, bytes(64)),
    "a line feed behind it": lambda folder: _append(folder, b"\n"),
    "JSON of others behind it": lambda folder: _append(folder, b'{"seq": "9"}\n'),
    "its end copied": lambda folder: _append(folder, _day(folder).read_bytes().splitlines(keepends=True)[-1]),
    "no gzip": lambda folder: _day(folder).with_name("audit-2020-01-01.jsonl.gz").write_bytes(b"x\n"),
    "no gzip of the same day": lambda folder: (
        _day(folder).with_name(f"{_day(folder).name}.gz").write_bytes(b"x\n")
    ),
    "no record of an earlier day": lambda folder: (
        _day(folder).with_name("audit-2020-01-01.jsonl").write_bytes(b"{}\n")
    ),
    "a copy under an earlier day": lambda folder: shutil.copy(
        _day(folder), _day(folder).with_name("audit-2020-01-01.jsonl")
    ),
    "no day": lambda folder: _day(folder).with_name("audit-2020-13-01.jsonl").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_log_that_does_not_end_where_the_books_say_is_told_as_audit_verify_does(
    tmp_path: Path, damage: str
) -> None:
    folder = make_whole_books(tmp_path / "whole")
    assert verified(folder).ok
    assert "audit_broken" not in codes(folder)
    DAMAGES[damage](folder)
    assert not verified(folder).ok
    found = {finding.code: finding for finding in folder_verdict(folder, "no engine runs").findings}
    assert found["audit_broken"].level.value == "ACT"
    assert f"run.py audit verify --data-dir {folder}" in found["audit_broken"].text


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path / "whole")
    _link_to_nothing(_day(folder))
    first, *_ = folder_verdict(folder, "no engine runs").findings
    assert "expected a plain file, found a link to nothing" in first.text
    assert str(_day(folder)) in first.text


def test_while_a_restore_replaces_the_books_their_log_is_not_called_damaged(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path / "whole")
    shutil.rmtree(folder / AUDIT_FOLDER)
    (folder / f"{RESTORING}20260105T140000Z").mkdir()
    assert "audit_broken" not in codes(folder)


def test_a_log_of_an_engine_that_runs_is_left_to_it(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path / "whole")
    shutil.rmtree(folder / AUDIT_FOLDER)
    with held_folder(folder, ()):
        assert "audit_broken" not in codes(folder)


@pytest.mark.parametrize("present", [0, 1, 40])
def test_a_batch_that_was_cut_short_is_no_damage(tmp_path: Path, present: int) -> None:
    """The next start completes it."""
    folder = make_whole_books(tmp_path / "whole")
    lines = _day(folder).read_bytes().splitlines(keepends=True)
    with closing(open_database(folder)) as db:
        before, last = read_record(lines[-2]), read_record(lines[-1])
        offset = len(b"".join(lines[:-1]))
        end = chain.ChainEnd(Link(before.seq, before.hash), _day(folder).name, offset)
        waiting = AuditBatch(
            first_seq=last.seq,
            last_seq=last.seq,
            last_hash=last.hash,
            file=_day(folder).name,
            offset=offset,
            payload=lines[-1],
        )
        chain.write(db, end, waiting)
        db.commit()
    _day(folder).write_bytes(b"".join(lines[:-1]) + lines[-1][:present])
    assert "audit_broken" not in codes(folder)


def test_a_log_that_is_taken_away_while_it_is_read_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a restore between the listing of its files and their opening: the page and `status` look on."""
    folder = make_whole_books(tmp_path / "whole")
    before = codes(folder)

    def opened(_: Path) -> Iterator[bytes]:
        raise FileNotFoundError("audit-2026-01-05.jsonl")

    monkeypatch.setattr("actors.audit.log_end.lines_of", opened)
    assert codes(folder) == before


@pytest.mark.parametrize("name", [AUDIT_FOLDER, f"{AUDIT_FOLDER}/audit-2026-01-05.jsonl"])
def test_a_log_that_nobody_lets_us_read_is_not_taken_for_a_sound_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = make_whole_books(tmp_path / "whole")
    forbid_reading(folder / name, monkeypatch)
    first, *_ = folder_verdict(folder, "no engine runs").findings
    assert (first.level.value, first.code) == ("ACT", "audit_broken")
    assert f"Permission denied: '{folder / name}'" in first.text


def test_a_log_that_nobody_lets_us_read_is_left_to_the_restore_that_replaces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_whole_books(tmp_path / "whole")
    (folder / f"{RESTORING}20260105T140000Z").mkdir()
    forbid_reading(folder / AUDIT_FOLDER, monkeypatch)
    assert "audit_broken" not in codes(folder)


def test_a_log_that_nobody_lets_us_read_is_one_whose_books_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_whole_books(tmp_path / "whole")
    database_path(folder).unlink()
    forbid_reading(folder / AUDIT_FOLDER, monkeypatch)
    assert "books_missing" in codes(folder)
