"""What a data folder says in figures, with or without an engine: its lock, its books, its disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from actors.state.database import database_path
from actors.state.stored import books_read
from actors.state.tables.figures import BooksFigures
from core.messages.arm_cause import ArmCause
from core.status.folder_verdict import verdict_without_engine
from reading.log_end import LogEnd
from reading.metrics import table
from reading.metrics.series import Figures


def put_disk(figures: Figures, data_dir: Path) -> None:
    """Sizes; none of a folder that is not there (yet)."""
    try:
        disk = shutil.disk_usage(data_dir)
    except OSError:
        return
    figures.put(table.DISK_FREE, disk.free)
    figures.put(table.DISK_SIZE, disk.total)
    books = database_path(data_dir)
    figures.put(table.BOOKS_BYTES, _size(books))
    figures.put(table.WAL_BYTES, _size(books.with_name(f"{books.name}-wal")))


def read_books(data_dir: Path, give_up: Callable[[], bool]) -> BooksFigures | None:
    """The figures of the books; None if there are none yet. Raises FoundWrongError, also to give up."""
    with books_read(data_dir, give_up=give_up) as books:
        return None if books is None else books.figures()


def put_books(figures: Figures, books: BooksFigures) -> None:
    """Everything that the books say. Raises FoundWrongError for an amount that is none."""
    realised_eth, realised_usd = books.realised_pnl()
    figures.put_all(table.POSITIONS, books.positions.items())
    figures.put_all(table.ORDERS, books.orders.items())
    figures.put_all(table.ENTRY_CYCLES, books.entry_cycles.items())
    figures.put_all(table.ALERTS, books.alerts.items())
    figures.put(table.ALERTS_WAITING, books.alerts_waiting)
    figures.put(table.REALISED_ETH, float(realised_eth))
    figures.put(table.REALISED_USD, float(realised_usd))
    figures.put(table.AUDIT_RECORDS, books.head.seq)


def put_without_engine(
    figures: Figures,
    books: BooksFigures | None,
    *,
    armed: bool | None,
    armed_by: Collection[ArmCause] | None,
    damage: str | None,
    has_log: bool,
    ends: LogEnd,
) -> None:
    """The verdict on a folder whose engine does not answer.

    `armed` is None if that can't be read, `ends` says whether the log ends where the books say.
    """
    figures.put(table.ARMED, armed)
    found = verdict_without_engine(
        why="the engine does not answer",
        silent_pid=None,
        is_paper=False,
        open_positions=None if books is None else books.live_positions,
        armed_by=armed_by,
        damage=damage,
        has_log=has_log,
        data_dir="",
        lost=ends.lost,
        log_damage=ends.damage,
    )
    figures.mark(table.VERDICT, (found.level,))


def _size(path: Path) -> int:
    """The bytes of a file; 0 if it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
