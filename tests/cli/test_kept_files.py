"""A data folder whose books or log can't be used refuses the start (code 2), and says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import kept_files
from cli.kept_files import START_BYTES_MIN, require_room, require_usable_files
from core.errors import InputError

NAMES = ("audit", "audit/audit-2026-03-01.jsonl", "cerbero.db", "cerbero.db-wal", "cerbero.db-shm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With each of `NAMES`, as a run leaves it."""
    (tmp_path / "audit").mkdir()
    for name in NAMES[1:]:
        (tmp_path / name).touch()
    return tmp_path


def test_what_a_run_has_left_is_usable(folder: Path) -> None:
    require_usable_files(folder)


def test_an_empty_folder_is_usable(tmp_path: Path) -> None:
    require_usable_files(tmp_path)


def test_a_full_disk_refuses_the_start_unless_there_is_a_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_room(tmp_path)
    monkeypatch.setattr(kept_files, "free_bytes_at", lambda _folder: START_BYTES_MIN - 1)
    with pytest.raises(InputError, match="found 1,048,575; the disk is full"):
        require_room(tmp_path)
    (tmp_path / "ballast").touch()
    require_room(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_thing_of_another_kind_is_named(folder: Path, name: str) -> None:
    path = folder / name
    if path.is_dir():
        (path / NAMES[1].partition("/")[2]).unlink()
        path.rmdir()
        path.touch()
        kind = "folder"
    else:
        path.unlink()
        path.mkdir()
        kind = "file"
    with pytest.raises(InputError, match=f"{path}: expected a {kind} of the engine's own, found none"):
        require_usable_files(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_path_of_another_user_is_named_with_what_to_do(folder: Path, name: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to own a file of another user")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 12346, 12346)
    path = folder / name
    os.chown(path, 0, 0)
    path.chmod(0o700)
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom cli.kept_files import require_usable_files\n"
        "os.chdir(sys.argv[1]); os.setgroups([]); os.setregid(12346, 12346); os.setreuid(12346, 12346)\n"
        "require_usable_files(Path())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, encoding="utf-8", check=False
    )
    assert f"InputError: {name}: expected it to be writable by this user (uid 12346)" in ran.stderr
    assert "chown -R 12346: ." in ran.stderr
