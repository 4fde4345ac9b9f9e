"""The operator's messages under way: which are accepted, delivered, answered, and who waits for them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from actors.control.injectable import INJECTABLE, Injectable
from actors.room import Deferred
from actors.runtime import Timer
from core.messages.base import Command, Event, Refused
from core.messages.control import InjectAccepted, InjectDone, InjectWaits

ANSWERED_MAX = 200
UNDER_WAY_MAX = 200
"""Messages under way at a time; a person who has that many is refused another one."""


@dataclass
class UnderWay:
    """One message from its acceptance until its person has been told its end.

    `asker`: whoever sent it still waits, and will say whether they learned the end.
    """

    request_id: str
    command: Command
    who: str
    asker: str = ""
    accepted_by: Deferred[InjectAccepted | Refused] | None = None
    delivered: bool = False
    on_disk: bool | None = None
    """Whether the books have its row; None until they have answered."""
    early: Event | None = None
    """What its room has said before that."""
    deliveries: int = 0
    unheard: int = 0
    """Deliveries in a row that the room has said nothing to."""
    refusals: int = 0
    """Answers in a row by which the room did not take it up."""
    crashes: int = 0
    """Ends of the room in a row without a word in between."""
    waits_for_recovery: bool = False
    again: Timer | None = None
    word: InjectWaits | None = None
    done: InjectDone | None = None
    end: Event | None = None
    waiters: list[Deferred[InjectDone | InjectWaits | Refused]] = field(default_factory=list)

    @property
    def item(self) -> Injectable[Any]:
        return INJECTABLE[type(self.command).__name__]

    def say(self, text: str) -> None:
        """Tell who waits what the message waits for, unless they know it."""
        number = 0 if self.word is None else self.word.number
        if self.word is not None and self.word.text == text:
            return
        self.word = InjectWaits(request_id=self.request_id, number=number + 1, text=text)
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter.set(self.word)


class Inbox:
    """Kept in memory by one incarnation; the messages that must survive it are in the books' inbox."""

    def __init__(self) -> None:
        self._under_way: dict[str, UnderWay] = {}
        self._answered: OrderedDict[str, InjectDone] = OrderedDict()

    @property
    def is_full(self) -> bool:
        return len(self._under_way) >= UNDER_WAY_MAX

    def add(self, entry: UnderWay) -> None:
        self._under_way[entry.request_id] = entry

    def get(self, request_id: str) -> UnderWay | None:
        return self._under_way.get(request_id)

    def drop(self, request_id: str) -> UnderWay | None:
        return self._under_way.pop(request_id, None)

    def answered(self, request_id: str) -> InjectDone | None:
        return self._answered.get(request_id)

    def was_delivered(self, request_id: str) -> bool:
        """Whether the message is on disk and on its way, or has ended."""
        entry = self._under_way.get(request_id)
        return request_id in self._answered or (entry is not None and entry.delivered)

    def message_of(self, request_id: str) -> str | None:
        """The name of the message under this id, also of one that has ended; None if it is not known."""
        entry, done = self._under_way.get(request_id), self._answered.get(request_id)
        if entry is not None:
            return entry.item.name
        return None if done is None else done.message

    def asked_by(self, asker: str) -> UnderWay | None:
        """The message whose end this asker waits for."""
        return next((e for e in self._under_way.values() if asker and e.asker == asker), None)

    def open(self) -> tuple[UnderWay, ...]:
        """What was delivered and has no end yet, oldest first."""
        return tuple(e for e in self._under_way.values() if e.delivered and e.done is None)

    def finish(self, entry: UnderWay, answer: Event) -> InjectDone:
        """Keep the message's end and tell who awaits it. The entry stays until it is dropped."""
        done = InjectDone(
            request_id=entry.request_id,
            message=entry.item.name,
            answer=type(answer).__name__,
            body=answer.model_dump_json(),
        )
        entry.done, entry.end = done, answer
        self._answered[entry.request_id] = done
        while len(self._answered) > ANSWERED_MAX:
            self._answered.popitem(last=False)
        waiters, entry.waiters = entry.waiters, []
        for waiter in waiters:
            waiter.set(done)
        return done
