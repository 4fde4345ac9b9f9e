"""What the books in an engine's data folder hold at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from core.messages.room_status import AlertRow
from core.orders.books import CycleRow, Instruction, OrderRow, Position
from reading.books import (
    has_books,
    stored_alerts,
    stored_cycles,
    stored_orders,
    stored_positions,
    stored_trades,
)


class FolderBooks:
    """Each part is read when it is first asked for, and kept: many statements speak of the same rows.

    Only `exist` may be asked where there are no books. Raises FoundWrongError if they can't be read.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    @cached_property
    def exist(self) -> bool:
        """Whether an engine ever kept books here."""
        return has_books(self._data_dir)

    @cached_property
    def orders(self) -> Sequence[tuple[Instruction, OrderRow]]:
        """All that ever were, with their instructions, oldest first."""
        return stored_orders(self._data_dir, None)

    @cached_property
    def positions(self) -> Sequence[Position]:
        """All that ever were."""
        return stored_positions(self._data_dir, everything=True)

    @cached_property
    def live(self) -> Sequence[Position]:
        """The positions that have not ended."""
        return stored_positions(self._data_dir, everything=False)

    @cached_property
    def trades(self) -> Sequence[Position]:
        """The positions that had a fill, oldest first."""
        return stored_trades(self._data_dir)

    @cached_property
    def cycles(self) -> Sequence[CycleRow]:
        """All, oldest first."""
        return stored_cycles(self._data_dir, None)

    @cached_property
    def alerts(self) -> Sequence[AlertRow]:
        """All, oldest first."""
        return stored_alerts(self._data_dir)
