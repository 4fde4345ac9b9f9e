"""Makes the data folder, locks it to one engine, and empties it only if it is marked as paper."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from actors.audit.durable import fsync_folder
from actors.control.socket_path import RUN_FOLDER
from cli.folder_lock import LOCK_RETRY_S, HeldFolder, held
from core.errors import InputError
from reading.engine_lock import LOCK, running_engine
from reading.log_lines import LOG_FOLDER
from reading.paper_folder import PAPER_MARKER, is_paper_folder
from reading.restore_begun import restore_begun

BEFORE, GONE = ".before", ".gone"
"""Folders that hold the last paper account while a new one starts, and then while it is removed."""


def make_data_folder(data_dir: Path) -> None:
    """Make the folder, open to its owner only; each room makes its own files in it.

    A new folder survives a power cut from here on. An existing one keeps its mode, because others may use it
    too. Raises InputError if it can't be made.
    """
    try:
        made = [folder for folder in (data_dir, *data_dir.parents) if not folder.exists()]
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in made:
            fsync_folder(folder.parent)
        (data_dir / LOG_FOLDER).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(f"--data-dir {data_dir}: expected a folder to write in: {error.strerror}") from None


@contextmanager
def made_with(umask: int) -> Iterator[int]:
    """Set the umask of this process and of children started in the block; yields the former umask."""
    before = os.umask(umask)
    try:
        yield before
    finally:
        os.umask(before)


def private_files() -> AbstractContextManager[int]:
    """Open files and folders made within the block to their owner only; yields the user's own umask."""
    return made_with(0o077)


@dataclass(frozen=True)
class EngineFolder:
    """The data folder in an engine's hands: where it listens, and the locks that control looks after."""

    socket: Path
    lock: HeldFolder


@contextmanager
def locked(data_dir: Path, choose_socket: Callable[[], Path]) -> Iterator[EngineFolder]:
    """Hold the folder for this process, with the path of the control socket, which the lock names.

    Raises InputError at once if another engine holds the folder; then no socket is chosen.

    The kernel releases the locks when the process ends, however it ends; the file itself stays.
    """
    with held(data_dir) as hold:
        if restore_begun(data_dir):
            raise InputError(
                f"--data-dir {data_dir}: a restore of its books was cut short; run.py state restore ends it"
            )
        socket = choose_socket()
        hold.write(json.dumps({"pid": os.getpid(), "socket": str(socket)}))
        yield EngineFolder(socket, hold)


@contextmanager
def without_engine(data_dir: Path) -> Iterator[None]:
    """Hold the folder so that no engine starts on it. Raises InputError if one runs, or another command holds
    it."""
    with held(data_dir) as hold:
        hold.write("")  # What stands there is an engine that has ended.
        yield


def others_who_write(data_dir: Path) -> str | None:
    """Who beside this user may change files in the folder, in one sentence; None if nobody.

    It is told, not refused: in a container, or where a group keeps the machine, it may be meant so.
    """
    found = data_dir.stat()
    who = []
    if found.st_uid not in (os.geteuid(), 0):
        who.append(f"its owner (uid {found.st_uid})")
    if found.st_mode & stat.S_IWGRP:
        who.append(f"the group {found.st_gid}")
    if found.st_mode & stat.S_IWOTH:
        who.append("everybody on this machine")
    if not who:
        return None
    named = shlex.quote(str(data_dir))
    do = []
    if found.st_uid not in (os.geteuid(), 0):
        # No mode keeps an owner out; and what another user's engine makes, the owner's can't use afterwards.
        do.append(f"run the engine as uid {found.st_uid}, or: chown -R {os.geteuid()}: {named}")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        do.append(f"run: chmod go-w {named}")
    return (
        f"--data-dir {data_dir}: {' and '.join(who)} can change its files: the books, and the KILL file that "
        f"stops orders; unless that is meant, {'; '.join(do)}"
    )


def require_paper_folder(data_dir: Path) -> None:
    """Raise InputError unless the folder is missing, empty, or marked as a paper account's."""
    if data_dir.exists() and not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: expected a folder, found a file")
    if not data_dir.exists() or not any(data_dir.iterdir()) or is_paper_folder(data_dir):
        return
    raise InputError(
        f"--data-dir {data_dir}: expected an empty folder or a paper account's (marked {PAPER_MARKER}), "
        "found another; nothing in it was touched"
    )


@contextmanager
def emptied_paper_folder(data_dir: Path) -> Iterator[None]:
    """Empty the folder for a new paper account. The last one is removed if the block succeeds, else put back.

    Only a folder that holds the marker is ever emptied. Raises InputError for any other.
    """
    if not is_paper_folder(data_dir):
        raise InputError(f"--data-dir {data_dir}: expected the {PAPER_MARKER} marker, found none")
    restore_paper_folder(data_dir)
    before = data_dir / BEFORE
    before.mkdir(mode=0o700)
    for path in _account(data_dir):
        path.rename(before / path.name)
    try:
        yield
    except BaseException:
        restore_paper_folder(data_dir)
        raise
    # Renamed first, so that a half removed folder is never taken for an account to put back.
    gone = data_dir / GONE
    before.rename(gone)
    shutil.rmtree(gone)


def restore_paper_folder(data_dir: Path) -> None:
    """Put back the account that a failed start had set aside, and finish removing an older one."""
    before, gone = data_dir / BEFORE, data_dir / GONE
    if gone.is_dir():
        shutil.rmtree(gone)
    if not before.is_dir():
        return
    for path in _account(data_dir):
        # A path whose name was set aside belongs to the new account; any other was not set aside yet.
        if os.path.lexists(before / path.name):
            _remove(path)
    for path in before.iterdir():
        path.rename(data_dir / path.name)
    before.rmdir()


def _account(data_dir: Path) -> list[Path]:
    own = (LOCK, PAPER_MARKER, BEFORE, GONE, RUN_FOLDER)
    return [path for path in data_dir.iterdir() if path.name not in own]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def mark_as_paper(data_dir: Path) -> None:
    """Make the folder if needed and mark it as one that holds nothing but a paper account."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / PAPER_MARKER).touch()
    except OSError as error:
        raise InputError(f"--data-dir {data_dir}: expected a folder to write in: {error.strerror}") from None


def refuse_paper_folder(data_dir: Path) -> None:
    """Raise InputError if the folder is a paper account's, which the next paper run would empty."""
    if is_paper_folder(data_dir):
        raise InputError(f"--data-dir {data_dir}: it holds a paper account, which the next paper run empties")


def wait_until_free(data_dir: Path, *, timeout_s: float) -> bool:
    """Wait until no engine holds the folder; False if one still does after `timeout_s`."""
    waited = Event()
    for _ in range(int(timeout_s / LOCK_RETRY_S)):
        if running_engine(data_dir) is None:
            return True
        waited.wait(LOCK_RETRY_S)
    return False
