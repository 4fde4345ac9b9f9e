"""A log that may be damaged, read as far as its records follow from each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from actors.audit.files import whole_lines
from core.audit.hash_chain import GENESIS, ChainBrokenError, follow, kind_of, read_record
from core.messages.audit import AuditKind

_SWITCH = (AuditKind.ARMED, AuditKind.DISARMED)


class FollowedLog:
    """Its lines. While they are read, `link` is where it could be followed to, `problem` why no further."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.link = GENESIS
        self.problem: str | None = None
        self.words: list[str] = []
        """What was said about the kill switch."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            for line in whole_lines(self._folder):
                self.link = follow(self.link, line)
                self.words += switch_words((line,))
                yield line
        except (ChainBrokenError, OSError) as error:
            self.problem = str(error)


def switch_words(lines: Iterable[bytes]) -> Iterator[str]:
    """One sentence for each arming and disarming."""
    for line in lines:
        if kind_of(line) not in _SWITCH:
            continue
        record = read_record(line)
        causes = record.detail.get("causes")
        why = ", ".join(map(str, causes)) if isinstance(causes, list) else "?"
        said = (
            f"{record.detail.get('reason')} ({why}), by {record.detail.get('who')}, {record.at.isoformat()}"
        )
        yield f"{record.kind}: {said}"
