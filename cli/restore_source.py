"""What may not be restored from, and into: books in use are no backup, and a backup is no data folder."""

from __future__ import annotations

from pathlib import Path

from actors.audit.files import AUDIT_FOLDER
from actors.state.backup_manifest import MANIFEST_FILE
from actors.state.database import DATABASE_FILE
from core.errors import InputError
from reading.engine_lock import running_engine


def require_apart(backup: Path, data_dir: Path) -> None:
    """Raise InputError, with nothing changed, unless the one is a backup and the other a folder for it,
    whatever links lead there.

    Whoever restored a folder from itself would believe to have a backup.
    """
    parts = ("", AUDIT_FOLDER, DATABASE_FILE)
    if any(_same(backup / part, data_dir / part) for part in parts):
        raise InputError(
            f"--from {backup}: expected a backup (backups/<utc>), found the books of {data_dir} themselves; "
            "nothing was changed"
        )
    if (data_dir / MANIFEST_FILE).exists():
        raise InputError(
            f"--data-dir {data_dir}: expected an engine's folder, found a backup ({MANIFEST_FILE}); "
            "nothing was changed"
        )
    if running_engine(backup) is not None:
        raise InputError(
            f"--from {backup}: expected a backup, found a folder on which an engine runs; nothing was changed"
        )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False  # One of them is not there.
