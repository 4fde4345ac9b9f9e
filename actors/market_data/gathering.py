"""One picture under way: what it still waits for, what has come, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from actors.market_data.parts import CHAIN, Part
from actors.runtime import Timer
from core.messages.market_data import FaultKind, SnapshotFault
from core.messages.mcp import Router
from core.orders.books import Books
from core.values import CycleId


class Purpose(StrEnum):
    ENTRY = "entry"
    MONITOR = "monitor"
    STORED = "stored"


@dataclass
class Gathering:
    """`key` is unique; a fetch's id is `{key}:{tool}`. `slot` is the due moment of a stored picture."""

    key: str
    purpose: Purpose
    request_id: str
    cycle_id: CycleId | None
    slot: datetime
    deadline: datetime
    answer: Callable[[object], None]
    expirations: tuple[datetime, ...] = ()
    spot_4h_ago_usd: float | None = None
    waiting: dict[str, Part] = field(default_factory=dict)
    answers: dict[str, object] = field(default_factory=dict)
    faults: list[SnapshotFault] = field(default_factory=list)
    needs_books: bool = False
    books: Books | None = None
    timer: Timer | None = None

    def expect(self, part: Part) -> str:
        """Wait for `part`; the id of its fetch."""
        fetch_id = f"{self.key}:{part.tool}"
        self.waiting[fetch_id] = part
        return fetch_id

    def take(self, fetch_id: str, answer: object) -> Part | None:
        """Keep an answer; None where nothing waits for it any more."""
        part = self.waiting.pop(fetch_id, None)
        if part is not None:
            self.answers[part.tool] = answer
        return part

    def fail(self, fetch_id: str, kind: str, detail: str) -> None:
        """A part will not come. One that the picture may lack leaves no fault."""
        part = self.waiting.pop(fetch_id, None)
        if part is not None and part.required:
            self.faults.append(
                SnapshotFault(source=part.router.value, part=part.tool, kind=kind, detail=detail)
            )

    def fail_router(self, router: Router, detail: str) -> bool:
        """The router's actor ended: its fetches under way are lost. True where that concerned this one."""
        lost = [fetch_id for fetch_id, part in self.waiting.items() if part.router is router]
        for fetch_id in lost:
            self.fail(fetch_id, FaultKind.ACTOR_FAILED.value, detail)
        return bool(lost)

    def fail_waiting(self, detail: str) -> None:
        """The deadline passed."""
        for fetch_id in list(self.waiting):
            self.fail(fetch_id, FaultKind.NO_ANSWER.value, detail)
        if self.needs_books and self.books is None:
            self.faults.append(
                SnapshotFault(source="state", part="get_books", kind=FaultKind.NO_ANSWER.value, detail=detail)
            )

    @property
    def ready(self) -> bool:
        """Nothing is waited for."""
        return not self.waiting and (self.books is not None or not self.needs_books)

    @property
    def has_chain(self) -> bool:
        return CHAIN in self.answers
