"""The durable commands of a person: delivered until their final outcome, which the person is then told.

A command is acknowledged when its row is on disk. The row is closed only after its end has reached the
person: over the socket, or as an alert on record. Until then a restart delivers it again, and its room finds
by the row's id and time what it did before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from actors.control.inbox import Inbox, UnderWay
from actors.control.injectable import build
from actors.control.rooms import ControlRooms
from actors.control.words import Kind, end_alert, word_of
from actors.failpoints import Failpoint, reach
from actors.runtime import Outbox, OwnContext, Terminated
from core.errors import InputError
from core.messages.alerting import AlertRaised, RaiseAlert, Severity
from core.messages.base import Event, Refused
from core.messages.control import AwaitEnded, InjectAccepted
from core.messages.execution import ClosePosition, ExitEnded
from core.messages.state import (
    GetOpenInbox,
    InboxItem,
    InboxRecorded,
    OpenInbox,
    RecordInbox,
    RecordInboxDone,
)
from core.values import PositionId

LOOK_AGAIN_S: Final = 60.0
"""A room that works on a command is told it again after this, in case it has lost it."""
LOOK_AGAIN_S_MAX: Final = 600.0
"""If it says nothing to that, it is told again after twice as long each time, up to this: a room that is
parked would make a dead letter of each."""
AGAIN_S: Final = 5.0
"""The first pause after a room could not take a command up, or has failed twice; doubled up to
`LOOK_AGAIN_S`."""
CRASHES_MAX: Final = 5
"""Ends of a room in a row, without a word in between, after which its command is given up as poisonous."""
ALERT: Final = "end-"


@dataclass(frozen=True)
class DeliverAgain:
    """Timer: tell the room again, unless it was told meanwhile (`deliveries` is the count at that time)."""

    request_id: str
    deliveries: int


@dataclass(frozen=True)
class CloseAgain:
    """Timer: state refused to close the row."""

    request_id: str


@dataclass(frozen=True)
class ReadInboxAgain:
    """Timer: state refused to read the inbox."""


Again = DeliverAgain | CloseAgain | ReadInboxAgain


class Commands:
    """Those of one incarnation of control."""

    def __init__(self, ctx: OwnContext[Again], outbox: Outbox, inbox: Inbox, rooms: ControlRooms) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._inbox = inbox
        self._rooms = rooms
        self._closing: dict[str, str] = {}
        self._unreadable: dict[str, str] = {}
        self._reading: set[str] = set()

    def read_inbox(self) -> None:
        """Ask state for the commands that an earlier incarnation has left."""
        request_id = self._ctx.uuid()
        self._reading.add(request_id)
        self._outbox.send(self._rooms.state, GetOpenInbox(request_id=request_id), request_id)

    def record(self, entry: UnderWay, body: str) -> None:
        """Have the command recorded; it is acknowledged when that is done, and delivered unless it was at
        once."""
        reach(Failpoint.INBOX_RECEIVED)
        self._inbox.add(entry)
        record = RecordInbox(
            request_id=entry.request_id,
            at=self._ctx.now(),
            message=entry.item.name,
            body=body,
            who=entry.who,
        )
        self._outbox.send(self._rooms.state, record, entry.request_id, correlation=entry.request_id)
        if entry.item.at_once:
            self._deliver(entry)

    def recorded(self, recorded: InboxRecorded) -> None:
        """Deliver the command and acknowledge it, now that it is on disk."""
        entry = self._inbox.get(recorded.request_id)
        if not self._outbox.settle(recorded.request_id) or entry is None or entry.on_disk is not None:
            return
        times = {"slot", "at"} & type(entry.command).model_fields.keys()
        entry.command = entry.command.model_copy(update=dict.fromkeys(times, recorded.at))
        reach(Failpoint.INBOX_RECORDED)
        if not entry.delivered:
            self._deliver(entry)
        reach(Failpoint.INBOX_DELIVERED)
        self._acknowledge(entry, on_disk=True)

    def refused(self, refused: Refused) -> None:
        """State refuses to store, to read or to close; or a room refuses a command."""
        request_id = refused.request_id
        self._outbox.settle(request_id)
        entry = self._inbox.get(request_id)
        if request_id in self._reading:
            self._reading.discard(request_id)
            self._ctx.call_later(LOOK_AGAIN_S, ReadInboxAgain())
        elif request_id in self._closing:
            self._ctx.call_later(LOOK_AGAIN_S, CloseAgain(self._closing.pop(request_id)))
        elif entry is not None and entry.on_disk is None and entry.item.at_once:
            self._acknowledge(entry, on_disk=False)
        elif entry is not None and entry.delivered:
            self.answered(refused)
        elif entry is not None:
            self._inbox.drop(request_id)
            if entry.accepted_by is not None:
                entry.accepted_by.set(refused)

    def take_up(self, answer: OpenInbox) -> None:
        """Deliver again, in order, the commands that were acknowledged before a crash and have no end yet."""
        self._outbox.settle(answer.request_id)
        self._reading.discard(answer.request_id)
        for item in answer.items:
            if self._inbox.get(item.request_id) is None:
                self._take_up(item)

    def answered(self, answer: Event) -> None:
        """A room's answer to a command."""
        for entry in self._meant_by(answer):
            self._hear(entry, answer)

    def recovered(self) -> None:
        """Books and venue agree: ask again for what was refused because of that."""
        for entry in self._inbox.open():
            if entry.waits_for_recovery:
                self._deliver(entry)

    def room_ended(self, ended: Terminated) -> None:
        """Deliver again what the room may have lost; later each time, as the command may have ended it."""
        if not ended.restarting:
            return
        for entry in self._inbox.open():
            if entry.item.room(self._rooms).name != ended.name:
                continue
            entry.crashes += 1
            if entry.crashes > CRASHES_MAX:
                reason = f"{ended.name} failed {entry.crashes} times in a row: {ended.reason}"
                self._end(entry, Refused(request_id=entry.request_id, reasons=(reason,)))
            elif entry.crashes == 1:
                self._deliver(entry)
            else:
                self._deliver_in(entry, _pause_s(entry.crashes - 1))

    def await_ended(self, message: AwaitEnded) -> None:
        """The person has learned the end, or will not over the socket."""
        entry = self._inbox.asked_by(message.asker)
        if entry is None:
            return
        entry.asker = ""
        if entry.done is None:
            return
        if message.told:
            self._close(entry)
        else:
            self._tell_end(entry)

    def alert_raised(self, raised: AlertRaised) -> None:
        """The end of a command is on record as an alert: its row may be closed."""
        if not self._outbox.settle(raised.request_id):
            return
        request_id = raised.request_id.removeprefix(ALERT)
        entry = self._inbox.get(request_id)
        if entry is not None:
            self._close(entry)
        elif request_id in self._unreadable:
            self._record_end(request_id, self._unreadable[request_id])

    def closed(self, request_id: str) -> None:
        """State has recorded the end."""
        if self._outbox.settle(request_id) and request_id in self._closing:
            self._inbox.drop(self._closing.pop(request_id))
            reach(Failpoint.INBOX_CLOSED)

    def again(self, timer: Again) -> None:
        """A pause is over."""
        if isinstance(timer, ReadInboxAgain):
            self.read_inbox()
            return
        entry = self._inbox.get(timer.request_id)
        if entry is None:
            return
        if isinstance(timer, CloseAgain):
            self._close(entry)
        elif entry.done is None and entry.deliveries == timer.deliveries:
            self._deliver(entry)

    def _take_up(self, item: InboxItem) -> None:
        if item.request_id in self._unreadable:
            return
        try:
            command = build(item.message, _body(item), request_id=item.request_id, who=item.who, at=item.at)
        except InputError as error:
            # Such a message was stored by another version: it can only be told and closed.
            text = f"{item.message} of {item.who} was accepted by another version, and can't be done: {error}"
            self._unreadable[item.request_id] = text
            self._raise(Severity.HIGH, "inbox_unreadable", text, item.request_id)
            return
        entry = UnderWay(item.request_id, command, item.who, on_disk=True)
        self._inbox.add(entry)
        self._deliver(entry)

    def _meant_by(self, answer: Event) -> tuple[UnderWay, ...]:
        if isinstance(answer, ExitEnded):
            return tuple(e for e in self._inbox.open() if _closes(e, answer.position_id))
        entry = self._inbox.get(getattr(answer, "request_id", ""))
        return () if entry is None or entry.done is not None else (entry,)

    def _acknowledge(self, entry: UnderWay, *, on_disk: bool) -> None:
        """Tell whether it is on disk, and then hear what its room has said meanwhile."""
        entry.on_disk = on_disk
        if entry.accepted_by is not None:
            accepted = InjectAccepted(request_id=entry.request_id, message=entry.item.name, on_disk=on_disk)
            entry.accepted_by.set(accepted)
        early, entry.early = entry.early, None
        if early is not None:
            self._hear(entry, early)

    def _hear(self, entry: UnderWay, answer: Event) -> None:
        word = word_of(answer)
        entry.crashes = entry.unheard = 0
        if entry.on_disk is None:
            entry.early = answer
            return
        if word.kind is Kind.END or not entry.on_disk:
            self._end(entry, answer)
            return
        if word.text is not None:
            entry.say(word.text)
        if word.kind is Kind.GOES_ON:
            entry.refusals, entry.waits_for_recovery = 0, False
            self._deliver_in(entry, LOOK_AGAIN_S)
        else:
            entry.refusals, entry.waits_for_recovery = entry.refusals + 1, True
            self._deliver_in(entry, _pause_s(entry.refusals))

    def _deliver(self, entry: UnderWay) -> None:
        entry.delivered = True
        entry.deliveries += 1
        entry.unheard += 1
        self._ctx.tell(entry.item.room(self._rooms), entry.command, correlation=entry.request_id)
        self._deliver_in(entry, _doubled(LOOK_AGAIN_S, entry.unheard, LOOK_AGAIN_S_MAX))

    def _deliver_in(self, entry: UnderWay, seconds: float) -> None:
        if entry.again is not None:
            entry.again.cancel()
        entry.again = self._ctx.call_later(seconds, DeliverAgain(entry.request_id, entry.deliveries))

    def _end(self, entry: UnderWay, answer: Event) -> None:
        """The command is over: tell whoever awaits it, or raise an alert."""
        if entry.again is not None:
            entry.again.cancel()
        reach(Failpoint.INBOX_ENDED)
        self._inbox.finish(entry, answer)
        if not entry.asker:
            self._tell_end(entry)

    def _tell_end(self, entry: UnderWay) -> None:
        if entry.done is None or entry.end is None:
            return
        severity, text = end_alert(entry.done, entry.end, entry.who)
        self._raise(severity, "command_ended", text, entry.request_id)

    def _raise(self, severity: Severity, code: str, text: str, request_id: str) -> None:
        """Raise an alert about a command, and again until it is on record."""
        alert_id = f"{ALERT}{request_id}"
        alert = RaiseAlert(
            severity=severity,
            code=code,
            text=text,
            cause=request_id,
            at=self._ctx.now(),
            request_id=alert_id,
        )
        self._outbox.send(self._rooms.alerting, alert, alert_id, correlation=request_id)

    def _close(self, entry: UnderWay) -> None:
        if entry.done is not None and not entry.on_disk:
            self._inbox.drop(entry.request_id)
        elif entry.done is not None:
            reach(Failpoint.INBOX_END_TOLD)
            self._record_end(entry.request_id, f"{entry.done.answer} {entry.done.body}")

    def _record_end(self, request_id: str, answer: str) -> None:
        done_id = f"{request_id}-done-{self._ctx.uuid()}"
        self._closing[done_id] = request_id
        done = RecordInboxDone(
            request_id=done_id, inbox_request_id=request_id, at=self._ctx.now(), answer=answer
        )
        self._outbox.send(self._rooms.state, done, done_id, correlation=request_id)


def _body(item: InboxItem) -> dict[str, JsonValue]:
    try:
        body = json.loads(item.body)
    except ValueError as error:
        raise InputError(f"its body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise InputError(f"its body: expected a JSON object, found {type(body).__name__}")
    return body


def _closes(entry: UnderWay, position_id: PositionId) -> bool:
    return isinstance(entry.command, ClosePosition) and entry.command.position_id == position_id


def _pause_s(times: int) -> float:
    return _doubled(AGAIN_S, times, LOOK_AGAIN_S)


def _doubled(first_s: float, times: int, most_s: float) -> float:
    """The `times`-th pause, from 1, of a row that doubles from `first_s` up to `most_s`."""
    return min(most_s, first_s * 2.0 ** min(times - 1, 10))
