"""The gateway's file: what can't be used is named at the start, and lets the folder go."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.live.store import FILE, VERSION, StateFolder


def stamped(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()


UNUSABLE: list[tuple[Callable[[Path], object], str]] = [
    (Path.mkdir, "unable to open database file"),
    (os.mkfifo, "disk I/O error"),
    (lambda path: path.write_bytes(b"x" * 9000), "file is not a database"),
    (
        lambda path: stamped(path, VERSION + 1),
        f"user_version: expected at most {VERSION}, found {VERSION + 1}: a newer one wrote it",
    ),
]


@pytest.mark.parametrize(("spoil", "said"), UNUSABLE)
def test_a_file_that_can_not_be_used_is_named_and_the_folder_is_free_again(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(tmp_path / FILE)
    for _ in range(2):
        with pytest.raises(InputError, match=f"{tmp_path}: {FILE} can't be read: {said}"):
            StateFolder(tmp_path)


def test_a_file_of_before_it_said_its_version_is_gone_on_with(tmp_path: Path) -> None:
    first = StateFolder(tmp_path)
    first.put_fact("a", "b")
    first.close()
    stamped(tmp_path / FILE, 0)
    again = StateFolder(tmp_path)
    assert again.fact("a") == "b"
    assert again.db.execute("PRAGMA user_version").fetchone()[0] == VERSION
    again.close()
