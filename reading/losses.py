"""What a data folder knows and a backup of it does not: what a restore takes out of the books, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, whole_lines
from actors.state.stored import books_read
from core.audit.fold.books import TABLES, FoldedBooks
from core.audit.fold.compare import digest_of
from core.audit.fold.log import fold
from core.audit.fold.tables import Cell, Row
from core.audit.hash_chain import Link
from core.errors import CerberoError
from reading.backups import ProvedBackup
from reading.followed_log import FollowedLog, switch_words


@dataclass(frozen=True)
class Losses:
    """One sentence for each, by what it is; `end` is where the log of the folder could be followed to."""

    end: Link
    by_kind: dict[str, tuple[str, ...]]
    unread: tuple[str, ...]
    """What could not be read, so that what it held beyond the rest is not named."""
    log_is_whole: bool
    """Whether the folder's own log can be followed to its end and makes books: nothing need be lost."""
    changed: tuple[str, ...]
    """The positions that the backup knows, and that were traded or settled since."""
    latches: tuple[Row, ...] = ()
    """The rows of `entry_latches` that block entries in the folder. They must go on doing so."""

    @property
    def count(self) -> int:
        return sum(map(len, self.by_kind.values()))


@dataclass(frozen=True)
class _Named:
    kind: str
    table: str
    changes: tuple[str, ...]
    """The columns whose change in a row that both have is a loss."""
    words: Callable[[Row], str]


_NAMED = (
    _Named("trades", "positions", ("state",), lambda row: f"{row['position_id']}: {row['state']}"),
    _Named(
        "orders",
        "orders",
        ("state", "filled_amount"),
        lambda row: f"{row['label']}: {row['state']}, {row['filled_amount']} of {row['amount']} filled",
    ),
    _Named(
        "fills",
        "fills",
        (),
        lambda row: (
            f"{row['trade_id']}: {row['side']} {row['amount']} {row['instrument_name']} at"
            f" {row['price_eth']} ETH under {row['label']}, {row['at']}"
        ),
    ),
    _Named(
        "cash flows",
        "cash_flows",
        (),
        lambda row: (
            f"{row['ref']}: {row['kind']} {row['amount_eth']} ETH of {row['position_id']}, {row['at']}"
        ),
    ),
    _Named(
        "commands",
        "inbox",
        ("done_at",),
        lambda row: f"{row['request_id']}: {row['message']} {row['body']} by {row['who']}, {row['at']}",
    ),
)


def losses(data_dir: Path, backup: ProvedBackup) -> Losses:
    """Compare what log and database of the folder hold with the backup.

    Both are read as far as they can be: one of them may be why the backup is restored.
    """
    followed = FollowedLog(data_dir / AUDIT_FOLDER)
    by_log = fold(followed, keep=digest_of)
    unread: list[str] = []
    if followed.problem is not None:
        unread.append(f"the log after record {followed.link.seq}: {followed.problem}")
    found: dict[str, dict[str, None]] = {}
    for named in _NAMED:
        rows, problem = _rows(data_dir, named.table)
        if problem is not None and problem not in unread:
            unread.append(problem)
        kept = backup.books.tables[named.table]
        told = dict.fromkeys(_lost(named, by_log, kept))
        told.update(dict.fromkeys(_lost(named, rows, kept)))
        found[named.kind] = told
    before = set(switch_words(whole_lines(backup.path / AUDIT_FOLDER)))
    found["armings"] = dict.fromkeys(word for word in followed.words if word not in before)
    return Losses(
        followed.link,
        {kind: tuple(names) for kind, names in found.items()},
        tuple(unread),
        log_is_whole=followed.problem is None and not by_log.problems and followed.link.seq > 0,
        changed=_changed(data_dir, by_log, backup),
        latches=_latched(data_dir, by_log),
    )


def _latched(data_dir: Path, by_log: FoldedBooks) -> tuple[Row, ...]:
    """What blocks entries by the database or, of what that does not hold, by the log."""
    rows = dict(by_log.tables["entry_latches"]) | _rows(data_dir, "entry_latches")[0]
    return tuple(row for row in rows.values() if row["latched"])


def _changed(data_dir: Path, by_log: FoldedBooks, backup: ProvedBackup) -> tuple[str, ...]:
    known, booked = backup.books.tables["positions"], backup.books.tables["cash_flows"]
    both = (by_log.tables["cash_flows"], _rows(data_dir, "cash_flows")[0])
    since = (row["position_id"] for rows in both for key, row in rows.items() if key not in booked)
    return tuple(sorted({str(position) for position in since if position in known}))


def _lost(named: _Named, rows: FoldedBooks | dict[Cell, Row], kept: dict[Cell, Row]) -> Iterator[str]:
    table = rows.tables[named.table] if isinstance(rows, FoldedBooks) else rows
    for key, row in table.items():
        before = kept.get(key)
        if before is None:
            yield f"{named.words(row)} (not in the backup)"
        elif any(row[column] != before[column] for column in named.changes):
            earlier = ", ".join(
                "not yet" if before[column] is None else str(before[column]) for column in named.changes
            )
            yield f"{named.words(row)} (in the backup {earlier})"


def _rows(data_dir: Path, table: str) -> tuple[dict[Cell, Row], str | None]:
    """The rows of the folder's own database, and why they can't be read."""
    proved = TABLES[table]
    try:
        with books_read(data_dir) as books:
            rows = () if books is None else tuple(books.rows(proved))
    except CerberoError as error:
        return {}, str(error)
    return {row[proved.key]: row for row in rows}, None
