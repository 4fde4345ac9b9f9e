"""Questions from the chat: who is asked, and how the answer is told. They change nothing."""

from __future__ import annotations

from typing import Final

from actors.phone.answers import (
    alert_lines,
    next_lines,
    position_lines,
    profit_lines,
    status_lines,
    why_lines,
)
from actors.phone.words import ChatCommand
from actors.runtime import Address, Context, RuntimeFault
from core.messages.base import Refused
from core.messages.control import GetStatus
from core.messages.engine_status import EngineStatus
from core.messages.protocols import ControlProtocol, StateProtocol
from core.messages.state import GetClosedTrades, GetLastCycle
from core.orders.books import Job

STATUS_ASK_S: Final = 9.0
BOOKS_ASK_S: Final = 4.0


class Questions:
    """Asks control and state while the phone waits."""

    def __init__(
        self, ctx: Context, *, control: Address[ControlProtocol], state: Address[StateProtocol]
    ) -> None:
        self._ctx = ctx
        self._control = control
        self._state = state

    def lines(self, word: ChatCommand) -> list[str]:
        """The answer. Raises `RuntimeFault` if who is asked does not answer in time."""
        match word:
            case ChatCommand.STATUS:
                return status_lines(self._status())
            case ChatCommand.POSITIONS:
                return position_lines(self._status())
            case ChatCommand.NEXT:
                return next_lines(self._status())
            case ChatCommand.ALERTS:
                alerting = self._status().alerting
                return ["the alerts can't be read"] if alerting is None else alert_lines(alerting.recent)
            case ChatCommand.WHY:
                query = GetLastCycle(request_id=self._ctx.uuid(), job=Job.ENTRY)
                last = self._ctx.ask(query.to(self._state), timeout_s=BOOKS_ASK_S)
                if isinstance(last, Refused):
                    return [f"the books do not say: {', '.join(last.reasons)}"]
                return why_lines(last.cycle)
            case ChatCommand.PROFIT:
                trades = self._ctx.ask(
                    GetClosedTrades(request_id=self._ctx.uuid()).to(self._state), timeout_s=BOOKS_ASK_S
                )
                if isinstance(trades, Refused):
                    return [f"the books do not say: {', '.join(trades.reasons)}"]
                return profit_lines(trades.positions, self._status_or_none())
            case _:
                raise ValueError(f"expected a question, found {word}")

    def _status(self) -> EngineStatus:
        return self._ctx.ask(GetStatus().to(self._control), timeout_s=STATUS_ASK_S)

    def _status_or_none(self) -> EngineStatus | None:
        try:
            return self._status()
        except RuntimeFault as error:
            self._ctx.log().warning("no status for the phone: %s", error)
            return None
