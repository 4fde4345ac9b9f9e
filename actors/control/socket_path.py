"""The path of a data folder's control socket, in a folder that only this user can write to."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.errors import InputError

PATH_BYTES_MAX = 107
"""A Unix socket's path is limited to 108 bytes with its closing zero."""


def control_socket_path(data_dir: Path, environment: Mapping[str, str]) -> Path:
    """The socket's path in `cerbero-bite-<uid>/` below $XDG_RUNTIME_DIR, or else below the temporary folder.

    It is named by a hash of the data folder's path, because that path may be too long for a socket. Raises
    InputError if the result is.
    """
    name = f"{hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]}.sock"
    runtime_dir = environment.get("XDG_RUNTIME_DIR", "")
    base = Path(runtime_dir) if runtime_dir and Path(runtime_dir).is_dir() else Path(tempfile.gettempdir())
    path = base / f"cerbero-bite-{os.getuid()}" / name
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise InputError(
            f"control socket: expected a path of at most {PATH_BYTES_MAX} bytes, found {path}; "
            "set XDG_RUNTIME_DIR or TMPDIR to a shorter folder"
        )
    return path


def make_private_folder(folder: Path) -> None:
    """Make the socket's folder with mode 0700. Raises InputError if it belongs to somebody else, who may have
    made it first in a shared temporary folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InputError(f"control socket: expected {folder} to be a folder of this user, found another's")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
