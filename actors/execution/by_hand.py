"""What is asked of all orders: close every position, cancel what rests, wind down for a stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from actors.execution.entry import ENTRY, STOP_ENTRIES, stop_key
from actors.execution.exit import TAKES_EXITS, ExitRequest, exit_name
from actors.execution.line import Line
from actors.runtime import Conversations, Name, done_key
from core.messages.base import Refused
from core.messages.execution import (
    AllClosed,
    CancelOrders,
    CloseAll,
    EntriesCancelled,
    ExitStarted,
    OrdersCancelled,
    StillClosing,
)
from core.orders.books import Position
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.values import PositionId

CLOSE_ALL: Final = "close-all"
CANCEL_ORDERS: Final = "cancel-orders"
CLOSABLE: Final = TAKES_EXITS | {PositionState.AWAITING_FILL}
LOOK_S: Final = 30.0
"""A position whose exit has ended without closing it gets another one after at most this long."""
REST_S: Final = 1.0
"""Between two looks, however fast exits end."""
CANCEL_LOOK_S: Final = 5.0
CANCEL_ENTRIES_WITHIN_S: Final = 4.0
"""How long an orderly stop waits for its cancels to be confirmed."""
SAY_STOP_EVERY_S: Final = 0.5


class ByHand:
    """What a person asks of one incarnation of execution. It keeps when each entry under way began."""

    def __init__(
        self,
        conversations: Conversations,
        *,
        line: Callable[[str], Line],
        start_exit: Callable[[ExitRequest, str], None],
        is_recovering: Callable[[], bool],
        exits: Callable[[], tuple[PositionId, ...]],
    ) -> None:
        self._conversations = conversations
        self._line = line
        self._start_exit = start_exit
        self._is_recovering = is_recovering
        self._exits = exits
        self._began: dict[Name, datetime] = {}

    @property
    def is_closing_all(self) -> bool:
        """True while every position is being closed: no entry is placed."""
        return bool(self._conversations.names(CLOSE_ALL))

    def entry_began(self, name: Name, now: datetime) -> None:
        self._began[name] = now

    def entry_ended(self, name: Name) -> None:
        self._began.pop(name, None)

    def close_all(
        self, command: CloseAll, answer: Callable[[AllClosed | StillClosing | Refused], None]
    ) -> None:
        name = Name(CLOSE_ALL, command.request_id)
        if self._is_recovering():
            answer(Refused(request_id=command.request_id, reasons=("recovering",)))
        elif name not in self._conversations:

            def start_exit(position_id: PositionId) -> None:
                self._start_exit(_exit_request(command.request_id, position_id), command.request_id)

            closing = close_all(
                self._line(command.request_id),
                command,
                answer,
                start_exit=start_exit,
                is_recovering=self._is_recovering,
            )
            self._conversations.start(name, closing)

    def cancel_orders(
        self, command: CancelOrders, answer: Callable[[OrdersCancelled | Refused], None]
    ) -> None:
        """Entries that came after the message are not meant, however late it is delivered."""
        name = Name(CANCEL_ORDERS, command.request_id)
        if self._is_recovering():
            answer(Refused(request_id=command.request_id, reasons=("recovering",)))
        elif name not in self._conversations:
            line = self._line(command.request_id)
            now = line.ctx.now()
            entries = tuple(entry for entry, began in self._began.items() if _came_first(began, command, now))
            self._conversations.start(name, cancel_orders(line, command, answer, entries, self._exits()))


def _came_first(began: datetime, command: CancelOrders, now: datetime) -> bool:
    """Whether an entry was under way when the message was given.

    One that began later than now did so before the clock was set back; the message bears the time of after.
    """
    return began <= command.at or command.at <= now < began


async def close_all(
    line: Line,
    command: CloseAll,
    answer: Callable[[AllClosed | StillClosing], None],
    *,
    start_exit: Callable[[PositionId], None],
    is_recovering: Callable[[], bool],
) -> None:
    """Give every position an exit until nothing is left, however long it takes."""
    seen: dict[PositionId, None] = {}
    told = ""
    while True:
        stop(line, line.conversations.names(ENTRY))
        live = (await line.books()).open_positions
        if not live and not line.conversations.names(ENTRY):
            break
        seen |= dict.fromkeys(position.position_id for position in live)
        recovering = is_recovering()
        for position in () if recovering else live:
            if (
                is_closable(position, line.ctx.now())
                and exit_name(position.position_id) not in line.conversations
            ):
                start_exit(position.position_id)
        text = "books and venue are compared" if recovering else _waits(line, live)
        if text != told:
            told = text
            answer(StillClosing(request_id=command.request_id, text=text))
        await line.pause(REST_S)
        exits = [exit_name(position.position_id) for position in live]
        under_way = [done_key(name) for name in exits if name in line.conversations]
        await line.pause(LOOK_S - REST_S, *under_way)
    closed = []
    for position_id in seen:
        found = await line.position(position_id)
        if found is not None and found.state is PositionState.CLOSED:
            closed.append(position_id)
    answer(AllClosed(request_id=command.request_id, closed=tuple(closed)))


async def cancel_orders(
    line: Line,
    command: CancelOrders,
    answer: Callable[[OrdersCancelled], None],
    entries: tuple[Name, ...],
    exits: tuple[PositionId, ...],
) -> None:
    """Cancel these entries, and wait until each order is final."""
    while left := tuple(name for name in entries if name in line.conversations):
        # Repeatedly, because an entry that is waiting for a read misses it.
        stop(line, left)
        await line.pause(CANCEL_LOOK_S, *map(done_key, left))
    positions = tuple(PositionId(name.of) for name in entries)
    opened = []
    for position_id in positions:
        found = await line.position(position_id)
        if found is not None and found.contracts_opened > 0:
            opened.append(position_id)
    answer(
        OrdersCancelled(request_id=command.request_id, entries=positions, opened=tuple(opened), exits=exits)
    )


def stop(line: Line, entries: tuple[Name, ...]) -> None:
    """Have these entries cancelled, those of them that rest."""
    for name in entries:
        line.conversations.deliver(stop_key(name.of), None)


def is_closable(position: Position, now: datetime) -> bool:
    """Whether an exit can do anything for it. Expired legs are closed by their settlement."""
    return position.state in CLOSABLE and position.plan.expiration > now


def _waits(line: Line, live: tuple[Position, ...]) -> str:
    return "; ".join(f"{position.position_id} {_wait_of(line, position)}" for position in live) or (
        "an entry that was being placed is cancelled"
    )


def _wait_of(line: Line, position: Position) -> str:
    if position.plan.expiration <= line.ctx.now():
        return "has expired and is closed when its settlement is booked"
    if position.state is PositionState.PROPOSED:
        return "is only proposed, and is given up by its cycle"
    return "is being closed"


def _exit_request(request_id: str, position_id: PositionId) -> ExitRequest:
    return ExitRequest(
        request_id=request_id,
        position_id=position_id,
        cycle_id=None,
        exit_rule=ExitRule.MANUAL,
        answer=_nobody,
    )


def _nobody(_: ExitStarted) -> None:
    """Answers nobody: who closes every position is told when nothing is left."""


async def cancel_entries(line: Line, answer: Callable[[EntriesCancelled], None]) -> None:
    """The engine is stopping: cancel resting entries and confirm, as far as there is time."""
    names = line.conversations.names(ENTRY)
    line.conversations.deliver(STOP_ENTRIES, None)
    time_left = line.conversations.countdown(CANCEL_ENTRIES_WITHIN_S)
    while left := tuple(name for name in names if name in line.conversations):
        if time_left.is_over:
            break
        # Delivered repeatedly, because an entry that is waiting for a read misses it.
        await line.pause(SAY_STOP_EVERY_S, time_left.over, *map(done_key, left))
        line.conversations.deliver(STOP_ENTRIES, None)
    answer(EntriesCancelled(cancelled=len(names) - len(left), unconfirmed=len(left)))
