"""The latches on entries: each blocks entries, over restarts too, until a person resumes them.

They are rows of the books, one for each source. A room that finds that no entry may follow tells state
`LatchEntries`; a person pauses and resumes through the kill switch (`core.messages.kill_switch`).
"""

from __future__ import annotations

from datetime import datetime

from core.messages.recording import Recording
from core.orders.books import LatchSource


class LatchEntries(Recording):
    """Block entries until a person resumes them. Answered by `Recorded`.

    A latch that is set stays as it is, since when it was; another reason replaces its own.
    """

    source: LatchSource
    reason: str
    who: str
    at: datetime
    inbox_request_id: str = ""
    """Of a person's message: its row. If a later message has resumed entries already, nothing changes."""


class LiftLatches(Recording):
    """A person resumes entries: lift those latches that are older than their message.

    Answered by `LatchesLifted`.
    """

    sources: tuple[LatchSource, ...]
    reason: str
    who: str
    at: datetime
    inbox_request_id: str
