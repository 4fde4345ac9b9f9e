"""32 MiB of disk space kept in reserve, so that exits and an arming can be committed even on a full disk."""

from __future__ import annotations

import os
from pathlib import Path

from actors.failpoints import Failpoint, reach
from files.plain import open_plain

BALLAST_FILE = "ballast"
BALLAST_BYTES = 32 * 1024 * 1024


class Ballast:
    """The file `ballast` of a data folder."""

    def __init__(self, data_dir: Path, size_bytes: int = BALLAST_BYTES) -> None:
        self._path = data_dir / BALLAST_FILE
        self._size_bytes = size_bytes

    @property
    def present(self) -> bool:
        return self._path.exists() and self._path.stat().st_size >= self._size_bytes

    def take(self) -> None:
        """Reserve the space by allocating its blocks, unless that is done. Raises OSError on failure."""
        if self.present:
            return
        handle = open_plain(self._path, os.O_WRONLY | os.O_CREAT)
        try:
            os.posix_fallocate(handle, 0, self._size_bytes)
            reach(Failpoint.BALLAST_TAKEN)
            os.fsync(handle)
            reach(Failpoint.BALLAST_SYNCED)
        except OSError:
            # A partial ballast would use up space without counting as present.
            self._path.unlink()
            raise
        finally:
            os.close(handle)

    def release(self) -> bool:
        """Free the reserved space; False if there was none."""
        if not self._path.exists():
            return False
        self._path.unlink()
        reach(Failpoint.BALLAST_RELEASED)
        return True
