"""Whom the control socket trusts: this user alone. Both sides look before they say anything."""

from __future__ import annotations

import os
import socket
import stat
import struct
from pathlib import Path

from core.errors import InputError

_PEER = struct.Struct("3i")  # pid, uid, gid: struct ucred


def peer_uid(connection: socket.socket) -> int:
    """The user id of the process at the other end, from the kernel (Linux only)."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    uid: int = _PEER.unpack(packed)[1]
    return uid


def require_own(path: Path) -> None:
    """Raise InputError unless this is a folder or socket of this user, and no link."""
    found = path.lstat()
    if not (stat.S_ISDIR(found.st_mode) or stat.S_ISSOCK(found.st_mode)):
        raise InputError(f"{path}: expected a folder or socket of this user, found something else")
    if found.st_uid != os.getuid():
        raise InputError(f"{path}: expected it to belong to uid {os.getuid()}, found uid {found.st_uid}")
