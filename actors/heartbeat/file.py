"""The file `heartbeat` of the data folder: one line that changes every minute while the engine lives.

`alive BEAT AT PID WELL` or `stopped BEAT AT PID REASON`; BEAT never repeats. `scripts/watchdog.sh` reads it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.text import visible
from files.plain import open_plain

HEARTBEAT_FILE: Final = "heartbeat"
_DRAFT: Final = "heartbeat.draft"
LINE_BYTES_MAX: Final = 1000


@dataclass(frozen=True)
class LeftBeat:
    """The last beat of an engine that was not stopped; `at` is None if the file does not say when."""

    at: datetime | None


class HeartbeatFile:
    """Writes and reads the file of one data folder. `pid` is this process's."""

    def __init__(self, data_dir: Path, pid: int) -> None:
        self._path = data_dir / HEARTBEAT_FILE
        self._draft = data_dir / _DRAFT
        self._pid = pid

    def beat(self, beat: str, at: datetime, *, well: bool) -> None:
        """Raises OSError."""
        self._write(f"alive {beat} {_text(at)} {self._pid} {'well' if well else 'unwell'}")

    def stopped(self, at: datetime, reason: str) -> None:
        """The engine has ended in good order: that no beat follows is no sign. Raises OSError."""
        self._write(f"stopped - {_text(at)} {self._pid} {visible(reason)[:500]}")

    def left(self) -> LeftBeat | None:
        """What an engine left that was not stopped; None if the last one was, or there was none."""
        try:
            handle = open_plain(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError:
            return LeftBeat(None)
        with os.fdopen(handle, "rb") as file:
            words = file.read(LINE_BYTES_MAX).decode("utf-8", "replace").split(" ")
        if words[0] == "stopped":
            return None
        try:
            at = datetime.fromisoformat(words[2])
        except (IndexError, ValueError):
            return LeftBeat(None)
        return LeftBeat(at if at.tzinfo is not None else None)

    def _write(self, line: str) -> None:
        """In one step, so that nobody reads half a line. Not synced: it need not outlive a power cut."""
        handle = open_plain(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{line}\n")
        self._draft.replace(self._path)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
