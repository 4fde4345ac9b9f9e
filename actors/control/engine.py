"""The port through which control sees and stops the engine that it is part of."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Commands import this face; the runtime is a third of what they would wait for.
    from actors.runtime import CellStatus


class Engine(Protocol):
    """The running actor system, as far as control needs it. Every call returns at once."""

    def cells(self) -> tuple[CellStatus, ...]: ...

    def dead_letters(self) -> int:
        """How many there have been since the start."""

    def dump(self) -> str: ...

    def trace(self, correlation: str) -> tuple[str, ...]:
        """The envelopes still kept under one correlation, one line each, oldest first."""

    def restart(self, name: str) -> None:
        """End a room's present life in order; its supervisor starts the next."""

    def request_stop(self, reason: str) -> None:
        """Have the main thread stop the system in order."""

    def operation(self) -> AbstractContextManager[None]:
        """Mark an operator's request as under way: jumping market time stands still within the block."""
