"""The checks of the data folder and of what lies in it; nothing is written there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from actors.health.disk import FREE_BYTES_MIN
from actors.state.ballast import BALLAST_BYTES
from cli.data_folder import others_who_write
from cli.preflight.line import LineState, PreflightCheck, PreflightLine
from core.errors import FoundWrongError, InputError
from reading.audit import verified
from reading.backups import proved_backup
from reading.books import entry_latches, has_books
from reading.engine_lock import running_engine
from reading.paper_folder import is_paper_folder
from reading.restore_begun import restore_begun
from reading.switch.stored import stored_status

FREE_BYTES_COMFORTABLE = 2 * 1024**3
"""Room for the logs (at most 200 MiB), the backups and the growth of months."""
MIB = 1024 * 1024
BACKUP_NAME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
"""A finished backup: the time at which it was made, in UTC."""


def existing(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def data_folder(data_dir: Path) -> PreflightLine:
    """Who may write there. Raises OSError."""
    nearest = existing(data_dir)
    if not nearest.is_dir():
        return PreflightLine(
            PreflightCheck.DATA_FOLDER, LineState.NOT, f"{nearest} is a file", "name a folder with --data-dir"
        )
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return PreflightLine(
            PreflightCheck.DATA_FOLDER,
            LineState.NOT,
            f"{nearest} can't be written by this user",
            "give it to the user who runs the engine, or name another folder with --data-dir",
        )
    if nearest != data_dir:
        return PreflightLine(
            PreflightCheck.DATA_FOLDER, LineState.OK, f"{data_dir} will be made, for this user alone"
        )
    if is_paper_folder(data_dir):
        return PreflightLine(
            PreflightCheck.DATA_FOLDER,
            LineState.NOT,
            f"{data_dir} holds a paper account, which the next paper run empties",
            "name another folder with --data-dir",
        )
    if restore_begun(data_dir):
        return PreflightLine(
            PreflightCheck.DATA_FOLDER,
            LineState.NOT,
            "a restore of its books was cut short",
            "run.py state restore ends it",
        )
    who = others_who_write(data_dir)
    if who is not None:
        found, _, do = who.removeprefix(f"--data-dir {data_dir}: ").partition("; ")
        return PreflightLine(PreflightCheck.DATA_FOLDER, LineState.LOOK, found, do)
    return PreflightLine(
        PreflightCheck.DATA_FOLDER, LineState.OK, f"{data_dir}, mode {data_dir.stat().st_mode & 0o777:04o}"
    )


def engine(data_dir: Path) -> PreflightLine:
    """Whether one runs. Raises DataFolderError if the lock can't be read."""
    running = running_engine(data_dir)
    if running is None:
        return PreflightLine(PreflightCheck.ENGINE, LineState.OK, "none runs on this folder")
    return PreflightLine(
        PreflightCheck.ENGINE,
        LineState.NOT,
        f"{running.named} runs on this folder, so that a start would be refused",
        "look at run.py status; run.py stop before you start it anew",
    )


def disk(data_dir: Path, free_bytes: Callable[[Path], int]) -> PreflightLine:
    """Free space where the folder lies or will lie. Raises OSError."""
    free = free_bytes(existing(data_dir))
    found = f"{free // MIB:,} MiB free"
    if free < FREE_BYTES_MIN + BALLAST_BYTES:
        return PreflightLine(
            PreflightCheck.DISK,
            LineState.NOT,
            f"{found}; below {FREE_BYTES_MIN // MIB} MiB entries are suspended",
            "free some space, or put the data folder on another disk",
        )
    if free < FREE_BYTES_COMFORTABLE:
        return PreflightLine(
            PreflightCheck.DISK,
            LineState.LOOK,
            found,
            f"{FREE_BYTES_COMFORTABLE // MIB:,} MiB carry some months",
        )
    return PreflightLine(PreflightCheck.DISK, LineState.OK, found)


