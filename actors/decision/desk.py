"""What every cycle works with: the rooms it talks to, what it may ask of them, and how it raises alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from actors.runtime import Address, Context, Outbox, RuntimeFault
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Query
from core.messages.kill_switch import GetKillSwitch, KillSwitchStatus
from core.messages.state import GetBooks, GetPosition, PositionRead, Recording
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

    state: Address
    kill_switch: Address
    market_data: Address
    execution: Address
    alerting: Address


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
        return self._ask(self.rooms.kill_switch, GetKillSwitch(), KillSwitchStatus)

    def books(self) -> Books:
        """The live books as they are. Raises `RoomUnreachableError`."""
        return self._ask(self.rooms.state, GetBooks(), Books)

    def position(self, position_id: PositionId) -> Position | None:
        """One position, also a closed one. Raises `RoomUnreachableError`."""
        query = GetPosition(request_id=self.ctx.uuid(), position_id=position_id)
        return self._ask(self.rooms.state, query, PositionRead).position

    def record(self, message: Recording, correlation: str | None = None) -> None:
        """Send to the books; told again until state answers."""
        self.outbox.send(self.rooms.state, message, message.request_id, correlation=correlation)

    def alert(self, severity: Severity, code: str, text: str, cause: str) -> None:
        self.ctx.tell(
            self.rooms.alerting,
            RaiseAlert(severity=severity, code=code, text=text, cause=cause, at=self.ctx.now()),
        )

    def _ask(self, room: Address, query: Query[Any], expected: type[_Answer]) -> _Answer:
        try:
            answer = self.ctx.ask(room, query, timeout_s=ASK_TIMEOUT_S)
        except RuntimeFault as error:
            raise RoomUnreachableError(room.name, f"{type(error).__name__}: {error}") from error
        if not isinstance(answer, expected):
            found = type(answer).__name__
            raise RoomUnreachableError(room.name, f"expected {expected.__name__}, found {found}")
        return answer
