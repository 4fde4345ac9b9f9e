"""The place of a data folder's control socket: a folder that only this user can write to."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from actors.control.trust import require_own
from core.errors import InputError

PATH_BYTES_MAX = 107
"""A Unix socket's path is limited to 108 bytes with its closing zero."""
RANDOM_LENGTH = 8
"""Characters that `mkdtemp` adds to its prefix."""
RUN_FOLDER = "run"
"""Of the data folder. A path below it is as private as the books, and the same in every environment."""
SOCKET_NAME = "control.sock"


def choose_socket(data_dir: Path, environment: Mapping[str, str]) -> Path:
    """A path where this process can listen, in the first folder of these that is usable.

    `run/` of the data folder, unless its path is too long or its file system has no sockets;
    `cerbero-bite-<uid>/` below $XDG_RUNTIME_DIR; the same below the temporary folder; there a new folder with
    a random name, because anybody may have taken the others. Raises InputError that says what is wrong with
    each.
    """
    refused = []
    for path in _candidates(data_dir, environment):
        try:
            _try(path)
        except InputError as error:
            refused.append(str(error))
        except OSError as error:
            refused.append(f"{path.parent}: {error.strerror or error}")
        else:
            return path
    raise InputError(f"control socket: expected a folder to listen in, found none: {'; '.join(refused)}")


def _candidates(data_dir: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    data_dir = data_dir.resolve()
    yield data_dir / RUN_FOLDER / SOCKET_NAME
    # Elsewhere the engines of several data folders share a folder.
    name = f"{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}.sock"
    mine = f"cerbero-bite-{os.getuid()}"
    runtime_dir = environment.get("XDG_RUNTIME_DIR", "")
    if runtime_dir and Path(runtime_dir).is_dir():
        yield Path(runtime_dir) / mine / name
    shared = Path(tempfile.gettempdir())
    yield shared / mine / name
    # `mkdtemp` makes the folder, so it is only asked for one whose path fits.
    random_name = f"{mine}-{'x' * RANDOM_LENGTH}"
    if len(os.fsencode(shared / random_name / name)) > PATH_BYTES_MAX:
        yield shared / random_name / name
    else:
        yield Path(tempfile.mkdtemp(prefix=f"{mine}-")) / name


def _try(path: Path) -> None:
    """Bind a socket beside the path and remove it again. Raises InputError or OSError."""
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise InputError(f"{path}: expected a path of at most {PATH_BYTES_MAX} bytes")
    make_private_folder(path.parent)
    trial = path.with_name(f"{os.getpid()}.try")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        trial.unlink(missing_ok=True)
        listener.bind(str(trial))
        trial.unlink()


def make_private_folder(folder: Path) -> None:
    """Make the socket's folder with mode 0700. Raises InputError if it belongs to somebody else, who may have
    made it first in a shared temporary folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    require_own(folder)
    if stat.S_IMODE(folder.lstat().st_mode) != 0o700:
        folder.chmod(0o700)
