"""What a walk over the records remembers of the kill switch and of a break."""

from __future__ import annotations

from core.audit.hash_chain import kind_of
from core.audit.switch_word import switch_word
from core.messages.audit import AuditKind, SwitchWord

MAY_ARM = b'ARMED","correlation"'
KIND_WITHIN = 200
"""The kind and the key after it stand in the first so many bytes of a record."""


class WordsOfSwitch:
    """`broken_before`: the first record is CHAIN_BROKEN, and no DISARMED after it says that a person accepted
    that."""

    def __init__(self, last: SwitchWord | None = None, *, broken_before: bool = False) -> None:
        self._last = last
        self._line: bytes | None = None
        self.broken_before = broken_before

    @property
    def last(self) -> SwitchWord | None:
        """What the last record that arms or disarms says."""
        return self._last if self._line is None else switch_word(self._line)

    def note(self, seq: int, line: bytes) -> None:
        """Take note of record number `seq`."""
        if seq == 1:
            self.broken_before = kind_of(line) == AuditKind.CHAIN_BROKEN
        # Looking for these few bytes first keeps the walk over a long log fast.
        if MAY_ARM in line[:KIND_WITHIN] and kind_of(line) in (AuditKind.ARMED, AuditKind.DISARMED):
            self._line = line
            if accepts_break(line):
                self.broken_before = False


def accepts_break(line: bytes) -> bool:
    """Whether a record says that a person goes on after a broken chain: any disarming had to say so."""
    return kind_of(line) == AuditKind.DISARMED
