"""Whether a path is an engine's data folder, for commands that would else conclude something from nothing."""

from __future__ import annotations

import os
from pathlib import Path

from core.kill_file import KILL_FILE_NAME
from reading.engine_lock import LOCK
from reading.errors import DataFolderError


def require_no_file(data_dir: Path) -> None:
    """Raise DataFolderError if something else than a folder lies there."""
    if data_dir.exists() and not data_dir.is_dir():
        raise DataFolderError(f"{data_dir}: expected a folder, found a file")


def require_engine_folder(data_dir: Path) -> None:
    """Raise DataFolderError unless an engine was here, or somebody has armed it before its first start."""
    require_no_file(data_dir)
    if not data_dir.is_dir():
        raise DataFolderError(f"{data_dir}: expected a folder, found none")
    # SQLite comes with it, and most commands that only ask the engine need none.
    from reading.books import has_books

    armed = any(data_dir.glob(f"{KILL_FILE_NAME}*"))
    if not (armed or os.path.lexists(data_dir / LOCK) or has_books(data_dir)):
        raise DataFolderError(
            f"{data_dir}: expected an engine's folder (with {LOCK} or cerbero.db), found neither"
        )
