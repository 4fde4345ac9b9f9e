"""The `KILL` file: if it exists, the switch is armed. A finished write or removal survives a crash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from core.kill_file import KILL_FILE_NAME, KillFile


class KillFilePort(Protocol):
    """What the kill switch needs of its file. Each method may raise OSError."""

    def read(self) -> bytes | None:
        """The content, or None if there is no file."""

    def write(self, content: KillFile) -> None:
        """File and folder are on disk when this returns."""

    def remove(self) -> None:
        """The removal is on disk when this returns; harmless if there is no file."""


class DiskKillFile:
    """The file in the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir
        self._path = data_dir / KILL_FILE_NAME
        self._new = data_dir / f"{KILL_FILE_NAME}.new"

    def read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, content: KillFile) -> None:
        """Replace the file atomically: if there was one, there is one at every moment."""
        with self._new.open("wb") as file:
            file.write(content.to_bytes())
            file.flush()
            os.fsync(file.fileno())
        self._new.replace(self._path)
        self._sync_folder()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
        self._sync_folder()

    def _sync_folder(self) -> None:
        with _opened(self._folder) as descriptor:
            os.fsync(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
