"""Seals of rows that don't follow from the audit log: a checksum by which a damaged row shows.

It finds what a disk or a careless hand does. Who changes a row on purpose can seal it anew; no money follows
from these rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from zlib import crc32

SEALED: dict[str, tuple[str, ...]] = {
    "answered": ("request_id", "answer", "body", "at"),
    "alerts": ("number", "alert_id", "severity", "code", "text", "cause", "at", "delivered_at"),
    "alert_channels": ("alert_id", "channel", "delivered_at", "tried_at", "parked_at"),
    "job_runs": ("job", "next_run"),
}
"""The columns that a row's `seal` is made of, by table."""


def seal_of(*cells: str | int | None) -> int:
    """CRC-32 of the cells, each with its length, so that none can flow into the next."""
    parts = ("-" if cell is None else f"{len(str(cell))}:{cell}" for cell in cells)
    return crc32("".join(parts).encode("utf-8", "surrogatepass"))


def offer_seals(db: sqlite3.Connection) -> None:
    """Let this connection's SQL call `seal(…)`."""
    db.create_function("seal", -1, seal_of, deterministic=True)


def seal_alerts(db: sqlite3.Connection) -> None:
    """Seal the rows of alerts as they are now."""
    db.execute(f"UPDATE alerts SET seal = seal({', '.join(SEALED['alerts'])})")  # noqa: S608


def broken_seals(db: sqlite3.Connection) -> Iterator[str]:
    """One sentence for each row that is not as it was written, and for alerts that are missing."""
    for table, columns in SEALED.items():
        try:
            for *cells, seal in db.execute(f"SELECT {', '.join(columns)}, seal FROM {table}"):  # noqa: S608
                if seal != seal_of(*cells):
                    yield f"{table} {cells[0]!r}: expected the row as it was sealed, found it changed"
        except (sqlite3.Error, UnicodeDecodeError) as error:
            yield f"{table}: expected rows that can be read, found {error}"
            return
    yield from _missing_alerts(db)


def _missing_alerts(db: sqlite3.Connection) -> Iterator[str]:
    """Alerts are numbered from 1 without a gap and never deleted: one sentence for each gap.

    What is missing at the end is not seen, unless a later alert follows.
    """
    sql = "SELECT number, lag(number, 1, 0) OVER (ORDER BY number) AS before FROM alerts"
    for number, before in db.execute(f"SELECT number, before FROM ({sql}) WHERE number != before + 1"):  # noqa: S608
        first, last = before + 1, number - 1
        found = f"number {first} is" if first == last else f"numbers {first} to {last} are"
        yield f"alerts: expected every number up to {number}, found that {found} missing"
