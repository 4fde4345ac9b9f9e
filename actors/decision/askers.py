"""Who has asked for a cycle, by its slot: each is answered once, with its end or with why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from core.messages.base import Refused
from core.messages.decision import CycleWaits
from core.messages.room_status import CycleEnded
from core.orders.books import Job

SlotKey: TypeAlias = tuple[Job, datetime]


@dataclass(frozen=True)
class Asker:
    """Who asked for a cycle, and how they are answered."""

    request_id: str
    answer: Callable[[CycleWaits | CycleEnded | Refused], None]


class Askers:
    """Those who wait for an answer. A request that comes again takes the place of the first."""

    def __init__(self) -> None:
        self._by_slot: dict[SlotKey, dict[str, Asker]] = {}

    def add(self, key: SlotKey, asker: Asker) -> None:
        """Keep it until the slot has an end."""
        self._by_slot.setdefault(key, {})[asker.request_id] = asker

    def answer(self, key: SlotKey, ended: Callable[[], CycleEnded]) -> None:
        """Tell all of the slot how its cycle has ended. Of most slots nobody asks."""
        for asker in self._by_slot.pop(key, {}).values():
            asker.answer(ended().model_copy(update={"request_id": asker.request_id}))

    def refuse(self, key: SlotKey, reasons: tuple[str, ...]) -> None:
        """Tell all of the slot why there is no end."""
        for asker in self._by_slot.pop(key, {}).values():
            asker.answer(Refused(request_id=asker.request_id, reasons=reasons))
