"""What every cycle works with: the rooms it talks to, what it may ask of them, and how it waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from actors.room import Alarm
from actors.runtime import Address, Context, Conversations, Key, Outbox, Question, RuntimeFault, Terminated
from core.messages.alerting import AlertRaised, RaiseAlert
from core.messages.base import Refused
from core.messages.kill_switch import GetKillSwitch
from core.messages.market_data import GetMarks
from core.messages.protocols import (
    AlertingProtocol,
    ExecutionProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
    StateProtocol,
)
from core.messages.room_status import KillSwitchStatus, Marks
from core.messages.state import (
    AnyRecording,
    CycleKnown,
    CycleOpened,
    GetBooks,
    GetOpenCycles,
    GetPosition,
    GetSystem,
    GetTradeResults,
    Recorded,
)
from core.orders.books import Books, Position, TradeResult
from core.rules.conduct import AS_IT_TRADES, Conduct
from core.strategy import Strategy
from core.values import Mode, PositionId

ASK_TIMEOUT_S = 2.0

_Answer = TypeVar("_Answer")
Booked = Recorded | Refused | CycleOpened | CycleKnown
"""State's possible answers to a record."""


class RoomUnreachableError(Exception):
    """The room `room` up the tree did not answer, or refused; `why` says which."""

    def __init__(self, room: str, why: str) -> None:
        super().__init__(f"{room}: {why}")
        self.room = room
        self.why = why


@dataclass(frozen=True)
class DecisionRooms:
    """The rooms that decision talks to; the kill switch and state are up the tree and may be asked."""

    state: Address[StateProtocol]
    kill_switch: Address[KillSwitchProtocol]
    market_data: Address[MarketDataProtocol]
    execution: Address[ExecutionProtocol]
    alerting: Address[AlertingProtocol]


def booked_key(request_id: str) -> Key[Booked]:
    """State's answer to a record."""
    return Key(f"booked:{request_id}")


def alerted_key(alert_id: str) -> Key[AlertRaised]:
    """Alerting's word that an alert is on record."""
    return Key(f"alerted:{alert_id}")


def ended_key(path: str) -> Key[Terminated]:
    """The end of an incarnation of a room that is watched."""
    return Key(f"ended:{path}")


class Desk:
    """Shared by the cycles of one incarnation. Nothing here is a rule of the strategy."""

    def __init__(
        self,
        ctx: Context,
        conversations: Conversations,
        outbox: Outbox,
        rooms: DecisionRooms,
        *,
        strategy: Strategy,
        mode: Mode,
        code_version: str,
        conduct: Conduct = AS_IT_TRADES,
    ) -> None:
        self.ctx = ctx
        self.conversations = conversations
        self.rooms = rooms
        self.strategy = strategy
        self.mode = mode
        self.code_version = code_version
        self.conduct = conduct
        self.alert = Alarm(ctx, rooms.alerting)
        self._outbox = outbox

    def switch(self) -> KillSwitchStatus:
        """The present status of the kill switch. Raises `RoomUnreachableError`."""
        return self._ask(GetKillSwitch().to(self.rooms.kill_switch))

    def books(self) -> Books:
        """The live books. Raises `RoomUnreachableError`."""
        return self._read(GetBooks().to(self.rooms.state)).books

    def results(self) -> tuple[TradeResult, ...]:
        """What each closed trade brought, oldest first. Raises `RoomUnreachableError`."""
        return self._read(GetTradeResults().to(self.rooms.state)).results

    def setting(self, key: str) -> str | None:
        """A value that the engine keeps in its books. Raises `RoomUnreachableError`."""
        return self._read(GetSystem(key=key).to(self.rooms.state)).value

    def position(self, position_id: PositionId) -> Position | None:
        """One position, also a closed one. Raises `RoomUnreachableError`."""
        query = GetPosition(request_id=self.ctx.uuid(), position_id=position_id)
        return self._read(query.to(self.rooms.state)).position

    def send(self, message: AnyRecording, correlation: str | None = None) -> Key[Booked]:
        """Tell state, and again until it answers. Returns the key under which its answer is delivered."""
        self._outbox.send(self.rooms.state, message, message.request_id, correlation=correlation)
        return booked_key(message.request_id)

    def query(self, query: GetOpenCycles) -> None:
        """Tell state, and again until its answer is settled in the outbox."""
        self._outbox.send(self.rooms.state, query, query.request_id)

    def alert_on_record(self, alert: RaiseAlert) -> Key[AlertRaised]:
        """Tell alerting, and again until it is on record. Returns the key under which that is delivered."""
        self._outbox.send(self.rooms.alerting, alert, alert.request_id, correlation=alert.cause)
        return alerted_key(alert.request_id)

    def marks(self) -> Marks:
        """What market data last saw. Raises `RoomUnreachableError`."""
        return self._ask(GetMarks().to(self.rooms.market_data))

    def _read(self, question: Question[_Answer | Refused]) -> _Answer:
        answer = self._ask(question)
        if isinstance(answer, Refused):
            raise RoomUnreachableError(self.rooms.state.name, ", ".join(answer.reasons))
        return answer

    def _ask(self, question: Question[_Answer]) -> _Answer:
        try:
            return self.ctx.ask(question, timeout_s=ASK_TIMEOUT_S)
        except RuntimeFault as error:
            raise RoomUnreachableError(question.address.name, f"{type(error).__name__}: {error}") from error
