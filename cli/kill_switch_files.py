"""Reads and arms the kill switch without an engine, by the KILL file and the row in the books."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from actors.kill_switch import DiskKillFile
from core.errors import InputError
from core.kill_file import KILL_FILE_NAME, KillFile, parse_kill_file
from core.messages.kill_switch import ArmCause
from core.values import Value


class StoredSwitch(Value):
    """The switch as stored: armed if either the KILL file or the books say so."""

    armed: bool
    causes: tuple[ArmCause, ...] = ()
    reason: str = ""
    who: str = ""
    at: datetime | None = None
    exits_blocked: bool = False
    file: bool = False


def write_kill_file(data_dir: Path, reason: str, who: str) -> None:
    """Arm without the engine, because none runs or it does not listen. Raises InputError.

    The time is this machine's, because arming must work even if nothing else does.
    """
    content = KillFile(causes=(ArmCause.OPERATOR,), reason=reason, who=who, at=datetime.now(UTC))
    try:
        DiskKillFile(data_dir).write(content)
    except OSError as error:
        raise InputError(f"{data_dir / KILL_FILE_NAME}: can't be written: {error.strerror}") from None


def stored_status(data_dir: Path) -> StoredSwitch:
    """The stored switch: from the KILL file, because that is what stops orders, else from the books' row."""
    from reading.books import kill_switch_row

    if not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: expected a folder, found none")
    content = DiskKillFile(data_dir).read()
    if content is not None:
        parsed = parse_kill_file(content)
        if parsed is None:
            reason = "the KILL file's content can't be read; it blocks everything all the same"
            return StoredSwitch(
                armed=True, causes=(ArmCause.KILL_FILE,), reason=reason, exits_blocked=True, file=True
            )
        return StoredSwitch(
            armed=True,
            causes=parsed.causes,
            reason=parsed.reason,
            who=parsed.who,
            at=parsed.at,
            exits_blocked=parsed.exits_blocked,
            file=True,
        )
    row = kill_switch_row(data_dir)
    if row is None or not row.armed:
        return StoredSwitch(armed=False)
    return StoredSwitch(
        armed=True, causes=row.causes, reason=row.reason, who=row.who, at=row.at, exits_blocked=True
    )
