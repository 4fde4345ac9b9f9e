"""The small tables: answers given, alerts, inbox, next runs, kill switch, settings, market snapshots."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.state.columns import list_of, list_text, maybe_time_of, maybe_time_text, time_of, time_text
from actors.state.seals import seal_of
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.room_status import (
    AlertRow,
)
from core.messages.state_rows import UNDELIVERED_PAGE, InboxItem, KillSwitchRow, UndeliveredAlerts
from core.orders.books import Job
from core.system_keys import BOOKS_TO_LOG_KEY

if TYPE_CHECKING:
    from core.messages.state import RecordKillSwitch
    from core.messages.state_queries import GetUndeliveredAlerts

_WAITS = "alert_channels.delivered_at IS NULL AND alert_channels.parked_at IS NULL"
_ALERT = "alert_id, severity, code, text, cause, at, delivered_at"
_SNAPSHOT = "at, spot_usd, dvol, funding, quotes"


@dataclass(frozen=True)
class MarketSnapshotRow:
    """A stored market snapshot; `quotes` is the JSON list described at RecordMarketSnapshot."""

    at: datetime
    spot_usd: float
    dvol: float
    funding: float | None
    quotes: str


class MarketLevel(NamedTuple):
    """DVOL in points at one time."""

    at: datetime
    dvol: float


def answer(db: sqlite3.Connection, request_id: str) -> tuple[str, str] | None:
    """(message name, JSON) of the answer to the request, if it was answered."""
    row: tuple[str, str] | None = db.execute(
        "SELECT answer, body FROM answered WHERE request_id = ?", (request_id,)
    ).fetchone()
    return row


def insert_answer(db: sqlite3.Connection, request_id: str, name: str, body: str, at: datetime) -> None:
    row = (request_id, name, body, time_text(at))
    db.execute(
        "INSERT INTO answered (request_id, answer, body, at, seal) VALUES (?, ?, ?, ?, seal(?, ?, ?, ?))",
        row * 2,
    )


def prune_answers(db: sqlite3.Connection, before: datetime, newest_kept: int) -> None:
    """Delete the answers from before that time, except the newest."""
    newest = "SELECT at FROM answered ORDER BY at DESC LIMIT 1 OFFSET ?"
    db.execute(f"DELETE FROM answered WHERE at < ? AND at < ({newest})", (time_text(before), newest_kept - 1))


def has_alert(db: sqlite3.Connection, alert_id: str) -> bool:
    """Whether an alert is on record."""
    return db.execute("SELECT 1 FROM alerts WHERE alert_id = ?", (alert_id,)).fetchone() is not None


def insert_alert(db: sqlite3.Connection, alert: AlertRow, channels: Sequence[str]) -> bool:
    """The alert, undelivered for each of its channels; delivered if it has none. False if it was there
    already."""
    delivered_at = alert.delivered_at or (None if channels else alert.at)
    (number,) = db.execute(
        "SELECT coalesce((SELECT highest FROM alert_numbers), (SELECT max(number) FROM alerts), 0) + 1"
    ).fetchone()
    row = (
        number,
        alert.alert_id,
        alert.severity.value,
        alert.code,
        alert.text,
        alert.cause,
        time_text(alert.at),
        maybe_time_text(delivered_at),
    )
    # Sealed here and not by SQL: an alert is what an engine records most often.
    inserted = db.execute(
        f"INSERT INTO alerts (number, {_ALERT}, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (*row, seal_of(*row)),
    )
    if inserted.rowcount == 0:
        return False
    db.execute("UPDATE alert_numbers SET highest = ?, seal = ?", (number, seal_of(1, number)))
    db.executemany(
        "INSERT INTO alert_channels (alert_id, channel, seal) VALUES (?, ?, seal(?, ?, NULL, NULL, NULL))",
        [(alert.alert_id, channel) * 2 for channel in channels],
    )
    return True


def mark_delivered(db: sqlite3.Connection, alert_id: str, channel: str, at: datetime) -> bool:
    """Delivered over this channel, and as a whole once no other channel is missing.

    False if there is no such alert for the channel.
    """
    delivered_at = time_text(at)
    if not _mark(db, "delivered_at", delivered_at, alert_id, channel):
        return False
    db.execute(
        "UPDATE alerts SET delivered_at = coalesce(delivered_at, ?), "
        "seal = seal(number, alert_id, severity, code, text, cause, at, coalesce(delivered_at, ?)) "
        "WHERE alert_id = ? AND NOT EXISTS "
        "(SELECT 1 FROM alert_channels AS c WHERE c.alert_id = alerts.alert_id AND c.delivered_at IS NULL "
        "AND c.parked_at IS NULL)",
        (delivered_at, delivered_at, alert_id),
    )
    return True


def mark_parked(db: sqlite3.Connection, alert_id: str, channel: str, at: datetime) -> bool:
    """Refused by this channel for good. False if there is no such alert for the channel."""
    return _mark(db, "parked_at", time_text(at), alert_id, channel)


def mark_tried(db: sqlite3.Connection, alert_ids: Sequence[str], channel: str, at: datetime) -> None:
    """This channel is about to be tried with these alerts."""
    for alert_id in alert_ids:
        _mark(db, "tried_at", time_text(at), alert_id, channel)


def _mark(db: sqlite3.Connection, column: str, at: str, alert_id: str, channel: str) -> bool:
    """Set the time in one column, unless it holds one; False if there is no such row."""
    marks = ("delivered_at", "tried_at", "parked_at")
    sealed = ", ".join(f"coalesce({mark}, ?)" if mark == column else mark for mark in marks)
    sql = (
        f"UPDATE alert_channels SET {column} = coalesce({column}, ?), "
        f"seal = seal(alert_id, channel, {sealed}) WHERE alert_id = ? AND channel = ?"
    )
    return db.execute(sql, (at, at, alert_id, channel)).rowcount > 0


def undelivered_alerts(db: sqlite3.Connection, query: GetUndeliveredAlerts) -> UndeliveredAlerts:
    """A page of those that this channel shall take, and has neither taken nor refused for good."""
    fields = ", ".join(f"alerts.{field}" for field in _ALERT.split(", "))
    sql = (
        f"SELECT {fields}, number, tried_at IS NOT NULL FROM alert_channels JOIN alerts USING (alert_id) "
        f"WHERE channel = ? AND {_WAITS} AND severity = ?"
        " AND number > coalesce((SELECT number FROM alerts WHERE alert_id = ?), 0) ORDER BY number LIMIT ?"
    )
    page: list[tuple[Any, ...]] = []
    more: list[Severity] = []
    for severity in Severity:
        behind = dict(query.behind).get(severity)
        found = db.execute(sql, (query.channel, severity, behind, UNDELIVERED_PAGE + 1)).fetchall()
        page += found[:UNDELIVERED_PAGE]
        if len(found) > UNDELIVERED_PAGE:
            more.append(severity)
    page.sort(key=lambda row: int(row[-2]))
    return UndeliveredAlerts(
        request_id=query.request_id,
        channel=query.channel,
        alerts=_alerts(page),
        tried=tuple(str(row[0]) for row in page if row[-1]),
        more=tuple(more),
    )


def alerts_of(db: sqlite3.Connection, codes: Sequence[str]) -> tuple[AlertRow, ...]:
    """The newest 500 alerts of these codes, oldest first."""
    marks = ", ".join("?" * len(codes))
    sql = f"SELECT {_ALERT} FROM alerts WHERE code IN ({marks}) ORDER BY number DESC LIMIT 500"
    return _alerts(db.execute(sql, tuple(codes)))[::-1]


def alerts(db: sqlite3.Connection, *, limit: int | None = None) -> tuple[AlertRow, ...]:
    """The newest `limit` alerts, or all, oldest first."""
    sql = f"SELECT {_ALERT} FROM alerts ORDER BY number DESC LIMIT ?"
    return _alerts(db.execute(sql, (-1 if limit is None else limit,)))[::-1]


def insert_inbox(
    db: sqlite3.Connection, request_id: str, at: datetime, message: str, body: str, who: str
) -> None:
    sql = "INSERT INTO inbox (request_id, at, message, body, who) VALUES (?, ?, ?, ?, ?)"
    db.execute(sql, (request_id, time_text(at), message, body, who))


def finish_inbox(db: sqlite3.Connection, request_id: str, at: datetime, answer: str) -> bool:
    """False if there is no such item."""
    sql = "UPDATE inbox SET done_at = coalesce(done_at, ?), answer = coalesce(answer, ?) WHERE request_id = ?"
    return db.execute(sql, (time_text(at), answer, request_id)).rowcount == 1


def is_inbox_time(db: sqlite3.Connection, at: datetime) -> bool:
    """True if an item has exactly this time."""
    return db.execute("SELECT 1 FROM inbox WHERE at = ?", (time_text(at),)).fetchone() is not None


def inbox_number(db: sqlite3.Connection, request_id: str) -> int | None:
    """The number of an item, counted from 1 in the order in which they came; None if there is none."""
    row = db.execute("SELECT number FROM inbox WHERE request_id = ?", (request_id,)).fetchone()
    return None if row is None else int(row[0])


def last_inbox_number(db: sqlite3.Connection) -> int:
    """The number of the newest item; 0 if there is none."""
    return int(db.execute("SELECT coalesce(max(number), 0) FROM inbox").fetchone()[0])


def open_inbox(db: sqlite3.Connection) -> tuple[InboxItem, ...]:
    sql = "SELECT request_id, at, message, body, who FROM inbox WHERE done_at IS NULL ORDER BY number"
    return tuple(
        InboxItem(request_id=row[0], at=time_of(row[1]), message=row[2], body=row[3], who=row[4])
        for row in db.execute(sql)
    )


def write_job_runs(db: sqlite3.Connection, next_runs: dict[Job, datetime]) -> None:
    rows = [(job.value, time_text(at)) for job, at in next_runs.items()]
    sql = "INSERT OR REPLACE INTO job_runs (job, next_run, seal) VALUES (?, ?, ?)"
    db.executemany(sql, [(*row, seal_of(*row)) for row in rows])


def job_runs(db: sqlite3.Connection) -> dict[Job, datetime]:
    return {
        Job(row[0]): time_of(row[1]) for row in db.execute("SELECT job, next_run FROM job_runs ORDER BY job")
    }


def last_slots(db: sqlite3.Connection) -> dict[Job, datetime]:
    """The latest slot of each job that has a cycle."""
    sql = "SELECT MAX(slot) FROM cycles WHERE job = ?"
    found = ((job, db.execute(sql, (job.value,)).fetchone()[0]) for job in Job if job.is_cycle)
    return {job: time_of(slot) for job, slot in found if slot is not None}


def kill_switch(db: sqlite3.Connection, request_id: str = "") -> KillSwitchRow:
    """The row; disarmed without a time if there never was one."""
    row = db.execute("SELECT armed, causes, reason, who, at, disarms FROM kill_switch").fetchone()
    if row is None:
        return KillSwitchRow(request_id=request_id, armed=False, causes=(), reason="", who="", at=None)
    causes = tuple(ArmCause(cause) for cause in list_of(row[1]))
    return KillSwitchRow(
        request_id=request_id,
        armed=bool(row[0]),
        causes=causes,
        reason=row[2],
        who=row[3],
        at=time_of(row[4]),
        disarms=tuple(list_of(row[5])),
    )


def write_kill_switch(db: sqlite3.Connection, row: RecordKillSwitch) -> None:
    sql = """
        INSERT OR REPLACE INTO kill_switch (one, armed, causes, reason, who, at, disarms)
        VALUES (1, ?, ?, ?, ?, ?, ?)
    """
    causes, disarms = list_text(row.causes), list_text(row.disarms)
    db.execute(sql, (row.armed, causes, row.reason, row.who, time_text(row.at), disarms))


def setting(db: sqlite3.Connection, key: str) -> str | None:
    row = db.execute("SELECT value FROM system WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def is_in_log(db: sqlite3.Connection) -> bool:
    """Whether the log says all of the books: after an upgrade from some versions not until the next start."""
    return setting(db, BOOKS_TO_LOG_KEY) is None


def write_setting(db: sqlite3.Connection, key: str, value: str, at: datetime) -> None:
    sql = "INSERT OR REPLACE INTO system (key, value, at) VALUES (?, ?, ?)"
    db.execute(sql, (key, value, time_text(at)))


def drop_setting(db: sqlite3.Connection, key: str) -> None:
    db.execute("DELETE FROM system WHERE key = ?", (key,))


def insert_snapshot(db: sqlite3.Connection, snapshot: MarketSnapshotRow) -> None:
    sql = f"INSERT INTO market.market_snapshots ({_SNAPSHOT}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    quotes = zlib.compress(snapshot.quotes.encode("utf-8"), 1)
    db.execute(sql, (time_text(snapshot.at), snapshot.spot_usd, snapshot.dvol, snapshot.funding, quotes))


def snapshots(db: sqlite3.Connection, *, limit: int | None = None) -> tuple[MarketSnapshotRow, ...]:
    """The newest `limit` snapshots, or all, oldest first."""
    sql = f"SELECT {_SNAPSHOT} FROM market.market_snapshots ORDER BY at DESC LIMIT ?"
    rows = db.execute(sql, (-1 if limit is None else limit,)).fetchall()
    return tuple(_snapshot(row) for row in reversed(rows))


def market_levels(db: sqlite3.Connection, after: datetime | None, limit: int) -> tuple[MarketLevel, ...]:
    """DVOL of the first `limit` snapshots after a time, oldest first."""
    sql = "SELECT at, dvol FROM market.market_snapshots WHERE at > ? ORDER BY at LIMIT ?"
    rows = db.execute(sql, ("" if after is None else time_text(after), limit))
    return tuple(MarketLevel(time_of(row[0]), row[1]) for row in rows)


def hourly_snapshots(
    db: sqlite3.Connection, after: datetime, until: datetime
) -> tuple[MarketSnapshotRow, ...]:
    """The first snapshot of each hour that has one after a time and until another, oldest first."""
    # SQLite takes the other columns from the row that has the minimum.
    sql = (
        "SELECT min(at), spot_usd, dvol, funding, quotes FROM market.market_snapshots"
        " WHERE at > ? AND at <= ? GROUP BY substr(at, 1, 13) ORDER BY 1"
    )
    return tuple(_snapshot(row) for row in db.execute(sql, (time_text(after), time_text(until))))


def _snapshot(row: tuple[Any, ...]) -> MarketSnapshotRow:
    quotes = zlib.decompress(row[4]).decode("utf-8")
    return MarketSnapshotRow(time_of(row[0]), row[1], row[2], row[3], quotes)


def _alerts(cursor: Iterable[Any]) -> tuple[AlertRow, ...]:
    return tuple(
        AlertRow(
            alert_id=row[0],
            severity=Severity(row[1]),
            code=row[2],
            text=row[3],
            cause=row[4],
            at=time_of(row[5]),
            delivered_at=maybe_time_of(row[6]),
        )
        for row in cursor
    )
