"""32 MiB of room kept in reserve, so that on a full disk exits and the arming can still be committed."""

from __future__ import annotations

import os
from pathlib import Path

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
        """Reserve the room with real blocks, unless that is done. Raises OSError if there is none."""
        if self.present:
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, self._size_bytes)
            os.fsync(handle)
        except OSError:
            # Half a ballast would take the room away and look like a whole one to nobody.
            self._path.unlink()
            raise
        finally:
            os.close(handle)

    def release(self) -> bool:
        """Give the room back; False if there was none."""
        if not self._path.exists():
            return False
        self._path.unlink()
        return True
