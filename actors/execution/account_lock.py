"""One engine per account on one machine: a name that the kernel gives to one process at a time.

It is a socket in the abstract namespace of Linux. Unlike a file it needs no folder that all users and
services of the machine share, nothing of it is left over, and it is free again in the moment in which its
process ends, however that ends. Nobody talks over it; whoever finds the name taken asks the kernel by whom.
"""

from __future__ import annotations

import errno
import socket
import struct
from hashlib import sha256
from typing import Final, Protocol

from core.values import Environment

_PREFIX: Final = "\0cerbero-bite/account/"
_PEER: Final = struct.Struct("3i")
_ASK_S: Final = 0.2


class AccountLock(Protocol):
    """One per process: it outlives every incarnation of execution."""

    def acquire(self, environment: Environment, account: str) -> str | None:
        """Take the lock of an account, or keep it. Returns who else has it, or None if this process does."""

    def release(self) -> None:
        """Give it back, if it was taken."""


class MachineAccountLock:
    """The lock of the machine that this process runs on.

    An account is known by its environment and name. Paper accounts all have one name and exist once per
    venue, so that the venue's address belongs to theirs.
    """

    def __init__(self, venue_url: str) -> None:
        self._venue_url = venue_url
        self._held: socket.socket | None = None
        self._name: str | None = None

    def acquire(self, environment: Environment, account: str) -> str | None:
        parts = [environment.value, account]
        if environment is Environment.PAPER:
            parts.append(self._venue_url)
        name = _PREFIX + sha256("\n".join(parts).encode()).hexdigest()
        if name == self._name:
            return None
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            taken.bind(name)
            taken.listen(1)
        except OSError as error:
            taken.close()
            if error.errno != errno.EADDRINUSE:
                raise
            return _holder(name)
        self.release()
        self._held, self._name = taken, name
        return None

    def release(self) -> None:
        held, self._held, self._name = self._held, None, None
        if held is not None:
            held.close()


def _holder(name: str) -> str:
    """Who has the name, as far as the kernel tells."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ASK_S)
        try:
            asking.connect(name)
            pid, uid, _ = _PEER.unpack(asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        except OSError:
            return "another process"
    return f"another process (pid {pid}, user {uid})"
