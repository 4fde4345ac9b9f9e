"""A pipe under a known name of the data folder: a command ends at once, with one error that names it."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import pytest

from actors.audit.files import AUDIT_FOLDER, append_bytes, audit_files, sync
from actors.heartbeat.file import HEARTBEAT_FILE, HeartbeatFile, LeftBeat
from actors.state.backup import backups
from actors.state.ballast import Ballast
from actors.state.database import open_database
from actors.state.stored_market import market_read
from cli.failed_start import TOLD_FILE, told_if_it_fails
from cli.folder_identity import FOLDER_FILE, folder_identity
from cli.logs import logging_to
from core.errors import FoundWrongError, InputError
from core.messages.audit import AuditBatch
from reading.log_lines import LOG_FILE, log_lines
from tests.cli.restores import folder_with_backups
from tests.cli.support import Cli
from tests.fakes.whole_books import make_whole_books

AT_ONCE_S = 20
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """What blocks is interrupted: the kernel opens a pipe for as long as nobody is at its other end."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError("it waits for the other end of the pipe")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(AT_ONCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def as_pipe(path: Path) -> Path:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("name", ["cerbero.db", "cerbero.db-journal", "cerbero.db-wal"])
@pytest.mark.parametrize(
    "command",
    [
        ("audit", "verify"),
        ("audit", "verify", "--books"),
        ("status",),
        ("kill-switch", "status"),
        ("state", "positions"),
        ("state", "clear-texts"),
    ],
    ids=" ".join,
)
def test_in_the_place_of_the_books(cli: Cli, tmp_path: Path, name: str, command: tuple[str, ...]) -> None:
    folder = make_whole_books(tmp_path / "whole")
    pipe = as_pipe(folder / name)
    for arming in (folder / "KILL", folder / "KILL.disarming"):
        arming.unlink(missing_ok=True)
    ran = cli(*command, "--data-dir", folder)
    assert ran.code != 0
    assert f"{pipe}: " in " ".join((ran.out + ran.err).split())
    assert "expected a plain file, found a pipe" in " ".join((ran.out + ran.err).split())
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "command",
    [("audit", "verify"), ("audit", "verify", "--books"), ("audit", "tail"), ("status",)],
    ids=" ".join,
)
def test_in_the_place_of_a_day_of_the_log(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = make_whole_books(tmp_path / "whole")
    pipe = as_pipe(audit_files(folder / AUDIT_FOLDER)[-1])
    ran = cli(*command, "--data-dir", folder)
    assert ran.code != 0
    said = " ".join((ran.out + ran.err).split())
    assert "expected a plain file, found a pipe" in said
    assert pipe.name in said


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
@pytest.mark.parametrize("name", ["backup.json", "cerbero.db", "audit"])
def test_in_a_backup(cli: Cli, tmp_path: Path, options: tuple[str, ...], name: str) -> None:
    folder = folder_with_backups(tmp_path)
    backup = next(each for each in backups(folder) if (each / "cerbero.db").exists())
    pipe = as_pipe(audit_files(backup / AUDIT_FOLDER)[-1] if name == "audit" else backup / name)
    ran = cli("state", "restore", "--from", backup, "--data-dir", folder, *options)
    assert ran.code != 0
    assert str(pipe) in ran.err
    assert "Traceback" not in ran.err


def test_in_the_place_of_the_market_it_is_no_failure_of_the_books(tmp_path: Path) -> None:
    folder = make_whole_books(tmp_path / "whole")
    as_pipe(folder / "market.db")
    with pytest.raises(FoundWrongError, match=r"market\.db: .*found a pipe"), market_read(folder):
        pass


WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "books": ("cerbero.db", open_database),
    "books' journal": ("cerbero.db-journal", open_database),
    "ballast": ("ballast", lambda folder: Ballast(folder, 4096).take()),
    "day": (
        "audit-2026-01-05.jsonl",
        lambda folder: append_bytes(
            folder,
            AuditBatch(
                first_seq=1, last_seq=1, last_hash="", file="audit-2026-01-05.jsonl", offset=0, payload=b"x\n"
            ),
        ),
    ),
    "heartbeat": (
        "heartbeat.draft",
        lambda folder: HeartbeatFile(folder, 1).beat("a-1", BEGIN, well=True),
    ),
    "day that is synced": (
        "audit-2026-01-05.jsonl",
        lambda folder: sync(folder, "audit-2026-01-05.jsonl"),
    ),
}


@contextmanager
def with_or_without_a_reader(pipe: Path, *, is_read: bool) -> Iterator[None]:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK) if is_read else None
    try:
        yield
    finally:
        if reader is not None:
            os.close(reader)


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize("what", WRITERS)
def test_what_the_engine_writes_is_not_written_into_it(tmp_path: Path, what: str, is_read: bool) -> None:
    name, write = WRITERS[what]
    pipe = as_pipe(tmp_path / name)
    with (
        with_or_without_a_reader(pipe, is_read=is_read),
        pytest.raises(OSError, match="expected a plain file, found a pipe") as told,
    ):
        write(tmp_path)
    assert told.value.filename == str(pipe)


def test_in_the_place_of_the_folders_identity_the_folder_is_a_new_one(tmp_path: Path) -> None:
    as_pipe(tmp_path / FOLDER_FILE)
    assert folder_identity(tmp_path) == ""


@pytest.mark.parametrize("lay", [os.mkfifo, os.mkdir])
def test_in_the_place_of_the_heartbeat_the_engine_ended_without_a_word(
    tmp_path: Path, lay: Callable[[Path], None]
) -> None:
    lay(tmp_path / HEARTBEAT_FILE)
    assert HeartbeatFile(tmp_path, 1).left() == LeftBeat(None)


@pytest.mark.parametrize("is_read", [False, True])
def test_in_the_place_of_what_was_told_of_a_failed_start_that_is_remembered_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_read: bool
) -> None:
    """Among the temporary files anybody may lay one."""
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    told: list[str] = []
    with with_or_without_a_reader(as_pipe(tmp_path / TOLD_FILE), is_read=is_read):
        for _ in range(2):
            with pytest.raises(InputError), told_if_it_fails(tmp_path, told.append, lambda: BEGIN):
                raise InputError("a")
    assert told == ["a"]


def test_in_the_place_of_the_log_without_a_reader(tmp_path: Path) -> None:
    pipe = as_pipe(tmp_path / LOG_FILE)
    with pytest.raises(OSError, match="a pipe that nobody reads") as told, logging_to(tmp_path, str):
        pass
    assert told.value.filename == str(pipe)


def test_the_log_is_not_read_from_it(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    as_pipe(tmp_path / "log" / LOG_FILE)
    with pytest.raises(OSError, match="found a pipe"):
        list(log_lines(tmp_path))
