"""The socket file on which the control server listens: bound, looked after, and bound again."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import tempfile
from pathlib import Path
from threading import Lock

from actors.control.socket_path import make_private_folder
from core.errors import InputError

BACKLOG = 8


class Listener:
    """Listens at its path from `bind` to `close`. One thread binds and accepts, any may close."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._wake: tuple[socket.socket, socket.socket] | None = None
        """What ends a wait in `accept`: that the listening socket is shut down does not, on every Linux."""
        self._bound_as: tuple[int, int] | None = None
        """Device and inode of the socket file that is ours."""
        self._closed = False

    def bind(self) -> None:
        """Listen, instead of where it has listened. What lies in the way is removed: as we hold the data
        folder's lock, its engine is dead. Raises OSError, InputError."""
        bound = self._bound()
        try:
            self._wake = self._wake or socket.socketpair()
        except OSError:
            bound.close()
            raise
        with self._lock:
            before, self._socket = self._socket, bound
            if self._closed:
                self._end()
        if before is not None:
            before.close()

    def is_in_place(self) -> bool:
        """Whether our socket file is where clients look for it."""
        try:
            found = self.path.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._bound_as

    def accept(self, within_s: float) -> socket.socket:
        """The next connection. Raises TimeoutError, and OSError also once it is closed."""
        listening, wake = self._socket, self._wake
        if listening is None or wake is None:
            raise OSError("the socket is not bound")
        waiting = select.poll()
        for one in (listening, wake[0]):
            waiting.register(one, select.POLLIN)
        found = [number for number, _ in waiting.poll(within_s * 1000)]
        if not found:
            raise TimeoutError
        if wake[0].fileno() in found:
            raise OSError(errno.EBADF, "the socket is closed")
        listening.setblocking(False)
        try:
            connection, _ = listening.accept()
        except BlockingIOError:
            raise TimeoutError from None  # Whoever it was has gone away.
        connection.setblocking(True)
        return connection

    def close(self) -> None:
        """Stop listening and remove the socket file; safe to call twice, and from another thread.

        The descriptor stays until whoever accepts lets go. Closed under a wait in `accept`, its number may be
        the next listener's when the wait is over, whose connection would be taken and dropped.
        """
        with self._lock:
            self._closed = True
            self._end()

    def let_go(self) -> None:
        """Give the descriptors back: called by whoever accepts, and will not any more."""
        with self._lock:
            held = (self._socket, *(self._wake or ()))
            self._socket = self._wake = None
        for one in held:
            if one is not None:
                one.close()

    def _end(self) -> None:
        if self._socket is None or self._wake is None:
            return
        # First, or a wait may end by the shutdown alone, which says nothing of an end.
        self._wake[1].close()
        # Who connects from here on is refused, not left waiting.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self.is_in_place():
            # One that is left leads nowhere; whoever binds there next removes it, or is told why not.
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _bound(self) -> socket.socket:
        self._make_folder()
        self._make_way()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(self.path))
            self.path.chmod(0o600)
            listening.listen(BACKLOG)
            found = self.path.lstat()
        except OSError:
            listening.close()
            raise
        self._bound_as = (found.st_dev, found.st_ino)
        return listening

    def _make_folder(self) -> None:
        """The folder of the socket. What is none of this user's is moved aside, where that can be done."""
        folder = self.path.parent
        try:
            make_private_folder(folder)
        except (FileExistsError, InputError):
            aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
            try:
                folder.rename(aside / folder.name)
            except OSError:
                aside.rmdir()
                raise
            make_private_folder(folder)

    def _make_way(self) -> None:
        """Remove what lies where the socket goes; a folder is moved aside with what is in it."""
        if self.path.is_dir() and not self.path.is_symlink():
            self.path.rename(tempfile.mkdtemp(prefix=f"{self.path.name}-", dir=self.path.parent))
        else:
            self.path.unlink(missing_ok=True)
