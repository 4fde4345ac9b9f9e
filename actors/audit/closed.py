"""Proves closed files by the SHA-256 that the first record of the next file holds, without walking them.

The open file is walked, and its end is the one that the database holds. So its first record is as it was
written, and with it the digest of the file before, and so on back to the first.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from actors.audit.files import content_sha256, lines_of, plain_name
from core.audit.hash_chain import ChainBrokenError, kind_of, read_record
from core.messages.audit import AuditKind, FileEnd

FIRST_OPENING = b'{"seq":1,'


def rollover(path: Path) -> FileEnd | None:
    """What the first record of a file says of the file before it; None if it says nothing.

    Raises ChainBrokenError if compressed bytes are damaged, OSError.
    """
    line = next(lines_of(path), b"")
    if not line.endswith(b"\n") or kind_of(line) != AuditKind.ROLLOVER:
        return None
    try:
        return FileEnd.model_validate(read_record(line).detail)
    except (ValidationError, ChainBrokenError):
        return None


def walked_days(days: list[list[Path]]) -> tuple[int, FileEnd | None]:
    """How many days have to be walked from the first record on, because no digest proves them, and what the
    open file says of the file before it; None if it says nothing, and then every day has to be walked.

    Raises ChainBrokenError if a closed file is not the one that the next file's first record names.
    """
    later: FileEnd | None = None
    for number in range(len(days) - 1, 0, -1):
        end = rollover(days[number][0])
        if end is None:
            return (number + 1, later) if later is not None else (len(days), None)
        _check(days[number - 1], end)
        later = later or end
    if later is None:
        return len(days), None
    if not next(lines_of(days[0][0]), b"").startswith(FIRST_OPENING):
        raise ChainBrokenError(f"{days[0][0].name}: expected record 1 as the first, found another")
    return 0, later


def _check(paths: list[Path], end: FileEnd) -> None:
    for path in paths:
        if plain_name(path) != end.file or content_sha256(path) != end.sha256:
            raise ChainBrokenError(
                f"{path.name}: expected {end.file} with SHA-256 {end.sha256}, found other bytes"
            )
