"""The prices that edits were permitted, each recorded before its edit was sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from decimal import Decimal

from actors.state.columns import time_of, time_text
from core.orders.books import Edit
from core.values import Label


def insert(db: sqlite3.Connection, edit: Edit) -> None:
    db.execute(
        "INSERT INTO edits (key, label, number, limit_eth, at) VALUES (?, ?, ?, ?, ?)",
        (f"{edit.label}#{edit.number}", edit.label, edit.number, str(edit.limit_eth), time_text(edit.at)),
    )


def of(db: sqlite3.Connection, labels: Iterable[Label]) -> tuple[Edit, ...]:
    """The edits of these orders, each order's oldest first."""
    found: list[Edit] = []
    for label in labels:
        rows = db.execute("SELECT number, limit_eth, at FROM edits WHERE label = ? ORDER BY number", (label,))
        found += (
            Edit(label=label, number=number, limit_eth=Decimal(limit), at=time_of(at))
            for number, limit, at in rows
        )
    return tuple(found)
