"""The operator's messages under way: which are accepted, delivered, answered, and who waits for them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from actors.control.injectable import INJECTABLE, Injectable
from actors.room import Deferred
from core.messages.base import Command, Event, Refused
from core.messages.control import InjectAccepted, InjectDone

ANSWERED_MAX = 200


@dataclass
class UnderWay:
    """One message from its acceptance to its answer."""

    request_id: str
    command: Command
    accepted_by: Deferred[InjectAccepted | Refused] | None = None
    delivered: bool = False
    waiters: list[Deferred[InjectDone | Refused]] = field(default_factory=list)

    @property
    def item(self) -> Injectable[Any]:
        return INJECTABLE[type(self.command).__name__]


class Inbox:
    """Kept in memory by one incarnation; the messages that must survive it are in the books' inbox."""

    def __init__(self) -> None:
        self._under_way: dict[str, UnderWay] = {}
        self._answered: OrderedDict[str, InjectDone] = OrderedDict()

    def add(self, entry: UnderWay) -> None:
        self._under_way[entry.request_id] = entry

    def get(self, request_id: str) -> UnderWay | None:
        return self._under_way.get(request_id)

    def drop(self, request_id: str) -> UnderWay | None:
        return self._under_way.pop(request_id, None)

    def answered(self, request_id: str) -> InjectDone | None:
        return self._answered.get(request_id)

    def delivered(self) -> tuple[UnderWay, ...]:
        """What a room was told and has not answered, oldest first."""
        return tuple(entry for entry in self._under_way.values() if entry.delivered)

    def answer(self, request_id: str, answer: Event) -> InjectDone | None:
        """Finish the message with its answer and tell who awaits it; None if it was not under way."""
        entry = self._under_way.get(request_id)
        if entry is None:
            return None
        done = InjectDone(
            request_id=request_id,
            message=entry.item.name,
            answer=type(answer).__name__,
            body=answer.model_dump_json(),
        )
        del self._under_way[request_id]
        self._answered[request_id] = done
        while len(self._answered) > ANSWERED_MAX:
            self._answered.popitem(last=False)
        for waiter in entry.waiters:
            waiter.set(done)
        return done
