"""What the books in an engine's data folder hold at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.messages.room_status import AlertRow
from core.orders.books import CycleRow, Instruction, OrderRow, Position
from reading.books import has_books, required_books, stored_alerts, stored_cycles


@dataclass(frozen=True)
class _OrderRows:
    """What the statements about orders ask for together, in one state of the books."""

    orders: Sequence[tuple[Instruction, OrderRow]]
    positions: Sequence[Position]
    live: Sequence[Position]
    trades: Sequence[Position]


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
    def cycles(self) -> Sequence[CycleRow]:
        """All, oldest first."""
        return stored_cycles(self._data_dir, None)

    @cached_property
    def alerts(self) -> Sequence[AlertRow]:
        """All, oldest first."""
        return stored_alerts(self._data_dir)

    @property
    def orders(self) -> Sequence[tuple[Instruction, OrderRow]]:
        """All that ever were, with their instructions, oldest first."""
        return self._order_rows.orders

    @property
    def positions(self) -> Sequence[Position]:
        """All that ever were."""
        return self._order_rows.positions

    @property
    def live(self) -> Sequence[Position]:
        """The positions that have not ended."""
        return self._order_rows.live

    @property
    def trades(self) -> Sequence[Position]:
        """The positions that had a fill, oldest first."""
        return self._order_rows.trades

    @cached_property
    def _order_rows(self) -> _OrderRows:
        with required_books(self._data_dir) as books:
            return _OrderRows(
                orders=books.orders(None),
                positions=books.positions(everything=True),
                live=books.positions(everything=False),
                trades=books.trades(),
            )
