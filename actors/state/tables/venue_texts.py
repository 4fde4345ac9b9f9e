"""The table of other people's words: what a record and a row hold by its SHA-256."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from actors.state.columns import time_of, time_text
from core.venue_text import digest

KEPT_MAX = 5000
"""Of more texts, those that were said last are kept."""


@dataclass(frozen=True)
class StoredText:
    """One text, quoted nowhere, and when it was said last."""

    sha256: str
    text: str
    at: datetime


def insert(db: sqlite3.Connection, texts: Iterable[str], at: datetime) -> None:
    """Keep the texts; one that is known is said again."""
    sql = (
        "INSERT INTO venue_texts (sha256, text, at) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET at = excluded.at"
    )
    db.executemany(sql, [(digest(text), text, time_text(at)) for text in texts])


def by_digest(db: sqlite3.Connection, sha256: str) -> str | None:
    """The text of this digest, unless it was cleared."""
    row = db.execute("SELECT text FROM venue_texts WHERE sha256 = ?", (sha256,)).fetchone()
    return None if row is None else str(row[0])


def newest_first(db: sqlite3.Connection) -> tuple[StoredText, ...]:
    rows = db.execute("SELECT sha256, text, at FROM venue_texts ORDER BY at DESC, sha256")
    return tuple(StoredText(row[0], row[1], time_of(row[2])) for row in rows)


def prune(db: sqlite3.Connection) -> int:
    """Drop what is beyond the bound; returns how many."""
    sql = (
        "DELETE FROM venue_texts WHERE sha256 NOT IN "
        "(SELECT sha256 FROM venue_texts ORDER BY at DESC, sha256 LIMIT ?)"
    )
    return db.execute(sql, (KEPT_MAX,)).rowcount


def clear(db: sqlite3.Connection) -> int:
    """Drop all; returns how many there were."""
    return db.execute("DELETE FROM venue_texts").rowcount


def changed(db: sqlite3.Connection) -> Iterator[str]:
    """One sentence for each text that is not the one of its digest."""
    for sha256, text in db.execute("SELECT sha256, text FROM venue_texts ORDER BY sha256"):
        if digest(text) != sha256:
            yield f"venue_texts {sha256!r}: expected the text of this digest, found another"
