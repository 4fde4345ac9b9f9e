"""A person restarts one room: its supervisor ends its life in order and begins the next.

Whether it is done is read from the lives themselves, so that a restart of control, or of the whole engine,
in between neither loses it nor does it twice: a life that began after the message is the one asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from actors.control.engine import Engine
from actors.runtime import CellState, CellStatus, OwnContext
from core.messages.restart import RestartActor, RestartDone, RestartWaits

LIFE_S_MIN = 120.0
"""A life is not ended by hand before that: restarts count, and one supervisor bears three in 300 s."""
LOOK_S = 1.0


Answer = Callable[[RestartDone | RestartWaits], None]


@dataclass(frozen=True)
class LookAtRestart:
    """Timer to self."""

    request_id: str


@dataclass
class _Restarting:
    command: RestartActor
    answer: Answer
    ended_epoch: int | None = None
    """The life that was told to end."""


class Restarts:
    """Those of one incarnation of control."""

    def __init__(self, ctx: OwnContext[LookAtRestart], engine: Engine) -> None:
        self._ctx = ctx
        self._engine = engine
        self._asked: dict[str, _Restarting] = {}

    def ask(self, command: RestartActor, answer: Answer) -> None:
        """Begin; asked again while it is under way, only the answer goes to who asked last."""
        asked = self._asked.get(command.request_id)
        if asked is not None:
            asked.answer = answer
            return
        self._asked[command.request_id] = _Restarting(command, answer)
        self.look(command.request_id)

    def look(self, request_id: str) -> None:
        """Answer if it is done; otherwise do the next step, say what it waits for, and look again later."""
        asked = self._asked.get(request_id)
        if asked is None:
            return
        command = asked.command
        [cell] = [cell for cell in self._engine.cells() if cell.name == command.actor]
        is_up = cell.state is CellState.UP
        if is_up and self._is_next(asked, cell):
            del self._asked[request_id]
            asked.answer(RestartDone(request_id=request_id, actor=command.actor))
            return
        wait_s, text = LOOK_S, f"{cell.name} is {cell.state.value}; it is done when {cell.name} is up again"
        is_due = is_up and asked.ended_epoch != cell.epoch
        if is_due and (left_s := self._young_for_s(cell)) > 0:
            wait_s = left_s
            due = self._ctx.now() + timedelta(seconds=left_s)
            text = f"{cell.name} has just started; it is restarted at {due:%H:%M:%S} UTC"
        elif is_due:
            text = f"{cell.name} is told to end, and is started again"
        asked.answer(RestartWaits(request_id=request_id, text=text))
        self._ctx.call_later(wait_s, LookAtRestart(request_id))
        if is_due and left_s <= 0:
            asked.ended_epoch = cell.epoch
            # The last step, because it may be control itself that ends.
            self._engine.restart(cell.name)

    def _is_next(self, asked: _Restarting, cell: CellStatus) -> bool:
        """Whether this life began after the message: it is not the one that was told to end.

        Only a message of an earlier life of control is judged by the time, which may have been set since.
        """
        if asked.ended_epoch is not None:
            return cell.epoch != asked.ended_epoch
        return cell.began_at is not None and asked.command.at < cell.began_at <= self._ctx.now()

    def _young_for_s(self, cell: CellStatus) -> float:
        """How long its life is too young to be ended by hand."""
        if cell.began_at is None or cell.began_at > self._ctx.now():
            return 0.0  # Of a clock that was ahead: nobody knows.
        return LIFE_S_MIN - (self._ctx.now() - cell.began_at).total_seconds()
