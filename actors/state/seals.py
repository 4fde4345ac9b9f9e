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
    "alert_numbers": ("one", "highest"),
    "job_runs": ("job", "next_run"),
}
"""The columns that a row's `seal` is made of, by table."""


def seal_of(*cells: str | int | None) -> int:
    """CRC-32 of the cells, each with its length, so that none can flow into the next."""
    parts = ["-" if cell is None else f"{len(text := str(cell))}:{text}" for cell in cells]
    return crc32("".join(parts).encode("utf-8", "surrogatepass"))


def offer_seals(db: sqlite3.Connection) -> None:
    """Let this connection's SQL call `seal(…)`."""
    db.create_function("seal", -1, seal_of, deterministic=True)


def seal_alerts(db: sqlite3.Connection) -> None:
    """Seal the rows of alerts, and how many there are, as they are now."""
    db.execute(f"UPDATE alerts SET seal = seal({', '.join(SEALED['alerts'])})")  # noqa: S608
    highest = db.execute("SELECT coalesce(max(number), 0) FROM alerts").fetchone()[0]
    db.execute("UPDATE alert_numbers SET highest = ?, seal = seal(1, ?)", (highest, highest))


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
    yield from _alerts_without_channel(db)


def _missing_alerts(db: sqlite3.Connection) -> Iterator[str]:
    """Alerts are numbered from 1 without a gap, up to the highest number that was given, and never deleted:
    one sentence for each gap."""
    highest = db.execute("SELECT highest FROM alert_numbers").fetchone()
    if highest is None:
        yield "alert_numbers: expected the highest number of an alert, found no row"
        return
    numbers = "SELECT number FROM alerts UNION ALL SELECT highest + 1 FROM alert_numbers"
    sql = f"SELECT number, lag(number, 1, 0) OVER (ORDER BY number) AS before FROM ({numbers})"  # noqa: S608
    for number, before in db.execute(f"SELECT number, before FROM ({sql}) WHERE number > before + 1"):  # noqa: S608
        first, last = before + 1, number - 1
        found = f"number {first} is" if first == last else f"numbers {first} to {last} are"
        yield f"alerts: expected every number up to {highest[0]}, found that {found} missing"
    beyond = db.execute("SELECT max(number) FROM alerts").fetchone()[0] or 0
    if beyond > highest[0]:
        yield f"alerts: expected no number above {highest[0]}, found {beyond}"


def _alerts_without_channel(db: sqlite3.Connection) -> Iterator[str]:
    """An alert that is not delivered waits for a channel, or a channel has refused it: one sentence for each
    that no row of `alert_channels` says so of."""
    sql = (
        "SELECT alert_id FROM alerts WHERE delivered_at IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM alert_channels AS c WHERE c.alert_id = alerts.alert_id AND c.delivered_at IS NULL)"
    )
    for (alert_id,) in db.execute(sql):
        yield f"alert_channels: expected the channel that {alert_id!r} was not delivered to, found none"
