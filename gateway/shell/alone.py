"""One process of a kind at a time in a folder: by a lock on a file in it, and by a name of the kernel's.

The file can be deleted, and then keeps nobody out. The name, in the abstract socket namespace as that of an
account (`docs/decisions/account-lock.md`), can't; but a container with a network of its own does not see it.
The folder itself is not locked, because an engine may have it (`docs/decisions/two-locks-of-a-folder.md`).
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Final

_AGAIN_S: Final = 0.05
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class AloneIn:
    """The folder, which no other process of this kind has from the construction to `close`. It must exist."""

    def __init__(self, folder: Path, file: str, *, within_s: float = 0.0) -> None:
        """`file` is the lock's name, and stands for the kind.

        Raises BlockingIOError if another process keeps it for so long, and OSError.
        """
        for left in range(int(within_s / _AGAIN_S), -1, -1):
            try:
                self._taken, self._file = _taken(folder, file)
            except BlockingIOError:
                if not left:
                    raise
                Event().wait(_AGAIN_S)
            else:
                return

    def note(self, text: str) -> None:
        """Write in the file who holds the folder. Raises OSError."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)

    def close(self) -> None:
        """Let another process in; safe to call twice. The file stays."""
        self._taken.close()


def _taken(folder: Path, file: str) -> tuple[ExitStack, int]:
    """The name first, so that nothing is made in a folder that is in use."""
    with ExitStack() as taken:
        named = taken.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        found = folder.stat()
        key = f"{file}\n{found.st_dev}:{found.st_ino}"
        try:
            named.bind(f"\0cerbero-bite/folder/{sha256(key.encode()).hexdigest()}")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(folder)) from None
            raise
        handle = os.open(folder / file, _FLAGS, 0o600)
        taken.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return taken.pop_all(), handle
