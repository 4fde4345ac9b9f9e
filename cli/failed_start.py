"""A start that is given up tells the operator why: once for each reason, however often it is tried again."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cli.folder_lock import FolderInUseError
from core.errors import CerberoError
from files.plain import open_plain

TOLD_FILE: Final = "start_failed"
TOLD_AGAIN_AFTER: Final = timedelta(hours=6)
REASONS_MAX: Final = 8
_BYTES_MAX: Final = 4096

logger = logging.getLogger("cli.failed_start")


@contextmanager
def told_if_it_fails(
    data_dir: Path, tell: Callable[[str], object] | None, read_clock: Callable[[], datetime]
) -> Iterator[None]:
    """Run a start. If it is given up, `tell` the reason unless it was told less than six hours ago.

    That another engine runs on the folder is for the person at the terminal alone. A file in the data folder
    remembers what was told, or one among the temporary files if the folder can't be written. If neither can,
    nothing is told: a loop of restarts must not become a flood of messages.
    """
    try:
        yield
    except FolderInUseError:
        raise
    except (CerberoError, OSError) as error:
        reason = str(error) or type(error).__name__
        if tell is not None and _remember(data_dir, reason, read_clock()):
            tell(reason)
        raise


def ended_well(data_dir: Path) -> None:
    """The engine has run and was stopped: the next start that fails is told whatever was told before."""
    for path in _files(data_dir):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _files(data_dir: Path) -> tuple[Path, Path]:
    folder = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return data_dir / TOLD_FILE, Path(
        tempfile.gettempdir()
    ) / f"cerbero-bite-{os.getuid()}-{TOLD_FILE}-{folder}"


def _remember(data_dir: Path, reason: str, now: datetime) -> bool:
    """Whether this reason was not told lately; True only if it is remembered from now on."""
    digest = hashlib.sha256(reason.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    kept: dict[str, datetime] = {}
    for path in _files(data_dir):
        kept |= {key: at for key, at in _told(path).items() if abs(now - at) < TOLD_AGAIN_AFTER}
    if digest in kept:
        return False
    newest = sorted(kept.items(), key=lambda told: told[1])[-REASONS_MAX:]
    lines = {key: at.isoformat() for key, at in (*newest, (digest, now))}
    for path in _files(data_dir):
        try:
            _write(path, json.dumps(lines))
        except OSError as error:
            logger.warning("%s can't be written", path, exc_info=error)
        else:
            return True
    return False


def _write(path: Path, text: str) -> None:
    handle = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _told(path: Path) -> dict[str, datetime]:
    """Each reason's digest with the time at which it was told; empty if the file can't be read."""
    try:
        handle = open_plain(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            found = json.loads(file.read(_BYTES_MAX))
        told = {str(key): datetime.fromisoformat(str(at)) for key, at in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}
    return {key: at for key, at in told.items() if at.tzinfo is not None}
