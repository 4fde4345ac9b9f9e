"""What a command says is done is on disk: the content before its name, and the name before the answer."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from actors.state.rebuild import write_database
from config import write_hash
from core.audit.fold.books import FoldedBooks
from core.audit.hash_chain import GENESIS
from files import whole
from tests.cli.support import ROOT


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk, in order: `file` and `folder` are synced, a `name` is given."""
    found: list[str] = []
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def synced(handle: int) -> None:
        found.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def named(real: Any) -> Any:
        def name(*arguments: Any, **more: Any) -> None:
            found.append("name")
            real(*arguments, **more)

        return name

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", named(rename))
    monkeypatch.setattr(os, "replace", named(replace))
    return found


@pytest.fixture
def unsealed(tmp_path: Path) -> Path:
    path = tmp_path / "strategy.yaml"
    text = (ROOT / "strategy.yaml").read_text("utf-8")
    path.write_text(text.replace("config_hash:", "config_hash: x #", 1), encoding="utf-8")
    return path


def test_a_sealed_strategy_is_on_disk(unsealed: Path, steps: list[str]) -> None:
    write_hash(unsealed)
    assert steps == ["file", "name", "folder"]


def test_a_strategy_that_is_sealed_in_its_place_is_on_disk(
    unsealed: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_where: object) -> tuple[Path, BinaryIO]:
        raise PermissionError(errno.EACCES, "the folder can't be written")

    monkeypatch.setattr(whole, "_new_beside", refused)
    write_hash(unsealed)
    assert steps == ["file"]


def test_rebuilt_books_are_on_disk(tmp_path: Path, steps: list[str]) -> None:
    write_database(tmp_path, FoldedBooks(), GENESIS, None, 0)
    assert steps == ["file", "name", "folder"]
