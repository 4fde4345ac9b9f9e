"""What every cycle works with: the rooms it talks to, what it may ask of them, and how it raises alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from actors.runtime import Address, Context, Outbox, Question, RuntimeFault
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Refused
from core.messages.kill_switch import GetKillSwitch, KillSwitchStatus
from core.messages.protocols import (
    AlertingProtocol,
    ExecutionProtocol,
    KillSwitchProtocol,
    MarketDataProtocol,
    StateProtocol,
)
from core.messages.state import GetBooks, GetPosition, Recording
from core.orders.books import Books, Position
from core.strategy import Strategy
from core.values import Mode, PositionId

ASK_TIMEOUT_S = 2.0

_Answer = TypeVar("_Answer")


class RoomUnreachableError(Exception):
    """A room up the tree did not answer; `room` and `why` name it."""

    def __init__(self, room: str, why: str) -> None:
        super().__init__(f"{room}: {why}")
        self.room = room
        self.why = why


@dataclass(frozen=True)
class Rooms:
    """Whom decision talks to; the kill switch and state are up the tree and may be asked."""

    state: Address[StateProtocol]
    kill_switch: Address[KillSwitchProtocol]
    market_data: Address[MarketDataProtocol]
    execution: Address[ExecutionProtocol]
    alerting: Address[AlertingProtocol]


class Desk:
    """Shared by the cycles of one incarnation. Nothing here is a rule of the strategy."""

    def __init__(
        self, ctx: Callable[[], Context], rooms: Rooms, strategy: Strategy, mode: Mode, code_version: str
    ) -> None:
        self._ctx = ctx
        self.rooms = rooms
        self.strategy = strategy
        self.mode = mode
        self.code_version = code_version
        self.outbox = Outbox(ctx)

    @property
    def ctx(self) -> Context:
        return self._ctx()

    def switch(self) -> KillSwitchStatus:
        """The kill switch as it is. Raises `RoomUnreachableError`."""
        return self._ask(GetKillSwitch().to(self.rooms.kill_switch))

    def books(self) -> Books:
        """The live books as they are. Raises `RoomUnreachableError`."""
        answer = self._ask(GetBooks().to(self.rooms.state))
        if isinstance(answer, Refused):
            raise RoomUnreachableError(self.rooms.state.name, ", ".join(answer.reasons))
        return answer.books

    def position(self, position_id: PositionId) -> Position | None:
        """One position, also a closed one. Raises `RoomUnreachableError`."""
        query = GetPosition(request_id=self.ctx.uuid(), position_id=position_id)
        answer = self._ask(query.to(self.rooms.state))
        if isinstance(answer, Refused):
            raise RoomUnreachableError(self.rooms.state.name, ", ".join(answer.reasons))
        return answer.position

    def record(self, message: Recording, correlation: str | None = None) -> None:
        """Send to the books; told again until state answers."""
        self.outbox.send(self.rooms.state, message, message.request_id, correlation=correlation)

    def alert(self, severity: Severity, code: str, text: str, cause: str) -> None:
        self.ctx.tell(
            self.rooms.alerting,
            RaiseAlert(severity=severity, code=code, text=text, cause=cause, at=self.ctx.now()),
        )

    def _ask(self, question: Question[_Answer]) -> _Answer:
        try:
            return self.ctx.ask(question, timeout_s=ASK_TIMEOUT_S)
        except RuntimeFault as error:
            raise RoomUnreachableError(question.address.name, f"{type(error).__name__}: {error}") from error
