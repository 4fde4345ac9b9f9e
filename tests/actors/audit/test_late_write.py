"""A write that hung and ends late changes nothing of what a successor has written meanwhile."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.audit.files import append_bytes, cut_off
from actors.runtime.errors import Fenced
from core.messages.audit import AuditBatch

FIRST = AuditBatch(
    first_seq=1, last_seq=1, last_hash="0" * 64, file="audit-2026-01-05.jsonl", offset=0, payload=b"one\n"
)
BEHIND = b"two\n"


def replaced() -> None:
    raise Fenced("audit: incarnation 1 was replaced")


class LateDisk:
    """Hangs in the sync: meanwhile a successor goes on behind these bytes, and then the sync fails."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, handle: int) -> None:
        with self.path.open("ab") as file:
            file.write(BEHIND)
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    ("check_live", "raised", "left"),
    [(replaced, Fenced, b"one\ntwo\n"), (lambda: None, OSError, b"")],
    ids=["replaced", "alone"],
)
def test_a_failure_that_comes_late_takes_nothing_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    check_live: Callable[[], None],
    raised: type[Exception],
    left: bytes,
) -> None:
    path = tmp_path / FIRST.file
    looks = iter((lambda: None, check_live))
    monkeypatch.setattr("os.fsync", LateDisk(path))
    with pytest.raises(raised):
        append_bytes(tmp_path, FIRST, lambda: next(looks)())
    assert path.read_bytes() == left


def test_a_life_that_was_replaced_before_it_writes_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Fenced):
        append_bytes(tmp_path, FIRST, replaced)
    assert (tmp_path / FIRST.file).read_bytes() == b""


@pytest.mark.parametrize(
    "write", [lambda folder: append_bytes(folder, FIRST), lambda folder: cut_off(folder / FIRST.file, 2)]
)
def test_a_file_in_which_a_write_hangs_is_left_alone(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """What comes first would else be there twice: the late bytes, and those that complete them."""
    path = tmp_path / FIRST.file
    path.write_bytes(b"tail")
    hung = os.open(path, os.O_WRONLY)
    try:
        fcntl.flock(hung, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="a write of an earlier life hangs in it"):
            write(tmp_path)
        assert path.read_bytes() == b"tail"
    finally:
        os.close(hung)
    cut_off(path, 2)
    assert path.read_bytes() == b"ta"