def kill_switch(data_dir: Path) -> PreflightLine:
    """What the next start will find. Raises CerberoError if the books can't be read."""
    if not data_dir.is_dir():
        return PreflightLine(
            PreflightCheck.KILL_SWITCH, LineState.OK, "not armed: there is no data folder yet"
        )
    stored = stored_status(data_dir)
    if stored.armed:
        causes = ", ".join(cause.value for cause in stored.causes)
        return PreflightLine(
            PreflightCheck.KILL_SWITCH,
            LineState.NOT,
            f"armed ({causes}): {stored.reason}",
            "run.py kill-switch status; the runbook says per cause what to do before you disarm",
        )
    latched = [latch for latch in entry_latches(data_dir) if latch.latched]
    if latched:
        return PreflightLine(
            PreflightCheck.KILL_SWITCH,
            LineState.NOT,
            " · ".join(f"entries are blocked by {latch.source.value}: {latch.reason}" for latch in latched),
            'after the start: run.py resume --reason "…"',
        )
    return PreflightLine(PreflightCheck.KILL_SWITCH, LineState.OK, "not armed, entries not paused")


def audit_log(data_dir: Path) -> PreflightLine:
    """Raises CerberoError if it can't be read."""
    if not has_books(data_dir):
        return PreflightLine(PreflightCheck.AUDIT_LOG, LineState.OK, "none yet: the engine begins one")
    report = verified(data_dir)
    if report.ok:
        return PreflightLine(PreflightCheck.AUDIT_LOG, LineState.OK, "whole, and the database agrees")
    if report.restorable:
        return PreflightLine(
            PreflightCheck.AUDIT_LOG, LineState.OK, f"{report.problem}: the next start restores it"
        )
    return PreflightLine(
        PreflightCheck.AUDIT_LOG,
        LineState.NOT,
        report.problem or "not whole",
        "run.py audit verify; docs/runbook.md, The books are damaged",
    )


def backups(data_dir: Path) -> PreflightLine:
    """The newest, proved whole."""
    if not has_books(data_dir):
        return PreflightLine(
            PreflightCheck.BACKUPS,
            LineState.OK,
            "none yet: the engine makes them once it runs",
            "copy them to another machine",
        )
    listed = backup_folders(data_dir)
    if not listed:
        return PreflightLine(
            PreflightCheck.BACKUPS,
            LineState.NOT,
            "there are books and no backup of them",
            "copy the whole data folder elsewhere before you start",
        )
    try:
        proved = proved_backup(listed[-1])
    except (FoundWrongError, InputError) as error:
        return PreflightLine(
            PreflightCheck.BACKUPS,
            LineState.NOT,
            " · ".join(map(str, error.args)),
            "look for the newest whole one: run.py state restore --from data/backups/UTC --dry-run",
        )
    return PreflightLine(
        PreflightCheck.BACKUPS,
        LineState.OK,
        f"{proved.path.name} is whole, up to record {proved.end.seq}",
        "copy them to another machine",
    )


def backup_folders(data_dir: Path) -> list[Path]:
    """The finished backups, the oldest first."""
    folder = data_dir / "backups"
    return sorted(path for path in folder.glob("*") if path.is_dir() and BACKUP_NAME.fullmatch(path.name))


def anchor(path: str | None, data_dir: Path) -> PreflightLine:
    """The file on another disk that holds the head of the log. Raises OSError."""
    if path is None:
        return PreflightLine(
            PreflightCheck.ANCHOR,
            LineState.LOOK,
            "audit.anchor_path is not set: who can rewrite the whole data folder leaves no trace",
            "name a file on another disk or share, or keep the heads that alerts tell you",
        )
    file = Path(path)
    if not file.parent.is_dir():
        return PreflightLine(
            PreflightCheck.ANCHOR, LineState.NOT, f"{file.parent} is no folder", "mount the disk or share"
        )
    if os.path.lexists(file) and (file.is_symlink() or not file.is_file()):
        return PreflightLine(
            PreflightCheck.ANCHOR,
            LineState.NOT,
            f"{file} is no plain file",
            "see what it is; name another file",
        )
    writable = file if file.exists() else file.parent
    if not os.access(writable, os.W_OK) or not os.access(file.parent, os.W_OK):
        return PreflightLine(
            PreflightCheck.ANCHOR,
            LineState.NOT,
            f"{writable} can't be written by this user",
            "give this user the right",
        )
    if file.parent.stat().st_dev == existing(data_dir).stat().st_dev:
        return PreflightLine(
            PreflightCheck.ANCHOR,
            LineState.LOOK,
            f"{file} is on the disk of the data folder",
            "name a file on another disk or share: who rewrites one would rewrite both",
        )
    return PreflightLine(PreflightCheck.ANCHOR, LineState.OK, f"{file} is on another disk and can be written")
